"""A syntax tree written as FEEL: reading what is written gives the tree again.

    printed(compile_expression("a+1>=2").tree)      # "((a + 1) >= 2)"

Parentheses stand around everything that has parts, so no rule of precedence is needed to read it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import tree as t
from .decimals import number_text
from .text import quoted

_RULES: dict[type, Callable[[Any], str]] = {}
_Rule = Callable[[Any], str]


def printed(node: t.Node) -> str:
    """A node as FEEL; a cell's tests as a cell."""
    return _RULES[type(node)](node)


def _prints(*kinds: type[t.Node]) -> Callable[[_Rule], _Rule]:
    def register(rule: _Rule) -> _Rule:
        _RULES.update(dict.fromkeys(kinds, rule))
        return rule

    return register


def _list(nodes: tuple[t.Node, ...]) -> str:
    return ", ".join(printed(node) for node in nodes)


# --------------------------------------------------------------------------- values
@_prints(t.Literal)
def _literal(node: t.Literal) -> str:
    value = node.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value) if isinstance(value, str) else number_text(value)


@_prints(t.TemporalLiteral)
def _temporal(node: t.TemporalLiteral) -> str:
    return f"@{quoted(node.text)}"


@_prints(t.Name)
def _name(node: t.Name) -> str:
    return node.name


@_prints(t.ListLiteral)
def _list_literal(node: t.ListLiteral) -> str:
    return f"[{_list(node.items)}]"


@_prints(t.ContextLiteral)
def _context(node: t.ContextLiteral) -> str:
    return "{" + ", ".join(f"{quoted(key)}: {printed(value)}" for key, value in node.entries) + "}"


@_prints(t.RangeLiteral)
def _range(node: t.RangeLiteral) -> str:
    left, right = "[" if node.low_included else "(", "]" if node.high_included else ")"
    return f"{left}{printed(node.low)}..{printed(node.high)}{right}"


@_prints(t.FunctionLiteral)
def _function(node: t.FunctionLiteral) -> str:
    parameters = ", ".join(
        name if kind is None else f"{name}: {printed(kind)}" for name, kind in node.parameters
    )
    result = "" if node.result is None else f": {printed(node.result)}"
    external = " external" if node.external else ""
    return f"(function({parameters}){result}{external} {printed(node.body)})"


# --------------------------------------------------------------------------- access and calls
@_prints(t.Path)
def _path(node: t.Path) -> str:
    return f"{printed(node.source)}.{node.name}"


@_prints(t.Filter)
def _filter(node: t.Filter) -> str:
    return f"{printed(node.source)}[{printed(node.condition)}]"


@_prints(t.Call)
def _call(node: t.Call) -> str:
    return f"{printed(node.function)}({_list(node.arguments)})"


@_prints(t.NamedCall)
def _named_call(node: t.NamedCall) -> str:
    arguments = ", ".join(f"{name}: {printed(argument)}" for name, argument in node.arguments)
    return f"{printed(node.function)}({arguments})"


# --------------------------------------------------------------------------- operators and control
@_prints(t.Negation)
def _negation(node: t.Negation) -> str:
    return f"(-{printed(node.operand)})"


@_prints(t.Arithmetic, t.Comparison)
def _binary(node: t.Arithmetic | t.Comparison) -> str:
    return f"({printed(node.left)} {node.operator} {printed(node.right)})"


@_prints(t.Between)
def _between(node: t.Between) -> str:
    return f"({printed(node.value)} between {printed(node.low)} and {printed(node.high)})"


@_prints(t.In)
def _in(node: t.In) -> str:
    first = node.tests[0]
    is_operand = len(node.tests) == 1 and not isinstance(first, t.OperatorTest | t.QuestionTest)
    if is_operand and _asks(first):
        return f"({printed(node.value)} in {_operand(first)})"
    return f"({printed(node.value)} in ({', '.join(_test(test) for test in node.tests)}))"


def _asks(node: t.Node) -> bool:
    """Whether a `?` is in it."""
    return any(isinstance(part, t.Name) and part.name == "?" for part in t.walk(node))


def _operand(node: t.Node) -> str:
    """What stands behind ``in`` without parentheses: within them `?` would be the value that is tested."""
    if isinstance(node, t.Arithmetic):
        left = _operand(node.left) if _asks(node.left) else printed(node.left)
        return f"{left} {node.operator} {printed(node.right)}"
    return f"-{printed(node.operand)}" if isinstance(node, t.Negation) else printed(node)


@_prints(t.And, t.Or)
def _logical(node: t.And | t.Or) -> str:
    word = " and " if isinstance(node, t.And) else " or "
    return f"({word.join(printed(operand) for operand in node.operands)})"


@_prints(t.InstanceOf)
def _instance_of(node: t.InstanceOf) -> str:
    return f"({printed(node.value)} instance of {printed(node.type)})"


@_prints(t.If)
def _if(node: t.If) -> str:
    condition, then, otherwise = (printed(part) for part in (node.condition, node.then, node.otherwise))
    return f"(if {condition} then {then} else {otherwise})"


@_prints(t.Span)
def _span(node: t.Span) -> str:
    return f"{printed(node.first)}..{printed(node.last)}"


def _iterators(node: t.For | t.Quantified) -> str:
    return ", ".join(f"{name} in {printed(source)}" for name, source in node.iterators)


@_prints(t.For)
def _for(node: t.For) -> str:
    return f"(for {_iterators(node)} return {printed(node.body)})"


@_prints(t.Quantified)
def _quantified(node: t.Quantified) -> str:
    word = "every" if node.universal else "some"
    return f"({word} {_iterators(node)} satisfies {printed(node.body)})"


# --------------------------------------------------------------------------- unary tests
@_prints(t.OperatorTest)
def _operator_test(node: t.OperatorTest) -> str:
    return f"({node.operator} {printed(node.endpoint)})"


@_prints(t.QuestionTest)
def _question_test(node: t.QuestionTest) -> str:
    return printed(node.expression)


@_prints(t.Tests)
def _tests(node: t.Tests) -> str:
    if not node.tests:
        return "-"
    tests = ", ".join(_test(test) for test in node.tests)
    return f"not({tests})" if node.negated else tests


def _test(node: t.Node) -> str:
    """A test of a cell: what begins with an operator stands there without parentheses."""
    if isinstance(node, t.OperatorTest):
        return f"{node.operator} {printed(node.endpoint)}"
    return printed(node)


# --------------------------------------------------------------------------- types
@_prints(t.TypeNode)
def _type(node: t.TypeNode) -> str:
    if node.element is not None:
        return f"{node.name}<{printed(node.element)}>"
    if node.fields is not None:
        return "context<" + ", ".join(f"{name}: {printed(kind)}" for name, kind in node.fields) + ">"
    if node.parameters is not None:
        result = f" -> {printed(node.result)}" if node.result else ""
        return f"function<{_list(node.parameters)}>{result}"
    return node.name
