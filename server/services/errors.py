"""What a service refuses, each with what the person needs to know next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from server.engine.forms import Submission
from server.engine.model import Finding


class ServiceError(Exception):
    """Something was refused. Subclasses say what; doors turn each into a page or an answer of its
    own."""


@dataclass(eq=False)
class NotFound(ServiceError):
    """There is no such thing here, or it belongs to another jurisdiction."""

    what: str
    id: str


@dataclass(eq=False)
class NotPermitted(ServiceError):
    """The person may not do this. `reason` is an English template filled from `params`; those who hold one of
    the posts `ask` can help."""

    reason: str
    params: dict[str, object] = field(default_factory=dict)
    ask: tuple[str, ...] = ()


@dataclass(eq=False)
class NotSignedIn(ServiceError):
    """Nobody is signed in, or the session has ended."""


@dataclass(eq=False)
class TooManyAttempts(ServiceError):
    """Too many failed sign-ins; the next try is allowed at `until`."""

    until: datetime


@dataclass(eq=False)
class StaleTask(ServiceError):
    """Somebody was faster, or the page was old. `by`, `at`, `outcome` tell what happened to the
    task meanwhile; what the person typed has been kept by the door."""

    task_id: str
    status: str
    by: str | None = None
    at: datetime | None = None
    outcome: str | None = None
    instance_id: str = ""


@dataclass(eq=False)
class InvalidSubmission(ServiceError):
    """A form was not filled as it must be; the submission holds what was typed and what is wrong."""

    submission: Submission


@dataclass(eq=False)
class Refused(ServiceError):
    """The engine or the diagram does not allow it; the finding says what, where and what to do."""

    finding: Finding


@dataclass(eq=False)
class WorkNotHeld(ServiceError):
    """A worker acts on a task that it does not hold: another does (`holder`), nobody, or its lock has
    `expired`."""

    task_id: str
    worker: str
    holder: str = ""
    expired: bool = False


@dataclass(eq=False)
class NotCorrelated(ServiceError):
    """Not exactly one case waits for a message, but `count`."""

    message: str
    count: int


@dataclass(eq=False)
class DeploymentRejected(ServiceError):
    """A bundle has errors; nothing was deployed."""

    findings: tuple[Finding, ...]


@dataclass(eq=False)
class DraftConflict(ServiceError):
    """Somebody saved or removed the file (or the whole draft moved on) since it was read: who and when, and
    the revision that holds now. What was typed is kept by whoever typed it."""

    path: str
    by: str
    at: datetime | None
    revision: int


@dataclass(eq=False)
class FileLocked(ServiceError):
    """Somebody else edits the file until then; `reason` tells why a lock of one's own was broken."""

    path: str
    holder: str
    until: datetime
    reason: str = ""


@dataclass(eq=False)
class FileRefused(ServiceError):
    """A file cannot be kept as it is; nothing was saved."""

    findings: tuple[Finding, ...]


@dataclass(eq=False)
class ReleaseStale(ServiceError):
    """The release was looked at before something changed that it depends on: look again, then decide. `what`
    is an English template filled from `params`."""

    what: str
    params: dict[str, object] = field(default_factory=dict)
