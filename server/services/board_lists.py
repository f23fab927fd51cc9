"""The lists to which the numbers of the board lead: each has as many rows as its number says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.business_calendar import BusinessCalendar
from server.services import board, calendars, deployed, register_views
from server.services.authorization import Person
from server.services.deployed import Deployed
from server.services.searching import Found
from server.store import board as queries
from server.store.board import Reach
from server.store.identity import User
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_people = User.metadata.tables["person"]
Kind = Literal["open", "completed", "returned"]
OTHERS = "*"
"""Stands for the reasons that the board does not name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks are listed; "" asks nothing. `first` and `last` are days on which open ones fall due;
    `months` bounds those that are done; `late` were done after their limit, `likely` will be."""

    kind: Kind = "open"
    light: str = ""
    department: str = ""
    process: str = ""
    element: str = ""
    reason: str = ""
    first: date | None = None
    last: date | None = None
    late: bool = False
    likely: bool = False
    months: int = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A task of a list. `who` holds it or has done it; `days` are the working days it took, or has waited.
    `visible` says whether the person may open its case."""

    id: str
    instance_id: str
    business_key: str
    title: str
    process_name: str
    name: str
    department: str
    who: str
    created_at: datetime
    due: datetime | None
    done_at: datetime | None
    light: str
    days: int
    reason: str
    visible: bool


@dataclass(frozen=True, slots=True)
class LinePage:
    """A page of tasks, how many there are in all, and from which one the next page goes on (None: no more).
    `department` and `step` are the names of those asked for."""

    lines: tuple[Line, ...]
    total: int
    next: int | None
    department: str
    step: str


def page(
    session: Session, person: Person, wanted: Wanted, now: datetime, *, start: int = 0, limit: int = 50
) -> LinePage:
    """Some of the tasks that the person oversees: open ones by limit, others the newest first."""
    found = _Search(session, person, wanted, now)
    rows = found.rows(start, limit + 1)
    total = start + len(rows) if len(rows) <= limit and (rows or not start) else found.total()
    step = next((row["name"] for row in rows), "") if wanted.element else ""
    return LinePage(
        tuple(found.lines(rows[:limit])), total, start + limit if len(rows) > limit else None,
        found.department_name, step,
    )  # fmt: skip


def every(session: Session, person: Person, wanted: Wanted, now: datetime) -> Iterator[Line]:
    """All of them, for exports."""
    found, start = _Search(session, person, wanted, now), 0
    while rows := found.rows(start, 500):
        yield from found.lines(rows)
        start += 500


def visible(session: Session, person: Person, rows: Sequence[Found]) -> set[str]:
    """Those of some cases that the person may open."""
    return register_views.may_open(session, person, [row.id for row in rows])


class _Search:
    """One list being read: what it needs to know once."""

    def __init__(self, session: Session, person: Person, wanted: Wanted, now: datetime) -> None:
        self.session, self.person, self.wanted, self.now = session, person, wanted, now
        self.used: Deployed = deployed.active(session, person.tenant_id)
        self.reach: Reach = board.reach_of(session, person)
        self.calendar: BusinessCalendar = calendars.of(session, person.tenant_id, person.calendar_revision)
        self.lights = board.lights_at(self.calendar, now)
        self.units, self.people = queries.places(session, person.tenant_id)
        self.reasons: dict[str, str] = {}
        self.where = tuple(self._conditions())

    @property
    def department_name(self) -> str:
        """What the department asked for is called."""
        key = self.wanted.department
        return board.department_name(self.used, key, self.units) if key else ""

    def total(self) -> int:
        """How many tasks there are."""
        source = queries.JOINED if self.wanted.kind == "open" else _tasks
        query = sa.select(sa.func.count()).select_from(source).where(*self.where)
        return int(self.session.execute(query).scalar_one())

    def rows(self, start: int, limit: int) -> list[dict[str, Any]]:
        """Some rows in the order of the list."""
        t, i, p = _tasks.c, _instances.c, _people.c
        is_open = self.wanted.kind == "open"
        order = (t.due_at.is_(None), t.due_at, t.id) if is_open else (t.completed_at.desc(), t.id.desc())
        who = t.assignee_id if is_open else t.completed_by
        query = (
            sa.select(
                t.id, t.instance_id, i.business_key, i.title, t.process_key, t.element, t.name, t.candidates,
                p.name.label("who"), t.created_at, t.due_at, t.completed_at,
                self.lights.of_task().label("light"),
            )
            .select_from(queries.JOINED)
            .join(_people, (p.tenant_id == t.tenant_id) & (p.id == who), isouter=True)
            .where(*self.where)
            .order_by(*order)
            .offset(start)
            .limit(limit)
        )  # fmt: skip
        return [dict(row) for row in self.session.execute(query).mappings()]

    def lines(self, rows: Sequence[dict[str, Any]]) -> Iterator[Line]:
        """Rows as people read them."""
        visible = register_views.may_open(
            self.session, self.person, list({row["instance_id"] for row in rows})
        )
        for row in rows:
            yield self._line(row, row["instance_id"] in visible)

    def _line(self, row: dict[str, Any], visible: bool) -> Line:
        known = self.used.model.processes.get(row["process_key"])
        begun = calendars.local(row["created_at"]).date()
        end = calendars.local(row["completed_at"] or self.now).date()
        return Line(
            row["id"], row["instance_id"], row["business_key"], row["title"],
            known.name if known else row["process_key"], row["name"],
            self._named(row["candidates"]), row["who"] or "", row["created_at"],
            row["due_at"], row["completed_at"], row["light"] if self.wanted.kind == "open" else "",
            self.calendar.working_days_between(begun, end), self.reasons.get(row["id"], ""), visible,
        )  # fmt: skip

    def _conditions(self) -> Iterator[sa.ColumnElement[bool]]:
        """Of those that are done on their own rows only: they are counted without their cases."""
        t, asked = _tasks.c, self.wanted
        if asked.kind == "open":
            yield from self._open()
        else:
            begin = board.since(self.now, asked.months)
            yield queries.is_closed(self.reach, asked.kind, begin)
            if asked.late:
                yield t.completed_at > t.due_at
            if asked.kind == "returned":
                yield t.id.in_(self._returned(begin))
        for column, value in ((t.process_key, asked.process), (t.element, asked.element)):
            if value:
                yield column == value

    def _open(self) -> Iterator[sa.ColumnElement[bool]]:
        t, i, asked = _tasks.c, _instances.c, self.wanted
        yield queries.is_open(self.reach)
        if asked.light:
            yield self.lights.of_task() == asked.light
        if asked.department:
            known, name = queries.candidates(self.session, self.reach), self.department_name
            yield t.candidates.in_([one for one in known if self._named(one) == name])
        if asked.first or asked.last or asked.likely:
            first = max(calendars.midnight(asked.first), self.now) if asked.first else self.now
            last = calendars.midnight_after(asked.last) if asked.last else board.weeks_end(self.now)
            yield sa.and_(t.due_at >= first, t.due_at < last)
            yield sa.and_(i.stopped_at.is_(None), i.status != "suspended")
            if asked.likely:
                yield t.id.in_(self._likely(first, last))

    def _named(self, candidates: Sequence[str]) -> str:
        return board.department_name(self.used, board.department(candidates, self.people), self.units)

    def _likely(self, first: datetime, last: datetime) -> list[str]:
        halves = board.halves_of(self.session, self.reach, self.calendar, self.now, self.wanted.months)
        rows = queries.due_between(self.session, self.reach, first, last)
        return [row.id for row in rows if board.likely_late(self.calendar, row, halves)]

    def _returned(self, begin: datetime) -> list[str]:
        """Tasks with the reason asked for; what each was returned for is kept for the lines."""
        found = queries.returned(self.session, self.reach, begin)
        self.reasons = {row.id: board.reason_of(row.payload) for row in found}
        asked = self.wanted.reason
        if not asked:
            return list(self.reasons)
        named = board.frequent(Counter(self.reasons.values()))
        return [
            id_
            for id_, reason in self.reasons.items()
            if reason == asked or (asked == OTHERS and reason not in named)
        ]
