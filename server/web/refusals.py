"""What the studio refuses, in words and as values for the editors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from server.engine.model import Finding
from server.services import errors
from server.web.language import Translator
from server.web.language import mark as _
from server.web.words import Words

STUDIO = (errors.DraftConflict, errors.FileLocked, errors.FileRefused, errors.ReleaseStale)

Told = tuple[int, str, str]
"""Status, title and reason."""


def told(error: errors.ServiceError, words: Translator) -> Told:
    """Status, title and reason of a refusal of the studio."""
    gettext, tell, hours = words.gettext, words.tell, Words(words)
    if isinstance(error, errors.DraftConflict):
        places = {"file": error.path, "by": error.by, "at": hours.clock(error.at)}
        template = (
            _("{by} saved {file} at {at}, after you opened it. Nothing of theirs was overwritten.")
            if error.by
            else _("{file} is not in the draft as you opened it. Open it again.")
        )
        return 409, gettext(_("Somebody was faster")), tell(template, places)
    if isinstance(error, errors.FileLocked):
        places = {"file": error.path, "holder": error.holder, "hour": hours.hour(error.until)}
        reason = tell(_("{holder} edits {file} until {hour}."), places)
        if error.reason:
            reason += " " + tell(_("Why they took it over: {reason}"), {"reason": error.reason})
        return 409, gettext(_("Somebody else edits this file")), reason
    if isinstance(error, errors.ReleaseStale):
        return 409, gettext(_("Look again before you decide")), tell(error.what, error.params)
    findings: Iterable[Finding] = getattr(error, "findings", ())
    reasons = " ".join(f"{tell(f.message, f.params)} {tell(f.remedy, f.params)}".strip() for f in findings)
    return 422, gettext(_("The file cannot be kept like this")), reasons


def details(error: errors.ServiceError, words: Translator) -> dict[str, Any]:
    """What an editor needs to know beside the sentence: who and when, or the findings."""
    if isinstance(error, errors.DraftConflict):
        at = error.at.isoformat() if error.at else None
        return {"by": error.by, "at": at, "revision": error.revision}
    if isinstance(error, errors.FileLocked):
        return {"holder": error.holder, "until": error.until.isoformat(), "reason": error.reason}
    if isinstance(error, errors.FileRefused | errors.DeploymentRejected):
        return {"findings": [finding_values(finding, words) for finding in error.findings]}
    return {}


def finding_values(finding: Finding, words: Translator) -> dict[str, Any]:
    """A finding for an editor, in the reader's language; `page` is where its check is explained."""
    return {
        "severity": finding.level, "file": finding.file, "element": finding.element,
        "field": finding.column, "row": finding.row, "line": finding.line,
        "message": words.tell(finding.message, finding.params),
        "remedy": words.tell(finding.remedy, finding.params),
        "check": finding.code, "page": f"/checks/{finding.code}", "family": finding.family,
    }  # fmt: skip
