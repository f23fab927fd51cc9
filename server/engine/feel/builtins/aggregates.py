"""Built-in functions that make one value of many; they take one list or any number of arguments."""

import functools
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from server.engine.feel.compare import order
from server.engine.feel.decimals import DECIMAL128
from server.engine.feel.run import Value

from .signature import Implementation, Undefined, builtin

_NO_POINTS = (type(None), list, dict, bool)


def _aggregate(name: str) -> Callable[[Implementation], Implementation]:
    """Registers a function of one list also with the items as arguments."""

    def register(implementation: Implementation) -> Implementation:
        builtin(name, "list: list")(implementation)
        builtin(name, "first: any, second: any, more...: any")(lambda *items: implementation(list(items)))
        return implementation

    return register


def _numbers(items: list[Value], least: int = 1) -> list[Decimal]:
    if len(items) < least:
        raise Undefined("the list is too short")
    if not all(type(item) is Decimal for item in items):
        raise Undefined("the list must hold numbers only")
    return items


def _extreme(items: list[Value], sign: int) -> Value:
    if not items or isinstance(items[0], _NO_POINTS):
        raise Undefined("the list is empty or its items have no order")
    best = items[0]
    for item in items:
        ordered = order(item, best)
        if ordered is None:
            raise Undefined("the items have no order")
        if ordered == sign:
            best = item
    return best


@_aggregate("min")
def minimum(items: list[Value]) -> Value:
    """The least."""
    return _extreme(items, -1)


@_aggregate("max")
def maximum(items: list[Value]) -> Value:
    """The greatest."""
    return _extreme(items, 1)


@_aggregate("sum")
def total(items: list[Value]) -> Decimal:
    """Of numbers; null of nothing."""
    return functools.reduce(DECIMAL128.add, _numbers(items))


@_aggregate("product")
def product(items: list[Value]) -> Decimal:
    """Of numbers; null of nothing."""
    return functools.reduce(DECIMAL128.multiply, _numbers(items))


@_aggregate("mean")
def mean(items: list[Value]) -> Decimal:
    """The average."""
    return DECIMAL128.divide(total(items), Decimal(len(items)))


@_aggregate("median")
def median(items: list[Value]) -> Decimal:
    """The middle one, or the average of the two in the middle."""
    numbers = sorted(_numbers(items))
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else mean(numbers[middle - 1 : middle + 1])


@_aggregate("stddev")
def standard_deviation(items: list[Value]) -> Decimal:
    """Of a sample (n - 1); null below two numbers."""
    average = mean(_numbers(items, least=2))
    differences = [DECIMAL128.subtract(item, average) for item in items]
    squares = [DECIMAL128.multiply(difference, difference) for difference in differences]
    return DECIMAL128.sqrt(DECIMAL128.divide(total(squares), Decimal(len(items) - 1)))


@_aggregate("mode")
def mode(items: list[Value]) -> list[Decimal]:
    """The most frequent numbers, in ascending order."""
    counts = Counter(_numbers(items, least=0))
    most = max(counts.values(), default=0)
    return sorted(number for number, times in counts.items() if times == most)


@_aggregate("all")
def all_true(items: list[Value]) -> bool | None:
    """False if any is false, true if all are true (or there are none), else null."""
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


@_aggregate("any")
def any_true(items: list[Value]) -> bool | None:
    """True if any is true, false if all are false (or there are none), else null."""
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None
