"""What is said of an expression before it is evaluated holds for every evaluation."""

from __future__ import annotations

import pytest

from server.engine.feel import (
    Note,
    Shape,
    compile_expression,
    compile_unary_tests,
    infer,
    infer_tests,
    type_of,
)

NAMES = {
    "tier": Shape("string", frozenset({"large", "small"})),
    "total": Shape("number"),
    "ok": Shape("boolean"),
    "day": Shape("date"),
    "rows": Shape("list", element=Shape("context", fields={"amount": Shape("number")})),
    "anything": Shape(),
}


def notes(text: str) -> list[str]:
    found: list[Note] = []
    infer(compile_expression(text, NAMES).tree, NAMES, found)
    return [f"{note.told} @ {text[note.start : note.end]}" for note in found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('ok and tier = "huge"', '"huge" can never be: only "large", "small" @ tier = "huge"'),
        ('total > "1"', 'number and string can never be compared @ total > "1"'),
        ("ok > false", "values of type boolean have no order @ ok > false"),
        ("ok and tier", "string is neither true nor false @ tier"),
        ('rows[amount > "1"]', 'number and string can never be compared @ amount > "1"'),
        ("rows[1].amout", "there is no amout, only amount @ rows[1].amout"),
        ("for r in rows return r.foo", "there is no foo, only amount @ r.foo"),
        ("tier + 1", "string + number has no result @ tier + 1"),
        ("if total then 1 else 2", "the condition is number, not true or false @ total"),
        ('count(rows) = "1"', 'number and string can never be compared @ count(rows) = "1"'),
        ('tier in ("a", "large")', '"a" can never be: only "large", "small" @ "a"'),
        ("-day", "date has no opposite @ -day"),
        ('rows.amount = "x"', 'number and string can never be compared @ rows.amount = "x"'),
        ("rows.amout", "there is no amout, only amount @ rows.amout"),
        ('rows[item.amount = "x"]', 'number and string can never be compared @ item.amount = "x"'),
        ("rows[tier]", "the condition is string, not true or false @ tier"),
        ('for i in 1..3 return i + "x"', 'number + string has no result @ i + "x"'),
        ('for x in tier return x = "huge"', '"huge" can never be: only "large", "small" @ x = "huge"'),
        ('day.year = "2026"', 'number and string can never be compared @ day.year = "2026"'),
        ("tier.length", "string has no length @ tier.length"),
        ('{a: 1, b: a = "x"}', 'number and string can never be compared @ a = "x"'),
    ],
)
def test_what_can_never_make_sense(text: str, said: str) -> None:
    assert notes(text) == [said]


@pytest.mark.parametrize(
    "text",
    ['tier = "large"', "tier = null", "total + 1 > 3", 'anything > "1" and anything > 1', 'rows.amount = 1',
     "[ok] and ok", "rows[1].amount + 1", "rows[total]", "anything[amount = tier]", "day.month = 6",
     "for i in anything return i + tier", '["large"] = tier', "rows.amount[item > 1]",
     'some r in rows satisfies r.amount > 1', 'day < date and time("2026-01-01T00:00:00")', "not(ok) = ok",
     'if ok then "a" else 1', "anything.b.c[d = 1] + tier", "day + duration(\"P1D\")"],
)  # fmt: skip
def test_nothing_is_said_of_what_may_be(text: str) -> None:
    assert notes(text) == []


@pytest.mark.parametrize(
    ("cell", "column", "count"),
    [
        ('"large"', "tier", 0), ('"huge", "small"', "tier", 1), ("> 5", "tier", 1), ("[1..5]", "total", 0),
        ('"1"', "total", 1), ("true", "ok", 0), ('"x"', "ok", 1), ("total > 5", "tier", 0),
        ('? > "a"', "total", 1), ("-", "ok", 0), ("null", "tier", 0), ('date("2026-01-01")', "day", 0),
        ('["large", "small"]', "tier", 0), ('>= "2026-01-01"', "day", 1),
    ],
)  # fmt: skip
def test_cells(cell: str, column: str, count: int) -> None:
    found: list[Note] = []
    infer_tests(compile_unary_tests(cell, NAMES).tree, NAMES[column], NAMES, found)
    assert len(found) == count, [str(note.told) for note in found]


@pytest.mark.parametrize(
    "text",
    ["1 = 1", '"a" = "a"', "1 + 1", '"a" + "b"', "not(true)", "[1, 2]", "{a: 1}", "sum([1])", "-1",
     'if true then "a" else "b"', "1 in [1..2]", "string(1)", "count([1])"],
)  # fmt: skip
def test_a_kind_is_that_of_the_value(text: str) -> None:
    compiled = compile_expression(text)
    shape = infer(compiled.tree, {}, [])
    value = compiled.evaluate({})
    assert shape.kind == type_of(value)
    assert shape.values is None or value in shape.values
