"""What went wrong, as the Camunda 7 REST interface says it: a status, a type, a message, and our findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Protocol

from server.engine.model import Finding
from server.services.errors import (
    DeploymentRejected,
    InvalidSubmission,
    NotCorrelated,
    NotFound,
    NotPermitted,
    NotSignedIn,
    Refused,
    ServiceError,
    StaleTask,
    TooManyAttempts,
    WorkNotHeld,
)


class Words(Protocol):
    """Speaks one language: a template translated, its places filled."""

    def tell(self, template: str, params: Mapping[str, object] | None = None) -> str: ...


class Problem(Exception):
    """An answer that is no success."""

    def __init__(
        self, status: int, kind: str, message: str, *, code: int = 0, wait: int = 0, **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait
        self.body: dict[str, Any] = {"type": kind, "message": message, "code": code, **more}


def told(finding: Finding, words: Words) -> dict[str, Any]:
    """A finding in the reader's language, with its place."""
    return {
        "level": finding.level,
        "code": finding.code,
        "message": words.tell(finding.message, finding.params),
        "remedy": words.tell(finding.remedy, finding.params),
        "file": finding.file,
        "element": finding.element,
        "row": finding.row,
        "column": finding.column,
        "line": finding.line,
    }


def of_service(error: ServiceError, words: Words) -> Problem:
    """What a service refused."""
    tell = _TELLERS.get(type(error))
    if tell is None:
        return Problem(500, "RestException", type(error).__name__)
    return tell(error, words)


def _rejected(error: DeploymentRejected, words: Words) -> Problem:
    """`details` stands as modelers read it: by file, errors and warnings with line and element."""
    findings = [told(finding, words) for finding in error.findings]
    wrong = [finding for finding in findings if finding["level"] == "error"] or findings
    lines = [_line(finding) for finding in wrong[:20]]
    if len(wrong) > len(lines):
        lines.append(f"… {len(wrong) - len(lines)} more")
    message = "\n* ".join([_heading(wrong), *lines])
    files = {finding["file"] for finding in findings}
    return Problem(
        400, "ParseException", message, findings=findings,
        details={file: _of_file(f for f in findings if f["file"] == file) for file in sorted(files)},
    )  # fmt: skip


def _heading(wrong: list[dict[str, Any]]) -> str:
    """The sentence by which tools know what kind of file could not be read."""
    suffixes = {PurePosixPath(finding["file"]).suffix for finding in wrong}
    if ".bpmn" in suffixes:
        return "ENGINE-09005 Could not parse BPMN process. Errors:"
    if ".dmn" in suffixes:
        return "ENGINE-22004 Unable to transform DMN resource. Errors:"
    return "The files were not deployed. Errors:"


def _line(finding: Mapping[str, Any]) -> str:
    where = [finding["file"], f"line {finding['line']}" if finding["line"] else "", finding["element"]]
    place = ", ".join(part for part in where if part)
    return f"{place}: {finding['message']} {finding['remedy']}".strip(": ")


def _of_file(findings: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    by_level: dict[str, list[dict[str, Any]]] = {"errors": [], "warnings": []}
    for found in findings:
        elements = [found["element"]] if found["element"] else []
        by_level["errors" if found["level"] == "error" else "warnings"].append(
            {
                "message": f"{found['message']} {found['remedy']}".strip(),
                "line": found["line"],
                "column": 0,
                "mainElementId": found["element"] or None,
                "elementIds": elements,
            }
        )
    return by_level


def _not_found(error: NotFound, words: Words) -> Problem:
    what = {"decision": "decision definition", "instance": "process instance"}.get(error.what, error.what)
    return Problem(404, "RestException", f"There is no {what} {error.id[:200]!r} here.")


def _refused(error: Refused, words: Words) -> Problem:
    finding = told(error.finding, words)
    message = f"{finding['message']} {finding['remedy']}".strip()
    return Problem(400, "ProcessEngineException", message, findings=[finding])


def _not_filled(error: InvalidSubmission, words: Words) -> Problem:
    wrong = [
        {"field": e.name, "label": e.label, "message": words.tell(e.message, {**e.params, "label": e.label})}
        for e in error.submission.errors
    ]
    told = [f"{e['label']} ({e['field']}): {e['message']}" for e in wrong]
    told += [f"{name}: the answers ask for it" for name in error.submission.unseen]
    message = "\n* ".join(["The form is not filled as it must be:", *told])
    return Problem(400, "InvalidRequestException", message, fields=wrong)


def _not_held(error: WorkNotHeld, words: Words) -> Problem:
    if error.expired:
        why = "The lock has passed."
    elif error.holder:
        why = f"It is locked by worker {error.holder[:100]!r}."
    else:
        why = "No worker holds it."
    message = f"External task {error.task_id} cannot be changed by worker {error.worker[:100]!r}. {why}"
    return Problem(400, "InvalidRequestException", message)


def _not_correlated(error: NotCorrelated, words: Words) -> Problem:
    name = error.message[:200]
    if error.count:
        why = f"{error.count} cases wait for it: name one (businessKey, processInstanceId), or say all."
    else:
        why = "No case that you may see waits for it."
    return Problem(400, "MismatchingMessageCorrelationException", f"Cannot correlate message {name!r}. {why}")


def _stale(error: StaleTask, words: Words) -> Problem:
    by = f" by {error.by}" if error.by else ""
    message = f"The task or case has moved on meanwhile ({error.status}{by}). Ask for it again."
    return Problem(409, "OptimisticLockingException", message, code=1)


_TELLERS: Mapping[type, Callable[[Any, Words], Problem]] = {
    DeploymentRejected: _rejected,
    NotFound: _not_found,
    Refused: _refused,
    InvalidSubmission: _not_filled,
    WorkNotHeld: _not_held,
    NotCorrelated: _not_correlated,
    StaleTask: _stale,
    NotPermitted: lambda error, words: Problem(
        403, "AuthorizationException", words.tell(error.reason, error.params)
    ),
    NotSignedIn: lambda error, words: Problem(
        401, "AuthenticationException", words.tell("Send an account and its password, or a token.")
    ),
    TooManyAttempts: lambda error, words: Problem(
        429, "AuthenticationException", f"Too many failed attempts; the next is allowed at {error.until}."
    ),
}
