"""Types a model defines: conformance, coercion, constraints, recursion."""

from decimal import Decimal

import pytest

from server.engine.feel import (
    ANY,
    BUILT_IN_TYPES,
    Date,
    FunctionValue,
    Run,
    Type,
    TypeRegistry,
    compile_expression,
    to_feel,
)
from server.engine.feel.tree import Node

NUMBER, STRING = BUILT_IN_TYPES["number"], BUILT_IN_TYPES["string"]


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        (NUMBER, 5, 5),
        (NUMBER, "5", None),
        (NUMBER, [5], 5),
        (NUMBER, None, None),
        (Type("list", element=NUMBER), 5, [5]),
        (Type("list", element=NUMBER), ["a"], None),
        (Type("list", element=NUMBER), [1, None], [1, None]),
        (Type("context", fields={"a": NUMBER}), {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        (Type("context", fields={"a": NUMBER}), {"b": 2}, None),
        (ANY, [1, "a"], [1, "a"]),
        (Type("string", allowed=(lambda value: value in ("a", "b"),)), "a", "a"),
        (Type("string", allowed=(lambda value: value in ("a", "b"),)), "c", None),
    ],
)
def test_coercion(kind: Type, value: object, result: object) -> None:
    assert kind.coerce(to_feel(value)) == to_feel(result)


def test_a_date_becomes_midnight_utc() -> None:
    assert str(BUILT_IN_TYPES["date and time"].coerce(Date(2026, 3, 1))) == "2026-03-01T00:00:00Z"


def test_constraints_bind_on_coercion_not_on_instance_of() -> None:
    types = TypeRegistry()
    types.define("level", Type("string", name="level", allowed=(lambda value: value == "head",)))
    instance = compile_expression('"branch" instance of level', (), types)
    assert instance.evaluate({}) is True
    called = compile_expression("(function(l: level) l)(x)", (), types)
    assert called.evaluate({"x": "head"}) == "head"
    assert called.evaluate({"x": "branch"}) is None


def test_a_type_may_refer_to_itself() -> None:
    types = TypeRegistry()
    children = Type("list", element=types.reference("unit"))
    types.define("unit", Type("context", fields={"name": STRING, "units": children}, name="unit"))
    tree = {"name": "a", "units": [{"name": "b", "units": []}]}
    unit = types.reference("unit")
    assert unit.coerce(tree) == tree
    assert unit.coerce({"name": "a", "units": [{"name": Decimal(1), "units": []}]}) is None


def test_types_that_refer_only_to_each_other_are_any() -> None:
    types = TypeRegistry()
    types.define("a", types.reference("b"))
    types.define("b", types.reference("a"))
    assert types.reference("a").coerce("x") == "x"


def test_function_types_are_contravariant() -> None:
    text = "(function(a: number) a) instance of function<{}> -> Any"
    assert compile_expression(text.format("number")).evaluate({}) is True
    assert compile_expression(text.format("string")).evaluate({}) is False
    assert compile_expression(text.format("number, number")).evaluate({}) is False


def test_a_function_of_the_host() -> None:
    run, spot = Run(), Node(0, 0)
    tax = FunctionValue([("amount", NUMBER)], lambda env, run: env["amount"] * 2, result=NUMBER, name="tax")
    assert compile_expression("tax(21)").evaluate({"tax": tax}) == 42
    assert compile_expression("tax(amount: 21)").evaluate({"tax": tax}) == 42
    warnings: list[object] = []
    assert compile_expression('tax("x")').evaluate({"tax": tax}, warnings) is None
    assert str(warnings[0]) == "argument amount of tax() must be number, not string"
    assert tax.invoke([Decimal(1)], run, spot) == 2
