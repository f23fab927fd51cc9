"""Reading FEEL: names, precedence, positions, and what is refused with which words."""

import pytest

from server.engine.feel import (
    FeelSyntaxError,
    TypeRegistry,
    compile_expression,
    compile_unary_tests,
    similar,
    to_feel,
)
from server.engine.feel.tree import Arithmetic, walk


def value(text: str, context: dict[str, object] | None = None, names: tuple[str, ...] = ()) -> object:
    return compile_expression(text, names).evaluate(to_feel(context or {}))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("项目金额（万元）", "项目金额（万元） * 2"),
        ("total cost", "total  cost * 2"),
        ("profit-loss", "profit-loss * 2"),
        ("a/b + c", "a/b + c * 2"),
        ("date and price", "date and price * 2"),
        ("if any", "if any * 2"),
        ("O'Neill", "O'Neill * 2"),
        ("ns.amount", "ns.amount * 2"),
        ("item 1", "item 1 * 2"),
        ("🐎", "🐎 * 2"),
    ],
)
def test_names_with_spaces_and_signs(name: str, text: str) -> None:
    assert value(text, {name: 21}, (name,)) == 42


def test_longest_name_wins() -> None:
    context = {"a": 10, "b": 3, "a-b": 1, "a-b-c": 5}
    assert value("a-b-c", context, tuple(context)) == 5
    assert value("a-b", context, tuple(context)) == 1
    assert value("a - b", context, tuple(context)) == 7


def test_words_nobody_declared_stand_together() -> None:
    assert value("applicant age + 1", {"applicant age": 41}) == 42


def test_comments_and_strange_spaces() -> None:
    assert value("1 + // one\n\u30002 /* two */ + 3") == 6


def test_every_node_knows_its_text() -> None:
    text = "1 + (2 * x.y) - f(3, [4])"
    tree = compile_expression(text).tree
    assert text[tree.start : tree.end] == text
    found = {text[node.start : node.end] for node in walk(tree) if isinstance(node, Arithmetic)}
    assert "2 * x.y" in found


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "expected an expression, found the end"),
        ("1 +", 3, "expected an expression, found the end"),
        ("a b c)", 5, "unexpected )"),
        ("if a then b", 11, "expected else, found the end"),
        ("for x in y satisfies z", 11, "expected return, found satisfies"),
        ('"open', 0, "this text is not closed with a quotation mark"),
        ("a == b", 3, "expected an expression, found ="),
        ("a && b", 2, "unexpected character &"),
        ("[1..2", 5, "expected the end of a range, found the end"),
        ("{a 1}", 4, "expected :, found }"),
        ("1..3", 1, "unexpected .."),
        ("@5", 1, "expected a text after @, found 5"),
        ("1e99999", 0, "the number is out of range"),
    ],
)
def test_refused_with_position(text: str, position: int, message: str) -> None:
    with pytest.raises(FeelSyntaxError) as refused:
        compile_expression(text)
    assert (refused.value.position, refused.value.message) == (position, message)


def test_line_and_column() -> None:
    with pytest.raises(FeelSyntaxError) as refused:
        compile_expression("a +\n  b +\n  )")
    assert (refused.value.line, refused.value.column) == (3, 3)
    assert str(refused.value).startswith("line 3, column 3: ")


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("金额 ＞ 5", ">"),
        ("金额，类型", ","),
        ("f（x）", "("),
        ("a ≥ 5", ">="),
        ("级别 = “县”", '"'),
        ("a ≠ b", "!="),
        ("a == b", "="),
        ("a && b", "and"),
        ("a = 'x'", '"'),
    ],
)
def test_habits_are_explained(text: str, suggestion: str) -> None:
    with pytest.raises(FeelSyntaxError) as refused:
        compile_expression(text)
    assert refused.value.suggestion == suggestion


def test_full_width_signs_in_declared_names_and_texts_are_fine() -> None:
    assert (
        value('金额（元） > 5 and 类型 = "甲（一）"', {"金额（元）": 6, "类型": "甲（一）"}, ("金额（元）",))
        is True
    )


def test_unknown_names_are_told_with_suggestions() -> None:
    expression = compile_expression("amout > 5 and cuont(list) = 1 and items[price > limit] != null")
    (name, *others) = expression.unknown_names(["amount", "list", "items"])
    assert (name.name, name.start, name.end, name.suggestion) == ("amout", 0, 5, "amount")
    assert others == []
    (function,) = expression.unknown_functions()
    assert (str(function), function.suggestion) == ("cuont", "count")
    assert expression.unknown_functions(["cuont"]) == ()


def test_names_leave_out_what_is_bound_inside() -> None:
    text = "for x in xs return {a: x, b: a + y}.b + f(x) + count(xs) + (function(p) p + q)(1) + ns.z"
    assert compile_expression(text).names == {"xs", "y", "f", "q", "ns"}
    assert compile_unary_tests("> limit, ? = other").names == {"limit", "other"}


def test_a_variable_does_not_hide_the_function_of_its_name() -> None:
    assert value("count([1, 2]) + count", {"count": 40}) == 42


@pytest.mark.parametrize(
    ("name", "near"),
    [("amout", "amount"), ("Amount", "amount"), ("unitprice", "unit_price"), ("zzz", None)],
)
def test_similar(name: str, near: str | None) -> None:
    assert similar(name, ["amount", "unit_price", "level"]) == near


def test_types_with_spaces_are_read_from_the_registry() -> None:
    types = TypeRegistry()
    types.define("project kind", types.reference("string"))
    assert compile_expression('"a" instance of project kind', (), types).evaluate({}) is True
