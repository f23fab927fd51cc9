"""督办: what is late or may become so, by light and department, for whoever leads the bodies that have it.
Each number is that of the list it leads to: both ask the same question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.bundles.manifest import Manifest
from server.engine.business_calendar import BusinessCalendar
from server.services import calendars, deployed, heads
from server.services.authorization import Person, Verdict, denied
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.services.messages import RUNNING
from server.store.clocks import ClockStop, Extension, Instruction
from server.store.columns import UtcDateTime
from server.store.identity import Unit, User
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_units = Unit.metadata.tables["unit"]
_people = User.metadata.tables["person"]
_stops = ClockStop.metadata.tables["clock_stop"]
_extensions = Extension.metadata.tables["extension"]
_instructions = Instruction.metadata.tables["instruction"]

LISTS: Final = ("step_red", "step_yellow", "case_red", "case_yellow", "stopped", "asked", "instructed")
"""The lists of the page: steps and cases that are over or nearly so, stopped clocks, extensions asked for,
instructions that wait for an answer."""
PAGE = 50


@dataclass(frozen=True, slots=True)
class Reach:
    """What a person supervises: everything, or what waits for the bodies they lead (worklist keys)."""

    everything: bool
    bodies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: a step or a case with its limit, who has it, and why it is there."""

    instance_id: str
    number: str
    title: str
    unit: str
    light: str
    due: datetime | None
    days: int | None
    task_id: str = ""
    step: str = ""
    holder: str = ""
    since: datetime | None = None
    reason: str = ""
    reminded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """Counts by department (id, name) and list; a department without any number is left out."""

    departments: tuple[tuple[str, str], ...]
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def total(self, name: str) -> int:
        """The number of a whole list."""
        return sum(count for (_unit, one), count in self.counts.items() if one == name)


def reach(person: Person, manifest: Manifest | None) -> Reach:
    """Admins and auditors supervise everything; the people of a group whose manifest entry has a parent
    are the head of that body."""
    if person.has("admin", "auditor"):
        return Reach(True)
    return Reach(False, heads.led(person, manifest))


def supervises(session: Session, person: Person) -> bool:
    """Whether the page is for this person; nothing is compiled to know it."""
    return bool(may_supervise(reach(person, deployed.manifest(session, person.tenant_id))))


def may_supervise(found: Reach) -> Verdict:
    """The page is for leaders, auditors and admins."""
    if found.everything or found.bodies:
        return Verdict(allowed=True)
    return denied("Only those who lead a body, auditors and administrators supervise.", ask=("admin",))


def waits_for(found: Reach) -> sa.ColumnElement[bool]:
    """Whether a task waits for one of the bodies that a person leads: a condition on `task`."""
    text = sa.type_coerce(_tasks.c.candidates, sa.Text)
    return sa.or_(sa.false(), *(text.contains(f'"{key}"', autoescape=True) for key in found.bodies))


def board(session: Session, person: Person, now: datetime) -> Board:
    """The counts."""
    look = _Look.of(session, person, now)
    found = session.execute(_counts(look.reach), look.values)
    counts = {(row.unit_id, row.list): int(row.n) for row in found}
    units = session.execute(_UNITS, {"of_tenant": person.tenant_id})
    counted = {unit for unit, _name in counts}
    return Board(tuple((row.id, row.name) for row in units if row.id in counted), counts)


def rows(
    session: Session, person: Person, name: str, now: datetime, *, unit: str = "", page: int = 0
) -> tuple[list[Row], bool]:
    """One page of a list, the most urgent first, and whether there are more. Raises NotFound for a list that
    does not exist."""
    if name not in LISTS:
        raise NotFound("list", name)
    look = _Look.of(session, person, now)
    values = {**look.values, "of_unit": unit, "start": page * PAGE}
    found = [dict(row) for row in session.execute(_listing(look.reach, name), values).mappings()]
    return [look.row(row) for row in found[:PAGE]], len(found) > PAGE


@dataclass(frozen=True, slots=True)
class _Look:
    """What the questions of one look share."""

    person: Person
    used: Deployed
    reach: Reach
    calendar: BusinessCalendar
    now: datetime

    @classmethod
    def of(cls, session: Session, person: Person, now: datetime) -> _Look:
        used = deployed.active(session, person.tenant_id)
        found = reach(person, used.manifest)
        may_supervise(found).require()
        calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
        return cls(person, used, found, calendar, now)

    @property
    def values(self) -> dict[str, Any]:
        """What the statements ask for."""
        warned = self.calendar.warned_until(self.now)
        return {"of_tenant": self.person.tenant_id, "now": self.now, "warned_until": warned}

    def row(self, row: Mapping[str, Any]) -> Row:
        due = row["due_at"]
        bodies = "、".join(self.used.principal_name(key) for key in row.get("candidates") or ())
        return Row(
            instance_id=row["id"], number=row["business_key"], title=row["title"], unit=row["unit"] or "",
            light=calendars.light(self.calendar, due, row, self.now), due=due,
            days=self.calendar.working_days_left(self.now, due) if due else None,
            task_id=row.get("task_id") or "", step=row.get("step") or "", holder=row.get("who") or bodies,
            since=row.get("since"), reason=row.get("reason") or "", reminded_at=row.get("reminded_at"),
        )  # fmt: skip


# --------------------------------------------------------------------------- statements
# They are put together once for each reach: that costs more than running them.
_UNITS = (
    sa.select(_units.c.id, _units.c.name)
    .where(_units.c.tenant_id == bindparam("of_tenant"))
    .order_by(_units.c.name)
)
_NOW = bindparam("now", type_=UtcDateTime())
_WARNED_UNTIL = bindparam("warned_until", type_=UtcDateTime())


@lru_cache(maxsize=64)
def _counts(found: Reach) -> sa.Select[Any]:
    """Rows of list, unit_id and n."""
    unit = _instances.c.unit_id
    asked = [
        _question(found, name)
        .with_only_columns(sa.literal(name).label("list"), unit, sa.func.count().label("n"))
        .group_by(unit)
        for name in LISTS
    ]
    return sa.select(sa.union_all(*asked).subquery())


@lru_cache(maxsize=256)
def _listing(found: Reach, name: str) -> sa.Select[Any]:
    """A page of a list, of one unit or of all (""), from `start` on."""
    i, unit = _instances.c, bindparam("of_unit", type_=sa.String)
    order: dict[str, tuple[Any, ...]] = {
        "step_red": (_tasks.c.due_at, _tasks.c.id), "step_yellow": (_tasks.c.due_at, _tasks.c.id),
        "stopped": (i.stopped_at, i.id), "asked": (_extensions.c.id,),
        "instructed": (_instructions.c.answer_by, _instructions.c.id),
    }  # fmt: skip
    query = _question(found, name).where(sa.or_(unit == "", i.unit_id == unit))
    query = query.order_by(*order.get(name, (i.due_at, i.id)))
    return query.limit(PAGE + 1).offset(bindparam("start", type_=sa.Integer))


def _question(found: Reach, name: str) -> sa.Select[Any]:
    kind, _, light = name.partition("_")
    if kind == "step":
        return _steps(found, light)
    if kind == "case":
        return _cases(found).where(*_lit(_instances.c.due_at, light))
    return {"stopped": _stopped, "asked": _asked, "instructed": _instructed}[name](found)


def _base(*more: Any) -> sa.Select[Any]:
    i, u = _instances.c, _units.c
    return (
        sa.select(i.id, i.business_key, i.title, i.stopped_at, u.name.label("unit"), *more)
        .select_from(_instances)
        .join(_units, (u.tenant_id == i.tenant_id) & (u.id == i.unit_id), isouter=True)
        .where(
            i.tenant_id == bindparam("of_tenant"), i.rehearsal_at.is_(None), i.ended_at.is_(None),
            sa.or_(*(i.status == status for status in RUNNING)),
        )
    )  # fmt: skip


def _steps(found: Reach, light: str) -> sa.Select[Any]:
    t, p = _tasks.c, _people.c
    columns = (
        t.id.label("task_id"), t.name.label("step"), t.candidates, t.due_at, t.reminded_at,
        p.name.label("who"),
    )  # fmt: skip
    query = (
        _base(*columns)
        .join(_tasks, (t.tenant_id == _instances.c.tenant_id) & (t.instance_id == _instances.c.id))
        .join(_people, (p.tenant_id == t.tenant_id) & (p.id == t.assignee_id), isouter=True)
        .where(t.status == "open", *_lit(t.due_at, light))
    )
    return query if found.everything else query.where(waits_for(found))


def _cases(found: Reach, *more: Any) -> sa.Select[Any]:
    query = _base(_instances.c.due_at, *more)
    if found.everything:
        return query
    t, i = _tasks.c, _instances.c
    theirs = sa.exists().where(
        t.tenant_id == i.tenant_id, t.instance_id == i.id, t.status == "open", waits_for(found)
    )
    return query.where(theirs)


def _stopped(found: Reach) -> sa.Select[Any]:
    s, i = _stops.c, _instances.c
    same = (s.tenant_id == i.tenant_id) & (s.instance_id == i.id) & s.restarted_at.is_(None)
    query = _cases(found, s.stopped_at.label("since"), (s.name + "：" + s.reason).label("reason"))
    return query.join(_stops, same).where(i.stopped_at.is_not(None))


def _asked(found: Reach) -> sa.Select[Any]:
    e, i = _extensions.c, _instances.c
    same = (e.tenant_id == i.tenant_id) & (e.instance_id == i.id) & (e.status == "asked")
    query = _cases(found, e.asked_at.label("since"), e.reason, e.asked_by_name.label("who"))
    return query.join(_extensions, same)


def _instructed(found: Reach) -> sa.Select[Any]:
    n, i = _instructions.c, _instances.c
    same = (n.tenant_id == i.tenant_id) & (n.instance_id == i.id) & n.answered_at.is_(None)
    query = _cases(found, n.given_at.label("since"), n.text.label("reason"), n.given_by_name.label("who"))
    return query.join(_instructions, same)


def _lit(due: Any, light: str) -> Iterator[Any]:
    """Whose light it is: one that stands still with the clock has none."""
    stopped = _instances.c.stopped_at
    yield due.is_not(None)
    yield sa.or_(stopped.is_(None), due <= stopped)
    yield due < _NOW if light == "red" else due >= _NOW
    if light == "yellow":
        yield due <= _WARNED_UNTIL
