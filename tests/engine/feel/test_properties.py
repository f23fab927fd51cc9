"""What holds for all values: arithmetic as decimals, calendars as Python's, texts that read back."""

import datetime
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.engine.feel import (
    BUILT_IN_TYPES,
    Date,
    FeelError,
    FeelSyntaxError,
    compile_expression,
    compile_unary_tests,
    equal,
    order,
    text_of,
    to_feel,
    to_json,
    type_of,
)

DECIMAL128 = Context(prec=34, rounding=ROUND_HALF_EVEN)
OPERATIONS = {
    "+": DECIMAL128.add,
    "-": DECIMAL128.subtract,
    "*": DECIMAL128.multiply,
    "/": DECIMAL128.divide,
}
EAST = datetime.timezone(datetime.timedelta(hours=8))
NUMBERS = st.decimals(-(10**12), 10**12, places=4)
KEYS = st.text("abc 项", min_size=1, max_size=4)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=8),
    NUMBERS,
    st.dates(),
    st.datetimes(
        timezones=st.sampled_from([datetime.UTC, datetime.timezone(datetime.timedelta(hours=8)), None])
    ),
    st.timedeltas(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc 项", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
OUTCOMES = (True, False, None, "refused")
KINDS = {*BUILT_IN_TYPES, "refused"}
WORDS = st.sampled_from([
    *"123ab()[]{},:.+-*/=<>?@xy",
    *("2.5", '"a"', "null", "true", "..", "**", "!=", ">=", '"P1D"', "item", "partial", "count", "sum"),
    *("and", "or", "not", "in", "between", "if", "then", "else", "for", "return", "some", "satisfies"),
    *("function", "instance", "of", "list", "external"),
])  # fmt: skip


def evaluate(text: str, **context: object) -> object:
    return compile_expression(text, context).evaluate(
        {name: to_feel(value) for name, value in context.items()}
    )


@given(a=NUMBERS, b=NUMBERS, sign=st.sampled_from(["+", "-", "*", "/"]))
def test_arithmetic_is_decimal128(a: Decimal, b: Decimal, sign: str) -> None:
    operation = {
        "+": DECIMAL128.add,
        "-": DECIMAL128.subtract,
        "*": DECIMAL128.multiply,
        "/": DECIMAL128.divide,
    }[sign]
    expected = None if sign == "/" and not b else operation(a, b)
    assert evaluate(f"a {sign} b", a=a, b=b) == expected
    assert evaluate(f"({a}) {sign} ({b})") == expected


@given(a=NUMBERS, b=NUMBERS)
def test_modulo(a: Decimal, b: Decimal) -> None:
    result = evaluate("modulo(a, b)", a=a, b=b)
    if not b:
        assert result is None
    else:
        assert isinstance(result, Decimal)
        assert 0 <= abs(result) < abs(b)
        assert not result or (result > 0) is (b > 0)


@given(day=st.dates(), days=st.integers(-100_000, 100_000))
def test_days_are_those_of_python(day: datetime.date, days: int) -> None:
    date = to_feel(day)
    assert Date.from_days(date.days) == date
    assert date.days == day.toordinal() - datetime.date(1970, 1, 1).toordinal()
    assert date.weekday == day.isoweekday()
    assert evaluate("week of year(d)", d=day) == day.isocalendar().week
    try:
        expected = to_feel(day + datetime.timedelta(days=days))
    except OverflowError:
        return
    assert evaluate(f'd + @"P{days}D"' if days >= 0 else f'd - @"P{-days}D"', d=day) == expected


@given(first=st.dates(), second=st.dates())
def test_difference_and_sum(first: datetime.date, second: datetime.date) -> None:
    assert evaluate("b + (a - b) = a", a=first, b=second) is True
    assert evaluate("a < b", a=first, b=second) is (first < second)


@given(day=st.dates(), months=st.integers(0, 5000))
def test_months_and_back(day: datetime.date, months: int) -> None:
    later = evaluate(f'd + @"P{months}M"', d=day)
    assert isinstance(later, Date)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day


@given(value=SCALARS)
def test_the_text_of_a_value_reads_back(value: object) -> None:
    feel = to_feel([value])
    assert equal(compile_expression(text_of(feel)).evaluate({}), feel) is True


@given(value=VALUES)
def test_to_json_leaves_plain_data(value: object) -> None:
    def plain(found: object) -> bool:
        if isinstance(found, list):
            return all(map(plain, found))
        if isinstance(found, dict):
            return all(map(plain, found.values()))
        return found is None or type(found) in (bool, str, Decimal)

    assert plain(to_json(to_feel(value)))
    assert equal(to_feel(value), to_feel(value)) is True


@given(a=VALUES, b=VALUES)
def test_equality_and_order_are_symmetric(a: object, b: object) -> None:
    left, right = to_feel(a), to_feel(b)
    assert equal(left, right) is equal(right, left)
    forth, back = order(left, right), order(right, left)
    assert forth is None if back is None else forth == -back


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_shortest_text(value: float) -> None:
    assert to_feel(value) == Context(prec=34).create_decimal(repr(value))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("1e7000")])
def test_numbers_feel_cannot_hold(value: object) -> None:
    with pytest.raises(ValueError, match="FEEL"):
        to_feel(value)


@pytest.mark.parametrize("value", [object(), {1: 2}, b"x", {1, 2}])
def test_values_feel_has_no_type_for(value: object) -> None:
    with pytest.raises(TypeError):
        to_feel(value)


def test_data_nested_too_deeply() -> None:
    data: list[object] = []
    for _ in range(5000):
        data = [data]
    with pytest.raises(ValueError, match="nested"):
        to_feel(data)
    with pytest.raises(FeelError, match="nested"):
        to_json(data)


@settings(max_examples=300)
@given(words=st.lists(WORDS, max_size=14))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    text = " ".join(words)
    assert _read(lambda: type_of(compile_expression(text).evaluate({"x": Decimal(1)})), text) in KINDS
    assert _read(lambda: compile_unary_tests(text).matches(Decimal(1), {}), text) in (
        True,
        False,
        None,
        "refused",
    )


@settings(max_examples=300)
@given(text=st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert _read(lambda: type_of(compile_expression(text).evaluate({})), text) in KINDS


def _read(read: Callable[[], object], text: str) -> object:
    """What reading gives, or "refused" when the text is refused as it should be."""
    try:
        return read()
    except FeelError as refused:
        inside = 0 <= refused.position <= len(text) if isinstance(refused, FeelSyntaxError) else True
        return "refused" if inside and refused.message else "refused badly"


WHOLE = st.integers(-(10**12), 10**12)


@given(a=WHOLE, b=WHOLE, c=WHOLE, scale=st.integers(0, 4))
def test_decimals_are_exact_fractions(a: int, b: int, c: int, scale: int) -> None:
    """Sums, differences and products that fit into 34 digits are those of exact fractions; a quotient is the
    nearest decimal."""
    x, y, z = (Fraction(number, 10**scale) for number in (a, b, c))
    names = {name: Decimal(n).scaleb(-scale) for name, n in (("x", a), ("y", b), ("z", c))}
    assert Fraction(evaluate("x + y - z", **names)) == x + y - z  # type: ignore[arg-type]
    assert Fraction(evaluate("x * y", **names)) == x * y  # type: ignore[arg-type]
    assert Fraction(evaluate("sum([x, y, z])", **names)) == x + y + z  # type: ignore[arg-type]
    assert evaluate("(x + y) * 2 = 2 * x + 2 * y", **names) is True
    if c:
        quotient = evaluate("x / z", **names)
        assert isinstance(quotient, Decimal)
        error = abs(Fraction(quotient) - x / z)
        assert error * 2 <= Fraction(Decimal(1).scaleb(quotient.adjusted() - 33)) if quotient else not a
