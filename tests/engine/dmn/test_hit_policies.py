"""Each hit policy: its value, the rules that made it, and what it reports when it is violated."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.engine.dmn.models import one_table

INPUT = [("amount", "number")]
OVERLAPPING = ['< 10 => "small"', '[5..20] => "middle"', '> 15 => "large"']


def codes(result: Any) -> list[str]:
    return [problem.code for problem in result.problems]


def outputs(policy: str, amount: int, rules: list[str] = OVERLAPPING, **more: Any) -> Any:
    column = ("size", "string", more.pop("values", ""))
    return one_table(INPUT, [column], rules, policy, **more).evaluate("d1", {"amount": amount})


# --------------------------------------------------------------------------- UNIQUE
def test_unique_gives_the_only_rule() -> None:
    result = outputs("UNIQUE", 12)
    assert (result.value, codes(result)) == ("middle", [])
    assert [match.row for match in result.trace.table.matches()] == [2]


def test_unique_violated_names_table_rows_and_values() -> None:
    result = outputs("UNIQUE", 7)
    assert result.value is None
    assert result.failed
    (problem,) = result.problems
    assert problem.code == "dmn.unique_violated"
    assert str(problem) == (
        'Table d1 is UNIQUE, but rules 1, 2 all match (Column amount = 7); they give "small"; "middle".'
    )
    assert (problem.decision, problem.element, problem.row) == ("d1", "table", 1)


# --------------------------------------------------------------------------- ANY
def test_any_gives_what_all_agree_on() -> None:
    result = outputs("ANY", 7, ['< 10 => "yes"', '> 5 => "yes"'])
    assert (result.value, codes(result)) == ("yes", [])
    assert [match.row for match in result.trace.table.matches()] == [1, 2]


def test_any_violated_is_null_with_the_values() -> None:
    result = outputs("ANY", 7)
    assert result.value is None
    assert codes(result) == ["dmn.any_violated"]
    assert '"small"; "middle"' in str(result.problems[0])


# --------------------------------------------------------------------------- FIRST, RULE ORDER
def test_first_gives_the_first_and_looks_no_further() -> None:
    result = outputs("FIRST", 7)
    assert (result.value, codes(result)) == ("small", [])
    assert [match.row for match in result.trace.table.matches()] == [1]
    assert result.trace.table.misses() == []


def test_rule_order_gives_all_in_table_order() -> None:
    result = outputs("RULE ORDER", 17)
    assert (result.value, codes(result)) == (["middle", "large"], [])


# --------------------------------------------------------------------------- PRIORITY, OUTPUT ORDER
def test_priority_follows_the_listed_values() -> None:
    result = outputs("PRIORITY", 17, values='"large", "middle", "small"')
    assert (result.value, codes(result)) == ("large", [])
    assert [match.row for match in result.trace.table.matches()] == [3]


def test_output_order_sorts_by_the_listed_values() -> None:
    result = outputs("OUTPUT ORDER", 17, values='"large", "middle", "small"')
    assert result.value == ["large", "middle"]


def test_priority_over_several_columns_goes_from_left_to_right() -> None:
    model = one_table(
        INPUT,
        [("a", "string", '"x", "y"'), ("b", "string", '"p", "q"')],
        ['> 1 => "y" | "p"', '> 2 => "x" | "q"', '> 3 => "x" | "p"'],
        "OUTPUT ORDER",
    )
    assert model.evaluate("d1", {"amount": 5}).value == [
        {"a": "x", "b": "p"},
        {"a": "x", "b": "q"},
        {"a": "y", "b": "p"},
    ]


def test_priority_without_a_list_is_refused_at_deployment() -> None:
    model = one_table(INPUT, [("size", "string")], OVERLAPPING, "PRIORITY")
    assert [problem.code for problem in model.problems] == ["dmn.no_priorities"]


# --------------------------------------------------------------------------- COLLECT
NUMBERS = ["< 10 => 0.1", "> 5 => 0.2", "> 6 => 0.2"]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        ("", [Decimal("0.1"), Decimal("0.2"), Decimal("0.2")]),
        ("SUM", Decimal("0.5")),
        ("MIN", Decimal("0.1")),
        ("MAX", Decimal("0.2")),
        ("COUNT", Decimal(3)),
    ],
)
def test_collect_and_its_aggregations_are_exact(aggregation: str, expected: Any) -> None:
    model = one_table(INPUT, [("n", "number")], NUMBERS, "COLLECT", aggregation)
    result = model.evaluate("d1", {"amount": 7})
    assert result.value == expected
    assert type(result.value) is type(expected)
    assert codes(result) == []
    assert [match.row for match in result.trace.table.matches()] == [1, 2, 3]


def test_collect_of_several_columns_is_a_list_of_contexts() -> None:
    model = one_table(
        INPUT, [("a", "string"), ("b", "number")], ['> 1 => "x" | 1', '> 2 => "y" | 2'], "COLLECT"
    )
    assert model.evaluate("d1", {"amount": 5}).value == [
        {"a": "x", "b": Decimal(1)},
        {"a": "y", "b": Decimal(2)},
    ]


def test_sum_of_texts_is_an_error() -> None:
    model = one_table(INPUT, [("n", "")], ['> 1 => "x"', '> 2 => "y"'], "COLLECT", "SUM")
    result = model.evaluate("d1", {"amount": 5})
    assert result.value is None
    assert codes(result) == ["dmn.not_aggregable"]


def test_collect_without_a_match_is_an_empty_list_and_no_problem() -> None:
    result = one_table(INPUT, [("n", "number")], ["> 100 => 1"], "COLLECT").evaluate("d1", {"amount": 5})
    assert (result.value, codes(result)) == ([], [])


# --------------------------------------------------------------------------- nothing matched
@pytest.mark.parametrize("policy", ["UNIQUE", "ANY", "FIRST"])
def test_nothing_matched_is_an_error_that_names_the_inputs(policy: str) -> None:
    result = outputs(policy, 4, ['> 5 => "x"'])
    assert result.value is None
    assert codes(result) == ["dmn.nothing_matched"]
    assert str(result.problems[0]) == "No rule of table d1 matches (Column amount = 4)."


def test_default_outputs_stand_in() -> None:
    result = outputs("UNIQUE", 4, ['> 5 => "x"'], defaults=['"none"'])
    assert (result.value, codes(result)) == ("none", [])
    assert result.trace.table.matches() == []


def test_default_outputs_of_a_list_policy_are_one_item() -> None:
    result = outputs("RULE ORDER", 4, ['> 5 => "x"'], defaults=['"none"'])
    assert result.value == ["none"]
