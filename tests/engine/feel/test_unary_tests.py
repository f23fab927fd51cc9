"""Cells of decision tables against values of every type."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.engine.feel import compile_unary_tests, to_feel

ANYTHING = [None, True, "a", 5, [1], {}]


@pytest.mark.parametrize(
    ("cell", "value", "result"),
    [
        ("5", 5, True),
        ("5", "5", None),
        ('"a"', "a", True),
        ('"a", "b"', "b", True),
        ('"a", "b"', "c", False),
        ('"a", "b"', None, False),
        ('"a", "b"', 1, None),
        ('"a", "b"', ["b"], True),
        ("< 5", 4, True),
        ("<5", 5, False),
        (">= 5", "x", None),
        ("< 5", None, None),
        ("= 5", 5, True),
        ("!= 5", 4, True),
        ("[1..5]", 5, True),
        ("[1..5)", 5, False),
        ("]1..5[", 1, False),
        ("(1..5), 7", 7, True),
        ("[1..5]", None, None),
        ("[5..1]", 3, None),
        ("not(5)", 4, True),
        ('not("a", "b")', "a", False),
        ('not("a")', None, True),
        ("not(< 5)", None, None),
        ("not([1..5])", 9, True),
        ("not(null)", 1, True),
        ("null", None, True),
        ("null", 1, False),
        ("true", True, True),
        ("true", False, False),
        ("true", None, False),
        ("true", "x", None),
        ("false", False, True),
        ("[1, 2, 3]", 2, True),
        ("limit", 10, True),
        ("> limit", 11, True),
        ("[1..limit)", 10, False),
        ("limits", 7, True),
        ("? > limit", 11, True),
        ("? > 1 and ? < 3", 2, True),
        ('contains(?, "b")', "abc", True),
        ('contains(?, "b"), "x"', "x", True),
        ("limit > 5", "text", True),
        ("limit > 5", False, False),
        ("not(limit > 5)", "text", False),
        ('date("2026-03-01")', None, False),
        ("count(?) = 2", [1, 2], True),
        ("every x in ? satisfies x > 0", [1, 2], True),
        ("-", "anything", True),
        ("", None, True),
        ("- 5", -5, True),
        ("-5, 3", -5, True),
    ],
)
def test_cell(cell: str, value: object, result: bool | None) -> None:
    context = to_feel({"limit": 10, "limits": [5, 7]})
    assert compile_unary_tests(cell, ["limit", "limits"]).matches(to_feel(value), context) is result


@pytest.mark.parametrize("cell", ["-", "", "  "])
def test_any(cell: str) -> None:
    tests = compile_unary_tests(cell)
    assert tests.is_any
    assert all(tests.matches(to_feel(value), {}) is True for value in ANYTHING)


def test_a_date_column() -> None:
    tests = compile_unary_tests('[date("2026-03-01")..date("2026-06-30")]')
    assert tests.matches(to_feel(datetime.date(2026, 6, 30)), {}) is True
    assert not tests.is_any


NUMBERS = st.decimals(-1000, 1000, places=2)


@given(
    low=NUMBERS, high=NUMBERS, value=NUMBERS, opening=st.sampled_from("[(]"), closing=st.sampled_from("])[")
)
def test_intervals_agree_with_arithmetic(
    low: Decimal, high: Decimal, value: Decimal, opening: str, closing: str
) -> None:
    result = compile_unary_tests(f"{opening}{low}..{high}{closing}").matches(value, {})
    above = value >= low if opening == "[" else value > low
    below = value <= high if closing == "]" else value < high
    assert result is ((above and below) if low <= high else None)


@given(
    cells=st.lists(st.sampled_from(["1", "< 5", "[7..9]", "null", '"a"', "true"]), min_size=1),
    value=st.integers(0, 10),
)
def test_not_is_the_opposite(cells: list[str], value: int) -> None:
    text = ", ".join(cells)
    plain = compile_unary_tests(text).matches(Decimal(value), {})
    negated = compile_unary_tests(f"not({text})").matches(Decimal(value), {})
    assert negated is (None if plain is None else not plain)
