"""Dates, times and durations of FEEL: the full range of years, nanoseconds, offsets and named zones."""

from dataclasses import dataclass

from .civil import (
    DAY_NANOSECONDS,
    MAX_YEAR,
    NANOSECONDS,
    date_from_days,
    days_from_date,
    days_in_month,
    offset_of_instant,
    offset_of_local,
    time_zone,
)

MAX_OFFSET = 18 * 3600


@dataclass(frozen=True, slots=True)
class Date:
    """A calendar date; ``ValueError`` if there is no such day."""

    year: int
    month: int
    day: int

    def __post_init__(self) -> None:
        if not (
            -MAX_YEAR <= self.year <= MAX_YEAR
            and 1 <= self.month <= 12
            and 1 <= self.day <= days_in_month(self.year, self.month)
        ):
            raise ValueError("no such date")

    @classmethod
    def from_days(cls, days: int) -> "Date":
        """The date so many days after 1970-01-01."""
        return cls(*date_from_days(days))

    @property
    def days(self) -> int:
        """Days since 1970-01-01."""
        return days_from_date(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """1 = Monday to 7 = Sunday."""
        return (self.days + 3) % 7 + 1

    def plus_months(self, months: int) -> "Date":
        """The same day so many months on, or the last day of a shorter month."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Date(year, month + 1, min(self.day, days_in_month(year, month + 1)))

    def __str__(self) -> str:
        sign = "-" if self.year < 0 else ""
        return f"{sign}{abs(self.year):04d}-{self.month:02d}-{self.day:02d}"


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day: local, with an offset (seconds east of UTC), or in a named zone."""

    hour: int
    minute: int
    second: int
    nanosecond: int = 0
    offset: int | None = None
    zone: str | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.hour <= 23 and 0 <= self.minute <= 59 and 0 <= self.second <= 59):
            raise ValueError("no such time")
        if self.offset is not None and abs(self.offset) > MAX_OFFSET:
            raise ValueError("offset out of range")
        if self.zone is not None:
            time_zone(self.zone)

    @classmethod
    def from_nanoseconds(cls, nanoseconds: int, offset: int | None = None, zone: str | None = None) -> "Time":
        """The time so many nanoseconds after midnight."""
        seconds, fraction = divmod(nanoseconds, NANOSECONDS)
        return cls(seconds // 3600, seconds // 60 % 60, seconds % 60, fraction, offset, zone)

    @property
    def has_zone(self) -> bool:
        """Whether it names an instant of a day everywhere, by offset or zone."""
        return self.offset is not None or self.zone is not None

    @property
    def nanoseconds(self) -> int:
        """Since local midnight."""
        return ((self.hour * 60 + self.minute) * 60 + self.second) * NANOSECONDS + self.nanosecond

    def offset_on(self, days: int = 0) -> int | None:
        """Seconds east of UTC on a day (since 1970-01-01), or None for a local time."""
        if self.zone is None:
            return self.offset
        return offset_of_local(self.zone, days, self.nanoseconds // NANOSECONDS)

    @property
    def instant(self) -> int:
        """Nanoseconds since midnight UTC; local times count as UTC."""
        return self.nanoseconds - (self.offset_on() or 0) * NANOSECONDS

    def __str__(self) -> str:
        text = f"{self.hour:02d}:{self.minute:02d}:{self.second:02d}{_fraction(self.nanosecond)}"
        if self.zone is not None:
            return f"{text}@{self.zone}"
        return text if self.offset is None else text + _offset_text(self.offset)


UTC_MIDNIGHT = Time(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date with a time of day."""

    date: Date
    time: Time

    @classmethod
    def from_local(cls, nanoseconds: int, offset: int | None = None, zone: str | None = None) -> "DateTime":
        """From nanoseconds since 1970-01-01 on the local clock."""
        days, rest = divmod(nanoseconds, DAY_NANOSECONDS)
        return cls(Date.from_days(days), Time.from_nanoseconds(rest, offset, zone))

    @classmethod
    def from_instant(cls, instant: int, zone: str) -> "DateTime":
        """From nanoseconds since 1970-01-01T00:00Z, on the clock of a zone."""
        offset = offset_of_instant(zone, instant // NANOSECONDS)
        return cls.from_local(instant + offset * NANOSECONDS, None, zone)

    @property
    def has_zone(self) -> bool:
        """Whether it names an instant, by offset or zone."""
        return self.time.has_zone

    @property
    def nanoseconds(self) -> int:
        """Since 1970-01-01 on the local clock."""
        return self.date.days * DAY_NANOSECONDS + self.time.nanoseconds

    @property
    def offset(self) -> int | None:
        """Seconds east of UTC at this moment, or None for a local one."""
        return self.time.offset_on(self.date.days)

    @property
    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00Z; local ones count as UTC."""
        return self.nanoseconds - (self.offset or 0) * NANOSECONDS

    def plus_nanoseconds(self, nanoseconds: int) -> "DateTime":
        """Later by elapsed time: across a change to summer time the clock shows the difference."""
        if self.time.zone is not None:
            return DateTime.from_instant(self.instant + nanoseconds, self.time.zone)
        return DateTime.from_local(self.nanoseconds + nanoseconds, self.time.offset)

    def __str__(self) -> str:
        return f"{self.date}T{self.time}"


@dataclass(frozen=True, slots=True)
class DaysTimeDuration:
    """Elapsed time, in nanoseconds."""

    nanoseconds: int

    def __str__(self) -> str:
        if not self.nanoseconds:
            return "PT0S"
        seconds, fraction = divmod(abs(self.nanoseconds), NANOSECONDS)
        days, seconds = divmod(seconds, 86_400)
        hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
        text = ("-P" if self.nanoseconds < 0 else "P") + (f"{days}D" if days else "")
        if not (hours or minutes or seconds or fraction):
            return text
        text += "T" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        return text + (f"{seconds}{_fraction(fraction)}S" if seconds or fraction else "")


@dataclass(frozen=True, slots=True)
class YearsMonthsDuration:
    """A number of calendar months."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        if not self.months:
            return "P0M"
        sign = "-" if self.months < 0 else ""
        return f"{sign}P" + (f"{years}Y" if years else "") + (f"{months}M" if months else "")


def midnight(value: Date) -> DateTime:
    """A date used as a date and time: midnight UTC, as DMN 1.5 has it."""
    return DateTime(value, UTC_MIDNIGHT)


def _fraction(nanosecond: int) -> str:
    return f".{nanosecond:09d}".rstrip("0") if nanosecond else ""


def _offset_text(offset: int) -> str:
    if offset == 0:
        return "Z"
    hours, rest = divmod(abs(offset), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")
