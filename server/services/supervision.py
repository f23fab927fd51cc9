"""督办: what is late or may become so, by light and department, for whoever leads the bodies that have it.
Each number is that of the list it leads to: both ask the same question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.manifest import Manifest
from server.engine.business_calendar import BusinessCalendar
from server.services import calendars, deployed
from server.services.authorization import Person, Verdict, denied
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.services.messages import RUNNING
from server.store.clocks import ClockStop, Extension, Instruction
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
    """What a person supervises: everything, or what waits for the bodies they lead."""

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
    groups = manifest.groups if manifest else {}
    led = {groups[group].parent for group in person.groups if group in groups and groups[group].parent}
    return Reach(False, tuple(sorted(led)))


def supervises(session: Session, person: Person) -> bool:
    """Whether the page is for this person; nothing is compiled to know it."""
    return bool(may_supervise(reach(person, deployed.manifest(session, person.tenant_id))))


def may_supervise(found: Reach) -> Verdict:
    """The page is for leaders, auditors and admins."""
    if found.everything or found.bodies:
        return Verdict(allowed=True)
    return denied("Only those who lead a body, auditors and administrators supervise.")


def waits_for(found: Reach) -> sa.ColumnElement[bool]:
    """Whether a task waits for one of the bodies that a person leads: a condition on `task`."""
    text = sa.type_coerce(_tasks.c.candidates, sa.Text)
    places = [f'"g:{body}{end}' for body in found.bodies for end in ('"', "@")]
    return sa.or_(sa.false(), *(text.contains(place, autoescape=True) for place in places))


def board(session: Session, person: Person, now: datetime) -> Board:
    """The counts."""
    scope = _Scope.of(session, person, now)
    unit = _instances.c.unit_id
    asked = [
        scope.question(name)
        .with_only_columns(sa.literal(name).label("list"), unit, sa.func.count().label("n"))
        .group_by(unit)
        for name in LISTS
    ]
    counts = {(row.unit_id, row.list): int(row.n) for row in session.execute(sa.union_all(*asked))}
    found = {unit for unit, _name in counts}
    u = _units.c
    query = sa.select(u.id, u.name).where(u.tenant_id == person.tenant_id, u.id.in_(found)).order_by(u.name)
    return Board(tuple((row.id, row.name) for row in session.execute(query)), counts)


def rows(
    session: Session, person: Person, name: str, now: datetime, *, unit: str = "", page: int = 0
) -> tuple[list[Row], bool]:
    """One page of a list, the most urgent first, and whether there are more. Raises NotFound for a list that
    does not exist."""
    scope = _Scope.of(session, person, now)
    query = scope.question(name)
    if unit:
        query = query.where(_instances.c.unit_id == unit)
    query = query.order_by(*scope.order(name)).limit(PAGE + 1).offset(page * PAGE)
    found = [dict(row) for row in session.execute(query).mappings()]
    return [scope.row(row) for row in found[:PAGE]], len(found) > PAGE


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the questions of one look share."""

    person: Person
    used: Deployed
    reach: Reach
    calendar: BusinessCalendar
    now: datetime

    @classmethod
    def of(cls, session: Session, person: Person, now: datetime) -> _Scope:
        used = deployed.active(session, person.tenant_id)
        found = reach(person, used.manifest)
        may_supervise(found).require()
        calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
        return cls(person, used, found, calendar, now)

    def question(self, name: str) -> sa.Select[Any]:
        if name not in LISTS:
            raise NotFound("list", name)
        kind, _, light = name.partition("_")
        if kind == "step":
            return self._steps(light)
        if kind == "case":
            return self._cases().where(*self._lit(_instances.c.due_at, light))
        return {"stopped": self._stopped, "asked": self._asked, "instructed": self._instructed}[name]()

    def order(self, name: str) -> tuple[Any, ...]:
        i = _instances.c
        return {
            "step_red": (_tasks.c.due_at, _tasks.c.id), "step_yellow": (_tasks.c.due_at, _tasks.c.id),
            "stopped": (i.stopped_at, i.id), "asked": (_extensions.c.id,),
            "instructed": (_instructions.c.answer_by, _instructions.c.id),
        }.get(name, (i.due_at, i.id))  # fmt: skip

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

    def _base(self, *more: Any) -> sa.Select[Any]:
        i, u = _instances.c, _units.c
        return (
            sa.select(i.id, i.business_key, i.title, i.stopped_at, u.name.label("unit"), *more)
            .select_from(_instances)
            .join(_units, (u.tenant_id == i.tenant_id) & (u.id == i.unit_id), isouter=True)
            .where(
                i.tenant_id == self.person.tenant_id, i.rehearsal_at.is_(None), i.ended_at.is_(None),
                i.status.in_(RUNNING),
            )
        )  # fmt: skip

    def _steps(self, light: str) -> sa.Select[Any]:
        t, p = _tasks.c, _people.c
        columns = (
            t.id.label("task_id"), t.name.label("step"), t.candidates, t.due_at, t.reminded_at,
            p.name.label("who"),
        )  # fmt: skip
        query = (
            self._base(*columns)
            .join(_tasks, (t.tenant_id == _instances.c.tenant_id) & (t.instance_id == _instances.c.id))
            .join(_people, (p.tenant_id == t.tenant_id) & (p.id == t.assignee_id), isouter=True)
            .where(t.status == "open", *self._lit(t.due_at, light))
        )
        return query if self.reach.everything else query.where(waits_for(self.reach))

    def _cases(self, *more: Any, due: bool = True) -> sa.Select[Any]:
        columns = (_instances.c.due_at, *more) if due else more
        query = self._base(*columns)
        if self.reach.everything:
            return query
        t, i = _tasks.c, _instances.c
        theirs = sa.exists().where(
            t.tenant_id == i.tenant_id, t.instance_id == i.id, t.status == "open", waits_for(self.reach)
        )
        return query.where(theirs)

    def _stopped(self) -> sa.Select[Any]:
        s, i = _stops.c, _instances.c
        same = (s.tenant_id == i.tenant_id) & (s.instance_id == i.id) & s.restarted_at.is_(None)
        query = self._cases(s.stopped_at.label("since"), (s.name + "：" + s.reason).label("reason"))
        return query.join(_stops, same).where(i.stopped_at.is_not(None))

    def _asked(self) -> sa.Select[Any]:
        e, i = _extensions.c, _instances.c
        same = (e.tenant_id == i.tenant_id) & (e.instance_id == i.id) & (e.status == "asked")
        query = self._cases(e.asked_at.label("since"), e.reason, e.asked_by_name.label("who"))
        return query.join(_extensions, same)

    def _instructed(self) -> sa.Select[Any]:
        n, i = _instructions.c, _instances.c
        same = (n.tenant_id == i.tenant_id) & (n.instance_id == i.id) & n.answered_at.is_(None)
        query = self._cases(n.given_at.label("since"), n.text.label("reason"), n.given_by_name.label("who"))
        return query.join(_instructions, same)

    def _lit(self, due: Any, light: str) -> Iterator[Any]:
        """Whose light it is: one that stands still with the clock has none."""
        stopped = _instances.c.stopped_at
        yield due.is_not(None)
        yield sa.or_(stopped.is_(None), due <= stopped)
        yield due < self.now if light == "red" else due >= self.now
        if light == "yellow":
            yield due <= self.calendar.warned_until(self.now)
