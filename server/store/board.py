"""Figures over many cases, each counted by the very conditions that list them: open tasks by light, what was
begun and ended by month, how long steps took, what was returned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.store.columns import UtcDateTime
from server.store.history import HistoryEvent
from server.store.identity import Unit, User
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_events = HistoryEvent.metadata.tables["history_event"]
_units = Unit.metadata.tables["unit"]
_people = User.metadata.tables["person"]
OPEN = ("running", "incident", "suspended")
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose cases are counted: those of a jurisdiction, or of one unit of it."""

    tenant_id: str
    unit_id: str = ""

    @property
    def tasks(self) -> sa.ColumnElement[bool]:
        """The same on the rows of tasks, without looking at the case of each."""
        t, i = _tasks.c, _instances.c
        of_tenant = sa.select(i.id).where(i.tenant_id == self.tenant_id)
        rehearsed = of_tenant.where(i.rehearsal_at.is_not(None))
        # Most offices have no rehearsals: that is asked once, not of each task.
        real = sa.or_(sa.not_(rehearsed.exists()), t.instance_id.not_in(rehearsed))
        found = sa.and_(t.tenant_id == self.tenant_id, real)
        of_unit = of_tenant.where(i.unit_id == self.unit_id)
        return sa.and_(found, t.instance_id.in_(of_unit)) if self.unit_id else found

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
    return sa.and_(t.status == how, t.completed_at >= since, reach.tasks)


def open_by_light(session: Session, reach: Reach, lights: Lights) -> Sequence[Any]:
    """Rows of candidates, process_key, element, name, light and n."""
    t, light = _tasks.c, lights.of_task()
    query = (
        sa.select(t.candidates, t.process_key, t.element, sa.func.max(t.name).label("name"),
                  light.label("light"), sa.func.count().label("n"))
        .select_from(JOINED)
        .where(is_open(reach))
        .group_by(t.candidates, t.process_key, t.element, light)
    )  # fmt: skip
    return session.execute(query).all()


def due_between(session: Session, reach: Reach, first: datetime, last: datetime) -> Sequence[Any]:
    """Rows of id, process_key, element, created_at and due_at of open tasks whose time counts."""
    t, i = _tasks.c, _instances.c
    query = (
        sa.select(t.id, t.process_key, t.element, t.created_at, t.due_at)
        .select_from(JOINED)
        .where(is_open(reach), t.due_at >= first, t.due_at < last)
        .where(i.stopped_at.is_(None), i.status != "suspended")
        .order_by(t.due_at, t.id)
    )
    return session.execute(query).all()


def begun_and_ended(
    session: Session, reach: Reach, bounds: Sequence[datetime]
) -> tuple[list[int], list[int]]:
    """How many cases began, and how many ended, between each two neighbours of some rising moments."""
    values: dict[str, Any] = {"of_tenant": reach.tenant_id, "of_unit": reach.unit_id}
    values |= {f"bound_{n}": moment for n, moment in enumerate(bounds)}
    counts = session.execute(_between(len(bounds) - 1), values).one()
    half = len(bounds) - 1
    return list(counts[:half]), list(counts[half:])


@cache  # a statement of so many counts is put together once
def _between(count: int) -> sa.Select[Any]:
    i = _instances.c
    unit = bindparam("of_unit", type_=sa.String)
    cases = sa.select(sa.func.count()).where(
        i.tenant_id == bindparam("of_tenant"), i.rehearsal_at.is_(None), sa.or_(unit == "", i.unit_id == unit)
    )
    bounds = [bindparam(f"bound_{n}", type_=UtcDateTime()) for n in range(count + 1)]
    return sa.select(
        *(
            cases.where(column >= first, column < after).scalar_subquery()
            for column in (i.started_at, i.ended_at)
            for first, after in pairwise(bounds)
        )
    )


@dataclass(frozen=True, slots=True)
class Worked:
    """The working days from `first` up to each day that follows: figures of four digits in a row."""

    first: int
    figures: str

    @classmethod
    def of(cls, first: date, counts: Iterable[int]) -> Worked:
        """From the counts of `first` and of each day after it."""
        return cls(first.toordinal() - _EPOCH, "".join(f"{count:04}" for count in counts))

    def until(self, session: Session, column: Any) -> sa.ColumnElement[int]:
        """The working days up to the day of a moment; a day before `first` counts as `first`. No day may lie
        behind the row."""
        day = _day_number(session, column) - self.first
        on_sqlite = session.get_bind().dialect.name == "sqlite"
        later: Any = sa.func.max if on_sqlite else sa.func.greatest
        # Both databases go to a place of a text step by step, to one of bytes at once.
        found: Any = sa.func.substr(sa.literal(self.figures.encode()), later(day, 0) * 4 + 1, 4)
        return sa.cast(found if on_sqlite else sa.func.convert_from(found, "UTF8"), sa.Integer)


def completed(session: Session, reach: Reach, since: datetime, worked: Worked) -> Sequence[Any]:
    """Rows of process_key, element, working days from opening to completion, how many tasks took so long and
    how many of them were late, of the tasks that were completed since."""
    t = _tasks.c
    days = (worked.until(session, t.completed_at) - worked.until(session, t.created_at)).label("days")
    late = sa.func.sum(sa.case((t.completed_at > t.due_at, 1), else_=0))
    query = (
        sa.select(t.process_key, t.element, days, sa.func.count(), late)
        .where(is_closed(reach, "completed", since))
        .group_by(t.element, t.process_key, sa.literal_column("days"))
    )
    return session.execute(query).all()


def returned(session: Session, reach: Reach, since: datetime) -> Sequence[Any]:
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
    return session.execute(query).all()


def candidates(session: Session, reach: Reach) -> list[list[str]]:
    """For whom open tasks wait: each different list of candidates."""
    query = sa.select(_tasks.c.candidates).select_from(JOINED).where(is_open(reach)).distinct()
    return list(session.execute(query).scalars().all())


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
