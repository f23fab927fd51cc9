"""Where a decision table changes its mind: the constants of its columns, and values that a rule takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from server.engine.feel import (
    Date,
    DaysTimeDuration,
    FeelSyntaxError,
    TypeRegistry,
    YearsMonthsDuration,
    compile_unary_tests,
)

from .axes import OTHER, axis, constants_of
from .graph import DecisionModel
from .model import DecisionTable, InputClause, Text

CENT = Decimal("0.01")
DAY = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Boundary:
    """A constant of a column (from 0) and its neighbours; `below` and `above` are None for values that have
    none (texts, truth values). `row` is the first rule (from 1) whose cell names it."""

    column: int
    row: int
    value: Any
    below: Any = None
    above: Any = None


def boundaries(
    model: DecisionModel, decision: str, steps: Mapping[str, Decimal] | None = None
) -> tuple[Boundary, ...]:
    """Every constant with which a cell of a decision's own table compares, column by column in order, each
    once. Just below and above a number is one of `steps` away (by the column's expression; a cent where it
    names none), for days one day. Nothing for other logic, and for cells that do more than compare."""
    logic = model.decisions[decision].logic
    return tuple(_boundaries(model, logic, steps or {})) if isinstance(logic, DecisionTable) else ()


def example(model: DecisionModel, decision: str, row: int) -> dict[int, Any]:
    """Values of the columns (from 0) that a rule (row from 1) takes, as far as its cells compare with
    constants only; columns of which nothing is known are left out."""
    logic = model.decisions[decision].logic
    if not isinstance(logic, DecisionTable):
        return {}
    rule = logic.rules[row - 1]
    found: dict[int, Any] = {}
    for column, clause in enumerate(logic.inputs):
        cell = rule.inputs[column] if column < len(rule.inputs) else Text()
        cut = axis(clause, [cell], model.types.members, model.types.registry)
        bits = cut.cells[0]
        taken = [value for place, value in enumerate(cut.samples) if bits is None or bits >> place & 1]
        known = [value for value in taken if value is not None and value is not OTHER]
        if known:
            found[column] = known[0]
        elif OTHER in taken and any(isinstance(value, str) and value is not OTHER for value in cut.samples):
            found[column] = "…"
    return found


def _boundaries(
    model: DecisionModel, table: DecisionTable, steps: Mapping[str, Decimal]
) -> Iterator[Boundary]:
    names, registry = model.types.members, model.types.registry
    for column, clause in enumerate(table.inputs):
        rows: dict[tuple[type, Any], int] = {}
        for rule in table.rules:
            cell = rule.inputs[column] if column < len(rule.inputs) else Text()
            for value in _constants(cell, names, registry):
                rows.setdefault((type(value), value), rule.row)
        for kind, value in sorted(rows, key=_order):
            below, above = _neighbours(value, _step(clause, steps))
            yield Boundary(column, rows[kind, value], value, below, above)


def _constants(cell: Text, names: tuple[str, ...], registry: TypeRegistry) -> list[Any]:
    try:
        return constants_of(compile_unary_tests(cell.text or "-", names, registry).tree) or []
    except FeelSyntaxError:
        return []


def _order(key: tuple[type, Any]) -> tuple[str, Any]:
    kind, value = key
    return kind.__name__, _rank(value)


def _rank(value: Any) -> Any:
    if isinstance(value, Date):
        return value.days
    if isinstance(value, DaysTimeDuration):
        return value.nanoseconds
    if isinstance(value, YearsMonthsDuration):
        return value.months
    return value if isinstance(value, Decimal | bool) else str(value)


def _step(clause: InputClause, steps: Mapping[str, Decimal]) -> Decimal:
    return steps.get(clause.expression.text, CENT)


def _neighbours(value: Any, step: Decimal) -> tuple[Any, Any]:
    if isinstance(value, Decimal):
        return value - step, value + step
    if isinstance(value, Date):
        return Date.from_days(int(value.days) - 1), Date.from_days(int(value.days) + 1)
    if isinstance(value, DaysTimeDuration):
        whole = int(value.nanoseconds)
        return DaysTimeDuration(whole - DAY), DaysTimeDuration(whole + DAY)
    if isinstance(value, YearsMonthsDuration):
        return YearsMonthsDuration(int(value.months) - 1), YearsMonthsDuration(int(value.months) + 1)
    return None, None
