"""An instance held for writing during one command, and how it is put back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.engine.business_calendar import BusinessCalendar, Deadline
from server.engine.model import Moment
from server.services import calendars, case_news, deployed, indexing, rehearsal
from server.services.authorization import Person
from server.services.calendars import Watched
from server.services.deployed import Deployed
from server.services.errors import NotFound, StaleTask
from server.services.history import Record
from server.store.runtime import InstanceState, ProcessInstance, Project, Task

_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]
_tasks = Task.metadata.tables["task"]
_projects = Project.metadata.tables["project"]
_CHANGED = ("status", "due_at", "ended_at", "outcome", "outcome_name", "title", "rehearsal_at", "stopped_at",
            "suspended_at")  # fmt: skip

# Statements are put together once: building one costs more than running it.
_LOCK = (
    sa.select(
        *_instances.c, _states.c.state, _projects.c.code.label("project_code"),
        _projects.c.name.label("project_name"),
    )
    .join(
        _states, (_states.c.tenant_id == _instances.c.tenant_id) & (_states.c.instance_id == _instances.c.id)
    )
    .outerjoin(
        _projects,
        (_projects.c.tenant_id == _instances.c.tenant_id) & (_projects.c.id == _instances.c.project_id),
    )
    .where(_instances.c.tenant_id == bindparam("of_tenant"))
    .with_for_update(of=[_instances, _states])
)  # fmt: skip
_LOCK_INSTANCE = _LOCK.where(_instances.c.id == bindparam("of_instance"))
_LOCK_OF_TASK = _LOCK.where(
    _instances.c.id
    == sa.select(_tasks.c.instance_id)
    .where(_tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.id == bindparam("of_task"))
    .scalar_subquery()
)
_WRITE = _instances.update().where(
    _instances.c.tenant_id == bindparam("of_tenant"),
    _instances.c.id == bindparam("of_instance"),
    _instances.c.revision == bindparam("of_revision"),
)
_WRITE_STATE = _states.update().where(
    _states.c.tenant_id == bindparam("of_tenant"), _states.c.instance_id == bindparam("of_instance")
)


@dataclass
class Case:
    """An instance held for writing: its row, its state, its deployment, and the record being kept. `now`
    is the case's own moment: in a rehearsal where its clock stands."""

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
    def rehearsed(self) -> bool:
        """Whether it is a rehearsal, which nothing real may learn of."""
        return self.row["rehearsal_at"] is not None

    def move_clock(self, to: datetime) -> None:
        """Let a rehearsal's clock stand elsewhere for what follows."""
        self.now = self.record.at = self.row["rehearsal_at"] = to

    def principal(self, group: str) -> str:
        """The worklist key of a group: a unit group means those with that post in the case's own unit."""
        if self.deployed.scope_of(group) == "unit":
            return f"g:{group}@{self.row['unit_id']}"
        return f"g:{group}"

    @property
    def key(self) -> str:
        """The id of its process."""
        return str(self.row["process_key"])


def hold(session: Session, person: Person, instance_id: str, now: datetime) -> Case:
    """Lock an instance for this command. Who may act is for the caller to decide.

    Row and state are locked both: a command that waited here must go on from the state its predecessor left,
    and PostgreSQL reads again only the rows that it locks."""
    values = {"of_tenant": person.tenant_id, "of_instance": instance_id}
    found = session.execute(_LOCK_INSTANCE, values).mappings().one_or_none()
    if found is None:
        raise NotFound("instance", instance_id)
    return _case(session, person, dict(found), now)


def hold_of_task(session: Session, person: Person, task_id: str, now: datetime) -> Case:
    """Lock the instance of a task for this command. The task's own row must be read afterwards: here it
    would be as it was before the command that we waited for."""
    values = {"of_tenant": person.tenant_id, "of_task": task_id}
    found = session.execute(_LOCK_OF_TASK, values).mappings().one_or_none()
    if found is None:
        raise NotFound("task", task_id)
    return _case(session, person, dict(found), now)


def _case(session: Session, person: Person, row: dict[str, Any], now: datetime) -> Case:
    state = bytes(row.pop("state"))
    now = rehearsal.next_moment(row, now)
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    record = Record(person.tenant_id, row["id"], row["history_seq"], row["history_head"], person, now)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    case = Case(session, row, state, used, person, now, calendar, record)
    if case.rehearsed:
        case.move_clock(now)
    return case


def finish(case: Case) -> None:
    """Write the instance's row, its state and its record. Somebody who was faster makes this a
    StaleTask."""
    for deadline in case.uncertain:
        years = list(deadline.uncertain_years)
        case.record.add("deadline_uncertain", due=deadline.due.isoformat(), years=years)
    case.record.write(case.session)
    case_news.tell(case.session, case.row, case.record)
    indexing.enter(case.session, case.row, case.record.events)
    keys, revision = {"of_tenant": case.row["tenant_id"], "of_instance": case.id}, case.row["revision"]
    values = {name: case.row[name] for name in _CHANGED}
    values |= {"revision": revision + 1, "history_seq": case.record.seq, "history_head": case.record.head}
    result = case.session.execute(_WRITE, {**keys, "of_revision": revision, **values})
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleTask("", "moved", instance_id=case.id)
    case.session.execute(_WRITE_STATE, {**keys, "state": case.state})
