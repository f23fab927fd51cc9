"""Days of the proleptic Gregorian calendar as integers, for years far beyond those of ``datetime``."""

import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

NANOSECONDS = 1_000_000_000
DAY_SECONDS = 86_400
DAY_NANOSECONDS = DAY_SECONDS * NANOSECONDS
MAX_YEAR = 999_999_999

_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ERA_DAYS = 146_097  # 400 years
_EPOCH_SHIFT = 719_468  # days from 0000-03-01 to 1970-01-01


def days_from_date(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01. Years begin in March here, so that a leap day is a year's last."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _ERA_DAYS + day_of_era - _EPOCH_SHIFT


def date_from_days(days: int) -> tuple[int, int, int]:
    """The inverse: year, month, day."""
    era, day_of_era = divmod(days + _EPOCH_SHIFT, _ERA_DAYS)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    month = shifted_month + (3 if shifted_month < 10 else -9)
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    return year_of_era + era * 400 + (month <= 2), month, day


def is_leap(year: int) -> bool:
    """Whether February has 29 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month - 1]


@lru_cache(maxsize=256)
def time_zone(name: str) -> ZoneInfo:
    """A zone of the IANA database; ``ValueError`` when there is none of that name."""
    if name not in _zone_names():
        raise ValueError(f"unknown time zone {name}")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    """Known beforehand, so that guessing names costs no search of the database each time."""
    return frozenset(available_timezones())


def offset_of_local(zone: str, days: int, seconds: int) -> int:
    """Seconds east of UTC at a local day and second of day in the zone."""
    year, month, day = date_from_days(days)
    moment = datetime.datetime(_rule_year(year), month, day, tzinfo=time_zone(zone))
    return _seconds(moment + datetime.timedelta(seconds=seconds))


def offset_of_instant(zone: str, instant_seconds: int) -> int:
    """Seconds east of UTC at an instant (seconds since 1970-01-01T00:00Z)."""
    days, seconds = divmod(instant_seconds, DAY_SECONDS)
    year, month, day = date_from_days(days)
    moment = datetime.datetime(_rule_year(year), month, day, tzinfo=datetime.UTC)
    return _seconds((moment + datetime.timedelta(seconds=seconds)).astimezone(time_zone(zone)))


def _rule_year(year: int) -> int:
    """A year ``datetime`` knows with the same calendar, for those it does not (or stands at its edge)."""
    return year if 1 < year < 9999 else 2000 + year % 400


def _seconds(moment: datetime.datetime) -> int:
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
