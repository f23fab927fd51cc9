"""The syntax tree: one frozen class for each construct, each knowing where in the text it stands."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """``start`` and ``end`` are character offsets into the text."""

    start: int
    end: int


# -- values


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, string, boolean or null."""

    value: Any


@dataclass(frozen=True, slots=True)
class TemporalLiteral(Node):
    """``@"2026-03-01"``; ``value`` is None when the text is no date, time or duration."""

    text: str
    value: Any


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable; ``?`` is the value under test."""

    name: str


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """``[a, b]``"""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextLiteral(Node):
    """``{key: value}``; a value sees the keys before it."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class RangeLiteral(Node):
    """``[low..high)``"""

    low: Node
    high: Node
    low_included: bool
    high_included: bool


@dataclass(frozen=True, slots=True)
class FunctionLiteral(Node):
    """``function(a: number, b) body``; ``external`` ones have no body of ours."""

    parameters: "tuple[tuple[str, TypeNode | None], ...]"
    body: Node
    result: "TypeNode | None"
    external: bool


# -- access and calls


@dataclass(frozen=True, slots=True)
class Path(Node):
    """``source.name``"""

    source: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """``source[condition]``, also by position."""

    source: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(a, b)``"""

    function: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class NamedCall(Node):
    """``function(name: a)``"""

    function: Node
    arguments: tuple[tuple[str, Node], ...]


# -- operators


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """``-a``"""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """``+ - * / **``"""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """``= != < <= > >=``"""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """``a between low and high``"""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """``a in test`` or ``a in (test, test)``"""

    value: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class And(Node):
    """All of two or more."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """Any of two or more."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """``a instance of list<number>``"""

    value: Node
    type: "TypeNode"


# -- control


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if a then b else c``"""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Span(Node):
    """``1..n`` as the source of an iteration; it may run downwards."""

    first: Node
    last: Node


@dataclass(frozen=True, slots=True)
class For(Node):
    """``for a in list, b in 1..2 return body``"""

    iterators: tuple[tuple[str, Node], ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """``some a in list satisfies body``; ``every`` when ``universal``."""

    universal: bool
    iterators: tuple[tuple[str, Node], ...]
    body: Node


# -- unary tests


@dataclass(frozen=True, slots=True)
class OperatorTest(Node):
    """``>= 5``: a test of the input value, or as ``(>= 5)`` a range."""

    operator: str
    endpoint: Node


@dataclass(frozen=True, slots=True)
class QuestionTest(Node):
    """A test that names the input value itself: ``contains(?, "x")``."""

    expression: Node


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """A cell of a decision table: any of the tests, or none of them; no tests (``-``) let all pass."""

    tests: tuple[Node, ...]
    negated: bool


# -- types


@dataclass(frozen=True, slots=True)
class TypeNode(Node):
    """``name``, with ``<element>`` for list and range, fields for context, parameters for function."""

    name: str
    element: "TypeNode | None" = None
    fields: "tuple[tuple[str, TypeNode], ...] | None" = None
    parameters: "tuple[TypeNode, ...] | None" = None
    result: "TypeNode | None" = None


_FIELDS: dict[type, tuple[str, ...]] = {}


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below, in the order of the text."""
    names = _FIELDS.get(type(node))
    if names is None:
        names = tuple(field.name for field in fields(node) if field.name not in ("start", "end"))
        _FIELDS[type(node)] = names
    for name in names:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from _nodes(value)


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it; without recursion, trees may be deep."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(children(current))
