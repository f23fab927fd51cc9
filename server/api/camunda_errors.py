"""What went wrong, as the Camunda 7 REST interface says it: a status, a type, a message, and our findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from server.engine.model import Finding
from server.services.errors import (
    DeploymentRejected,
    NotFound,
    NotPermitted,
    NotSignedIn,
    ServiceError,
    TooManyAttempts,
)


class Words(Protocol):
    """Speaks one language: a template translated, its places filled."""

    def tell(self, template: str, params: Mapping[str, object] | None = None) -> str: ...


class Problem(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"type": kind, "message": message, **more}


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
    message = "\n".join(_line(finding) for finding in wrong[:20])
    files = {finding["file"] for finding in findings}
    return Problem(
        400, "ParseException", message, findings=findings,
        details={file: _of_file(f for f in findings if f["file"] == file) for file in sorted(files)},
    )  # fmt: skip


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
    what = {"decision": "decision definition"}.get(error.what, error.what)
    return Problem(404, "RestException", f"There is no {what} {error.id[:200]!r} here.")


_TELLERS: Mapping[type, Callable[[Any, Words], Problem]] = {
    DeploymentRejected: _rejected,
    NotFound: _not_found,
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
