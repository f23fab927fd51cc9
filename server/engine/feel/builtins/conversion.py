"""Built-in functions that make a value of one type from others."""

import re
from collections.abc import Callable
from decimal import Decimal

from server.engine.feel import decimals
from server.engine.feel.civil import NANOSECONDS
from server.engine.feel.compare import make_range
from server.engine.feel.decimals import is_integer, whole
from server.engine.feel.errors import FeelSyntaxError
from server.engine.feel.errors import mark as _
from server.engine.feel.grammar_types import BUILT_IN_TYPE_NAMES
from server.engine.feel.parser import Parser
from server.engine.feel.run import Run, Value
from server.engine.feel.temporal import (
    UTC_MIDNIGHT,
    Date,
    DateTime,
    DaysTimeDuration,
    Time,
    YearsMonthsDuration,
    midnight,
)
from server.engine.feel.temporal_text import parse_date, parse_date_time, parse_duration, parse_time
from server.engine.feel.text import text_of
from server.engine.feel.tree import Call, Literal, Name, Node, RangeLiteral, TemporalLiteral
from server.engine.feel.values import Range
from server.engine.feel.vocabulary import Vocabulary

from .signature import Undefined, builtin
from .temporals import as_date

_NUMERAL = re.compile(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MAX_NUMERAL = 10_000
NOT_A = {
    "date": _("{text} is not a date"),
    "time": _("{text} is not a time"),
    "date and time": _("{text} is not a date and time"),
    "duration": _("{text} is not a duration"),
    "number": _("{text} is not a number"),
    "range": _("{text} is not a range"),
}


def _parsed(parse: Callable[[str], Value], text: str, kind: str) -> Value:
    value = parse(text)
    if value is None:
        raise Undefined(NOT_A[kind], text=repr(text)[:60])
    return value


def _whole_parts(*parts: Decimal) -> list[int]:
    if not all(is_integer(part) for part in parts):
        raise Undefined("the parts must be whole numbers")
    return [whole(part) for part in parts]


# -- dates and times


@builtin("date", "from: string")
def date_from_text(text: str) -> Value:
    """``date("2026-03-01")``"""
    return _parsed(parse_date, text, "date")


@builtin("date", "from: calendar date")
def date_from_moment(value: Date | DateTime) -> Date:
    """The date of a date and time."""
    return as_date(value)


@builtin("date", "year: number, month: number, day: number")
def date_from_parts(year: Decimal, month: Decimal, day: Decimal) -> Date:
    """``date(2026, 3, 1)``"""
    return Date(*_whole_parts(year, month, day))


@builtin("time", "from: string")
def time_from_text(text: str) -> Value:
    """``time("08:30:00")``"""
    return _parsed(parse_time, text, "time")


@builtin("time", "from: temporal")
def time_from_moment(value: Date | Time | DateTime) -> Time:
    """The time of a date and time; of a date, midnight UTC."""
    if isinstance(value, DateTime):
        return value.time
    return UTC_MIDNIGHT if isinstance(value, Date) else value


@builtin("time", "hour: number, minute: number, second: number, offset?: days and time duration|null")
def time_from_parts(
    hour: Decimal, minute: Decimal, second: Decimal, offset: DaysTimeDuration | None = None
) -> Time:
    """``time(8, 30, 0, duration("PT8H"))``; the seconds may have a fraction."""
    hours, minutes = _whole_parts(hour, minute)
    seconds = whole(second)
    nanosecond = int((second - seconds) * NANOSECONDS)
    east = None if offset is None else offset.nanoseconds // NANOSECONDS
    return Time(hours, minutes, seconds, nanosecond, east)


@builtin("date and time", "from: string")
def moment_from_text(text: str) -> Value:
    """``date and time("2026-03-01T08:30:00")``"""
    return _parsed(parse_date_time, text, "date and time")


@builtin("date and time", "from: calendar date")
def moment_from_date(value: Date | DateTime) -> DateTime:
    """Midnight UTC of a date."""
    return midnight(value) if isinstance(value, Date) else value


@builtin("date and time", "date: calendar date, time: time")
def moment_from_parts(date: Date | DateTime, time: Time) -> DateTime:
    """A date with a time of day."""
    return DateTime(as_date(date), time)


@builtin("date and time", "date: date and time, timezone: string")
def moment_in_zone(moment: DateTime, zone: str) -> DateTime:
    """The same moment on the clock of another zone; null for a local time."""
    if not moment.has_zone:
        raise Undefined("the date and time has no offset or zone")
    return DateTime.from_instant(moment.instant, zone)


@builtin("duration", "from: string")
def duration_from_text(text: str) -> Value:
    """``duration("P3DT4H")``"""
    return _parsed(parse_duration, text, "duration")


@builtin("duration", "from: duration")
def duration_itself(value: Value) -> Value:
    """A duration as it is."""
    return value


@builtin("years and months duration", "from: calendar date, to: calendar date")
def months_between(start: Date | DateTime, end: Date | DateTime) -> YearsMonthsDuration:
    """Full months from one date to another."""
    first, last = as_date(start), as_date(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return YearsMonthsDuration(months)


# -- numbers and texts


def _number(text: str) -> Decimal:
    if len(text) > _MAX_NUMERAL or not _NUMERAL.fullmatch(text):
        raise Undefined(NOT_A["number"], text=repr(text)[:60])
    return decimals.number(text)


@builtin("number", "from: string")
def number_from_text(text: str) -> Decimal:
    """``number("1.5")``"""
    return _number(text)


@builtin("number", "from: number")
def number_itself(value: Decimal) -> Decimal:
    """A number as it is."""
    return value


@builtin("number", "from: string, grouping separator: string|null, decimal separator: string|null")
def number_from_grouped(text: str, grouping: str | None, point: str | None) -> Decimal:
    """``number("1.234,5", ".", ",")``"""
    if grouping not in (None, " ", ",", ".") or point not in (None, ".", ","):
        raise Undefined("a separator is a space, comma or point")
    if grouping is not None and grouping == point:
        raise Undefined("the separators must differ")
    if grouping:
        text = text.replace(grouping, "")
    if point == ",":
        if "." in text:
            raise Undefined(NOT_A["number"], text=repr(text)[:60])
        text = text.replace(",", ".")
    return _number(text)


@builtin("string", "from: any")
def string_of(run: Run, value: Value) -> str | None:
    """The text of a value; null stays null."""
    return None if value is None else text_of(value, run)


# -- ranges

_CONSTRUCTORS: dict[str, Callable[[str], Value]] = {
    "date": parse_date,
    "time": parse_time,
    "date and time": parse_date_time,
    "duration": parse_duration,
}
_RANGE_VOCABULARY = Vocabulary(_CONSTRUCTORS)


@builtin("range", "from: string")
def range_from_text(text: str) -> Range:
    """``range("[18..21)")``: its ends are literals."""
    try:
        tree = Parser(text, _RANGE_VOCABULARY, BUILT_IN_TYPE_NAMES).whole_expression()
    except FeelSyntaxError:
        raise Undefined(NOT_A["range"], text=repr(text)[:60]) from None
    if not isinstance(tree, RangeLiteral):
        raise Undefined(NOT_A["range"], text=repr(text)[:60])
    low, high = _range_end(tree.low), _range_end(tree.high)
    made = make_range(low, high, tree.low_included, tree.high_included)
    if made is None:
        raise Undefined("the ends of the range do not go together")
    return made


def _range_end(node: Node) -> Value:
    if isinstance(node, Literal | TemporalLiteral):
        return node.value
    if isinstance(node, Call) and isinstance(node.function, Name) and len(node.arguments) == 1:
        parse, text = _CONSTRUCTORS.get(node.function.name), node.arguments[0]
        if parse is not None and isinstance(text, Literal) and type(text.value) is str:
            return parse(text.value)
    raise Undefined("the ends of the range must be literals")
