"""What a path finds in a value: entries of a context, parts of dates, times, durations and ranges."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from .civil import NANOSECONDS
from .run import Run, Value
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from .values import Range

_Properties = Mapping[str, Callable[[Value], Value]]


def _offset(seconds: int | None) -> DaysTimeDuration | None:
    return None if seconds is None else DaysTimeDuration(seconds * NANOSECONDS)


def _part(divisor: int, modulus: int | None) -> Callable[[Value], Value]:
    """A part of a duration of seconds, with the sign of the whole."""

    def part(value: DaysTimeDuration) -> Decimal:
        amount = abs(value.nanoseconds) // NANOSECONDS // divisor
        amount = amount % modulus if modulus else amount
        return Decimal(-amount if value.nanoseconds < 0 else amount)

    return part


def _years(value: YearsMonthsDuration) -> Decimal:
    years = abs(value.months) // 12
    return Decimal(-years if value.months < 0 else years)


def _months(value: YearsMonthsDuration) -> Decimal:
    months = abs(value.months) % 12
    return Decimal(-months if value.months < 0 else months)


_DATE: _Properties = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(value.weekday),
}
_TIME: _Properties = {
    "hour": lambda value: Decimal(value.hour),
    "minute": lambda value: Decimal(value.minute),
    "second": lambda value: Decimal(value.second),
    "time offset": lambda value: _offset(value.offset_on()),
    "timezone": lambda value: value.zone,
}


def _through(part: str, get: Callable[[Value], Value]) -> Callable[[Value], Value]:
    return lambda value: get(getattr(value, part))


_PROPERTIES: Mapping[type, _Properties] = {
    Date: _DATE,
    Time: _TIME,
    DateTime: {
        **{name: _through("date", get) for name, get in _DATE.items()},
        **{name: _through("time", get) for name, get in _TIME.items()},
        "time offset": lambda value: _offset(value.offset),
    },
    DaysTimeDuration: {
        "days": _part(86_400, None),
        "hours": _part(3600, 24),
        "minutes": _part(60, 60),
        "seconds": _part(1, 60),
    },
    YearsMonthsDuration: {"years": _years, "months": _months},
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}


def has_property(value: Value, name: str) -> bool:
    """Whether a path of that name leads anywhere from a value that is no list."""
    if type(value) is dict:
        return name in value
    return name in _PROPERTIES.get(type(value), ())


def property_of(value: Value, name: str, run: Run) -> Value:
    """``value.name``; of a list, that of each item; None when there is none."""
    if type(value) is dict:
        return value.get(name)
    if type(value) is list:
        run.spend(2 + 2 * len(value))
        return [property_of(item, name, run) for item in value]
    get = _PROPERTIES.get(type(value), {}).get(name)
    return get(value) if get else None
