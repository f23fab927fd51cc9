"""Types flow from inputs through decisions into cells; what can never match is told with its place."""

from __future__ import annotations

from server.engine import dmn
from server.engine.feel import Shape
from tests.engine.dmn.models import decision, definitions, input_data, literal, table

TIERS = table([("total", "number")], [("tier", "string")], ['>= 600000 => "large"', '< 600000 => "small"'])
ROUTE = table([("tier", "string")], [("route", "string")], ['"large" => "committee"', '"huge" => "mayor"'])
MODEL = definitions(
    input_data("total", "number"),
    decision("tier", TIERS, ["in:total"]),
    decision("route", ROUTE, ["tier"]),
    decision("note", literal('if route = "mayor" then total + "x" else 1'), ["route", "in:total"]),
)


def told(model: bytes, identity: str, **given: Shape) -> list[str]:
    return [str(problem) for problem in dmn.mistaken(dmn.load(model), identity, given)]


def test_values_of_a_decision_upstream() -> None:
    """`tier` gives large or small: a rule for huge never fires."""
    model = dmn.load(MODEL)
    assert dmn.shape_of(model, "tier") == Shape("string", frozenset({"large", "small"}))
    (problem,) = dmn.mistaken(model, "route")
    assert (problem.code, problem.level, problem.row, problem.column, problem.cell) == (
        "dmn.never_matches", "warning", 2, "Column tier", '"huge"',
    )  # fmt: skip
    assert str(problem) == (
        '`"huge"` in rule 2 of table route, Column tier, can never match: '
        '"huge" can never be: only "large", "small".'
    )


def test_types_of_a_literal_expression() -> None:
    assert told(MODEL, "note") == [
        '`total + "x"` in `if route = "mayor" then total + "x" else 1` can never make sense: '
        "number + string has no result."
    ]


def test_what_the_caller_knows_of_variables() -> None:
    """A table that draws no inputs gets its types from the forms."""
    drawn = definitions(decision("d1", table([("kind", "string")], [("o", "")], ['"a" => 1', '"c" => 2'])))
    assert told(drawn, "d1") == []
    (said,) = told(drawn, "d1", kind=Shape("string", frozenset({"a", "b"})))
    assert 'only "a", "b"' in said
    (said,) = told(drawn, "d1", kind=Shape("number"))
    assert "number is given where string is wanted" in said


def test_a_text_may_be_a_date() -> None:
    """JSON has none: a column of dates takes texts."""
    drawn = definitions(decision("d1", table([("day", "date")], [("o", "")], ['> date("2026-01-01") => 1'])))
    assert told(drawn, "d1", day=Shape("string")) == []


def test_allowed_values_of_a_column_and_of_a_type() -> None:
    column = definitions(decision("d1", table([("k", "string", '"a", "b"')], [("o", "")], ['"c" => 1'])))
    assert len(told(column, "d1")) == 1
    kinds = (
        '<itemDefinition name="tKind"><typeRef>string</typeRef><allowedValues><text>"a","b"</text>'
        "</allowedValues></itemDefinition>"
    )
    typed = definitions(
        kinds, input_data("k", "tKind"),
        decision("d1", table([("k", "tKind")], [("o", "")], ['"c" => 1', '"a" => 2']), ["in:k"]),
    )  # fmt: skip
    assert len(told(typed, "d1")) == 1


def test_outputs_of_another_type() -> None:
    drawn = definitions(decision("d1", table([("n", "number")], [("o", "number")], ['> 1 => "x"', "- => 2"])))
    assert told(drawn, "d1") == [
        '`"x"` in `"x"` can never make sense: string is given where number is wanted.'
    ]
