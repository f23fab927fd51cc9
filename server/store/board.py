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
from sqlalchemy.dialects.postgresql import ARRAY
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
        """The condition on the rows of tasks, without looking at the case of each."""
        return _real_tasks(self.tenant_id, self.unit_id or None)

    @property
    def cases(self) -> sa.ColumnElement[bool]:
        """The condition on the rows of cases; a rehearsal is never counted."""
        return _real_cases(self.tenant_id, self.unit_id or None)

    @property
    def values(self) -> dict[str, str]:
        """What a statement of `_asked` is told of it."""
        return {"of_tenant": self.tenant_id} | ({"of_unit": self.unit_id} if self.unit_id else {})


@dataclass(frozen=True, slots=True)
class Lights:
    """Where the lights of limits change now: what was due before `now` is red, before `calm` yellow."""

    now: datetime
    calm: datetime

    def of_task(self) -> sa.Case[str]:
        """The light of an open task; where time does not count, that of a stopped clock."""
        return _light(self.now, self.calm)


JOINED = _tasks.join(
    _instances, (_instances.c.tenant_id == _tasks.c.tenant_id) & (_instances.c.id == _tasks.c.instance_id)
)


def is_open(reach: Reach) -> sa.ColumnElement[bool]:
    """Tasks that wait."""
    return sa.and_(_waits(reach.tenant_id), reach.cases)


def is_closed(reach: Reach, how: str, since: datetime) -> sa.ColumnElement[bool]:
    """Tasks that were completed, or returned, since a moment."""
    return sa.and_(_tasks.c.status == how, _tasks.c.completed_at >= since, reach.tasks)


def _real_tasks(tenant: Any, unit: Any) -> sa.ColumnElement[bool]:
    t, i = _tasks.c, _instances.c
    of_tenant = sa.select(i.id).where(i.tenant_id == tenant)
    # An id is greater than nothing: by that SQLite takes the narrow index of rehearsals.
    rehearsed = of_tenant.where(i.rehearsal_at.is_not(None), i.id > "")
    # Most offices have no rehearsals: that is asked once, not of each task.
    real = sa.or_(sa.not_(rehearsed.exists()), t.instance_id.not_in(rehearsed))
    found = sa.and_(t.tenant_id == tenant, real)
    return found if unit is None else sa.and_(found, t.instance_id.in_(of_tenant.where(i.unit_id == unit)))


def _real_cases(tenant: Any, unit: Any) -> sa.ColumnElement[bool]:
    i = _instances.c
    found = sa.and_(i.tenant_id == tenant, i.rehearsal_at.is_(None))
    return found if unit is None else sa.and_(found, i.unit_id == unit)


def _waits(tenant: Any) -> sa.ColumnElement[bool]:
    t = _tasks.c
    return sa.and_(t.tenant_id == tenant, t.status == "open", _instances.c.status.in_(OPEN))


def _light(now: Any, calm: Any) -> sa.Case[str]:
    t, i = _tasks.c, _instances.c
    still = sa.or_(i.stopped_at.is_not(None), i.status == "suspended")
    return sa.case((still, "stopped"), (t.due_at < now, "red"), (t.due_at < calm, "yellow"), else_="green")


# --------------------------------------------------------------------------- statements, put together once
_TENANT, _UNIT = bindparam("of_tenant", type_=sa.String), bindparam("of_unit", type_=sa.String)
_SINCE = bindparam("since", type_=UtcDateTime())


def _moment(name: str) -> sa.BindParameter[datetime]:
    return bindparam(name, type_=UtcDateTime())


def _asked(reach: Reach) -> Any:
    """What stands for the unit in a statement: nothing, where every unit counts."""
    return _UNIT if reach.unit_id else None


def open_by_light(session: Session, reach: Reach, lights: Lights) -> Sequence[Any]:
    """Rows of candidates, process_key, element, name, light and n."""
    values = {**reach.values, "now": lights.now, "calm": lights.calm}
    return session.execute(_open_by_light(_asked(reach)), values).all()


@cache
def _open_by_light(unit: Any) -> sa.Select[Any]:
    t, light = _tasks.c, _light(_moment("now"), _moment("calm"))
    return (
        sa.select(t.candidates, t.process_key, t.element, sa.func.max(t.name).label("name"),
                  light.label("light"), sa.func.count().label("n"))
        .select_from(JOINED)
        .where(_waits(_TENANT), _real_cases(_TENANT, unit))
        .group_by(t.candidates, t.process_key, t.element, sa.literal_column("light"))
    )  # fmt: skip


def due_between(session: Session, reach: Reach, first: datetime, last: datetime) -> Sequence[Any]:
    """Rows of id, process_key, element, created_at and due_at of open tasks whose time counts."""
    return session.execute(_due_between(_asked(reach)), {**reach.values, "first": first, "last": last}).all()


@cache
def _due_between(unit: Any) -> sa.Select[Any]:
    t, i = _tasks.c, _instances.c
    return (
        sa.select(t.id, t.process_key, t.element, t.created_at, t.due_at)
        .select_from(JOINED)
        .where(_waits(_TENANT), _real_cases(_TENANT, unit))
        .where(t.due_at >= bindparam("first"), t.due_at < bindparam("last"))
        .where(i.stopped_at.is_(None), i.status != "suspended")
        .order_by(t.due_at, t.id)
    )


def begun_and_ended(
    session: Session, reach: Reach, bounds: Sequence[datetime]
) -> tuple[list[int], list[int]]:
    """How many cases began, and how many ended, between each two neighbours of some rising moments."""
    half = len(bounds) - 1
    if session.get_bind().dialect.name != "sqlite":
        counts = dict.fromkeys(range(2 * half), 0)
        values: dict[str, Any] = {"bounds": list(bounds), "first": bounds[0], "after": bounds[-1]}
        for what, period, n in session.execute(_in_periods(_asked(reach)), reach.values | values).all():
            counts[what * half + period - 1] = n
    else:
        values = {"of_tenant": reach.tenant_id, "of_unit": reach.unit_id}
        values |= {f"bound_{n}": moment for n, moment in enumerate(bounds)}
        counts = dict(enumerate(session.execute(_between(half), values).one()))
    return [counts[n] for n in range(half)], [counts[n] for n in range(half, 2 * half)]


@cache  # a statement of so many counts is put together once
def _between(count: int) -> sa.Select[Any]:
    """A look at the index for each count: SQLite need not see a case for that."""
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


@cache
def _in_periods(unit: Any) -> sa.CompoundSelect[Any]:
    """One look at the cases for all counts, as PostgreSQL does it fastest: 0 begun or 1 ended, the number of
    the period from 1, and how many."""
    i = _instances.c
    first, after = _moment("first"), _moment("after")
    bounds = bindparam("bounds", type_=ARRAY(UtcDateTime()))
    return sa.union_all(
        *(
            sa.select(sa.literal_column(str(what)), period.label("period"), sa.func.count())
            .where(column >= first, column < after, _real_cases(_TENANT, unit))
            .group_by(sa.literal_column("period"))
            for what, column in enumerate((i.started_at, i.ended_at))
            for period in (sa.func.width_bucket(column, bounds),)
        )
    )


@dataclass(frozen=True, slots=True)
class Worked:
    """The working days from `first`, a day counted since 1970, up to each day that follows: figures of four
    digits in a row. A day before `first` counts as `first`; no day may lie behind the row."""

    first: int
    figures: str

    @classmethod
    def of(cls, first: date, counts: Iterable[int]) -> Worked:
        """From the counts of `first` and of each day after it."""
        return cls(first.toordinal() - _EPOCH, "".join(f"{count:04}" for count in counts))


def completed(session: Session, reach: Reach, since: datetime, worked: Worked) -> Sequence[Any]:
    """Rows of process_key, element, working days from opening to completion, how many tasks took so long and
    how many of them were late, of the tasks that were completed since."""
    statement = _completed(session.get_bind().dialect.name == "sqlite", _asked(reach))
    row = {"figures": worked.figures.encode(), "first": worked.first}
    return session.execute(statement, {**reach.values, **row, "since": since}).all()


@cache
def _completed(on_sqlite: bool, unit: Any) -> sa.Select[Any]:
    t = _tasks.c
    days = (_worked(t.completed_at, on_sqlite) - _worked(t.created_at, on_sqlite)).label("days")
    late = sa.func.sum(sa.case((t.completed_at > t.due_at, 1), else_=0)).label("late")
    return (
        sa.select(t.process_key, t.element, days, sa.func.count().label("n"), late)
        .where(t.status == "completed", t.completed_at >= _SINCE, _real_tasks(_TENANT, unit))
        .group_by(t.element, t.process_key, sa.literal_column("days"))
    )


def _worked(column: Any, on_sqlite: bool) -> sa.ColumnElement[int]:
    """The working days up to the day of a moment, from the figures of `Worked`."""
    first = bindparam("first", type_=sa.Integer)
    day = _day_number(column, on_sqlite) - first
    later: Any = sa.func.max if on_sqlite else sa.func.greatest
    # Both databases go to a place of a text step by step, to one of bytes at once.
    figures = bindparam("figures", type_=sa.LargeBinary)
    found: Any = sa.func.substr(figures, later(day, 0) * 4 + 1, 4)
    return sa.cast(found if on_sqlite else sa.func.convert_from(found, "UTF8"), sa.Integer)


def closed_until(session: Session, tenant_id: str, since: datetime) -> tuple[int, datetime | None]:
    """How many tasks of real cases were completed since a moment, and when the last was. While that is the
    same, all that `completed` tells of the jurisdiction is: a completed task never changes but for one that
    its sender takes back, by which there is one less."""
    row = session.execute(_CLOSED_UNTIL, {"of_tenant": tenant_id, "since": since}).one()
    return row.n, row.latest


_CLOSED_UNTIL = sa.select(
    sa.func.count().label("n"), sa.func.max(_tasks.c.completed_at).label("latest")
).where(_tasks.c.status == "completed", _tasks.c.completed_at >= _SINCE, _real_tasks(_TENANT, None))


def returned(session: Session, reach: Reach, since: datetime) -> Sequence[Any]:
    """Rows of id, process_key, element, name and the entry's payload of each task that was returned since."""
    return session.execute(_returned(_asked(reach)), {**reach.values, "since": since}).all()


@cache
def _returned(unit: Any) -> sa.Select[Any]:
    t, e = _tasks.c, _events.c
    same = (e.tenant_id == t.tenant_id) & (e.instance_id == t.instance_id) & (e.seq == t.closed_seq)
    return (
        sa.select(t.id, t.process_key, t.element, t.name, e.payload)
        .select_from(_tasks.join(_events, same))
        .where(t.status == "returned", t.completed_at >= _SINCE, _real_tasks(_TENANT, unit))
        .where(e.kind == "task_returned")
    )


def candidates(session: Session, reach: Reach) -> list[list[str]]:
    """For whom open tasks wait: each different list of candidates."""
    return list(session.execute(_candidates(_asked(reach)), reach.values).scalars().all())


@cache
def _candidates(unit: Any) -> sa.Select[Any]:
    waiting = (_waits(_TENANT), _real_cases(_TENANT, unit))
    return sa.select(_tasks.c.candidates).select_from(JOINED).where(*waiting).distinct()


def places(session: Session, tenant_id: str) -> tuple[dict[str, str], dict[str, str]]:
    """The names of units by id, and the unit of each person by id."""
    found = session.execute(_PLACES, {"of_tenant": tenant_id}).all()
    return (
        {id_: name for id_, name, what in found if what == "u"},
        {id_: unit for id_, unit, what in found if what == "p"},
    )


_PLACES = (
    sa.select(_units.c.id, _units.c.name, sa.literal_column("'u'", sa.String).label("what"))
    .where(_units.c.tenant_id == _TENANT)
    .union_all(
        sa.select(_people.c.id, _people.c.unit_id, sa.literal_column("'p'", sa.String)).where(
            _people.c.tenant_id == _TENANT
        )
    )
)


def _day_number(column: Any, on_sqlite: bool) -> sa.ColumnElement[int]:
    """The day of a moment on the clocks of the office, counted since 1970."""
    if on_sqlite:
        return sa.cast(sa.func.julianday(column, "+8 hours") - 2440587.5, sa.Integer)
    return sa.cast(sa.func.floor((sa.func.extract("epoch", column) + 28_800) / 86_400), sa.Integer)
