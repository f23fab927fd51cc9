"""时限: all that can be said of the clock of one case, and what this person may do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import terms
from server.bundles.manifest import ClockStop as Ground
from server.engine.business_calendar import BusinessCalendar
from server.services import (
    calendars,
    deployed,
    extensions,
    heads,
    instance_views,
    instructions,
    limits,
    stops,
)
from server.services.authorization import Person, Verdict, may_administer
from server.services.deployed import Deployed
from server.services.instance_views import InstanceView
from server.services.limits import Limit
from server.services.messages import RUNNING
from server.store.clocks import ClockStop
from server.store.identity import User
from server.store.runtime import Task

_stops = ClockStop.metadata.tables["clock_stop"]
_people = User.metadata.tables["person"]
_tasks = Task.metadata.tables["task"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A time during which the clock stood still; `days` are the working days it took so far."""

    name: str
    basis: str
    reason: str
    by: str
    since: datetime
    until: datetime | None
    days: int


@dataclass(frozen=True, slots=True)
class Promise:
    """承诺时限: the office's own word, in working days from the day the case began, with its light and the
    working days that are left."""

    days: int
    due: datetime
    light: str
    left: int


@dataclass(frozen=True, slots=True)
class CaseClock:
    """The clock of a case. `limits` are counted ones; `agreed` are limits that nobody counted: days that
    people agreed on. `grounds` are those on which this person may stop it; `asked` is the extension
    that waits for a decision."""

    case: InstanceView
    seen: int
    limits: tuple[Limit, ...]
    agreed: tuple[datetime, ...]
    stops: tuple[Stop, ...]
    promise: Promise | None
    grounds: tuple[Ground, ...]
    may_restart: bool
    extensions: tuple[dict[str, Any], ...]
    extendable: int
    asked: dict[str, Any] | None
    decide: Verdict
    suspended_at: datetime | None
    may_suspend: bool
    instructions: tuple[dict[str, Any], ...] = ()
    may_answer: bool = False

    @property
    def stands(self) -> Stop | None:
        """The stop that has not ended."""
        return next((stop for stop in self.stops if stop.until is None), None)


def look(session: Session, person: Person, instance_id: str, now: datetime) -> CaseClock:
    """The clock of a case, for those who may see the case."""
    case = instance_views.view(session, person, instance_id, now)
    row, used = instance_views.see(session, person, instance_id)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    dues = tuple(task.due for task in case.open_tasks)
    counted = limits.of_case(session, used, row, calendar, *dues)
    known = {limit.due for limit in counted}
    standing = {due for due in (case.due, *dues) if due is not None}
    stood = _stops_of(session, row, calendar, case.rehearsal_at or now)
    tasks = _open(session, row)
    held = [task["assignee_id"] for task in tasks if task["assignee_id"] is not None]
    asked = extensions.of_case(session, person.tenant_id, instance_id)
    waiting = next((one for one in asked if one["status"] == "asked"), None)
    runs = row["status"] in RUNNING
    stands = next((s for s in stood if s[1].until is None), None)
    return CaseClock(
        case=case, seen=row["history_seq"], limits=counted, agreed=tuple(sorted(standing - known)),
        stops=tuple(stop for _ground, stop in stood),
        promise=_promise(used, row, calendar, stood, case.rehearsal_at or now),
        grounds=_grounds(person, used, row, counted, held, now) if runs else (),
        may_restart=stands is not None and bool(stops.verdict(person, used, _known(used, stands[0]), held)),
        extensions=tuple(asked), extendable=_extendable(person, used, row, held, asked, now), asked=waiting,
        decide=extensions.may_decide(
            person, used, [task["candidates"] for task in tasks], waiting["asked_by"] if waiting else ""
        ),
        instructions=tuple(instructions.of_case(session, person.tenant_id, instance_id)),
        may_answer=person.id in held or person.has("admin"),
        suspended_at=row["suspended_at"], may_suspend=runs and bool(may_administer(person)),
    )  # fmt: skip


def beside(
    session: Session, person: Person, deployment_id: str, instance_id: str, *dues: datetime | None
) -> tuple[Limit, ...]:
    """How the limits were counted that stand at these moments, the first being that of the case. Nothing is
    asked of the database where there are none. For those who may see the task or the case already."""
    if not any(dues):
        return ()
    used = deployed.of(session, person.tenant_id, deployment_id)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    row = {"tenant_id": person.tenant_id, "id": instance_id, "due_at": dues[0]}
    return tuple(limit for limit in limits.of_case(session, used, row, calendar, *dues) if limit.due in dues)


def require_seen(session: Session, person: Person, instance_id: str) -> None:
    """NotPermitted for those whom a case does not concern: they are told nothing of it."""
    heads.may_read(session, person, instance_id).require()


def _grounds(
    person: Person, used: Deployed, row: Mapping[str, Any], counted: tuple[Limit, ...], held: list[str],
    now: datetime,
) -> tuple[Ground, ...]:  # fmt: skip
    if row["stopped_at"] is not None or not stops.running(counted, {"stopped_at": now}):
        return ()
    return tuple(g for g in stops.grounds(used) if stops.verdict(person, used, g, held))


def _extendable(
    person: Person, used: Deployed, row: Mapping[str, Any], held: list[str], asked: list[dict[str, Any]],
    now: datetime,
) -> int:  # fmt: skip
    """Working days by which this person may ask to extend the limit now."""
    if not extensions.may_ask(person, held) or not extensions.runs(row, now):
        return 0
    if any(one["status"] == "asked" for one in asked):
        return 0
    used_up: int = sum(one["days"] for one in asked if one["status"] == "granted")
    return max(extensions.allowed(used, row["process_key"]) - used_up, 0)


def _known(used: Deployed, ground_id: str) -> Ground:
    found = used.manifest.clock_stops.get(ground_id) if used.manifest else None
    return found or Ground(id=ground_id, name=ground_id)


def _stops_of(
    session: Session, row: Mapping[str, Any], calendar: BusinessCalendar, now: datetime
) -> list[tuple[str, Stop]]:
    """Every stop with the id of its ground, oldest first."""
    s = _stops.c
    query = (
        sa.select(*s, _people.c.name.label("who"))
        .join(_people, (_people.c.tenant_id == s.tenant_id) & (_people.c.id == s.stopped_by), isouter=True)
        .where(s.tenant_id == row["tenant_id"], s.instance_id == row["id"])
        .order_by(s.id)
    )
    found = []
    for one in session.execute(query).mappings():
        since, until = one["stopped_at"], one["restarted_at"]
        days = _days(calendar, since, until or now)
        told = Stop(one["name"], one["basis"], one["reason"], one["who"] or "", since, until, days)
        found.append((one["ground"], told))
    return found


def _days(calendar: BusinessCalendar, since: datetime, until: datetime) -> int:
    return max(calendar.working_days_between(_day(since), _day(until)), 0)


def _promise(
    used: Deployed, row: Mapping[str, Any], calendar: BusinessCalendar, stood: list[tuple[str, Stop]],
    now: datetime,
) -> Promise | None:  # fmt: skip
    entry = used.manifest.processes.get(row["process_key"]) if used.manifest else None
    words = terms.read(entry.promised) if entry else None
    if words is None or words.unit != "working_day":
        return None
    due = calendar.deadline(_day(row["started_at"]), words.count, words.unit, words.rule)
    for _ground, stop in stood:
        if stop.until is not None and stop.since < due:
            due = calendar.postponed(due, words.unit, _day(stop.since), _day(stop.until))
    light = calendars.light(calendar, due, row, row["ended_at"] or now)
    return Promise(words.count, due, light, calendar.working_days_left(now, due))


def _open(session: Session, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    t = _tasks.c
    query = sa.select(t.assignee_id, t.candidates).where(
        t.tenant_id == row["tenant_id"], t.instance_id == row["id"], t.status == "open"
    )
    return [dict(one) for one in session.execute(query).mappings()]


def _day(moment: datetime) -> date:
    return calendars.local(moment).date()
