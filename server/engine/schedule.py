"""ISO 8601 moments, durations and repetitions as diagrams write them, counted in civil time."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

CIVIL = ZoneInfo("Asia/Shanghai")
"""The time zone in which days, months and moments without an offset are counted."""

END_OF_DAY = time(23, 59, 59)

_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_REPETITION = re.compile(r"R(?P<times>\d*)/(?:(?P<start>[^/P]+)/)?(?P<interval>P[^/]+)(?:/(?P<end>[^/P]+))?")
_LITERAL = re.compile(r"-?P[\dT].*|R\d*/.+|\d{4}-\d\d-\d\d.*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: whole months (clamped to the end of a shorter month) and then an exact rest."""

    months: int
    rest: timedelta

    def after(self, start: datetime, times: int = 1) -> datetime:
        """The moment `times` durations after `start`, counted from `start` and not from point to point."""
        local = start.astimezone(CIVIL)
        month = local.year * 12 + local.month - 1 + self.months * times
        year, month = divmod(month, 12)
        day = min(local.day, monthrange(year, month + 1)[1])
        return local.replace(year=year, month=month + 1, day=day) + self.rest * times

    @property
    def positive(self) -> bool:
        """Whether repeating it leads forward."""
        return self.months >= 0 and self.rest >= timedelta(0) and bool(self.months or self.rest)


@dataclass(frozen=True, slots=True)
class Repetition:
    """A cycle: its points are numbered from 1 up to `times` and lie not after `end` (None: without end).

    Without a start of its own it counts from the moment it was armed, so that point 1 is one interval later.
    """

    anchor: datetime
    interval: Duration
    times: int | None
    end: datetime | None = None
    begins_at_anchor: bool = False

    def point(self, number: int) -> datetime:
        """The moment of a point, counted from the anchor: months do not drift."""
        return self.interval.after(self.anchor, number - self.begins_at_anchor)

    def next_after(self, moment: datetime, number: int = 0) -> tuple[int, datetime] | None:
        """The first point after `moment` and after point `number`, with its number.

        Points that were missed, for instance while the server was down, are skipped: they never come as a
        burst.
        """
        following = max(number + 1, self._estimate(moment))
        while (due := self.point(following)) <= moment:
            following += 1
        over = self.times is not None and following > self.times
        return None if over or (self.end is not None and due > self.end) else (following, due)

    def _estimate(self, moment: datetime) -> int:
        """A number of points that have certainly passed, so that a long absence costs no long search."""
        longest = timedelta(days=31 * self.interval.months) + self.interval.rest
        return max(0, (moment - self.anchor) // longest)


def is_literal(text: str) -> bool:
    """Whether a timer's text is an ISO value as it stands rather than FEEL."""
    return _LITERAL.fullmatch(text.strip()) is not None


def duration(text: str) -> Duration:
    """Read an ISO 8601 duration. Raises ValueError."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(value for name, value in found.groupdict().items() if name != "sign"):
        raise ValueError(text)
    part = {name: float(value or 0) for name, value in found.groupdict().items() if name != "sign"}
    rest = timedelta(
        weeks=part["weeks"],
        days=part["days"],
        hours=part["hours"],
        minutes=part["minutes"],
        seconds=part["seconds"],
    )
    sign = -1 if found["sign"] else 1
    return Duration(sign * int(part["years"] * 12 + part["months"]), sign * rest)


def moment(text: str, *, of_day: time = time.min) -> datetime:
    """Read an ISO 8601 date or date and time, also with a zone name as FEEL writes it (`@Asia/Shanghai`).

    A date stands for `of_day` on that day; a moment without offset is civil time. Raises ValueError.
    """
    text, _, zone = text.strip().partition("@")
    if len(text) == 10:
        return datetime.combine(date.fromisoformat(text), of_day, CIVIL)
    found = datetime.fromisoformat(text)
    if zone:
        try:
            return found.replace(tzinfo=ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError) as problem:
            raise ValueError(text) from problem
    return found if found.tzinfo else found.replace(tzinfo=CIVIL)


def repetition(text: str, armed: datetime) -> Repetition:
    """Read an ISO 8601 repetition (`R3/PT1H`, `R/2026-01-31/P1M`), armed at this moment. Raises
    ValueError."""
    found = _REPETITION.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    interval = duration(found["interval"])
    if not interval.positive:
        raise ValueError(text)
    return Repetition(
        anchor=moment(found["start"]) if found["start"] else armed,
        interval=interval,
        times=int(found["times"]) if found["times"] else None,
        end=moment(found["end"], of_day=END_OF_DAY) if found["end"] else None,
        begins_at_anchor=bool(found["start"]),
    )
