"""Built-in functions on numbers."""

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)

from server.engine.feel.decimals import DECIMAL128, ZERO, is_integer, round_to, whole
from server.engine.feel.run import Run
from server.engine.feel.temporal import DaysTimeDuration, YearsMonthsDuration

from .signature import Undefined, builtin

_SERIES_WEIGHT = 150


@builtin("decimal", "n: number, scale: number")
def decimal(n: Decimal, scale: Decimal) -> Decimal:
    """Rounded half to even; a scale with a fraction is cut."""
    return round_to(n, whole(scale), ROUND_HALF_EVEN)


def _rounding(mode: str) -> Callable[[Decimal, Decimal | None], Decimal]:
    def rounded(n: Decimal, scale: Decimal | None = None) -> Decimal:
        if scale is not None and not is_integer(scale):
            raise Undefined("the scale must be a whole number")
        return round_to(n, whole(scale or ZERO), mode)

    return rounded


for _name, _mode in {
    "floor": ROUND_FLOOR,
    "ceiling": ROUND_CEILING,
    "round up": ROUND_UP,
    "round down": ROUND_DOWN,
    "round half up": ROUND_HALF_UP,
    "round half down": ROUND_HALF_DOWN,
}.items():
    builtin(_name, "n: number, scale?: number")(_rounding(_mode))


@builtin("abs", "n: number")
def absolute(n: Decimal) -> Decimal:
    """Without its sign."""
    return n.copy_abs()


@builtin("abs", "n: duration")
def absolute_duration(n: DaysTimeDuration | YearsMonthsDuration) -> DaysTimeDuration | YearsMonthsDuration:
    """Without its sign."""
    if isinstance(n, DaysTimeDuration):
        return DaysTimeDuration(abs(n.nanoseconds))
    return YearsMonthsDuration(abs(n.months))


@builtin("modulo", "dividend: number, divisor: number")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """``dividend - divisor * floor(dividend / divisor)``: it has the sign of the divisor."""
    if not divisor:
        raise Undefined("division by zero")
    quotient = round_to(DECIMAL128.divide(dividend, divisor), 0, ROUND_FLOOR)
    return DECIMAL128.subtract(dividend, DECIMAL128.multiply(divisor, quotient))


@builtin("sqrt", "number: number")
def square_root(number: Decimal) -> Decimal:
    """Undefined below zero."""
    if number < 0:
        raise Undefined("a negative number has no square root")
    return DECIMAL128.sqrt(number)


@builtin("log", "number: number")
def logarithm(run: Run, number: Decimal) -> Decimal:
    """The natural logarithm."""
    run.spend(_SERIES_WEIGHT)
    if number <= 0:
        raise Undefined("only positive numbers have a logarithm")
    return DECIMAL128.ln(number)


@builtin("exp", "number: number")
def exponential(run: Run, number: Decimal) -> Decimal:
    """e to the power of the number."""
    run.spend(_SERIES_WEIGHT)
    return DECIMAL128.exp(number)


def _ends_odd(number: Decimal) -> bool:
    """Whether the last digit of a whole number is odd, however large it is."""
    _, digits, exponent = number.to_integral_value().as_tuple()
    return exponent == 0 and digits[-1] % 2 == 1


@builtin("odd", "number: number")
def odd(number: Decimal) -> bool:
    """Whether a whole number is odd."""
    return is_integer(number) and _ends_odd(number)


@builtin("even", "number: number")
def even(number: Decimal) -> bool:
    """Whether a whole number is even."""
    return is_integer(number) and not _ends_odd(number)
