"""终止: ending a case without an outcome, by those who may, with a reason that the record keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import faster, instance_views, instances
from server.services.authorization import Person, denied, may_end
from server.services.case import hold
from server.services.errors import NotFound
from server.services.instance_views import InstanceView
from server.services.messages import RUNNING
from server.store.runtime import ProcessInstance

_instances = ProcessInstance.metadata.tables["process_instance"]
LONGEST = 2000
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A case that the person may end. `seen` is how far its record went when the page was made: what happens
    after it may be a reason not to end the case."""

    case: InstanceView
    seen: int


def look(session: Session, person: Person, instance_id: str, now: datetime) -> Ending:
    """What would be ended. NotPermitted for all but its starter and admins, and once it has ended."""
    row = _row(session, person, instance_id)
    may_end(person, row["started_by"]).require()
    if row["status"] not in RUNNING:
        denied("The case has ended already.").require()
    return Ending(instance_views.view(session, person, instance_id, now), row["history_seq"])


def end(session: Session, person: Person, instance_id: str, reason: str, seen: int, now: datetime) -> None:
    """End a case: its tasks, timers and messages go, its record stays. StaleTask when something has happened
    in it since the person looked."""
    case = hold(session, person, instance_id, now)
    may_end(person, case.row["started_by"]).require()
    if case.row["history_seq"] > seen:
        raise faster.moved(session, person, instance_id)
    instances.cancel(session, person, instance_id, reason.strip()[:LONGEST], now)


def _row(session: Session, person: Person, instance_id: str) -> dict[str, Any]:
    i = _instances.c
    query = sa.select(i.started_by, i.status, i.history_seq)
    found = session.execute(query.where(i.tenant_id == person.tenant_id, i.id == instance_id)).mappings()
    row = found.one_or_none()
    if row is None:
        raise NotFound("instance", instance_id)
    return dict(row)
