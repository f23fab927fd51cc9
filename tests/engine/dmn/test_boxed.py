"""Each kind of boxed expression, and functions that call functions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from server.engine.dmn import load
from tests.engine.dmn.models import decision, definitions, input_data, literal, single, table


def value(logic: str, *more: str, given: dict[str, Any] | None = None, **kwargs: Any) -> Any:
    model = single(logic, *more, **kwargs)
    assert [str(p) for p in model.problems] == []
    return model.evaluate("d1", given or {}).value


def entry(name: str, logic: str, type_ref: str = "") -> str:
    typed = f' typeRef="{type_ref}"' if type_ref else ""
    return f'<contextEntry><variable name="{name}"{typed}/>{logic}</contextEntry>'


def bkm(name: str, parameters: str, logic: str, type_ref: str = "", requires: str = "") -> str:
    formal = "".join(f'<formalParameter name="{p}"/>' for p in parameters.split())
    arrow = f'<knowledgeRequirement><requiredKnowledge href="#{requires}"/></knowledgeRequirement>'
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><variable name="{name}" typeRef="{type_ref}"/>'
        f"<encapsulatedLogic>{formal}{logic}</encapsulatedLogic>{arrow if requires else ''}"
        "</businessKnowledgeModel>"
    )


def invocation(function: str, **arguments: str) -> str:
    bindings = "".join(
        f'<binding><parameter name="{name}"/>{literal(text)}</binding>' for name, text in arguments.items()
    )
    return f"<invocation>{literal(function)}{bindings}</invocation>"


def test_literal_is_exact() -> None:
    assert value(literal("0.1 + 0.2")) == Decimal("0.3")


def test_context_entries_see_those_above_and_the_result_cell_is_the_value() -> None:
    entries = entry("a b", literal("2")) + entry("c", literal("a b * 3"))
    assert value(f"<context>{entries}</context>") == {"a b": Decimal(2), "c": Decimal(6)}
    result = f"<contextEntry>{literal('c + 1')}</contextEntry>"
    assert value(f"<context>{entries}{result}</context>") == Decimal(7)


def test_relation_is_a_list_of_contexts() -> None:
    rows = "".join(
        f"<row>{literal(name)}{literal(limit)}</row>" for name, limit in (('"a"', "1"), ('"b"', "2"))
    )
    relation = f'<relation><column name="name"/><column name="limit"/>{rows}</relation>'
    assert value(relation) == [{"name": "a", "limit": Decimal(1)}, {"name": "b", "limit": Decimal(2)}]


def test_list() -> None:
    assert value(f"<list>{literal('1')}{literal('null')}{literal('x')}</list>", given={"x": "y"}) == [
        Decimal(1), None, "y",
    ]  # fmt: skip


def test_conditional_takes_the_branch_and_only_that_one() -> None:
    def choose(condition: str) -> Any:
        boxes = f"<if>{literal(condition)}</if><then>{literal('1')}</then><else>{literal('2')}</else>"
        return single(f"<conditional>{boxes}</conditional>").evaluate("d1", {})

    assert [choose(text).value for text in ("true", "false", "null")] == [1, 2, 2]
    assert choose("true").problems == ()
    odd = choose('"yes"')
    assert odd.value is None
    assert [p.code for p in odd.problems] == ["dmn.not_boolean"]


def test_filter_sees_the_item_and_its_fields() -> None:
    source = "<in>" + literal("[{n: 1}, {n: 5}, {n: 9}]") + "</in>"
    assert value(f"<filter>{source}<match>{literal('n > 1 and item.n < 9')}</match></filter>") == [
        {"n": Decimal(5)}
    ]
    assert value(f"<filter>{source}<match>{literal('-1')}</match></filter>") == {"n": Decimal(9)}


def test_for_knows_what_came_before() -> None:
    boxes = f"<in>{literal('[1..4]')}</in><return>{literal('if i = 1 then 1 else i * partial[-1]')}</return>"
    assert value(f'<for iteratorVariable="i">{boxes}</for>') == [1, 2, 6, 24]


@pytest.mark.parametrize(
    ("kind", "condition", "expected"),
    [("some", "x > 2", True), ("some", "x > 3", False), ("every", "x > 0", True), ("every", "x > 1", False),
     ("some", "x > null", None), ("every", '"a"', None)],
)  # fmt: skip
def test_quantified(kind: str, condition: str, expected: bool | None) -> None:
    boxes = f"<in>{literal('[1, 2, 3]')}</in><satisfies>{literal(condition)}</satisfies>"
    assert value(f'<{kind} iteratorVariable="x">{boxes}</{kind}>') is expected


def test_invocation_calls_a_function_by_parameter_names() -> None:
    assert value(
        invocation("share", part="3", whole="4"),
        bkm("share", "part whole", literal("part / whole")),
        requires=["fn:share"],
    ) == Decimal("0.75")


def test_a_function_may_be_a_table_and_is_called_from_feel() -> None:
    logic = table(
        [("amount", "number")], [("tier", "string")], ['>= 600000 => "large"', '< 600000 => "small"']
    )
    model = single(
        literal("for a in [599999.99, 600000.00] return tier of(a)"),
        bkm("tier of", "amount", logic),
        requires=["fn:tier of"],
    )
    result = model.evaluate("d1", {})
    assert result.value == ["small", "large"]
    assert [m.row for trace in result.trace.tables for m in trace.matches()] == [2, 1]


def test_functions_may_call_themselves_but_not_without_end() -> None:
    factorial = bkm("fact", "n", literal("if n <= 1 then 1 else n * fact(n - 1)"))
    assert value(literal("fact(20)"), factorial, requires=["fn:fact"]) == Decimal(2432902008176640000)
    endless = single(literal("down(1)"), bkm("down", "n", literal("down(n + 1)")), requires=["fn:down"])
    result = endless.evaluate("d1", {})
    assert result.value is None
    assert [p.code for p in result.problems] == ["dmn.limit"]


def test_functions_see_the_functions_they_require() -> None:
    assert value(
        literal("twice(4)"),
        bkm("once", "n", literal("n + 1")),
        bkm("twice", "n", literal("once(once(n))"), requires="once"),
        requires=["fn:twice"],
    ) == Decimal(6)


def test_boxed_function_is_a_closure() -> None:
    parameter = '<formalParameter name="x" typeRef="number"/>'
    function = f"<functionDefinition>{parameter}{literal('x * y')}</functionDefinition>"
    entries = (
        entry("y", literal("10")) + entry("f", function) + f"<contextEntry>{literal('f(4)')}</contextEntry>"
    )
    assert value(f"<context>{entries}</context>") == Decimal(40)


def test_java_functions_are_never_run() -> None:
    java = f'<functionDefinition kind="Java"><formalParameter name="x"/>{literal("1")}</functionDefinition>'
    model = single(f"<context>{entry('f', java)}<contextEntry>{literal('f(1)')}</contextEntry></context>")
    assert [p.code for p in model.problems] == ["dmn.foreign_function"]
    assert model.evaluate("d1", {}).value is None


def test_nesting_has_an_end() -> None:
    logic = "<list>" * 60 + literal("1") + "</list>" * 60
    with pytest.raises(ValueError, match="deeper than 50 levels"):
        single(logic)


def test_decision_service_hides_what_is_outside() -> None:
    service = (
        '<decisionService id="s" name="s"><variable name="s"/><outputDecision href="#out"/>'
        '<encapsulatedDecision href="#inner"/><inputDecision href="#above"/><inputData href="#x"/>'
        "</decisionService>"
    )
    model = load(
        definitions(
            input_data("x", "number"),
            decision("above", literal("1000"), type_ref="number"),
            decision("inner", literal("x + 1"), ["in:x"]),
            decision("out", literal("inner + above"), ["inner", "above"]),
            service,
        )
    )
    assert model.problems == ()
    assert model.evaluate("out", {"x": 1}).value == Decimal(1002)
    assert model.invoke("s", {"x": 1, "above": 5}).value == Decimal(7)
    assert model.invoke("s", {"x": "wrong", "above": 5}).failed
