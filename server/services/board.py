"""看板: how a body's cases stand: lights by department and by step, what was begun and ended by month, how
long steps took, why things were returned, what falls due until the end of next week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlmodel import Session

from server.engine.business_calendar import BusinessCalendar
from server.services import calendars, deployed, register_views, step_times
from server.services.authorization import Person, denied, register_reach
from server.services.deployed import Deployed
from server.services.step_times import Step, Times
from server.store import board as queries
from server.store.board import Lights, Reach

LIGHTS = ("red", "yellow", "green", "stopped")
PERIODS = (1, 3, 6, 12)
MONTHS = 12
REASONS = 12


@dataclass(slots=True)
class Count:
    """How many tasks have which light."""

    id: str
    name: str
    lights: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LIGHTS, 0))
    process: str = ""
    process_name: str = ""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.lights.values())


@dataclass(frozen=True, slots=True)
class Month:
    """What was begun and ended in a month; `first` and `last` are its days."""

    first: date
    last: date
    begun: int
    ended: int


@dataclass(frozen=True, slots=True)
class Duration:
    """How many working days a step took, of those completed in the period: half took at most `median`, nine
    of ten at most `ninetieth`. `late` were completed after their limit."""

    process: str
    process_name: str
    element: str
    name: str
    count: int
    median: int
    ninetieth: int
    late: int


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for which tasks were returned in the period; "" gathers those beyond the most frequent."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day on which tasks fall due. `likely` of them would be late if they took as long as half of their
    kind do."""

    day: date
    count: int
    likely: int


@dataclass(frozen=True, slots=True)
class Board:
    """The whole board. `lights` are those of all open tasks together; `unit` is the name of the only unit
    that is counted, "" for all."""

    unit: str
    months: int
    since: date
    lights: dict[str, int]
    departments: tuple[Count, ...]
    steps: tuple[Count, ...]
    throughput: tuple[Month, ...]
    durations: tuple[Duration, ...]
    returns: tuple[Reason, ...]
    returned: int
    coming: tuple[DueDay, ...]


def board(session: Session, person: Person, now: datetime, months: int = 3) -> Board:
    """The board of those cases that the person's posts let them oversee, over the last so many months."""
    used = deployed.active(session, person.tenant_id)
    reach = reach_of(session, person)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    begin = since(now, months)
    tasks = queries.open_by_light(session, reach, lights_at(calendar, now))
    units, people = queries.places(session, person.tenant_id)
    took = step_times.of_steps(session, reach, calendar, begin, now)
    halves = {step: times.median for step, times in took.items()}
    reasons = Counter(reason_of(row.payload) for row in queries.returned(session, reach, begin))
    return Board(
        units.get(reach.unit_id, "") if reach.unit_id else "", months, calendars.local(begin).date(),
        dict(_summed((row.light, row.n) for row in tasks)),
        tuple(_departments(used, tasks, units, people)), tuple(_steps(used, tasks)),
        tuple(_throughput(session, reach, now)), tuple(_durations(used, took)),
        tuple(_most(reasons)), reasons.total(),
        tuple(_coming(session, reach, calendar, now, halves)),
    )  # fmt: skip


def reach_of(session: Session, person: Person) -> Reach:
    """Whose cases the person oversees: bodies of the whole installation, auditors and admins all, people of a
    unit those of their unit. Raises NotPermitted for others."""
    far = register_views.reach(deployed.active(session, person.tenant_id), person)
    if far == "own":
        denied(
            "The board counts the cases of a whole body or unit. It is for people with a post there; an "
            "administrator gives posts."
        ).require()
    return Reach(person.tenant_id, person.unit_id if far == "unit" else "")


def oversees(session: Session, person: Person) -> bool:
    """Whether the board is for this person; nothing is compiled to know it."""
    manifest = deployed.manifest(session, person.tenant_id)
    groups = manifest.groups if manifest else {}
    held = person.groups & groups.keys()
    return register_reach(person, {name: groups[name].scope for name in held}) != "own"


# --------------------------------------------------------------------------- moments
def lights_at(calendar: BusinessCalendar, now: datetime) -> Lights:
    """Where lights change now."""
    return Lights(now, calendars.midnight_after(calendar.warned_day(calendars.local(now).date())))


def since(now: datetime, months: int) -> datetime:
    """The beginning of a period of so many months until now."""
    return calendars.midnight(_first_of(calendars.local(now).date(), months - 1))


def weeks_end(now: datetime) -> datetime:
    """When next week has ended."""
    today = calendars.local(now).date()
    return calendars.midnight(today + timedelta(days=14 - today.weekday()))


def _first_of(day: date, months_before: int) -> date:
    months = day.year * 12 + day.month - 1 - months_before
    return date(months // 12, months % 12 + 1, 1)


# --------------------------------------------------------------------------- open tasks
def department(candidates: Sequence[str], people: dict[str, str]) -> str:
    """The department a task waits for: a body of the installation (`g:…`) or a unit (`unit:…`). A body and
    the unit of its people have one name, and count as one department."""
    kind, _, rest = (candidates[0] if candidates else "").partition(":")
    group, _, unit = rest.partition("@")
    if kind == "u":
        return f"unit:{people.get(rest, '')}"
    return f"unit:{unit}" if unit else f"g:{group}"


def department_name(used: Deployed, key: str, units: dict[str, str]) -> str:
    """What a department is called."""
    kind, _, rest = key.partition(":")
    return units.get(rest, rest) if kind == "unit" else used.group_name(rest)


def _departments(
    used: Deployed, tasks: Iterable[Any], units: dict[str, str], people: dict[str, str]
) -> list[Count]:
    found: dict[str, Count] = {}
    for row in tasks:
        key = department(row.candidates, people)
        name = department_name(used, key, units)
        count = found.setdefault(name, Count(key, name))
        count.lights[row.light] += row.n
    return sorted(found.values(), key=_urgency)


def _steps(used: Deployed, tasks: Iterable[Any]) -> list[Count]:
    found: dict[Step, Count] = {}
    for row in tasks:
        known = used.model.processes.get(row.process_key)
        count = found.setdefault(
            (row.process_key, row.element),
            Count(row.element, row.name, process=row.process_key,
                  process_name=known.name if known else row.process_key),
        )  # fmt: skip
        count.lights[row.light] += row.n
    return sorted(found.values(), key=_urgency)


def _urgency(count: Count) -> tuple[int, int, int, str]:
    return (-count.lights["red"], -count.lights["yellow"], -count.total, count.name)


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found = dict.fromkeys(LIGHTS, 0)
    for light, n in pairs:
        found[light] += n
    return found


# --------------------------------------------------------------------------- what was done
def _throughput(session: Session, reach: Reach, now: datetime) -> list[Month]:
    today = calendars.local(now).date()
    firsts = [_first_of(today, before) for before in range(MONTHS - 1, -2, -1)]
    begun, ended = queries.begun_and_ended(session, reach, [calendars.midnight(first) for first in firsts])
    months = zip(pairwise(firsts), begun, ended, strict=True)
    return [Month(first, after - timedelta(days=1), came, went) for (first, after), came, went in months]


def _durations(used: Deployed, took: dict[Step, Times]) -> list[Duration]:
    found = []
    for (process, element), times in took.items():
        known = used.model.processes.get(process)
        node = known.nodes.get(element) if known else None
        found.append(
            Duration(
                process, known.name if known else process, element, node.name if node else element,
                times.count, times.median, times.ninetieth, times.late,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (-one.ninetieth, -one.median, one.process, one.element))


def reason_of(payload: dict[str, object]) -> str:
    """Why a task was returned, in one line."""
    return " ".join(str(payload.get("reason", "")).split())


def halves_of(
    session: Session, reach: Reach, calendar: BusinessCalendar, now: datetime, months: int
) -> dict[Step, int]:
    """How many working days half of each step's tasks took at most, in a period until now."""
    took = step_times.of_steps(session, reach, calendar, since(now, months), now)
    return {step: times.median for step, times in took.items()}


def frequent(reasons: Counter[str]) -> list[str]:
    """The most frequent reasons, which the board names."""
    return [one.text for one in _most(reasons) if one.text]


def _most(reasons: Counter[str]) -> list[Reason]:
    often = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    found = [Reason(text, n) for text, n in often[:REASONS]]
    rest = sum(n for _text, n in often[REASONS:])
    return [*found, Reason("", rest)] if rest else found


# --------------------------------------------------------------------------- what is coming
def _coming(
    session: Session, reach: Reach, calendar: BusinessCalendar, now: datetime, halves: dict[Step, int]
) -> list[DueDay]:
    found: dict[date, list[bool]] = {}
    for row in queries.due_between(session, reach, now, weeks_end(now)):
        day = calendars.local(row.due_at).date()
        found.setdefault(day, []).append(likely_late(calendar, row, halves))
    return [DueDay(day, len(tasks), sum(tasks)) for day, tasks in sorted(found.items())]


def likely_late(calendar: BusinessCalendar, row: Any, halves: dict[Step, int]) -> bool:
    """Whether a task would miss its limit if it took as long as half of its kind take."""
    days = halves.get((row.process_key, row.element))
    if days is None:
        return False
    begun, due = calendars.local(row.created_at).date(), calendars.local(row.due_at).date()
    return calendar.add_working_days(begun, days) > due if days else False
