"""The columns of a table cut into pieces on which every cell answers alike, so that rules can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from server.engine.feel import (
    Date,
    DaysTimeDuration,
    FeelSyntaxError,
    Run,
    Told,
    TypeRegistry,
    UnaryTests,
    YearsMonthsDuration,
    compile_expression,
    compile_unary_tests,
)
from server.engine.feel import tree as t

from .evaluation import show
from .model import InputClause, Text

OTHER = "\N{HORIZONTAL ELLIPSIS}"
"""Stands for any text that no cell names."""

PAIR, PAIRS = "{column} = {value}", "{before}, {part}"
"""How an example is put together; there is nothing in it to translate."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One column. `samples` holds a value of each piece (null among them); `cells` holds, for each rule, the
    pieces it takes as bits, or None where a cell says more than the analysis understands."""

    label: str
    samples: tuple[Any, ...]
    cells: tuple[int | None, ...]

    @property
    def full(self) -> int:
        """All pieces."""
        return (1 << len(self.samples)) - 1

    def example(self, pieces: int) -> Told:
        """The column with a value of these pieces, one that is not null if there is one."""
        chosen = [value for place, value in enumerate(self.samples) if pieces >> place & 1]
        value = next((value for value in chosen if value is not None), None)
        shown = Told("anything else") if value is OTHER else show(value)
        return Told(PAIR, {"column": self.label, "value": shown})

    def only_null(self, pieces: int) -> bool:
        """Whether null is all there is in these pieces."""
        return all(v is None for place, v in enumerate(self.samples) if pieces >> place & 1)


def axis(clause: InputClause, texts: Sequence[Text], names: tuple[str, ...], types: TypeRegistry) -> Axis:
    """A column with the pieces that the constants of its cells make."""
    tests = [_compiled(text, names, types) for text in texts]
    constants = [None if test is None else constants_of(test.tree) for test in tests]
    listed = _compiled(clause.allowed, names, types) if clause.allowed.text else None
    limits = None if listed is None else constants_of(listed.tree)
    samples = _samples([*(c for c in constants if c is not None), *([limits] if limits else [])])
    if samples is None:
        undivided = tuple(0b11 if _takes_all(test) else None for test in tests)
        return Axis(clause.label, (OTHER, None), undivided)
    if listed is not None and limits is not None:
        samples = [value for value in samples if value is None or _holds(listed, value)]
    return Axis(
        clause.label,
        tuple(samples),
        tuple(
            None if test is None or found is None else _bits(test, samples)
            for test, found in zip(tests, constants, strict=True)
        ),
    )


def _compiled(text: Text, names: tuple[str, ...], types: TypeRegistry) -> UnaryTests | None:
    try:
        return compile_unary_tests(text.text or "-", names, types)
    except FeelSyntaxError:
        return None


def _takes_all(test: UnaryTests | None) -> bool:
    return test is not None and test.is_any


def _holds(test: UnaryTests, value: Any) -> bool:
    return test.test(value, {}, Run()) is True


def _bits(test: UnaryTests, samples: Iterable[Any]) -> int:
    return sum(1 << place for place, value in enumerate(samples) if _holds(test, value))


# --------------------------------------------------------------------------- constants of a cell
def constants_of(node: t.Node) -> list[Any] | None:
    """The values a cell compares with; None when it does anything but compare with constants."""
    if isinstance(node, t.Tests):
        return _all_constants(node.tests)
    if isinstance(node, t.OperatorTest):
        found = constants_of(node.endpoint)
        ordered = node.operator not in ("=", "!=")
        return None if ordered and found and type(found[0]) in (str, bool) else found
    if isinstance(node, t.RangeLiteral):
        found = _all_constants((node.low, node.high))
        return None if found and type(found[0]) in (str, bool) else found
    if isinstance(node, t.ListLiteral):
        return _all_constants(node.items)
    return _constant(node)


def _all_constants(nodes: Iterable[t.Node]) -> list[Any] | None:
    found: list[Any] = []
    for node in nodes:
        constants = constants_of(node)
        if constants is None:
            return None
        found += constants
    return found


def _constant(node: t.Node) -> list[Any] | None:
    if isinstance(node, t.Literal | t.TemporalLiteral):
        return [] if node.value is None and isinstance(node, t.Literal) else [node.value]
    if isinstance(node, t.Negation):
        found = _constant(node.operand)
        return [-found[0]] if found and type(found[0]) is Decimal else None
    if isinstance(node, t.Call) and isinstance(node.function, t.Name):
        return _constant_call(node, node.function.name)
    return None


_CONSTRUCTORS = {
    name: compile_expression(f"{name}(text)", ["text"]) for name in ("date", "duration", "number")
}


def _constant_call(node: t.Call, name: str) -> list[Any] | None:
    """`date("2026-06-30")` and the like."""
    constructor = _CONSTRUCTORS.get(name)
    if constructor is None or len(node.arguments) != 1 or not isinstance(node.arguments[0], t.Literal):
        return None
    value = constructor.evaluate({"text": node.arguments[0].value})
    return None if value is None else [value]


# --------------------------------------------------------------------------- pieces of an axis
def _samples(constants: Iterable[list[Any]]) -> list[Any] | None:
    """A value of each piece of the axis that these constants cut, and null; None for types without axis."""
    values = {_Hashed(value) for found in constants for value in found}
    kinds = {type(value.value) for value in values}
    if not kinds:
        return [OTHER, None]
    cut = _CUTS.get(kinds.pop()) if len(kinds) == 1 else None
    return None if cut is None else [*cut([value.value for value in values]), None]


@dataclass(frozen=True, slots=True)
class _Hashed:
    """True and 1 are not the same constant."""

    value: Any


def _booleans(values: list[Any]) -> list[Any]:
    return [True, False]


def _texts(values: list[str]) -> list[Any]:
    return [*sorted(values), OTHER]


def _numbers(values: list[Decimal]) -> list[Any]:
    points = sorted(values)
    pieces: list[Any] = [points[0] - 1]
    for low, high in pairwise(points):
        pieces += [low, low + 1 if high - low > 1 else (low + high) / 2]
    return [*pieces, points[-1], points[-1] + 1]


def _whole(key: Callable[[Any], int], make: Callable[[int], Any]) -> Callable[[list[Any]], list[Any]]:
    """The pieces of an axis of whole steps: nothing lies between neighbours."""

    def cut(values: list[Any]) -> list[Any]:
        points = sorted(key(value) for value in values)
        pieces = [points[0] - 1]
        for low, high in pairwise(points):
            pieces += [low, low + 1] if high - low > 1 else [low]
        return [make(point) for point in (*pieces, points[-1], points[-1] + 1)]

    return cut


_CUTS: Mapping[type, Callable[[list[Any]], list[Any]]] = {
    bool: _booleans,
    str: _texts,
    Decimal: _numbers,
    Date: _whole(lambda value: int(value.days), Date.from_days),
    DaysTimeDuration: _whole(lambda value: int(value.nanoseconds), DaysTimeDuration),
    YearsMonthsDuration: _whole(lambda value: int(value.months), YearsMonthsDuration),
}
