"""What can be said of an expression's value before it is evaluated, and what in it can never make sense.

    tier = Shape("string", frozenset({"large", "small"}))
    infer(compile_expression('tier = "huge"').tree, {"tier": tier}, notes := [])
    str(notes[0].told)                          # '"huge" can never be: only "large", "small"'

Whatever is not certain is ``UNKNOWN``: nothing is told of it, so what is told holds for every evaluation.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from . import tree as t
from .builtins import BUILTINS
from .errors import Told
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration
from .values import Range, type_of

_MAX_VALUES = 200


@dataclass(frozen=True, slots=True)
class Shape:
    """The values something may have besides null: their ``kind`` (a name of ``type_of``; "" when unknown),
    all of them when they are few, and for lists and contexts what is in them."""

    kind: str = ""
    values: frozenset[Any] | None = None
    element: Shape | None = None
    fields: Mapping[str, Shape] | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something that can never make sense, and where in the text: ``start`` and ``end`` count characters."""

    told: Told
    start: int
    end: int


UNKNOWN = Shape()
Names = Mapping[str, Shape]

_TEMPORAL = frozenset(
    {"date", "time", "date and time", "days and time duration", "years and months duration"}
)
_DAY_PARTS, _CLOCK_PARTS = (
    frozenset({"year", "month", "day", "weekday"}),
    frozenset({"hour", "minute", "second"}),
)
_NUMBERED: Mapping[str, frozenset[str]] = {
    "date": _DAY_PARTS,
    "time": _CLOCK_PARTS,
    "date and time": _DAY_PARTS | _CLOCK_PARTS,
    "days and time duration": frozenset({"days", "hours", "minutes", "seconds"}),
    "years and months duration": frozenset({"years", "months"}),
}
"""Parts that are numbers, by the kind of the whole."""
_COMPARABLE = ({"date", "date and time"},)
_UNORDERED = frozenset({"boolean", "list", "context", "function", "range"})


def infer(node: t.Node, names: Names, notes: list[Note]) -> Shape:
    """The shape of a node's value; what can never make sense is added to ``notes``."""
    rule = _RULES.get(type(node))
    if rule is not None:
        return rule(node, names, notes)
    for child in t.children(node):
        infer(child, names, notes)
    return UNKNOWN


def infer_tests(tests: t.Tests, value: Shape, names: Names, notes: list[Note]) -> None:
    """Look at a cell of a table whose input value has a shape: each test that can never hold is noted."""
    inside = {**names, "?": value}
    for test in tests.tests:
        _test(test, value, inside, notes)


def union(shapes: Iterable[Shape]) -> Shape:
    """What a value is that is any of these."""
    found = [shape for shape in shapes if shape.kind != "null"]
    if not found or any(shape.kind != found[0].kind for shape in found):
        return UNKNOWN
    values = [shape.values for shape in found]
    listed = None if None in values else frozenset().union(*(v for v in values if v is not None))
    listed = None if listed is not None and len(listed) > _MAX_VALUES else listed
    elements = [shape.element for shape in found]
    element = union(e for e in elements if e) if None not in elements else None
    same = all(shape.fields == found[0].fields for shape in found)
    return Shape(found[0].kind, listed, element, found[0].fields if same else None)


# --------------------------------------------------------------------------- never
def _note(notes: list[Note], node: t.Node, template: str, **values: object) -> None:
    notes.append(Note(Told(template, values), node.start, node.end))


def _comparable(left: Shape, right: Shape) -> bool:
    if "" in (left.kind, right.kind) or "null" in (left.kind, right.kind) or left.kind == right.kind:
        return True
    return any({left.kind, right.kind} <= kinds for kinds in _COMPARABLE)


def _single(one: Shape, other: Shape) -> Shape:
    """A list of one stands for its element where something else is compared with it."""
    return (one.element or UNKNOWN) if one.kind == "list" and other.kind != "list" else one


def _compared(node: t.Node, left: Shape, right: Shape, notes: list[Note], *, ordered: bool) -> None:
    left, right = _single(left, right), _single(right, left)
    if not _comparable(left, right):
        _note(notes, node, "{left} and {right} can never be compared", left=left.kind, right=right.kind)
    elif ordered and (left.kind in _UNORDERED or right.kind in _UNORDERED):
        kind = left.kind if left.kind in _UNORDERED else right.kind
        _note(notes, node, "values of type {kind} have no order", kind=kind)


def _equated(node: t.Node, left: Shape, right: Shape, notes: list[Note]) -> None:
    """Both can be equal at all: same type, and a value they share."""
    left, right = _single(left, right), _single(right, left)
    if not _comparable(left, right):
        _compared(node, left, right, notes, ordered=False)
    elif left.values and right.values and left.values.isdisjoint(right.values):
        _note(
            notes, node, "{found} can never be: only {possible}",
            found=_listed(right.values), possible=_listed(left.values),
        )  # fmt: skip


def _listed(values: frozenset[Any]) -> str:
    texts = sorted(_shown(value) for value in values)
    return ", ".join(texts[:12]) + (" …" if len(texts) > 12 else "")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


# --------------------------------------------------------------------------- tests
def _test(node: t.Node, value: Shape, names: Names, notes: list[Note]) -> None:
    if isinstance(node, t.OperatorTest):
        endpoint = infer(node.endpoint, names, notes)
        if node.operator in ("=", "!="):
            _equated(node, value, endpoint, notes)
        else:
            _compared(node, value, endpoint, notes, ordered=True)
    elif isinstance(node, t.RangeLiteral):
        for end in (node.low, node.high):
            _compared(node, value, infer(end, names, notes), notes, ordered=True)
    elif isinstance(node, t.QuestionTest):
        infer(node.expression, names, notes)
    else:
        _fitted(node, value, infer(node, names, notes), notes)


def _fitted(node: t.Node, value: Shape, found: Shape, notes: list[Note]) -> None:
    """A plain expression in a cell: a value to equal, a list or range to lie in, or a condition by itself."""
    if found.kind == "boolean" and value.kind != "boolean" and not isinstance(node, t.Literal):
        return
    if found.kind == "list" and value.kind != "list":
        found = found.element or UNKNOWN
    if found.kind != "range":
        _equated(node, value, found, notes)


# --------------------------------------------------------------------------- rules by node
_Rule = Callable[[Any, Names, list[Note]], Shape]
_RULES: dict[type, _Rule] = {}


def _infers(*kinds: type[t.Node]) -> Callable[[_Rule], _Rule]:
    def register(rule: _Rule) -> _Rule:
        _RULES.update(dict.fromkeys(kinds, rule))
        return rule

    return register


@_infers(t.Literal, t.TemporalLiteral)
def _literal(node: t.Literal | t.TemporalLiteral, names: Names, notes: list[Note]) -> Shape:
    return of_value(node.value)


def of_value(value: Any) -> Shape:
    """The shape of one value."""
    plain = isinstance(value, str | Decimal | bool)
    return Shape(type_of(value), frozenset({value}) if plain else None)


@_infers(t.Name)
def _name(node: t.Name, names: Names, notes: list[Note]) -> Shape:
    found = names.get(node.name)
    if found is None and "." in node.name:
        first, *rest = node.name.split(".")
        found = names.get(first)
        for part in rest:
            found = (found.fields or {}).get(part) if found is not None else None
    return found or UNKNOWN


@_infers(t.ListLiteral)
def _list(node: t.ListLiteral, names: Names, notes: list[Note]) -> Shape:
    return Shape("list", element=union([infer(item, names, notes) for item in node.items]))


@_infers(t.ContextLiteral)
def _context(node: t.ContextLiteral, names: Names, notes: list[Note]) -> Shape:
    inside, fields = dict(names), {}
    for key, value in node.entries:
        inside[key] = fields[key] = infer(value, inside, notes)
    return Shape("context", fields=fields)


@_infers(t.RangeLiteral, t.OperatorTest)
def _range(node: t.RangeLiteral | t.OperatorTest, names: Names, notes: list[Note]) -> Shape:
    for child in t.children(node):
        infer(child, names, notes)
    return Shape("range")


@_infers(t.FunctionLiteral)
def _function(node: t.FunctionLiteral, names: Names, notes: list[Note]) -> Shape:
    infer(node.body, {**names, **{name: UNKNOWN for name, _ in node.parameters}}, notes)
    return Shape("function")


@_infers(t.Path)
def _path(node: t.Path, names: Names, notes: list[Note]) -> Shape:
    source = infer(node.source, names, notes)
    if source.kind == "list":
        found = _part(node, source.element or UNKNOWN, notes)
        return Shape("list", element=found)
    return _part(node, source, notes)


def _part(node: t.Path, source: Shape, notes: list[Note]) -> Shape:
    """What a path finds in one value."""
    if source.kind == "context" and source.fields is not None and node.name not in source.fields:
        _note(
            notes, node, "there is no {name}, only {known}",
            name=node.name, known=", ".join(sorted(source.fields)[:12]),
        )  # fmt: skip
    if source.kind in ("number", "string", "boolean"):
        _note(notes, node, "{kind} has no {name}", kind=source.kind, name=node.name)
    if source.kind in _NUMBERED and node.name in _NUMBERED[source.kind]:
        return Shape("number")
    return (source.fields or {}).get(node.name, UNKNOWN)


@_infers(t.Filter)
def _filter(node: t.Filter, names: Names, notes: list[Note]) -> Shape:
    source = infer(node.source, names, notes)
    inside = within(source, names)
    condition = infer(node.condition, inside, notes)
    if condition.kind == "number":
        return inside["item"]
    if condition.kind not in ("", "null", "boolean"):
        _note(notes, node.condition, "the condition is {kind}, not true or false", kind=condition.kind)
    return replace(source, values=None) if condition.kind == "boolean" and source.kind == "list" else UNKNOWN


@_infers(t.Call, t.NamedCall)
def _call(node: t.Call | t.NamedCall, names: Names, notes: list[Note]) -> Shape:
    _, *arguments = t.children(node)
    for argument in arguments:
        infer(argument, names, notes)
    function = node.function
    if isinstance(function, t.Name) and function.name not in names:
        return Shape(_results().get(function.name, ""))
    return UNKNOWN


@_infers(t.Negation)
def _negation(node: t.Negation, names: Names, notes: list[Note]) -> Shape:
    operand = infer(node.operand, names, notes)
    if operand.kind in _UNORDERED or operand.kind in ("string", "date", "time", "date and time"):
        _note(notes, node, "{kind} has no opposite", kind=operand.kind)
    values = operand.values
    if operand.kind == "number" and values is not None:
        return Shape("number", frozenset(-value for value in values))
    return Shape(operand.kind)


@_infers(t.Arithmetic)
def _arithmetic(node: t.Arithmetic, names: Names, notes: list[Note]) -> Shape:
    left, right = infer(node.left, names, notes), infer(node.right, names, notes)
    kinds = {left.kind, right.kind}
    if "" in kinds or "null" in kinds:
        return UNKNOWN
    wrong = bool(kinds & _UNORDERED) or ("string" in kinds and (kinds != {"string"} or node.operator != "+"))
    if wrong:
        _note(
            notes, node, "{left} {sign} {right} has no result",
            left=left.kind, sign=node.operator, right=right.kind,
        )  # fmt: skip
    return Shape(left.kind) if len(kinds) == 1 and not kinds & _TEMPORAL and not wrong else UNKNOWN


@_infers(t.Comparison)
def _comparison(node: t.Comparison, names: Names, notes: list[Note]) -> Shape:
    left, right = infer(node.left, names, notes), infer(node.right, names, notes)
    if node.operator in ("=", "!="):
        _equated(node, left, right, notes)
    else:
        _compared(node, left, right, notes, ordered=True)
    return Shape("boolean")


@_infers(t.Between)
def _between(node: t.Between, names: Names, notes: list[Note]) -> Shape:
    value = infer(node.value, names, notes)
    for end in (node.low, node.high):
        _compared(node, value, infer(end, names, notes), notes, ordered=True)
    return Shape("boolean")


@_infers(t.In)
def _in(node: t.In, names: Names, notes: list[Note]) -> Shape:
    value = infer(node.value, names, notes)
    for test in node.tests:
        _test(test, value, names, notes)
    return Shape("boolean")


@_infers(t.And, t.Or)
def _logic(node: t.And | t.Or, names: Names, notes: list[Note]) -> Shape:
    for operand in node.operands:
        kind = _single(infer(operand, names, notes), Shape("boolean")).kind
        if kind not in ("", "boolean", "null"):
            _note(notes, operand, "{kind} is neither true nor false", kind=kind)
    return Shape("boolean")


@_infers(t.InstanceOf)
def _instance_of(node: t.InstanceOf, names: Names, notes: list[Note]) -> Shape:
    infer(node.value, names, notes)
    return Shape("boolean")


@_infers(t.If)
def _if(node: t.If, names: Names, notes: list[Note]) -> Shape:
    kind = infer(node.condition, names, notes).kind
    if kind not in ("", "boolean", "null"):
        _note(notes, node.condition, "the condition is {kind}, not true or false", kind=kind)
    return union([infer(node.then, names, notes), infer(node.otherwise, names, notes)])


@_infers(t.For)
def _for(node: t.For, names: Names, notes: list[Note]) -> Shape:
    inside = _iterated(node.iterators, names, notes)
    return Shape("list", element=infer(node.body, {**inside, "partial": UNKNOWN}, notes))


@_infers(t.Quantified)
def _quantified(node: t.Quantified, names: Names, notes: list[Note]) -> Shape:
    infer(node.body, _iterated(node.iterators, names, notes), notes)
    return Shape("boolean")


@_infers(t.Span)
def _span(node: t.Span, names: Names, notes: list[Note]) -> Shape:
    ends = [infer(end, names, notes) for end in (node.first, node.last)]
    return Shape("list", element=Shape("number") if all(e.kind == "number" for e in ends) else UNKNOWN)


def item_of(source: Shape) -> Shape:
    """What an iteration over a value meets: its items; one value that is no list stands for itself."""
    if source.kind == "list":
        return source.element or UNKNOWN
    return source if source.kind in ("number", "string", "boolean", "context") else UNKNOWN


def within(source: Shape, names: Names) -> dict[str, Shape]:
    """What the condition of a filter sees: the item, its fields before all other names. Where these are not
    known, any name may be one of them."""
    item = item_of(source)
    hidden = item.kind not in ("number", "string", "boolean") and item.fields is None
    inside = dict.fromkeys(names, UNKNOWN) if hidden else {**names, **(item.fields or {})}
    return {**inside, "item": item}


def _iterated(iterators: tuple[tuple[str, t.Node], ...], names: Names, notes: list[Note]) -> Names:
    inside = dict(names)
    for name, source in iterators:
        inside[name] = item_of(infer(source, inside, notes))
    return inside


# --------------------------------------------------------------------------- built-in functions
_KINDS: Mapping[object, str] = {
    Decimal: "number", str: "string", bool: "boolean", list: "list", dict: "context",
    Date: "date", Time: "time", DateTime: "date and time", DaysTimeDuration: "days and time duration",
    YearsMonthsDuration: "years and months duration", Range: "range",
}  # fmt: skip
_known: dict[str, str] = {}


def _results() -> Mapping[str, str]:
    """The kind of value each built-in function gives, where its signatures agree on one."""
    if not _known:
        for name, function in BUILTINS.items():
            made = [signature.implementation for signature in function.signatures]
            kinds = {_result(each) for each in made if each.__name__ != "<lambda>"}
            _known[name] = kinds.pop() if len(kinds) == 1 else ""
    return _known


def _result(implementation: Callable[..., Any]) -> str:
    given = typing.get_type_hints(implementation).get("return")
    parts = [part for part in typing.get_args(given) if part is not type(None)]
    if typing.get_origin(given) in (list, dict):
        return _KINDS[typing.get_origin(given)]
    return _KINDS.get(parts[0] if len(parts) == 1 else given, "")
