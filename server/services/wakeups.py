"""What must be looked at later: services note it on the unit of work, the jobs door takes it from
there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

_KEY = "wakeups"


@dataclass(frozen=True, slots=True)
class Wakeup:
    """Look at `key` (ids only, joined by blanks) at `due`: `kind` is timer or outgoing."""

    kind: str
    tenant_id: str
    key: str
    due: datetime


def note(session: Session, wakeup: Wakeup) -> None:
    """Remember a wake-up: it is enqueued with the commit of this unit of work, or not at all."""
    session.info.setdefault(_KEY, []).append(wakeup)


def take(session: Session) -> list[Wakeup]:
    """The wake-ups noted in this unit of work, once."""
    noted: list[Wakeup] = session.info.pop(_KEY, [])
    return noted
