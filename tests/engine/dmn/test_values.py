"""Values on their way in and out: types, dates as texts, allowed values, and what is reported about them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from server.engine.dmn import load
from tests.engine.dmn.models import decision, definitions, input_data, literal, one_table, single


def codes(result: Any) -> list[str]:
    return [problem.code for problem in result.problems]


def item(name: str, inner: str, collection: bool = False) -> str:
    many = ' isCollection="true"' if collection else ""
    return f'<itemDefinition name="{name}"{many}>{inner}</itemDefinition>'


def allowed(text: str, tag: str = "allowedValues") -> str:
    return f"<{tag}><text>{text}</text></{tag}>"


def typed(kind: str, *types: str) -> Any:
    """A model whose decision d1 hands on its input x of that type."""
    return load(definitions(*types, input_data("x", kind), decision("d1", literal("x"), ["in:x"])))


# --------------------------------------------------------------------------- what comes from JSON
@pytest.mark.parametrize(
    ("kind", "given", "text"),
    [
        ("date", "2026-06-30", "2026-06-30"),
        ("dateTime", "2026-06-30T08:00:00+08:00", "2026-06-30T08:00:00+08:00"),
        ("date and time", "2026-06-30", "2026-06-30T00:00:00"),
        ("time", "08:00:00", "08:00:00"),
        ("yearMonthDuration", "P1Y", "P1Y"),
        ("dayTimeDuration", "PT12H", "PT12H"),
        ("number", 600000, "600000"),
        ("number", 0.1, "0.1"),
        ("integer", Decimal("599999.99"), "599999.99"),
    ],
)
def test_values_become_those_of_their_type(kind: str, given: Any, text: str) -> None:
    result = typed(kind).evaluate("d1", {"x": given})
    assert codes(result) == []
    assert str(result.value).startswith(text)
    assert not isinstance(result.value, float | str)


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("number", "600000", 'x must be number, but is string ("600000").'),
        ("date", "30 June", 'x must be date, but is string ("30 June").'),
        ("date", "2026-02-30", "x must be date, but is string"),
        ("boolean", "true", "x must be boolean, but is string"),
        ("string", 5, "x must be string, but is number (5)."),
        ("boolean", 1, "x must be boolean, but is number (1)."),
        ("number", True, "x must be number, but is boolean (true)."),
    ],
)
def test_a_value_of_the_wrong_type_is_null_and_an_error(kind: str, given: Any, said: str) -> None:
    result = typed(kind).evaluate("d1", {"x": given})
    assert result.value is None
    assert codes(result) == ["dmn.wrong_type"]
    assert said in str(result.problems[0])
    assert result.failed


@pytest.mark.parametrize("given", [float("nan"), Decimal("NaN"), Decimal("Infinity"), object(), {1: 2}, b"x"])
def test_what_is_no_value_at_all_is_refused(given: Any) -> None:
    for model in (typed("number"), typed("")):
        result = model.evaluate("d1", {"x": given})
        assert result.value is None
        assert codes(result) == ["dmn.not_a_value"]


def test_columns_without_input_data_type_the_variables_they_show() -> None:
    model = one_table(
        [("apply_on", "date"), ("accepted_on", "date")],
        [("hit", "boolean")],
        ['<= accepted_on + duration("P1Y") | - => true', '> accepted_on + duration("P1Y") | - => false'],
    )
    assert model.evaluate("d1", {"apply_on": "2026-02-28", "accepted_on": "2025-02-28"}).value is True
    assert model.evaluate("d1", {"apply_on": "2026-03-01", "accepted_on": "2025-02-28"}).value is False
    wrong = model.evaluate("d1", {"apply_on": "soon", "accepted_on": "2025-02-28"})
    assert codes(wrong)[0] == "dmn.wrong_type"


def test_a_missing_input_is_null_without_a_word() -> None:
    model = one_table(
        [("a", "number"), ("b", "number")], [("r", "string")], ['> 1 | - => "x"', 'null | - => "y"']
    )
    result = model.evaluate("d1", {})
    assert (result.value, codes(result)) == ("y", [])
    assert model.evaluate("d1", {"a": None, "b": 5}).value == "y"


# --------------------------------------------------------------------------- item definitions
def test_structures_lists_and_nested_dates() -> None:
    types = (
        item("day", "<typeRef>date</typeRef>"),
        item(
            "project",
            '<itemComponent name="total"><typeRef>number</typeRef></itemComponent>'
            '<itemComponent name="approved on"><typeRef>day</typeRef></itemComponent>',
        ),
        item("projects", "<typeRef>project</typeRef>", collection=True),
    )
    model = load(
        definitions(
            *types,
            input_data("x", "projects"),
            decision("d1", literal("x[total > 1].approved on.year"), ["in:x"]),
        )
    )
    assert model.problems == ()
    given = [{"total": 1, "approved on": "2024-01-01"}, {"total": 2, "approved on": "2025-01-01"}]
    assert model.evaluate("d1", {"x": given}).value == [Decimal(2025)]
    given[1]["approved on"] = "tomorrow"
    assert codes(model.evaluate("d1", {"x": given}))[0] == "dmn.wrong_type"


def test_allowed_values_bind_single_values_items_and_whole_lists() -> None:
    word = item("word", "<typeRef>string</typeRef>" + allowed('"pass", "fail"'))
    assert codes(typed("word", word).evaluate("d1", {"x": "pass"})) == []
    wrong = typed("word", word).evaluate("d1", {"x": "maybe"})
    assert wrong.value is None
    assert codes(wrong) == ["dmn.value_not_allowed"]

    words = item("words", "<typeRef>string</typeRef>" + allowed('"a", "b"'), collection=True)
    assert typed("words", words).evaluate("d1", {"x": ["a", "b"]}).value == ["a", "b"]
    assert typed("words", words).evaluate("d1", {"x": ["a", "c"]}).value is None

    two = item(
        "two", "<typeRef>number</typeRef>" + allowed("count(?) = 2", "typeConstraint"), collection=True
    )
    assert typed("two", two).evaluate("d1", {"x": [1, 2]}).value == [1, 2]
    assert typed("two", two).evaluate("d1", {"x": [1]}).value is None


def test_a_type_that_contains_itself_is_fine_and_one_made_of_itself_is_not() -> None:
    tree = item(
        "tree", '<itemComponent name="children" isCollection="true"><typeRef>tree</typeRef></itemComponent>'
    )
    model = typed("tree", tree)
    assert model.problems == ()
    assert model.evaluate("d1", {"x": {"children": [{"children": []}]}}).value is not None
    circle = typed("a", item("a", "<typeRef>a</typeRef>"))
    assert [problem.code for problem in circle.problems] == ["dmn.type_cycle"]


def test_a_decision_keeps_its_type() -> None:
    result = single(literal('"six"'), type_ref="number").evaluate("d1", {})
    assert result.value is None
    assert codes(result) == ["dmn.wrong_type"]
    assert result.problems[0].decision == "d1"


# --------------------------------------------------------------------------- allowed values of tables
def test_an_input_that_is_not_allowed_stops_the_table() -> None:
    model = one_table([("kind", "string", '"a", "b"')], [("r", "number")], ["- => 1"])
    result = model.evaluate("d1", {"kind": "c"})
    assert result.value is None
    assert codes(result) == ["dmn.value_not_allowed"]
    assert str(result.problems[0]) == 'Column kind is "c"; allowed are: "a", "b".'
    assert result.problems[0].column == "Column kind"


def test_an_output_that_is_not_allowed_is_reported_with_its_row() -> None:
    model = one_table([("n", "number")], [("r", "string", '"x", "y"')], ['> 0 => "z"', '<= 0 => "x"'])
    result = model.evaluate("d1", {"n": 1})
    assert codes(result) == ["dmn.output_not_allowed"]
    assert result.value == "z"
    assert (result.problems[0].row, "Rule 1" in str(result.problems[0])) == (1, True)
    assert codes(model.evaluate("d1", {"n": 0})) == []


def test_an_output_of_the_wrong_type_is_null() -> None:
    result = one_table([("n", "number")], [("r", "number")], ['- => "five"']).evaluate("d1", {"n": 1})
    assert (result.value, codes(result)) == (None, ["dmn.wrong_type"])


# --------------------------------------------------------------------------- warnings and traces
def test_feel_warnings_name_the_cell() -> None:
    result = one_table([("n", "number")], [("r", "")], ["- => 1 + missing"]).evaluate("d1", {"n": 1})
    assert result.value is None
    assert {problem.code for problem in result.problems} == {"dmn.feel_warning"}
    first = result.problems[0]
    assert (first.row, first.column, first.cell, first.level) == (1, "r", "1 + missing", "warning")
    assert not result.failed


def test_trace_names_the_first_cell_that_said_no() -> None:
    model = one_table(
        [("n", "number"), ("w", "string")],
        [("r", "string")],
        ['> 5 | "a" => "x"', '<= 5 | "b" => "y" # hongshan#12.1 and hongshan#8p2', '<= 5 | "a" => "z"'],
    )
    table = model.evaluate("d1", {"n": 3, "w": "b"}).trace.table
    (match,) = table.matches()
    assert (match.row, match.id, match.regulation) == (2, "r2", ("hongshan#12.1", "hongshan#8p2"))
    assert match.annotations == ("hongshan#12.1 and hongshan#8p2",)
    assert [tuple(miss) for miss in table.misses()] == [
        (1, "r1", "Column n", "> 5", "3"),
        (3, "r3", "Column w", '"a"', '"b"'),
    ]
    assert table.inputs() == {"n": Decimal(3), "w": "b"}
