"""Read ISO 8601 texts as FEEL dates, times and durations."""

import re

from .civil import NANOSECONDS
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration

Temporal = Date | Time | DateTime | DaysTimeDuration | YearsMonthsDuration

_MAX_TEXT = 100
_DATE = r"(?P<year>-?(?:[1-9]\d{4,8}|\d{4}))-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME = r"""(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?
    (?:(?P<utc>Z)
     |(?P<sign>[+-])(?P<offset_hour>\d\d):(?P<offset_minute>\d\d)(?::(?P<offset_second>\d\d))?
     |@(?P<zone>[A-Za-z][\w/+\-]*))?"""
_DATE_PATTERN = re.compile(_DATE, re.ASCII)
_TIME_PATTERN = re.compile(_TIME, re.ASCII | re.VERBOSE)
_DATE_TIME_PATTERN = re.compile(f"{_DATE}T{_TIME}", re.ASCII | re.VERBOSE)
_MONTHS_PATTERN = re.compile(r"(-)?P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?", re.ASCII)
_DAYS_PATTERN = re.compile(
    r"(?P<sign>-)?P(?=[\dT])(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.(?P<fraction>\d*))?S)?)?",
    re.ASCII,
)


def parse_date(text: str) -> Date | None:
    """``2026-03-01``; a sign and up to nine digits for far years."""
    match = _DATE_PATTERN.fullmatch(text)
    return _date(match) if match else None


def parse_time(text: str) -> Time | None:
    """``08:30:00``, with fraction, and ``Z``, ``+08:00`` or ``@Asia/Shanghai``."""
    match = _TIME_PATTERN.fullmatch(text)
    return _time(match) if match else None


def parse_date_time(text: str) -> DateTime | None:
    """A date, ``T`` and a time; a date alone is its midnight; 24:00:00 is the next day's."""
    match = _DATE_TIME_PATTERN.fullmatch(text)
    if match is None:
        date = parse_date(text)
        return DateTime(date, Time(0, 0, 0)) if date else None
    ends_day = (
        match["hour"] == "24" and match["minute"] == match["second"] == "00" and not _nanoseconds(match)
    )
    date, time = _date(match), _time(match, hour="00" if ends_day else match["hour"])
    if date is None or time is None:
        return None
    try:
        return DateTime(Date.from_days(date.days + ends_day), time)
    except ValueError:
        return None


def parse_duration(text: str) -> DaysTimeDuration | YearsMonthsDuration | None:
    """``P1Y2M`` or ``P3DT4H5M6.7S``; the two kinds do not mix."""
    if len(text) > _MAX_TEXT:
        return None
    match = _MONTHS_PATTERN.fullmatch(text)
    if match:
        months = int(match[2] or 0) * 12 + int(match[3] or 0)
        return YearsMonthsDuration(-months if match[1] else months)
    match = _DAYS_PATTERN.fullmatch(text)
    if match is None:
        return None
    hours = int(match["days"] or 0) * 24 + int(match["hours"] or 0)
    seconds = (hours * 60 + int(match["minutes"] or 0)) * 60 + int(match["seconds"] or 0)
    nanoseconds = seconds * NANOSECONDS + _nanoseconds(match)
    return DaysTimeDuration(-nanoseconds if match["sign"] else nanoseconds)


def parse_at_literal(text: str) -> Temporal | None:
    """The text of ``@"..."``: whichever of the four it is."""
    if text.startswith(("P", "-P")):
        return parse_duration(text)
    if "T" in text:
        return parse_date_time(text)
    return parse_date(text) or parse_time(text)


_PARSERS = {
    "date": parse_date,
    "time": parse_time,
    "date and time": parse_date_time,
    "duration": parse_duration,
}


def parse_temporal(text: str, kind: str) -> Temporal | None:
    """``kind``: date, time, date and time, duration. None when the text is not one."""
    return _PARSERS[kind](text)


def _date(match: "re.Match[str]") -> Date | None:
    try:
        return Date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None


def _time(match: "re.Match[str]", hour: str | None = None) -> Time | None:
    try:
        return Time(
            int(hour or match["hour"]),
            int(match["minute"]),
            int(match["second"]),
            _nanoseconds(match),
            _offset(match),
            match["zone"],
        )
    except ValueError:
        return None


def _offset(match: "re.Match[str]") -> int | None:
    if match["utc"]:
        return 0
    if match["sign"] is None:
        return None
    minutes, seconds = int(match["offset_minute"]), int(match["offset_second"] or 0)
    if minutes > 59 or seconds > 59:
        raise ValueError("offset out of range")
    offset = int(match["offset_hour"]) * 3600 + minutes * 60 + seconds
    return -offset if match["sign"] == "-" else offset


def _nanoseconds(match: "re.Match[str]") -> int:
    return int(f"{match['fraction'] or '0':0<9.9}")
