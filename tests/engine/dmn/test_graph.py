"""Several decisions in one file: requirements, imports, names, process variables, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from server.engine.dmn import DecisionModel, DmnError, load
from tests.engine.dmn.models import (
    MODEL,
    decision,
    definitions,
    input_data,
    literal,
    one_table,
    single,
    table,
)

RULES = ['>= 600000 => "large"', '< 600000 => "small"']
TIER = table([("total", "number")], [("tier", "string")], RULES)


def codes(problems: object) -> list[str]:
    return [problem.code for problem in problems]  # type: ignore[attr-defined]


def test_a_decision_is_found_by_id_and_by_name() -> None:
    model = load(definitions(f'<decision id="x_tier" name="tier">{TIER}</decision>'))
    assert model.evaluate("x_tier", {"total": 1}).value == "small"
    assert model.evaluate("tier", {"total": 1}).value == "small"
    with pytest.raises(DmnError, match=r"no decision tir in .*Did you mean x?_?tier"):
        model.evaluate("tir", {})


def test_requirements_are_evaluated_once_and_kept_in_the_trace() -> None:
    model = load(
        definitions(
            input_data("total", "number"),
            decision("tier", TIER, ["in:total"], "string"),
            decision("left", literal("tier"), ["tier"]),
            decision("right", literal('tier = "large"'), ["tier"]),
            decision("both", literal("{l: left, r: right}"), ["left", "right"]),
        )
    )
    result = model.evaluate("both", {"total": Decimal("600000.00")})
    assert result.value == {"l": "large", "r": True}
    left, right = result.trace.required
    assert [trace.decision.id for trace in (left, *left.required, right, *right.required)] == [
        "left", "tier", "right",
    ]  # fmt: skip
    assert left.required[0].table is not None
    assert dict(model.reads("both")) == {"total": "number"}


def test_a_process_variable_never_replaces_a_required_decision() -> None:
    model = load(
        definitions(
            input_data("total", "number"),
            decision("tier", TIER, ["in:total"]),
            decision("d", literal("tier"), ["tier"]),
        )
    )
    variables = {"total": 1, "tier": "stale"}
    assert model.evaluate("d", variables).value == "small"
    assert model.evaluate("d", variables, given=["tier"]).value == "stale"


def test_a_table_without_drawn_inputs_sees_all_process_variables() -> None:
    model = one_table([("total", "number")], [("t", "string")], ['>= limit => "large"', '< limit => "small"'])
    assert model.evaluate("d1", {"total": 5, "limit": 5, "other": object}).value == "large"
    assert set(model.reads("d1")) == {"total", "limit"}


def test_a_table_without_drawn_inputs_sees_them_even_where_others_draw_them() -> None:
    model = load(
        definitions(
            input_data("total", "number"),
            decision("d1", TIER),
            decision("d2", literal("total"), ["in:total"]),
        )
    )
    assert model.evaluate("d1", {"total": 600000}).value == "large"


def test_a_decision_that_draws_inputs_sees_only_those_of_the_model() -> None:
    model = load(definitions(input_data("a"), input_data("b"), decision("d1", literal("b"), ["in:a"])))
    assert model.evaluate("d1", {"a": 1, "b": 2}).value is None


def test_chinese_names_and_names_with_spaces() -> None:
    model = load(
        definitions(
            input_data("总投资", "number"),
            input_data("original investment (net)", "number"),
            decision(
                "d1", literal("总投资 * 100 <= original investment (net) * 15"),
                ["in:总投资", "in:original investment (net)"],
            ),
        )
    )  # fmt: skip
    assert model.problems == ()
    assert model.evaluate("d1", {"总投资": 15, "original investment (net)": 100}).value is True
    assert model.evaluate("d1", {"总投资": Decimal("15.01"), "original investment (net)": 100}).value is False


def test_imports_are_seen_under_their_prefix() -> None:
    types = '<itemDefinition name="money"><typeRef>number</typeRef></itemDefinition>'
    lower = load(definitions(types, decision("rate", literal("0.15")), namespace="urn:lower"), "lower.dmn")
    upper = definitions(
        '<import name="low" namespace="urn:lower" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>',
        input_data("amount", "low.money"),
        decision("share", literal("amount * low.rate"), ["in:amount", "urn:lower#rate"]),
    )
    model = load(upper, "upper.dmn", [lower])
    assert model.problems == ()
    assert model.evaluate("share", {"amount": 100}).value == Decimal("15.00")
    assert codes(load(upper, "upper.dmn").problems) == [
        "dmn.unknown_import", "dmn.unknown_type", "dmn.unknown_requirement", "dmn.unknown_name",
    ]  # fmt: skip


CIRCLE = [decision("a", literal("b"), ["b"]), decision("b", literal("a"), ["a"])]
GROOVY = '<literalExpression expressionLanguage="groovy"><text>1</text></literalExpression>'
NO_CELL = TIER.replace('<inputEntry id="r1c1"><text>&gt;= 600000</text></inputEntry>', "")


@pytest.mark.parametrize(
    ("parts", "code", "said"),
    [
        (CIRCLE, "dmn.cycle", "a → b → a"),
        ([decision("a", literal("1"), ["gone"])], "dmn.unknown_requirement", "#gone"),
        ([decision("a", literal("1")), decision("a", literal("2"))], "dmn.duplicate_id", "a"),
        ([decision("a", "")], "dmn.no_logic", "a has no decision logic"),
        ([input_data("x", "nmber"), decision("a", literal("x"))], "dmn.unknown_type", "mean number"),
        ([decision("a", literal("1 +"))], "dmn.feel_syntax", "1 +"),
        ([decision("a", GROOVY)],
         "dmn.expression_language", "groovy"),
        ([decision("a", TIER.replace("UNIQUE", "BEST"))], "dmn.unknown_hit_policy", "BEST"),
        ([decision("a", NO_CELL)],
         "dmn.rule_width", "Rule 1 has 0 input cells"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_deployment(parts: list[str], code: str, said: str) -> None:
    problems = load(definitions(*parts), "x.dmn").problems
    assert code in codes(problems)
    assert said in str(next(problem for problem in problems if problem.code == code))


def test_every_id_stands_once_in_a_file_and_both_places_are_told() -> None:
    """Those of rules, columns and cells as well."""
    twice = TIER.replace('id="r1c1"', 'id="a"')
    (problem,) = [p for p in load(definitions(decision("a", twice)), "x.dmn").problems if p.level == "error"]
    assert problem.code == "dmn.duplicate_id"
    told = problem.params
    assert (told["kind"], told["first"]) == ("inputEntry", "decision")
    assert 0 < int(str(told["first_line"])) <= int(str(told["line"])) == problem.line


def test_a_circle_ends_when_evaluated_all_the_same() -> None:
    model = load(definitions(*CIRCLE))
    assert model.evaluate("a", {}).value is None


def test_a_mistake_in_a_cell_is_told_with_its_place() -> None:
    model = one_table([("total", "number")], [("t", "string")], ['>= 1 => "a"', '< (1 => "b"'])
    (problem,) = model.problems
    assert problem.code == "dmn.feel_syntax"
    place = (problem.decision, problem.element, problem.row, problem.column, problem.cell)
    assert place == ("d1", "r2c1", 2, "Column total", "< (1")
    assert problem.line == 1
    assert "character 5" in str(problem)


def test_limits_stop_hostile_expressions() -> None:
    for text in ("count(for i in 1..100000000 return i)", "for a in 1..9999, b in 1..9999 return a"):
        result = single(literal(text)).evaluate("d1", {})
        assert (result.value, codes(result.problems)) == (None, ["dmn.limit"])


def test_a_misspelt_name_is_told_where_everything_is_drawn() -> None:
    model = load(
        definitions(input_data("amount", "number"), decision("d1", literal("amout + 1"), ["in:amount"]))
    )
    assert codes(model.problems) == ["dmn.unknown_name"]
    assert str(model.problems[0]) == "`amout + 1` uses amout, which nothing provides. Did you mean amount?"
    assert model.problems[0].level == "warning"


def test_a_misspelt_function_is_told_everywhere() -> None:
    model = one_table([("n", "number")], [("r", "number")], ["> 1 => dat(n)"])
    assert codes(model.problems) == ["dmn.unknown_name"]
    assert (model.problems[0].row, model.problems[0].column) == (1, "r")


def test_an_import_of_an_import_is_not_mistaken_for_the_direct_one() -> None:
    bottom = load(definitions(decision("x", literal("1")), namespace="urn:bottom"))
    kind = 'importType="https://www.omg.org/spec/DMN/20191111/MODEL/"'
    middle = load(
        definitions(f'<import name="b" namespace="urn:bottom" {kind}/>', namespace="urn:middle"), "", [bottom]
    )
    top = definitions(
        f'<import name="m" namespace="urn:middle" {kind}/><import name="b" namespace="urn:bottom" {kind}/>',
        decision("y", literal("b.x"), ["urn:bottom#x"]),
    )
    assert load(top, "", [middle, bottom]).evaluate("y", {}).value == Decimal(1)


def _import(name: str, namespace: str) -> str:
    return f'<import name="{name}" namespace="{namespace}" importType="{MODEL}"/>'


def test_a_model_imported_twice_has_inputs_of_its_own_each_time() -> None:
    """The inputs of imported models are given within contexts named by the prefixes."""
    hello = load(
        definitions(
            input_data("Person name", "string"),
            decision("Hello", literal('"Hello, " + Person name'), ["in:Person name"]),
            namespace="urn:a",
        )
    )

    def saying(own: str) -> DecisionModel:
        said = decision("Say", literal(f'"{own}: " + model a.Hello'), ["urn:a#Hello"])
        return load(definitions(_import("model a", "urn:a"), said, namespace=f"urn:{own}"), own, [hello])

    both = decision("Both", literal('b.Say + ", " + b2.Say'), ["urn:b#Say", "urn:b2#Say"])
    whole = definitions(_import("b", "urn:b"), _import("b2", "urn:b2"), both, namespace="urn:c")
    model = load(whole, "c", [saying("b"), saying("b2")])
    inputs = {
        "b": {"model a": {"Person name": "Ann"}},
        "b2": {"model a": {"Person name": "Bob"}},
    }
    assert not [problem for problem in model.problems if problem.level == "error"]
    assert model.evaluate("Both", inputs).value == "b: Hello, Ann, b2: Hello, Bob"
    assert model.evaluate("Both", {"Person name": "Eve"}).value == "b: Hello, Eve, b2: Hello, Eve"


def test_an_href_may_name_its_own_namespace() -> None:
    own = (
        '<decision id="d" name="d"><variable name="d"/><informationRequirement>'
        '<requiredInput href="urn:test#x"/></informationRequirement>' + literal("x + 1") + "</decision>"
    )
    assert load(definitions(input_data("x", "number"), own)).evaluate("d", {"x": 1}).value == 2
