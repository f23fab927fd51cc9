"""A tree that is written and read again is the same tree."""

from __future__ import annotations

from dataclasses import fields
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.engine.feel import FeelSyntaxError, compile_expression, compile_unary_tests, printed
from server.engine.feel.tree import Node, walk
from tests.engine.feel.fuzz import CONTEXT, texts
from tests.engine.feel.test_cases import HERE

HONEST = sorted(
    {
        part.strip()
        for file in HERE.glob("*.feel")
        for line in file.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
        for part in line.split(" => ")
    }
)
CELLS = ("-", "< 5", "[1..3], > 7", 'not("a", "b")', "null", '? > 3 and ? < x', '"a"', "(1..2]", "x, y", "-1",
         "not(not(true))", 'contains(?, "a")', ">= x + 1", "!= 3", "= null", "not(> 3, [1..2])")  # fmt: skip


def shape(value: Any) -> Any:
    """A tree without its places in the text; None for a text that is refused."""
    if isinstance(value, Node):
        named = (f.name for f in fields(value) if f.name not in ("start", "end"))
        return type(value).__name__, *(shape(getattr(value, name)) for name in named)
    return tuple(shape(item) for item in value) if isinstance(value, tuple) else value


def same(text: str) -> bool:
    tree = compile_expression(text, CONTEXT).tree
    return shape(compile_expression(printed(tree), CONTEXT).tree) == shape(tree)


@pytest.mark.parametrize("text", HONEST)
def test_honest_texts_come_back(text: str) -> None:
    assert same(text), printed(compile_expression(text, CONTEXT).tree)


@pytest.mark.parametrize("text", CELLS)
def test_cells_come_back(text: str) -> None:
    tree = compile_unary_tests(text, CONTEXT).tree
    assert shape(compile_unary_tests(printed(tree), CONTEXT).tree) == shape(tree), printed(tree)


@pytest.mark.parametrize(
    "text",
    ["5 in < ?", "5 in (< ?, 3)", "5 in ((< ?))", "5 in ?", "5 in (?)", "5 in ? * 2 + 1", "5 in (1 + 2) * ?",
     "5 in 2 * (? + 1)", "5 in -? + 1", "5 in [1..?]", "5 in (1..?)", "5 in (3, [1..?])", "(5 in ?) in ?",
     "x instance of function<number>", "x instance of function<> -> string"],
)  # fmt: skip
def test_what_a_question_is_and_types_without_result_come_back(text: str) -> None:
    """Parentheses behind `in` decide what `?` is: within them what is tested, else the cell's value."""
    assert same(text), printed(compile_expression(text, CONTEXT).tree)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_whatever_is_read_comes_back(seed: int) -> None:
    """Of a hundred hostile texts, those that are FEEL after all."""
    for text in islice(texts(seed), 100):
        try:
            compile_expression(text, CONTEXT)
        except FeelSyntaxError:
            continue
        assert same(text), text


def test_every_kind_of_node_is_among_them() -> None:
    """A node the printer does not know would otherwise be missed."""
    trees = [compile_expression(text, CONTEXT).tree for text in HONEST]
    trees += [compile_unary_tests(text, CONTEXT).tree for text in CELLS]
    found = {type(node).__name__ for tree in trees for node in walk(tree)}
    assert {kind.__name__ for kind in Node.__subclasses__()} - found == set()
