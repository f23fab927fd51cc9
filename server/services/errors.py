"""What a service refuses, each with what the person needs to know next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from server.engine.model import Finding


class ServiceError(Exception):
    """Something was refused. Subclasses say what; doors turn each into a page or an answer of its
    own."""


@dataclass(frozen=True)
class NotFound(ServiceError):
    """There is no such thing here, or it belongs to another jurisdiction."""

    what: str
    id: str


@dataclass(frozen=True)
class NotPermitted(ServiceError):
    """The person may not do this. `reason` is an English template filled from `params`."""

    reason: str
    params: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NotSignedIn(ServiceError):
    """Nobody is signed in, or the session has ended."""


@dataclass(frozen=True)
class TooManyAttempts(ServiceError):
    """Too many failed sign-ins; the next try is allowed at `until`."""

    until: datetime


@dataclass(frozen=True)
class StaleTask(ServiceError):
    """Somebody was faster, or the page was old. `by`, `at`, `outcome` tell what happened to the
    task meanwhile; what the person typed has been kept by the door."""

    task_id: str
    status: str
    by: str | None = None
    at: datetime | None = None
    outcome: str | None = None
    instance_id: str = ""


@dataclass(frozen=True)
class InvalidSubmission(ServiceError):
    """A form was not filled as it must be: one entry for each field (server.engine.forms
    FieldError)."""

    errors: Sequence[Any]


@dataclass(frozen=True)
class Refused(ServiceError):
    """The engine or the diagram does not allow it; the finding says what, where and what to do."""

    finding: Finding


@dataclass(frozen=True)
class DeploymentRejected(ServiceError):
    """A bundle has errors; nothing was deployed."""

    findings: tuple[Finding, ...]
