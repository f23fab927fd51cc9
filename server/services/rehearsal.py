"""试运行: what sets a rehearsal apart from a real case: its clock, its lists, its numbers, and who leads it.

The clock of a rehearsal stands where its starter put it. Each action takes a second, so that what happened
keeps its order; days pass only when the starter lets them. Everything a rehearsal does is marked by
`rehearsal_at` of its row, and its project is a rehearsal's own, so real facts, registers and numbers are
never touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.deployed import Deployed

MARK = "试-"
"""Stands before every number of a rehearsal."""
DAY_FIELD = "rehearsal_day"
"""The answer of a start page that chooses the day on which a rehearsal begins, an ISO date."""
FIRST_YEAR, LAST_YEAR = 1990, 2100
_APART = "rehearsal:"
_HOME = ZoneInfo("Asia/Shanghai")
_OPENING = time(9)
_ACTION = timedelta(seconds=1)


def clock(row: Mapping[str, Any], now: datetime) -> datetime:
    """The moment of a case: where its clock stands if it is a rehearsal, else now."""
    return row["rehearsal_at"] or now


def next_moment(row: Mapping[str, Any], now: datetime) -> datetime:
    """The moment of the next action in a case."""
    standing: datetime | None = row["rehearsal_at"]
    return now if standing is None else standing + _ACTION


def opening(day: date) -> datetime:
    """The moment at which a rehearsal of that day begins: nine in the morning."""
    return datetime.combine(day, _OPENING, _HOME)


def chosen_day(answers: Sequence[tuple[str, Any]] | Mapping[str, Any], now: datetime) -> date | None:
    """The day that a start page names: today if it names none, None if what it names is no day."""
    pairs = answers.items() if isinstance(answers, Mapping) else answers
    text = next((value for name, value in pairs if name == DAY_FIELD), "")
    if not text:
        return now.astimezone(_HOME).date()
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def lists(principals: Iterable[str], leader: str = "") -> tuple[str, ...]:
    """The worklist keys under which tasks of rehearsals lie, apart from real ones; the leader of a rehearsal
    has all its tasks."""
    keys = [f"{_APART}{principal}" for principal in principals]
    return tuple(dict.fromkeys([*keys, f"{_APART}u:{leader}"] if leader else keys))


def may_rehearse(person: Person, starts: Verdict) -> Verdict:
    """A process is rehearsed by those who may start it, and by process owners and admins."""
    return ALLOWED if person.has("admin", "process_owner") else starts


def may_lead(person: Person, row: Mapping[str, Any]) -> Verdict:
    """Time is moved, and every post is played, by whoever began the rehearsal, or an admin."""
    if row["rehearsal_at"] is None:
        return denied("This is a real case: its time is the real one, and everybody acts for themselves.")
    if row["started_by"] == person.id or person.has("admin"):
        return ALLOWED
    return denied("Only the person who began the rehearsal may do this.")


def acting(person: Person, task: Any, used: Deployed) -> Person:
    """The person as a task (its row) sees them: with the body's name where they play it, else as they are."""
    if not task["played"]:
        return person
    body = used.principal_name(task["played"])
    return replace(person, post=body, unit_name=body)


def local_year(moment: datetime) -> int:
    """The year of a moment on the clocks of the jurisdictions."""
    return moment.astimezone(_HOME).year
