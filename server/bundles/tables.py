"""Decision tables looked at as a whole: which rules can fire together, and for what values none does.

Each condition column is cut at the values that its cells name; between two cuts nothing can change. So a few
sample points stand for all values of a column, and what holds for them holds for the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from server.engine.dmn.model import DecisionTable, InputClause
from server.engine.feel import (
    Date,
    FeelError,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
    parse_temporal,
    text_of,
)

MAX_RULES = 1_000
MAX_STATES = 20_000

_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Column:
    """A condition column: sample points, and for each of them which rules let it pass, as bits of a number.

    `sure` leaves out cells that look at other values too; `possible` takes them as passing."""

    label: str
    points: tuple[Any, ...]
    sure: tuple[int, ...]
    possible: tuple[int, ...]


def columns_of(table: DecisionTable) -> tuple[Column, ...] | None:
    """The columns of a table; None where it cannot be looked at this way: too many rules, or two columns that
    depend on the same variable."""
    if len(table.rules) > MAX_RULES or _entangled(table):
        return None
    return tuple(_column(table, number, clause) for number, clause in enumerate(table.inputs))


def overlaps(columns: Sequence[Column], rules: int) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Pairs of rules (rows from 1) that fire together, with values for which they do."""
    for first in range(rules):
        for second in range(first + 1, rules):
            both = 1 << first | 1 << second
            example = _example(columns, both)
            if example is not None:
                yield first + 1, second + 1, example


def gap(columns: Sequence[Column], rules: int) -> dict[str, str] | None:
    """Values for which no rule fires, None where there are none; a column not named may have any value."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[int, int, dict[str, str]]] = [(0, (1 << rules) - 1, {})]
    while waiting and len(seen) < MAX_STATES:
        number, alive, chosen = waiting.pop()
        if not alive:
            return chosen
        if number == len(columns) or (number, alive) in seen:
            continue
        seen.add((number, alive))
        column = columns[number]
        for point, mask in zip(column.points, column.possible, strict=True):
            named = chosen if mask == (1 << rules) - 1 else {**chosen, column.label: show(point)}
            waiting.append((number + 1, alive & mask, named))
    return None


def show(value: Any) -> str:
    """A sample point as a reader writes it."""
    return "null" if value is None else text_of(value)


def _example(columns: Sequence[Column], both: int) -> dict[str, str] | None:
    chosen: dict[str, str] = {}
    for column in columns:
        passing = [p for p, mask in zip(column.points, column.sure, strict=True) if mask & both == both]
        if not passing:
            return None
        if len(passing) < len(column.points):
            chosen[column.label] = show(passing[0])
    return chosen


def _entangled(table: DecisionTable) -> bool:
    seen: set[str] = set()
    for clause in table.inputs:
        try:
            names = compile_expression(clause.expression.text).names
        except FeelError:
            return True
        if names & seen:
            return True
        seen |= names
    return False


def _column(table: DecisionTable, number: int, clause: InputClause) -> Column:
    cells = [rule.inputs[number].text if number < len(rule.inputs) else "" for rule in table.rules]
    allowed = _test(clause.allowed.text) if clause.allowed.text else None
    points = tuple(p for p in _points(clause, cells) if p is None or allowed is None or _passes(allowed, p))
    tests = [_test(cell) for cell in cells]
    sure, possible = [], []
    for point in points or (None,):
        passed = [_passes(test, point) for test in tests]
        sure.append(sum(1 << i for i, p in enumerate(passed) if p is True))
        possible.append(sum(1 << i for i, p in enumerate(passed) if p is not False))
    return Column(clause.label or clause.expression.text, points or (None,), tuple(sure), tuple(possible))


def _points(clause: InputClause, cells: Sequence[str]) -> Iterator[Any]:
    """Values that stand for all: those the cells name, and their neighbours."""
    text = " , ".join([*cells, clause.allowed.text])
    bare = _STRING.sub("", text)
    kind = clause.type_ref
    if "null" in bare:
        yield None
    if kind == "boolean":
        yield from (True, False)
    elif kind == "number":
        figures = sorted({Decimal(n) for n in _NUMBER.findall(bare)}) or [Decimal(0)]
        yield from dict.fromkeys(v for f in figures for v in (f - _CENT, f, f + _CENT))
    elif kind == "date":
        yield from _days(text)
    elif _STRING.search(text):
        yield from dict.fromkeys(_STRING.findall(clause.allowed.text) or _STRING.findall(text))


def _days(text: str) -> Iterator[Any]:
    for day in sorted(set(_DATE.findall(text))) or ["2026-03-02"]:
        found = parse_temporal(day, "date")
        if isinstance(found, Date):
            yield from (found, Date.from_days(found.days - 1), Date.from_days(found.days + 1))


def _test(cell: str) -> UnaryTests | None:
    try:
        return compile_unary_tests(cell)
    except FeelError:
        return None


def _passes(test: UnaryTests | None, point: Any) -> bool | None:
    """Whether a point passes a cell; None where the cell looks at more than the point."""
    if test is None or test.names:
        return None
    try:
        return test.matches(point, {})
    except FeelError:
        return None
