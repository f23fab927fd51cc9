"""Arithmetic on numbers, texts, dates and durations; None where FEEL has no such operation."""

from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException

from .civil import DAY_NANOSECONDS
from .decimals import DECIMAL128
from .run import Value
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration, midnight

Operation = Callable[[Value, Value], Value]

_MAX_NANOSECONDS = 3 * 10**9 * 366 * DAY_NANOSECONDS  # beyond the years FEEL counts


def _days(nanoseconds: int) -> DaysTimeDuration:
    if abs(nanoseconds) > _MAX_NANOSECONDS:
        raise OverflowError("duration out of range")
    return DaysTimeDuration(nanoseconds)


def _months(months: int) -> YearsMonthsDuration:
    if abs(months) > 12 * 10**12:
        raise OverflowError("duration out of range")
    return YearsMonthsDuration(months)


def _date_plus_days(date: Date, duration: DaysTimeDuration) -> Date:
    return Date.from_days((date.days * DAY_NANOSECONDS + duration.nanoseconds) // DAY_NANOSECONDS)


def _moment_plus_months(moment: DateTime, duration: YearsMonthsDuration) -> DateTime:
    return DateTime(moment.date.plus_months(duration.months), moment.time)


def _time_plus(time: Time, duration: DaysTimeDuration) -> Time:
    shifted = (time.nanoseconds + duration.nanoseconds) % DAY_NANOSECONDS
    return Time.from_nanoseconds(shifted, time.offset, time.zone)


def _between(late: Time | DateTime, early: Time | DateTime) -> DaysTimeDuration | None:
    if late.has_zone != early.has_zone:
        return None
    return _days(late.instant - early.instant)


def _swapped(operation: Operation) -> Operation:
    return lambda left, right: operation(right, left)


def _opposite(duration: Value) -> Value:
    if type(duration) is DaysTimeDuration:
        return DaysTimeDuration(-duration.nanoseconds)
    return YearsMonthsDuration(-duration.months)


def _taking(add: Operation) -> Operation:
    return lambda left, right: add(left, _opposite(right))


_Table = dict[tuple[type, type], Operation]

_MOVES: _Table = {
    (Date, YearsMonthsDuration): lambda date, span: date.plus_months(span.months),
    (Date, DaysTimeDuration): _date_plus_days,
    (DateTime, YearsMonthsDuration): _moment_plus_months,
    (DateTime, DaysTimeDuration): lambda moment, span: moment.plus_nanoseconds(span.nanoseconds),
    (Time, DaysTimeDuration): _time_plus,
}

_ADD: _Table = {
    (Decimal, Decimal): DECIMAL128.add,
    (str, str): lambda left, right: left + right,
    (YearsMonthsDuration, YearsMonthsDuration): lambda left, right: _months(left.months + right.months),
    (DaysTimeDuration, DaysTimeDuration): lambda left, right: _days(left.nanoseconds + right.nanoseconds),
    **_MOVES,
    **{(span, moment): _swapped(move) for (moment, span), move in _MOVES.items()},
}

_SUBTRACT: _Table = {
    (Decimal, Decimal): DECIMAL128.subtract,
    (YearsMonthsDuration, YearsMonthsDuration): lambda left, right: _months(left.months - right.months),
    (DaysTimeDuration, DaysTimeDuration): lambda left, right: _days(left.nanoseconds - right.nanoseconds),
    (Date, Date): lambda left, right: _days((left.days - right.days) * DAY_NANOSECONDS),
    (DateTime, DateTime): _between,
    (Time, Time): _between,
    (Date, DateTime): lambda left, right: _between(midnight(left), right),
    (DateTime, Date): lambda left, right: _between(left, midnight(right)),
    **{kinds: _taking(move) for kinds, move in _MOVES.items()},
}

_MULTIPLY: _Table = {
    (Decimal, Decimal): DECIMAL128.multiply,
    (YearsMonthsDuration, Decimal): lambda span, factor: _months(_times(span.months, factor)),
    (DaysTimeDuration, Decimal): lambda span, factor: _days(_times(span.nanoseconds, factor)),
    (Decimal, YearsMonthsDuration): lambda factor, span: _months(_times(span.months, factor)),
    (Decimal, DaysTimeDuration): lambda factor, span: _days(_times(span.nanoseconds, factor)),
}

_DIVIDE: _Table = {
    (Decimal, Decimal): lambda left, right: DECIMAL128.divide(left, right) if right else None,
    (YearsMonthsDuration, Decimal): lambda span, by: _months(_over(span.months, by)) if by else None,
    (DaysTimeDuration, Decimal): lambda span, by: _days(_over(span.nanoseconds, by)) if by else None,
    (YearsMonthsDuration, YearsMonthsDuration): lambda left, right: _ratio(left.months, right.months),
    (DaysTimeDuration, DaysTimeDuration): lambda left, right: _ratio(left.nanoseconds, right.nanoseconds),
}


def _times(amount: int, factor: Decimal) -> int:
    return int(DECIMAL128.multiply(Decimal(amount), factor))


def _over(amount: int, divisor: Decimal) -> int:
    return int(DECIMAL128.divide(Decimal(amount), divisor))


def _ratio(left: int, right: int) -> Decimal | None:
    return DECIMAL128.divide(Decimal(left), Decimal(right)) if right else None


def _power(base: Decimal, exponent: Decimal) -> Decimal | None:
    result = DECIMAL128.power(base, exponent)
    return result if result.is_finite() else None  # 0 ** -1


OPERATIONS: Mapping[str, Mapping[tuple[type, type], Operation]] = {
    "+": _ADD,
    "-": _SUBTRACT,
    "*": _MULTIPLY,
    "/": _DIVIDE,
    "**": {(Decimal, Decimal): _power},
}
ON_NUMBERS: Mapping[str, Operation] = {
    sign: operations[Decimal, Decimal] for sign, operations in OPERATIONS.items()
}


def calculate(sign: str, left: Value, right: Value) -> Value:
    """``left sign right``, or None when these values have no such operation or the result is out of range."""
    operation = OPERATIONS[sign].get((type(left), type(right)))
    if operation is None:
        return None
    try:
        return operation(left, right)
    except (DecimalException, ValueError, OverflowError):
        return None


def negate(value: Value) -> Value:
    """``-value``, or None when it has no opposite."""
    if type(value) is Decimal:
        return DECIMAL128.minus(value)
    if type(value) is DaysTimeDuration or type(value) is YearsMonthsDuration:
        return _opposite(value)
    return None
