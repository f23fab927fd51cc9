"""到期日历: what falls due in a month, day by day: of one's own, of one's bodies, of all one leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.business_calendar import BusinessCalendar, Day
from server.services import calendars, deployed, supervision
from server.services.authorization import Person
from server.services.messages import RUNNING
from server.store.runtime import ProcessInstance, Task, WorklistEntry

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_worklist = WorklistEntry.metadata.tables["worklist"]
WHOSE: Final = ("mine", "group", "all")
"""What a person holds; that and what waits for their bodies; everything they supervise."""
MOST = 1000
"""Steps of a month that are shown; more than these nobody reads on a calendar."""


@dataclass(frozen=True, slots=True)
class Due:
    """A step that falls due."""

    task_id: str
    instance_id: str
    name: str
    number: str
    title: str
    light: str
    due: datetime


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day of the month: whether it is worked, and what falls due."""

    day: Day
    steps: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """A month from its first day to its last; `cut` says that more falls due than is shown."""

    first: date
    days: tuple[DueDay, ...]
    cut: bool

    @property
    def count(self) -> int:
        """How many steps fall due."""
        return sum(len(one.steps) for one in self.days)


def month(session: Session, person: Person, first: date, whose: str, now: datetime) -> Month:
    """The month that begins on `first`. NotPermitted for `all` by those who supervise nothing."""
    after = (first + timedelta(days=32)).replace(day=1)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    query = _query(session, person, whose, now).where(
        _tasks.c.due_at >= calendars.midnight(first), _tasks.c.due_at < calendars.midnight(after)
    )
    found = session.execute(query.order_by(_tasks.c.due_at, _tasks.c.id).limit(MOST + 1)).mappings().all()
    steps: dict[date, list[Due]] = {}
    for row in found[:MOST]:
        one = _due(row, calendar, now)
        steps.setdefault(calendars.local(one.due).date(), []).append(one)
    days = [first + timedelta(days=n) for n in range((after - first).days)]
    shown = tuple(DueDay(calendar.day(day), tuple(steps.get(day, ()))) for day in days)
    return Month(first, shown, len(found) > MOST)


def _query(session: Session, person: Person, whose: str, now: datetime) -> sa.Select[Any]:
    t, i = _tasks.c, _instances.c
    query = (
        sa.select(t.id, t.instance_id, t.name, t.due_at, i.business_key, i.title, i.stopped_at)
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .where(
            t.tenant_id == person.tenant_id, t.status == "open", t.due_at.is_not(None),
            i.rehearsal_at.is_(None), i.status.in_(RUNNING),
        )
    )  # fmt: skip
    if whose == "all":
        found = supervision.reach(person, deployed.manifest(session, person.tenant_id))
        supervision.may_supervise(found).require()
        return query if found.everything else query.where(supervision.waits_for(found))
    if whose == "group":
        w = _worklist.c
        lists = (w.tenant_id == t.tenant_id, w.task_id == t.id, w.principal.in_(person.principals))
        return query.where(sa.exists().where(*lists))
    return query.where(t.assignee_id == person.id)


def _due(row: Mapping[Any, Any], calendar: BusinessCalendar, now: datetime) -> Due:
    light = calendars.light(calendar, row["due_at"], dict(row), now)
    return Due(
        row["id"], row["instance_id"], row["name"], row["business_key"], row["title"], light, row["due_at"]
    )
