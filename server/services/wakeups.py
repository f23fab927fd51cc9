"""What must be looked at later: services note it on the unit of work, the jobs door takes it from
there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

_KEY = "wakeups"


@dataclass(frozen=True, slots=True)
class Wakeup:
    """Look at `key` (ids only, joined by blanks) at `due`: `kind` is timer, outgoing (a reminder), delivery
    (a message on its way to one target), letters, duty or release (a deployment whose day comes)."""

    kind: str
    tenant_id: str
    key: str
    due: datetime


def duty_key(process_key: str, subject: str, period: str) -> str:
    """The key of a duty; only the period, which comes last, may hold blanks."""
    return f"{process_key} {subject or '-'} {period}"


def duty_of(key: str) -> tuple[str, str, str]:
    """Process, subject and period of a duty's key."""
    process_key, subject, period = key.split(" ", 2)
    return process_key, "" if subject == "-" else subject, period


def note(session: Session, wakeup: Wakeup) -> None:
    """Remember a wake-up: it is enqueued with the commit of this unit of work, or not at all."""
    session.info.setdefault(_KEY, []).append(wakeup)


def take(session: Session) -> list[Wakeup]:
    """The wake-ups noted in this unit of work, once."""
    noted: list[Wakeup] = session.info.pop(_KEY, [])
    return noted
