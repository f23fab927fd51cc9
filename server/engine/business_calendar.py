"""Working days, limits and lights, counted by the State Council's calendar in the jurisdiction's time zone.

The rules are the house's C1 to C7:
C1 working days: the day of the event is not counted; due at the end of the n-th working day.
C2 days, months and years: the day of the event is not counted; due at the end of the same day number n months
   later, the month's last day when it has no such number; weekends and holidays do not move it.
C3 minimum duration: the earliest day, counted as C2; it begins at midnight.
C4 fixed dates include the named day.
C5 a limit without a sanction is counted like any other and only marks what is late.
C6 speaks of amounts, C7 of "in time" without a number: neither gives a date.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from server.engine.published_days import PublishedDays, published_days

ZONE = ZoneInfo("Asia/Shanghai")
MAX_LIMIT = 36_600

DayKind: TypeAlias = Literal["workday", "holiday"]
Light: TypeAlias = Literal["green", "yellow", "red"]
Reason: TypeAlias = Literal["weekday", "weekend", "holiday", "make-up day", "override"]

_COUNTED = {
    "working_day": frozenset({"C1", "C3", "C5"}),
    "day": frozenset({"C2", "C3", "C5"}),
    "month": frozenset({"C2", "C3", "C5"}),
    "year": frozenset({"C2", "C3", "C5"}),
    "fixed_date": frozenset({"C4", "C5"}),
}


class DeadlineError(ValueError):
    """A limit that gives no date: the unit and the rule do not belong together, or the number is none."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar: whether it is worked, and why. `name` is the festival's English name, if any.
    `certain` is False in a year whose notice is not known: then only weekends are free."""

    date: date
    working: bool
    reason: Reason
    name: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Deadline:
    """A computed limit and how it came about, for people to check.

    `due` is aware (Asia/Shanghai): the last moment allowed, or for C3 the first (`earliest`). `skipped` are
    the days between that did not count, `made_up` the weekend days that did; `uncertain_years` are years
    whose notice is not known yet: the date may move when it is published.
    """

    due: datetime
    start: date
    limit: int
    unit: str
    rule: str
    skipped: tuple[Day, ...] = ()
    made_up: tuple[Day, ...] = ()
    uncertain_years: tuple[int, ...] = ()

    @property
    def earliest(self) -> bool:
        """Whether it is the first allowed moment rather than the last."""
        return self.rule == "C3"

    @property
    def uncertain(self) -> bool:
        """Whether a notice still to come may move it."""
        return bool(self.uncertain_years)


class BusinessCalendar:
    """The working calendar of a jurisdiction.

    `overrides` are the administrators' own days and win over the notices; `confirmed_years` are years that
    they have entered completely, so that they count as certain without a notice. `warned` is how many working
    days before the day of a limit its light turns yellow.
    """

    def __init__(
        self,
        overrides: Mapping[date, DayKind] | None = None,
        confirmed_years: Collection[int] = (),
        published: PublishedDays | None = None,
        warned: int = 1,
    ) -> None:
        self._overrides = dict(overrides or {})
        self._published = published or published_days()
        self._certain = self._published.years | frozenset(confirmed_years)
        self.warned = warned
        self._worked: dict[int, list[int]] = {}
        self._following: dict[date, date] = {}

    # ------------------------------------------------------------------ days
    def day(self, day: date) -> Day:
        """What kind of day it is."""
        override = self._overrides.get(day)
        if override is not None:
            return Day(day, override == "workday", "override")
        certain = day.year in self._certain
        if (name := self._published.make_up_days.get(day)) is not None:
            return Day(day, True, "make-up day", name, certain)
        if (name := self._published.holidays.get(day)) is not None:
            return Day(day, False, "holiday", name, certain)
        weekend = day.weekday() >= 5
        return Day(day, not weekend, "weekend" if weekend else "weekday", "", certain)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on that day."""
        return self.day(day).working

    def is_certain(self, year: int) -> bool:
        """Whether the year's notice is known or its days were entered by hand."""
        return year in self._certain

    def add_working_days(self, start: date, count: int) -> date:
        """The count-th working day after `start` (before it when negative), which is itself not counted."""
        *_, last = (start, *(day.date for day in self._walk(start, count) if day.working))
        return last

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is the earlier one."""
        if end < start:
            return -self.working_days_between(end, start)
        within = self._worked_until(end) - self._worked_until(start)
        return within + sum(self._worked_until(date(year, 12, 31)) for year in range(start.year, end.year))

    def working_days_left(self, now: datetime, due: datetime) -> int:
        """Working days that remain after today up to and including the due day; negative when it is past."""
        return self.working_days_between(_local_date(now), _local_date(due))

    def light(self, due: datetime, now: datetime) -> Light:
        """Red when the limit has passed, yellow from `warned` working days before its day, green before."""
        if now > due:
            return "red"
        return "yellow" if _local_date(due) <= self.warned_day(_local_date(now)) else "green"

    def postponed(self, due: datetime, unit: str, since: date, until: date) -> datetime:
        """Where a limit stands after its clock stood still from one day to another. As with C1 neither the
        day of the stop is given back nor the day of the restart taken: as many working days are left as were,
        or for limits in other units as many days."""
        due, since, until = due.astimezone(ZONE), _local_date(since), _local_date(until)
        if until <= since:
            return due
        if unit == "working_day":
            day = self.add_working_days(due.date(), self.working_days_between(since, until))
        else:
            day = due.date() + (until - since)
        return datetime.combine(day, due.timetz())

    def warned_until(self, now: datetime) -> datetime:
        """The last moment a limit may have for its light to be yellow at `now`: the end of the last day that
        is warned of today. What is due later is green."""
        return _moment(self.warned_day(_local_date(now)), "")

    def warned_day(self, today: date) -> date:
        """The last day that a limit may have for its light to be yellow today."""
        found = self._following.get(today)
        if found is None:
            found = self._following[today] = self.add_working_days(today, self.warned)
        return found

    # ------------------------------------------------------------------ limits
    def deadline(self, start: date, limit: int, unit: str, rule: str) -> datetime:
        """The last moment of a limit (23:59:59), or for C3 the first one of the earliest day (00:00:00)."""
        return self.explain(start, limit, unit, rule).due

    def explain(self, start: date, limit: int, unit: str, rule: str) -> Deadline:
        """The same with its reasons.

        `unit` is working_day, day, month, year or fixed_date. For fixed_date `limit` is month * 100 + day
        (630 is 30 June), or a day of the month up to 31; the next such day counts, `start` itself included. A
        negative number of working days counts backwards. Raises DeadlineError when unit, rule and number give
        no date.
        """
        start = _local_date(start)
        count = _checked(limit, unit, rule)
        try:
            if unit != "working_day":
                return Deadline(_moment(_COUNTERS[unit](start, count), rule), start, count, unit, rule)
            days = list(self._walk(start, count))
        except OverflowError as error:
            raise DeadlineError(f"limit {limit} {unit} leads beyond the calendar's years") from error
        return Deadline(
            due=_moment(days[-1].date if days else start, rule),
            start=start,
            limit=count,
            unit=unit,
            rule=rule,
            skipped=tuple(day for day in days if not day.working),
            made_up=tuple(day for day in days if day.working and day.date.weekday() >= 5),
            uncertain_years=tuple(sorted({day.date.year for day in days if not day.certain})),
        )

    def _worked_until(self, day: date) -> int:
        """Working days from the beginning of its year up to and including a day. Lists ask for each of their
        rows, so a year is counted once."""
        counts = self._worked.get(day.year)
        if counts is None:
            first = date(day.year, 1, 1)
            length = 366 if calendar.isleap(day.year) else 365
            every = (self.is_working_day(first + timedelta(days=n)) for n in range(length))
            counts = self._worked[day.year] = list(accumulate(every, initial=0))
        return counts[day.timetuple().tm_yday]

    def _walk(self, start: date, count: int) -> Iterator[Day]:
        """The days after `start` until so many working days have passed, backwards for a negative count."""
        step = timedelta(days=1 if count > 0 else -1)
        current, left = start, abs(count)
        while left:
            current += step
            day = self.day(current)
            left -= day.working
            yield day


# --------------------------------------------------------------------------- counting without working days
def _checked(limit: int, unit: str, rule: str) -> int:
    rules = _COUNTED.get(unit)
    if rules is None:
        raise DeadlineError(f"unit {unit!r} is not one of {', '.join(_COUNTED)}")
    if rule not in rules:
        raise DeadlineError(f"rule {rule!r} gives no date with unit {unit!r}; use {', '.join(sorted(rules))}")
    if isinstance(limit, bool) or limit != int(limit) or abs(limit) > MAX_LIMIT:
        raise DeadlineError(f"limit {limit!r} is not a whole number up to {MAX_LIMIT}")
    if limit < 0 and unit != "working_day":
        raise DeadlineError(f"limit {limit!r} must not be negative with unit {unit!r}")
    return int(limit)


def _add_days(start: date, count: int) -> date:
    return start + timedelta(days=count)


def _add_months(start: date, count: int) -> date:
    """The same day number so many months later, or the month's last day (C2)."""
    months = start.year * 12 + start.month - 1 + count
    year, month = divmod(months, 12)
    if year > date.max.year:
        raise OverflowError
    return _clamped(year, month + 1, start.day)


def _add_years(start: date, count: int) -> date:
    return _add_months(start, 12 * count)


def _next_fixed(start: date, named: int) -> date:
    """The next named day on or after `start` (C4)."""
    month, day = divmod(named, 100)
    if not (1 <= day <= 31 and 0 <= month <= 12):
        raise DeadlineError(f"limit {named} names no day; write month * 100 + day, or a day of the month")
    if month:
        this_year = _clamped(start.year, month, day)
        return this_year if this_year >= start else _clamped(start.year + 1, month, day)
    this_month = _clamped(start.year, start.month, day)
    if this_month >= start:
        return this_month
    following = _add_months(start.replace(day=1), 1)
    return _clamped(following.year, following.month, day)


def _clamped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


_COUNTERS: Mapping[str, Callable[[date, int], date]] = {
    "day": _add_days,
    "month": _add_months,
    "year": _add_years,
    "fixed_date": _next_fixed,
}


def _moment(day: date, rule: str) -> datetime:
    """The last second of a day; the first one of an earliest day (C3)."""
    return datetime.combine(day, time.min if rule == "C3" else time(23, 59, 59), ZONE)


def _local_date(moment: date) -> date:
    """The day it is in the jurisdiction; a plain date is one already."""
    if isinstance(moment, datetime):
        return moment.astimezone(ZONE).date() if moment.tzinfo else moment.date()
    return moment
