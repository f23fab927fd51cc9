"""Figures over many cases, each counted by the very conditions that list them: open tasks by light, what was
begun and ended by month, how long steps took, what was returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
    def tasks(self) -> sa.ColumnElement[bool]:
        """The same on the rows of tasks, without looking at the case of each."""
        t, i = _tasks.c, _instances.c
        of_tenant = sa.select(i.id).where(i.tenant_id == self.tenant_id)
        found = sa.and_(
            t.tenant_id == self.tenant_id, t.instance_id.not_in(of_tenant.where(i.rehearsal_at.is_not(None)))
        )
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


def by_month(session: Session, reach: Reach, since: datetime) -> dict[tuple[str, str], int]:
    """How many cases began ("begun") and ended ("ended") in each month (`2026-03`) from a moment on."""
    i = _instances.c
    begun, ended = (
        sa.select(sa.literal(what).label("what"), _month(session, column).label("month")).where(
            reach.cases, column >= since
        )
        for what, column in (("begun", i.started_at), ("ended", i.ended_at))
    )
    both = sa.union_all(begun, ended).subquery()
    query = sa.select(both.c.what, both.c.month, sa.func.count()).group_by(both.c.what, both.c.month)
    return {(what, month): n for what, month, n in session.execute(query).all()}


def completed(session: Session, reach: Reach, since: datetime) -> Sequence[Any]:
    """Rows of process_key, element, first and last day (numbers since 1970, on the clocks of the office) and
    whether it was late, of each task that was completed since."""
    t = _tasks.c
    query = (
        sa.select(
            t.process_key, t.element,
            _day_number(session, t.created_at), _day_number(session, t.completed_at),
            sa.case((t.completed_at > t.due_at, 1), else_=0),
        )
        .where(is_closed(reach, "completed", since))
    )  # fmt: skip
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


def _month(session: Session, column: Any) -> sa.ColumnElement[str]:
    """The month of a moment on the clocks of the office."""
    if session.get_bind().dialect.name == "sqlite":
        return sa.func.strftime("%Y-%m", column, "+8 hours", type_=sa.String)
    return sa.func.to_char(sa.func.timezone("Asia/Shanghai", column), "YYYY-MM", type_=sa.String)


def _day_number(session: Session, column: Any) -> sa.ColumnElement[int]:
    """The day of a moment on the clocks of the office, counted since 1970."""
    if session.get_bind().dialect.name == "sqlite":
        return sa.cast(sa.func.julianday(column, "+8 hours") - 2440587.5, sa.Integer)
    return sa.cast(sa.func.floor((sa.func.extract("epoch", column) + 28_800) / 86_400), sa.Integer)
