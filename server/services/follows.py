"""关注: cases that a person keeps an eye on. It is their own matter: the record of the case does not tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services.authorization import Person
from server.services.instance_views import see
from server.store.conflicts import Entering
from server.store.letters import Follow
from server.store.runtime import ProcessInstance

_follows = Follow.metadata.tables["follow"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_ENTER = Entering(_follows)


def follow(session: Session, person: Person, instance_id: str, now: datetime) -> None:
    """Keep an eye on a case that the person may see; twice is once."""
    see(session, person, instance_id)
    keys = {"tenant_id": person.tenant_id, "user_id": person.id, "instance_id": instance_id}
    _ENTER.enter(session, {**keys, "since": now})


def unfollow(session: Session, person: Person, instance_id: str) -> None:
    """No longer; also of a case that the person may not see any more."""
    session.execute(_follows.delete().where(*_own(person), _follows.c.instance_id == instance_id))


def follows(session: Session, person: Person, instance_id: str) -> bool:
    """Whether the person keeps an eye on a case."""
    query = sa.select(_follows.c.since).where(*_own(person), _follows.c.instance_id == instance_id)
    return session.execute(query).scalar_one_or_none() is not None


def listing(session: Session, person: Person, limit: int = 200) -> list[dict[str, Any]]:
    """The cases the person follows, the newest first, as lists of cases show them."""
    i, f = _instances.c, _follows.c
    columns = (
        i.id, i.business_key, i.title, i.process_key, i.status, i.started_at, i.ended_at, i.outcome_name,
        i.due_at, i.rehearsal_at,
    )  # fmt: skip
    query = (
        sa.select(*columns)
        .join(_follows, (f.tenant_id == i.tenant_id) & (f.instance_id == i.id))
        .where(*_own(person))
        .order_by(i.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def _own(person: Person) -> tuple[Any, ...]:
    return _follows.c.tenant_id == person.tenant_id, _follows.c.user_id == person.id
