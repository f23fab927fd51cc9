"""Figures over many cases, each counted by the very conditions that list them: open tasks by light, what was
begun and ended by month, how long steps took, what was returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.store.history import HistoryEvent
from server.store.identity import Unit, User
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_events = HistoryEvent.metadata.tables["history_event"]
_units = Unit.metadata.tables["unit"]
_people = User.metadata.tables["person"]
OPEN = ("running", "incident", "suspended")


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose cases are counted: those of a jurisdiction, or of one unit of it."""

    tenant_id: str
    unit_id: str = ""

    @property
    def cases(self) -> sa.ColumnElement[bool]:
        """The condition on the rows of cases; a rehearsal is never counted."""
        i = _instances.c
        found = sa.and_(i.tenant_id == self.tenant_id, i.rehearsal_at.is_(None))
        return sa.and_(found, i.unit_id == self.unit_id) if self.unit_id else found


@dataclass(frozen=True, slots=True)
class Lights:
    """Where the lights of limits change now: what was due before `now` is red, before `calm` yellow."""

    now: datetime
    calm: datetime

    def of_task(self) -> sa.Case[str]:
        """The light of an open task; where time does not count, that of a stopped clock."""
        t, i = _tasks.c, _instances.c
        still = sa.or_(i.stopped_at.is_not(None), i.status == "suspended")
        return sa.case(
            (still, "stopped"), (t.due_at < self.now, "red"), (t.due_at < self.calm, "yellow"), else_="green"
        )


JOINED = _tasks.join(
    _instances, (_instances.c.tenant_id == _tasks.c.tenant_id) & (_instances.c.id == _tasks.c.instance_id)
)


def is_open(reach: Reach) -> sa.ColumnElement[bool]:
    """Tasks that wait."""
    t = _tasks.c
    return sa.and_(
        t.tenant_id == reach.tenant_id, t.status == "open", _instances.c.status.in_(OPEN), reach.cases
    )


def is_closed(reach: Reach, how: str, since: datetime) -> sa.ColumnElement[bool]:
    """Tasks that were completed, or returned, since a moment."""
    t = _tasks.c
    return sa.and_(t.tenant_id == reach.tenant_id, t.status == how, t.completed_at >= since, reach.cases)


def open_by_light(session: Session, reach: Reach, lights: Lights) -> list[Any]:
    """Rows of candidates, process_key, element, name, light and n."""
    t, light = _tasks.c, lights.of_task()
    query = (
        sa.select(t.candidates, t.process_key, t.element, sa.func.max(t.name).label("name"),
                  light.label("light"), sa.func.count().label("n"))
        .select_from(JOINED)
        .where(is_open(reach))
        .group_by(t.candidates, t.process_key, t.element, light)
    )  # fmt: skip
    return list(session.execute(query))


def due_between(session: Session, reach: Reach, first: datetime, last: datetime) -> list[Any]:
    """Rows of id, process_key, element, created_at and due_at of open tasks whose time counts."""
    t, i = _tasks.c, _instances.c
    query = (
        sa.select(t.id, t.process_key, t.element, t.created_at, t.due_at)
        .select_from(JOINED)
        .where(is_open(reach), t.due_at >= first, t.due_at < last)
        .where(i.stopped_at.is_(None), i.status != "suspended")
        .order_by(t.due_at, t.id)
    )
    return list(session.execute(query))


def by_month(session: Session, reach: Reach, bounds: Sequence[datetime]) -> list[tuple[int, int]]:
    """How many cases began and how many ended between each bound and the next."""
    counted = []
    for column in (_instances.c.started_at, _instances.c.ended_at):
        months = [
            (sa.and_(column >= first, column < last), number)
            for number, (first, last) in enumerate(pairwise(bounds))
        ]
        within = (reach.cases, column >= bounds[0], column < bounds[-1])
        counted.append(
            sa.select(sa.literal(column.name).label("what"), sa.case(*months).label("month")).where(*within)
        )
    both = sa.union_all(*counted).subquery()
    query = sa.select(both.c.what, both.c.month, sa.func.count()).group_by(both.c.what, both.c.month)
    found = {(what, month): n for what, month, n in session.execute(query)}
    return [
        (found.get(("started_at", month), 0), found.get(("ended_at", month), 0))
        for month in range(len(bounds) - 1)
    ]


def completed(session: Session, reach: Reach, since: datetime) -> list[Any]:
    """Rows of process_key, element, first and last day (numbers since 1970, on the clocks of the office) and
    whether it was late, of each task that was completed since."""
    t = _tasks.c
    query = (
        sa.select(
            t.process_key, t.element,
            _day_number(session, t.created_at), _day_number(session, t.completed_at),
            sa.case((t.completed_at > t.due_at, 1), else_=0),
        )
        .select_from(JOINED)
        .where(is_closed(reach, "completed", since))
    )  # fmt: skip
    return list(session.execute(query))


def returned(session: Session, reach: Reach, since: datetime) -> list[Any]:
    """Rows of id, process_key, element, name and the entry's payload of each task that was returned since."""
    t, e = _tasks.c, _events.c
    joined = JOINED.join(
        _events, (e.tenant_id == t.tenant_id) & (e.instance_id == t.instance_id) & (e.seq == t.closed_seq)
    )
    query = (
        sa.select(t.id, t.process_key, t.element, t.name, e.payload)
        .select_from(joined)
        .where(is_closed(reach, "returned", since), e.kind == "task_returned")
    )
    return list(session.execute(query))


def candidates(session: Session, reach: Reach) -> list[list[str]]:
    """For whom open tasks wait: each different list of candidates."""
    query = sa.select(_tasks.c.candidates).select_from(JOINED).where(is_open(reach)).distinct()
    return list(session.execute(query).scalars())


def places(session: Session, tenant_id: str) -> tuple[dict[str, str], dict[str, str]]:
    """The names of units by id, and the unit of each person by id."""
    u, p = _units.c, _people.c
    units = sa.select(u.id, u.name, sa.literal("u").label("what")).where(u.tenant_id == tenant_id)
    people = sa.select(p.id, p.unit_id, sa.literal("p")).where(p.tenant_id == tenant_id)
    found = session.execute(sa.union_all(units, people)).all()
    return (
        {id_: name for id_, name, what in found if what == "u"},
        {id_: unit for id_, unit, what in found if what == "p"},
    )


def _day_number(session: Session, column: Any) -> sa.ColumnElement[int]:
    """The day of a moment on the clocks of the office, counted since 1970."""
    if session.get_bind().dialect.name == "sqlite":
        return sa.cast(sa.func.julianday(column, "+8 hours") - 2440587.5, sa.Integer)
    return sa.cast(sa.func.floor((sa.func.extract("epoch", column) + 28_800) / 86_400), sa.Integer)
