"""Equality, order and membership, with null where values cannot be compared."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from .civil import NANOSECONDS
from .run import Run, Value
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from .values import Range, type_of

_PLAIN = frozenset({Decimal, str, bool, Date, DaysTimeDuration, YearsMonthsDuration})


def equal(left: Value, right: Value, run: Run | None = None) -> bool | None:
    """FEEL ``=``: True, False, or None for values of different types. null equals only null."""
    if left is None or right is None:
        return left is right
    kind, other = type(left), type(right)
    if kind is not other:
        return _equal_single(left, right, run)
    if kind in _PLAIN:
        return bool(left == right)
    if kind is Time or kind is DateTime:
        return _equal_times(left, right)
    run = run or Run()
    if kind is list:
        run.spend(3 + 2 * len(left))
        return len(left) == len(right) and all(equal(a, b, run) for a, b in zip(left, right, strict=True))
    if kind is dict:
        run.spend(3 + 2 * len(left))
        return left.keys() == right.keys() and all(equal(left[key], right[key], run) for key in left)
    return _equal_ranges(left, right, run) if kind is Range else left is right


def _equal_single(left: Value, right: Value, run: Run | None) -> bool | None:
    """A list of one stands for its element."""
    if type(left) is list and len(left) == 1:
        return equal(left[0], right, run)
    if type(right) is list and len(right) == 1:
        return equal(left, right[0], run)
    type_of(left), type_of(right)  # a Python value that is not FEEL's must not pass as null
    return None


def _equal_times(left: Time | DateTime, right: Time | DateTime) -> bool:
    if left.has_zone != right.has_zone:
        return False
    return left.instant // NANOSECONDS == right.instant // NANOSECONDS


def _equal_ranges(left: Range, right: Range, run: Run) -> bool:
    return (
        left.operator == right.operator
        and left.start_included == right.start_included
        and left.end_included == right.end_included
        and equal(left.start, right.start, run) is True
        and equal(left.end, right.end, run) is True
    )


def order(left: Value, right: Value) -> int | None:
    """-1, 0 or 1 as left is before, at or after right; None when they have no order."""
    kind = type(left)
    if kind is not type(right):
        return _order_single(left, right)
    if kind is Decimal or kind is str:
        return -1 if left < right else int(left > right)
    key = _ORDER_KEYS.get(kind)
    if key is None:
        return None
    if (kind is Time or kind is DateTime) and left.has_zone != right.has_zone:
        return None
    first, second = key(left), key(right)
    return -1 if first < second else int(first > second)


_ORDER_KEYS: Mapping[type, Callable[[Value], Any]] = {
    Date: lambda value: (value.year, value.month, value.day),
    Time: lambda value: value.instant,
    DateTime: lambda value: value.instant,
    DaysTimeDuration: lambda value: value.nanoseconds,
    YearsMonthsDuration: lambda value: value.months,
}


def _order_single(left: Value, right: Value) -> int | None:
    if type(left) is list and len(left) == 1:
        return order(left[0], right)
    if type(right) is list and len(right) == 1:
        return order(left, right[0])
    type_of(left), type_of(right)
    return None


def in_range(value: Value, limits: Range) -> bool | None:
    """Whether a value lies in a range; None when it cannot be compared with its ends."""
    if limits.operator:
        same = equal(value, limits.start)
        return same if limits.operator == "=" or same is None else not same
    if value is None:
        return None
    if limits.start is not None:
        lower = order(value, limits.start)
        if lower is None or lower < 0 or (lower == 0 and not limits.start_included):
            return None if lower is None else False
    if limits.end is not None:
        upper = order(value, limits.end)
        if upper is None or upper > 0 or (upper == 0 and not limits.end_included):
            return None if upper is None else False
    return True


def fits(value: Value, test: Value, run: Run) -> bool | None:
    """``value in test``: in a range, in a list (of values, ranges, lists), or equal to it."""
    if type(test) is Range:
        return in_range(value, test)
    if type(test) is list:
        return _fits_any(value, test, run)
    return equal(value, test, run)


def _fits_any(value: Value, tests: list[Value], run: Run) -> bool | None:
    run.spend(3 + 2 * len(tests))
    if type(value) is list and equal(value, tests, run):
        return True
    unknown = False
    for test in tests:
        if type(test) is Range:
            result = in_range(value, test)
            unknown = unknown or result is None
        else:
            result = equal(value, test, run)
            if not result and type(test) is list and type(value) is not list:
                result = fits(value, test, run)
                unknown = unknown or result is None
        if result:
            return True
    return None if unknown else False


def make_range(start: Value, end: Value, start_included: bool, end_included: bool) -> Range | None:
    """A range with two ends in order, or None."""
    if start is None or end is None:
        return None
    ordered = order(start, end)
    if ordered is None or ordered > 0:
        return None
    return Range(start, end, start_included, end_included)
