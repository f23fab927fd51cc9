"""An instance held for writing during one command, and how it is put back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.business_calendar import BusinessCalendar, Deadline
from server.engine.model import Moment
from server.services import calendars, deployed
from server.services.authorization import Person
from server.services.calendars import Watched
from server.services.deployed import Deployed
from server.services.errors import NotFound, StaleTask
from server.services.history import Record
from server.store.runtime import InstanceState, ProcessInstance

_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]
_CHANGED = ("status", "due_at", "ended_at", "outcome", "outcome_name", "title")


@dataclass
class Case:
    """An instance held for writing: its row, its state, its deployment, and the record being kept."""

    session: Session
    row: dict[str, Any]
    state: bytes
    deployed: Deployed
    person: Person
    now: datetime
    calendar: BusinessCalendar
    record: Record
    outcome: str | None = None
    uncertain: list[Deadline] = field(default_factory=list)

    @property
    def at(self) -> Moment:
        """The moment of the command for the engine; limits that may still move are kept in `uncertain`."""
        return Moment(self.now, Watched(self.calendar, self.uncertain))

    @property
    def id(self) -> str:
        """The instance's id."""
        return str(self.row["id"])

    @property
    def key(self) -> str:
        """The id of its process."""
        return str(self.row["process_key"])


def hold(session: Session, person: Person, instance_id: str, now: datetime) -> Case:
    """Lock an instance for this command. Who may act is for the caller to decide.

    Row and state are locked both: a command that waited here must go on from the state its predecessor left,
    and PostgreSQL reads again only the rows that it locks."""
    query = (
        sa.select(*_instances.c, _states.c.state)
        .join(
            _states,
            (_states.c.tenant_id == _instances.c.tenant_id) & (_states.c.instance_id == _instances.c.id),
        )
        .where(_instances.c.tenant_id == person.tenant_id, _instances.c.id == instance_id)
        .with_for_update(of=[_instances, _states])
    )
    found = session.execute(query).mappings().one_or_none()
    if found is None:
        raise NotFound("instance", instance_id)
    row = dict(found)
    state = bytes(row.pop("state"))
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    record = Record(person.tenant_id, instance_id, row["history_seq"], row["history_head"], person, now)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    return Case(session, row, state, used, person, now, calendar, record)


def finish(case: Case) -> None:
    """Write the instance's row, its state and its record. Somebody who was faster makes this a
    StaleTask."""
    for deadline in case.uncertain:
        years = list(deadline.uncertain_years)
        case.record.add("deadline_uncertain", due=deadline.due.isoformat(), years=years)
    case.record.write(case.session)
    values = {name: case.row[name] for name in _CHANGED}
    result = case.session.execute(
        _instances.update()
        .where(
            _instances.c.tenant_id == case.row["tenant_id"],
            _instances.c.id == case.id,
            _instances.c.revision == case.row["revision"],
        )
        .values(
            revision=case.row["revision"] + 1,
            history_seq=case.record.seq,
            history_head=case.record.head,
            **values,
        )
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleTask("", "moved", instance_id=case.id)
    case.session.execute(
        _states.update()
        .where(_states.c.tenant_id == case.row["tenant_id"], _states.c.instance_id == case.id)
        .values(state=case.state)
    )
