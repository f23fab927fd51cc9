"""What is said of a table at deployment: overlaps, gaps, rules that never fire; and that it is true."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.engine.dmn import DecisionModel, analyse
from tests.engine.dmn.models import one_table

AMOUNT = [("amount", "number")]
TIER = [("tier", "string")]
WORDS = '"construction", "purchased_service", "om_service"'


def said(model: DecisionModel) -> list[tuple[str, str]]:
    return [(problem.code.removeprefix("dmn."), str(problem)) for problem in analyse(model, "d1")]


def codes(*args: Any, **kwargs: Any) -> list[str]:
    return [code for code, _ in said(one_table(*args, **kwargs))]


# --------------------------------------------------------------------------- Hongshan's tier
def test_a_table_without_overlap_and_gap_has_only_the_missing_input() -> None:
    model = one_table(
        [("class", "string", WORDS), *AMOUNT],
        TIER,
        [
            '"construction", "purchased_service" | >= 600000 => "large"',
            '"construction", "purchased_service" | < 600000 => "small"',
            '"om_service" | - => "none"',
        ],
    )
    assert {code for code, _ in said(model)} == {"gap_null"}


def test_one_yuan_between_two_rules_is_found() -> None:
    found = said(one_table(AMOUNT, TIER, ['> 600000 => "large"', '< 600000 => "small"', 'null => "none"']))
    assert found == [("gap", "No rule of table d1 matches where Column amount = 600000.")]


def test_one_yuan_in_two_rules_is_found() -> None:
    found = said(one_table(AMOUNT, TIER, ['>= 600000 => "large"', '<= 600000 => "small"', 'null => "none"']))
    assert found == [
        ("overlap", "Rules 1, 2 of table d1 both match, for example where Column amount = 600000.")
    ]
    assert analyse(one_table(AMOUNT, TIER, ["> 1 => 1", "> 2 => 2"]), "d1")[0].level == "error"


# --------------------------------------------------------------------------- kinds of columns
def test_dates_are_whole_days() -> None:
    column = [("day", "date")]
    rules = ['<= date("2026-06-30") => 1', '>= @"2026-07-01" => 2', "null => 3"]
    assert codes(column, [("n", "number")], rules) == []
    rules[1] = '>= @"2026-07-02" => 2'
    found = said(one_table(column, [("n", "number")], rules))
    assert found == [("gap", "No rule of table d1 matches where Column day = 2026-07-01.")]


def test_booleans_need_both_values_and_null() -> None:
    assert codes([("ok", "boolean")], TIER, ['true => "a"', 'false => "b"']) == ["gap_null"]
    assert codes([("ok", "boolean")], TIER, ['true => "a"', 'false => "b"', 'null => "c"']) == []
    assert (
        codes([("ok", "boolean")], TIER, ['true => "a"', 'not(true) => "b"']) == []
    )  # not true: false or null
    assert codes([("ok", "boolean")], TIER, ['true => "a"', 'null => "c"']) == ["gap"]


def test_texts_without_a_list_have_something_else() -> None:
    found = said(one_table([("kind", "string")], TIER, ['"a" => "1"', '"b" => "2"']))
    assert found[0] == ("gap", "No rule of table d1 matches where Column kind = anything else.")


def test_texts_with_a_list_are_covered_by_it() -> None:
    assert codes([("kind", "string", '"a", "b"')], TIER, ['"a" => "1"', '"b" => "2"']) == ["gap_null"]


def test_allowed_numbers_limit_the_axis() -> None:
    assert codes([("n", "number", "[0..10]")], TIER, ['< 5 => "a"', '>= 5 => "b"']) == ["gap_null"]
    assert "gap" in codes([("n", "number")], TIER, ['[0..5) => "a"', '>= 5 => "b"'])


# --------------------------------------------------------------------------- rules that never fire
def test_a_word_that_is_not_allowed_never_fires() -> None:
    found = said(
        one_table([("kind", "string", '"a", "b"')], TIER, ['"a" => "1"', '"c" => "2"', '"b" => "3"'])
    )
    assert found[0][0] == "empty_condition"
    assert "Rule 2" in found[0][1]


def test_a_rule_below_all_its_cases_never_fires_under_first() -> None:
    rules = ['< 10 => "a"', '>= 10 => "b"', '5 => "c"', '- => "d"']
    found = said(one_table(AMOUNT, TIER, rules, "FIRST"))
    assert found == [
        ("unreachable", "Rule 3 of table d1 can never fire: rules that go before it take all its cases.")
    ]


def test_two_rules_together_can_hide_a_third() -> None:
    columns = [("a", "boolean"), ("b", "boolean")]
    rules = ["true | - => 1", "false | - => 2", "null | - => 3", "- | true => 4"]
    assert codes(columns, [("n", "number")], rules, "FIRST") == ["unreachable"]


# --------------------------------------------------------------------------- policies, limits of the analysis
def test_any_may_overlap_as_long_as_it_agrees() -> None:
    assert codes(AMOUNT, TIER, ['> 1 => "a"', '> 2 => "a"', '<= 1 => "b"', 'null => "b"'], "ANY") == []
    assert codes(AMOUNT, TIER, ['> 1 => "a"', '> 2 => "b"', '<= 1 => "b"', 'null => "b"'], "ANY") == [
        "overlap_any"
    ]


@pytest.mark.parametrize("policy", ["COLLECT", "RULE ORDER"])
def test_list_policies_may_overlap_and_match_nothing(policy: str) -> None:
    assert codes(AMOUNT, TIER, ['> 1 => "a"', '> 2 => "a"'], policy) == []


def test_default_outputs_close_every_gap() -> None:
    assert codes(AMOUNT, TIER, ['> 1 => "a"'], defaults=['"b"']) == []


def test_a_cell_beyond_the_analysis_is_named_and_hides_nothing_certain() -> None:
    columns = [*AMOUNT, ("original", "number")]
    rules = [
        '<= 600000 | >= amount * 100 / 15 => "a"',
        '<= 600000 | < amount * 100 / 15 => "b"',
        '> 700000 | - => "c"',
    ]
    found = said(one_table(columns, TIER, rules))
    assert [code for code, _ in found] == ["not_analysed", "not_analysed", "gap"]
    assert "`>= amount * 100 / 15` in rule 1, Column original" in found[0][1]
    assert "Column amount = 600001" in found[2][1]


def test_a_column_nobody_asks_for_is_told() -> None:
    assert "unused_input" in codes([*AMOUNT, ("b", "string")], TIER, ['> 1 | - => "a"', '<= 1 | - => "b"'])


def test_a_table_that_is_too_large_is_left_alone() -> None:
    columns = [(f"b{n}", "boolean") for n in range(24)]
    rules = [" | ".join("true" if n == k else "-" for n in range(24)) + ' => "x"' for k in range(24)]
    assert "too_large_to_analyse" in codes(columns, TIER, rules, "FIRST")


# --------------------------------------------------------------------------- it can be trusted
numbers = st.integers(-3, 3)
interval = st.builds(
    lambda low, size, left, right: f"{left}{low}..{low + size}{right}",
    numbers, st.integers(0, 3), st.sampled_from("[("), st.sampled_from("])"),
)  # fmt: skip
number_cell = st.one_of(
    st.just("-"),
    st.just("null"),
    st.builds("{}{}".format, st.sampled_from(["<", "<=", ">", ">=", ""]), numbers),
    interval,
    st.builds("not({})".format, interval),
)
word_cell = st.sampled_from(["-", '"a"', '"a","b"', 'not("a")', '"c"', "null"])
rules_of = st.lists(st.tuples(number_cell, word_cell), min_size=1, max_size=5)
points = [
    (number, word)
    for number in [None, *(Decimal(k) / 2 for k in range(-9, 16))]
    for word in (None, "a", "b", "c", "d")
]


@settings(max_examples=40, deadline=None)
@given(rules_of)
def test_the_analysis_agrees_with_what_happens(rules: list[tuple[str, str]]) -> None:
    model = one_table(
        [("n", "number"), ("w", "string")],
        [("r", "number")],
        [f"{number} | {word} => {place}" for place, (number, word) in enumerate(rules)],
    )
    told = {problem.code for problem in analyse(model, "d1")}
    seen = set()
    for number, word in points:
        seen |= {
            p.code for p in model.evaluate("d1", {"n": number, "w": word}).problems if p.level == "error"
        }
    assert ("dmn.unique_violated" in seen) == ("dmn.overlap" in told)
    assert ("dmn.nothing_matched" in seen) == bool({"dmn.gap", "dmn.gap_null"} & told)


# --------------------------------------------------------------------------- rules in vain
LEVELS = [("level", "string", '"head", "deputy", "clerk"')]


def test_a_rule_that_more_important_ones_mask() -> None:
    """With PRIORITY the order of the outputs decides, not that of the rows."""
    rows = ['> 5 => "clerk"', '> 3 => "head"', '> 1 => "deputy"']
    assert (
        "unreachable",
        "Rule 1 of table d1 can never fire: rules that go before it take all its cases.",
    ) in said(one_table(AMOUNT, LEVELS, rows, policy="PRIORITY"))
    assert "unreachable" not in codes(AMOUNT, LEVELS, rows[::-1][:2], policy="PRIORITY")
    assert "unreachable" not in codes(AMOUNT, LEVELS, rows, policy="COLLECT")


def test_rules_that_say_the_same() -> None:
    rows = ['> 5 => "a"', '> 3 => "b"', '>  5 => "a"']
    for policy in ("COLLECT", "RULE ORDER", "ANY"):
        (text,) = [
            text
            for code, text in said(one_table(AMOUNT, TIER, rows, policy=policy))
            if code == "duplicate_rule"
        ]
        assert text == "Rule 3 of table d1 says the same as rule 1."
    assert "duplicate_rule" not in codes(AMOUNT, TIER, rows[:2], policy="COLLECT")
    assert "overlap" in codes(AMOUNT, TIER, rows, policy="UNIQUE")
    assert "unreachable" in codes(AMOUNT, TIER, rows, policy="FIRST")
