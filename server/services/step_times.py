"""How long the steps of cases took, in working days: counted by the database, which is handed the calendar as
a row of numbers."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlmodel import Session

from server.engine.business_calendar import BusinessCalendar
from server.services import calendars
from server.store import board as queries
from server.store.board import Reach, Worked

Step = tuple[str, str]
"""A step of a diagram: its process and its element."""
_BEFORE, _AFTER = 7_300, 400
"""Days around today that the row of numbers covers; what was opened earlier counts from its first."""


@dataclass(frozen=True, slots=True)
class Times:
    """How many tasks of a step took how many working days, in rising order; `late` of them were completed
    after their limit."""

    days: tuple[tuple[int, int], ...]
    late: int = 0

    @property
    def count(self) -> int:
        """How many tasks there were."""
        return sum(n for _days, n in self.days)

    @property
    def median(self) -> int:
        """Half took at most so long."""
        return self.ranked(0.5)

    @property
    def ninetieth(self) -> int:
        """Nine of ten took at most so long."""
        return self.ranked(0.9)

    def ranked(self, share: float) -> int:
        """The shortest time that at least this share of the tasks did not exceed."""
        left = max(math.ceil(share * self.count), 1)
        for days, n in self.days:
            left -= n
            if left <= 0:
                return days
        raise ValueError("there is no time where nothing was done")


def of_steps(
    session: Session, reach: Reach, calendar: BusinessCalendar, since: datetime, now: datetime
) -> dict[Step, Times]:
    """The times of each step whose tasks were completed since a moment. They are counted anew when a task of
    the jurisdiction was completed, or a day of the calendar changed."""
    asked = session.get_bind().engine, reach, since, calendars.local(now).date()
    state = queries.closed_until(session, reach.tenant_id, since)
    with _lock:
        kept = _kept.setdefault(calendar, OrderedDict())
        found = kept.get(asked)
    if found is None or found[0] != state:
        found = state, _counted(session, reach, calendar, since, now)
    with _lock:
        kept[asked] = found
        kept.move_to_end(asked)
        while len(kept) > _KEPT:
            kept.popitem(last=False)
    return found[1]


def _counted(
    session: Session, reach: Reach, calendar: BusinessCalendar, since: datetime, now: datetime
) -> dict[Step, Times]:
    found: dict[Step, list[tuple[int, int]]] = {}
    late: dict[Step, int] = {}
    worked = _worked(calendar, calendars.local(now).date())
    for process, element, days, count, after_limit in queries.completed(session, reach, since, worked):
        step = process, element
        found.setdefault(step, []).append((days, count))
        late[step] = late.get(step, 0) + after_limit
    return {step: Times(tuple(sorted(days)), late[step]) for step, days in found.items()}


_KEPT = 32
_lock = threading.Lock()
_kept: WeakKeyDictionary[BusinessCalendar, OrderedDict[Any, tuple[Any, dict[Step, Times]]]] = (
    WeakKeyDictionary()
)
_known: WeakKeyDictionary[BusinessCalendar, tuple[date, Worked]] = WeakKeyDictionary()


def _worked(calendar: BusinessCalendar, today: date) -> Worked:
    """The working days up to each day around today; made once a day."""
    known = _known.get(calendar)
    if known is None or known[0] != today:
        first = today - timedelta(days=_BEFORE)
        days = (first + timedelta(days=n) for n in range(_BEFORE + _AFTER))
        counts = [calendar.working_days_between(first, day) for day in days]
        known = _known[calendar] = (today, Worked.of(first, counts))
    return known[1]
