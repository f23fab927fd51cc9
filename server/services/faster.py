"""Who was faster: what a person is told whose page was older than the case."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session

from server.services.authorization import Person
from server.services.errors import StaleTask
from server.store.history import HistoryEvent

_events = HistoryEvent.metadata.tables["history_event"]


def moved(session: Session, person: Person, instance_id: str) -> StaleTask:
    """The refusal that names the last thing somebody did in a case."""
    e = _events.c
    query = sa.select(e.actor_name, e.at).where(
        e.tenant_id == person.tenant_id, e.instance_id == instance_id, e.actor_id.is_not(None)
    )
    last = session.execute(query.order_by(e.seq.desc()).limit(1)).one_or_none()
    by, at = (last.actor_name, last.at) if last else (None, None)
    return StaleTask("", "moved", by=by, at=at, instance_id=instance_id)
