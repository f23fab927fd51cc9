"""What a person has been told: the list behind the bell, and marking as read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services.authorization import Person
from server.store.letters import Notice

_notices = Notice.metadata.tables["notice"]
KEEP = timedelta(days=180)
"""How long what was read is kept."""
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Told:
    """One notice as its reader sees it. `address` is where its matter is looked at."""

    id: str
    kind: str
    instance_id: str
    task_id: str | None
    payload: dict[str, Any]
    at: datetime
    read_at: datetime | None

    @property
    def address(self) -> str:
        """The page of the task, where there is one, or of what else it is about."""
        return address_of(self.kind, self.instance_id, self.task_id)


def address_of(kind: str, instance_id: str, task_id: str | None) -> str:
    """Where the matter of a notice is looked at."""
    if kind == "question_asked":
        return "/questions"
    if kind == "case_copied":
        return "/copies"
    return f"/tasks/{task_id}" if task_id else f"/instances/{instance_id}"


def listing(session: Session, person: Person, *, everything: bool = False, before: str = "") -> list[Told]:
    """The notices that wait to be read, newest first, at most 50 older than `before`; with `everything` the
    read ones too."""
    n = _notices.c
    query = sa.select(n.id, n.kind, n.instance_id, n.task_id, n.payload, n.at, n.read_at).where(*_own(person))
    if not everything:
        query = query.where(n.read_at.is_(None))
    if before:
        query = query.where(n.id < before)
    return [Told(*row) for row in session.execute(query.order_by(n.id.desc()).limit(PAGE_SIZE))]


def count(session: Session, person: Person) -> int:
    """How many wait to be read: the number beside the bell, which comes with the session."""
    n = _notices.c
    query = sa.select(sa.func.count()).select_from(_notices).where(*_own(person), n.read_at.is_(None))
    return int(session.execute(query).scalar_one())


def read(session: Session, person: Person, notice_id: str, now: datetime) -> Told | None:
    """Mark one notice as read and give it; None if the person has no such notice. Twice is once."""
    n = _notices.c
    where = (*_own(person), n.id == notice_id)
    session.execute(_notices.update().where(*where, n.read_at.is_(None)).values(read_at=now))
    query = sa.select(n.id, n.kind, n.instance_id, n.task_id, n.payload, n.at, n.read_at).where(*where)
    row = session.execute(query).one_or_none()
    return Told(*row) if row else None


def read_all(session: Session, person: Person, up_to: str, now: datetime) -> int:
    """Mark as read what was on the page: everything up to its newest notice, not what came since. Gives how
    many."""
    n = _notices.c
    where = (*_own(person), n.read_at.is_(None), n.id <= up_to)
    result = session.execute(_notices.update().where(*where).values(read_at=now))
    return int(result.rowcount)  # type: ignore[attr-defined]


def forget(session: Session, now: datetime) -> int:
    """Drop what was read long ago; gives how many."""
    result = session.execute(_notices.delete().where(_notices.c.read_at < now - KEEP))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _own(person: Person) -> tuple[Any, ...]:
    return _notices.c.tenant_id == person.tenant_id, _notices.c.user_id == person.id
