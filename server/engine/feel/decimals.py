"""Numbers of FEEL: IEEE 754 decimal128, always by this explicit context, never by the thread's default."""

from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)

DECIMAL128 = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
MIN_SCALE, MAX_SCALE = -6111, 6176

ZERO = Decimal(0)
ONE = Decimal(1)


def number(text: str) -> Decimal:
    """A numeral as decimal128; raises ``decimal.Overflow`` or ``InvalidOperation``."""
    return DECIMAL128.create_decimal(text)


def is_integer(value: Decimal) -> bool:
    """Whether nothing follows the decimal point."""
    return value == value.to_integral_value()


def whole(value: Decimal) -> int:
    """The number without its fraction; raises ``OverflowError`` beyond what positions and dates can need."""
    if value.adjusted() > 20:
        raise OverflowError("number too large")
    return int(value)


def round_to(value: Decimal, scale: int, rounding: str) -> Decimal:
    """Round to ``scale`` digits after the point (negative: before it); ``ValueError`` out of range."""
    if not MIN_SCALE <= scale <= MAX_SCALE:
        raise ValueError("scale out of range")
    if scale >= -int(value.as_tuple().exponent) and value.adjusted() + scale >= 33:
        return value  # more digits than decimal128 holds: nothing to round
    with localcontext(DECIMAL128) as context:
        context.prec = 7000
        context.Emin, context.Emax = -9999, 9999
        rounded = value.quantize(ONE.scaleb(-scale), rounding=rounding)
    return DECIMAL128.plus(rounded)


def number_text(value: Decimal) -> str:
    """As ``string()`` writes it: no exponent."""
    exponent = int(value.as_tuple().exponent)
    if (exponent > 0 and value.adjusted() < 40) or not value:
        return str(int(value))
    return format(value, "f")
