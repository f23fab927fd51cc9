"""Over the border: JSON and Python values to FEEL and back."""

import datetime
import math
from collections.abc import Mapping
from decimal import Decimal, DecimalException
from zoneinfo import ZoneInfo

from .civil import NANOSECONDS
from .decimals import DECIMAL128
from .errors import FeelLimitError, NotFeelType, NotFeelValue
from .run import Run, Value
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from .text import text_of
from .values import type_of

_FEEL = (Date, Time, DateTime, DaysTimeDuration, YearsMonthsDuration)
_MAX_NODES = 200_000


def to_feel(value: object) -> Value:
    """A JSON or Python value as FEEL's.

    int, float (by its shortest text, so 0.1 is 0.1) and Decimal become decimal128 numbers; ``datetime``
    objects temporals; tuples lists. Texts stay texts: what is meant as a date is for the caller to say
    (``parse_temporal``). ``ValueError`` for numbers that are not finite or too large and for data nested
    too deeply, ``TypeError`` for anything FEEL has no type for.
    """
    try:
        return _feel(value)
    except RecursionError:
        raise NotFeelValue("the data is nested too deeply for FEEL") from None


def _feel(value: object) -> Value:
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if kind is Decimal or kind is int or kind is float:
        return _number(value)
    if isinstance(value, Mapping):
        return {_key(key): _feel(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_feel(item) for item in value]
    return _other(value)


def _other(value: object) -> Value:
    if isinstance(value, datetime.datetime):
        return date_time_from_python(value)
    if isinstance(value, datetime.date):
        return Date(value.year, value.month, value.day)
    if isinstance(value, datetime.time):
        return _time(value, value.utcoffset())
    if isinstance(value, datetime.timedelta):
        microseconds = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
        return DaysTimeDuration(microseconds * 1000)
    if isinstance(value, bool | str):  # subclasses: enumerations of texts
        return str(value) if isinstance(value, str) else bool(value)
    if isinstance(value, int | float | Decimal):
        return _number(value)
    type_of(value)  # TypeError unless it is a FEEL value already
    return value


def _number(value: object) -> Decimal:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotFeelValue("{value} is not a number FEEL can hold", value=value)
        return DECIMAL128.create_decimal(float.__repr__(value))
    exact = value if type(value) is Decimal else Decimal(value)  # type: ignore[arg-type]
    if not exact.is_finite():
        raise NotFeelValue("{value} is not a number FEEL can hold", value=value)
    try:
        return DECIMAL128.plus(exact)
    except DecimalException:
        raise NotFeelValue("the number is too large for FEEL") from None


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise NotFeelType("the key of a context must be a string, not {kind}", kind=type(key).__name__)
    return key


def date_time_from_python(value: datetime.datetime) -> DateTime:
    """A moment; named zones stay named, others become offsets, naive ones local."""
    return DateTime(Date(value.year, value.month, value.day), _time(value, value.utcoffset()))


def _time(value: datetime.datetime | datetime.time, offset: datetime.timedelta | None) -> Time:
    zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) and value.tzinfo.key != "UTC" else None
    east = None if offset is None or zone else offset // datetime.timedelta(seconds=1)
    return Time(
        value.hour, value.minute, value.second, value.microsecond * (NANOSECONDS // 10**6), east, zone
    )


def to_json(value: Value) -> Value:
    """A FEEL value as plain data: Decimal stays Decimal, temporals become ISO 8601 texts, ranges and
    functions their FEEL text. ``FeelLimitError`` when it is too large to be written out."""
    try:
        return _plain(value, [_MAX_NODES])
    except RecursionError:
        raise FeelLimitError("the value is nested too deeply to be written out") from None


def _plain(value: Value, budget: list[int]) -> Value:
    budget[0] -= 1
    if budget[0] < 0:
        raise FeelLimitError("the value has more than {limit} parts", limit=_MAX_NODES)
    kind = type(value)
    if value is None or kind is str or kind is bool or kind is Decimal:
        return value
    if kind is list:
        return [_plain(item, budget) for item in value]
    if kind is dict:
        return {key: _plain(item, budget) for key, item in value.items()}
    return str(value) if isinstance(value, _FEEL) else text_of(value, Run())
