"""Null is never silent when somebody listens: each conversion says why and where."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from server.engine.feel import FeelClockError, FeelWarning, compile_expression, compile_unary_tests, to_feel


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("1 + amout", "amout", "there is no variable amout"),
        ('1 + "a"', '1 + "a"', "number + string has no result"),
        ("1 / 0", "1 / 0", "division by zero"),
        ('2 < "a"', '2 < "a"', "number and string cannot be compared"),
        ("if 5 then 1 else 2", "5", "the condition is number, not true or false"),
        ("{a: 1}.b", "{a: 1}.b", "context has no b"),
        ("[1, 2][3]", "[1, 2][3]", "there is no item 3 in a list of 2"),
        ("cuont([1])", "cuont", "there is no function cuont (count?)"),
        ('substring("abc", "x")', 'substring("abc", "x")', "substring(): start position must be a number"),
        ("substring()", "substring()", "substring() does not take these 0 arguments"),
        ("sqrt(-1)", "sqrt(-1)", "sqrt(): a negative number has no square root"),
        ('date("2026-02-30")', 'date("2026-02-30")', "date(): '2026-02-30' is not a date"),
        ('@"2026-02-30"', '@"2026-02-30"', "'2026-02-30' is not a date, time or duration"),
        ("[5..1]", "[5..1]", "the ends of the range do not go together: number and number"),
        ("(function(a) a)(1, 2)", "(1, 2)", "the function takes 1 arguments, not 2"),
        ('true and "x"', '"x"', "string is neither true nor false"),
        ("1 instance of nothing", "nothing", "there is no type nothing"),
        ("for i in null return i", "null", "null is nothing to iterate over"),
    ],
)
def test_the_reason_and_the_place(text: str, place: str, message: str) -> None:
    warnings: list[FeelWarning] = []
    compile_expression(text).evaluate({}, warnings)
    (found,) = [warning for warning in warnings if warning.message == message]
    assert place in text[found.start : found.end]


def test_cells_warn_too() -> None:
    warnings: list[FeelWarning] = []
    assert compile_unary_tests(">= 5").matches("x", {}, warnings) is None
    assert warnings[0].message == "string and number cannot be compared"


def test_nothing_to_say_about_plain_success() -> None:
    warnings: list[FeelWarning] = []
    assert compile_expression('a > 1 and b = null and c = "x"').evaluate(
        to_feel({"a": 2, "b": None, "c": "x"}), warnings
    )
    assert warnings == []


def test_warnings_are_bounded() -> None:
    warnings: list[FeelWarning] = []
    compile_expression("for i in 1..1000 return x").evaluate({}, warnings)
    assert len(warnings) == 100


def test_the_clock_is_the_callers() -> None:
    now = datetime.datetime(2026, 3, 1, 0, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert str(compile_expression("now()").evaluate({}, now=now)) == "2026-03-01T00:30:00@Asia/Shanghai"
    assert str(compile_expression("today()").evaluate({}, now=now)) == "2026-03-01"
    with pytest.raises(FeelClockError):
        compile_expression("today()").evaluate({})


def test_a_python_value_that_slipped_in_is_told() -> None:
    with pytest.raises(TypeError, match="int is not a FEEL value"):
        compile_expression("x > 5").evaluate({"x": 6})
