"""The figures that stand in the cells of a decision table, each with its unit where the table tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from server.bundles.figures import Sign, Unit
from server.engine import dmn
from server.engine.dmn.model import DecisionTable, Rule, Text
from server.engine.feel import (
    Date,
    DaysTimeDuration,
    FeelSyntaxError,
    YearsMonthsDuration,
    compile_expression,
    compile_unary_tests,
    parse_temporal,
)
from server.engine.feel import tree as t

_FIGURE = re.compile(r"\d")
_TEXT = re.compile(r'"[^"]*"')
_SIDES: dict[str, Sign] = {">=": ">=", "<": ">=", "<=": "<=", ">": "<="}
"""Which case the boundary itself belongs to, as a comparison cuts it: `>= 5` and `< 5` both leave 5 above."""
_TURNED: dict[Sign, Sign] = {">=": "<=", "<=": ">=", "": ""}
_LIMIT_UNITS: dict[str, Unit] = {"day": "day", "working_day": "working_day", "month": "month", "year": "year"}
_DAY = 24 * 60 * 60 * 10**9


@dataclass(frozen=True, slots=True)
class CellFigure:
    """A figure of a cell. `unit` is None where the table does not tell it; `sign` says to which side of the
    comparison the figure itself belongs; `limit` whether it is the limit that a row sets."""

    value: Decimal | date
    unit: Unit | None
    sign: Sign
    cell: Text
    column: str
    limit: bool = False


def of_rule(model: dmn.DecisionModel, table: DecisionTable, rule: Rule) -> Iterator[CellFigure]:
    """The figures of a rule, those of a text left out; of a limit the one that its unit belongs to."""
    limit = _limit(table, rule)
    if limit is not None:
        yield limit
    for clause, cell in zip(table.inputs, rule.inputs, strict=False):
        if _written(cell.text):
            yield from _figures(_tests(model, cell), "", cell, clause.label or clause.expression.text)
    for output, cell in zip(table.outputs, rule.outputs, strict=False):
        if _written(cell.text) and not (limit is not None and cell is limit.cell):
            yield from _figures(_expression(model, cell), "", cell, output.label or output.name)


def _written(text: str) -> bool:
    """Whether a cell holds a figure at all: a digit outside texts, or a text that may be a day."""
    return bool(
        _FIGURE.search(_TEXT.sub("", text)) or (("(" in text or "@" in text) and _FIGURE.search(text))
    )


def _tests(model: dmn.DecisionModel, cell: Text) -> t.Node | None:
    try:
        return compile_unary_tests(cell.text, model.names, model.types.registry).tree
    except FeelSyntaxError:
        return None  # told when the model was read


def _expression(model: dmn.DecisionModel, cell: Text) -> t.Node | None:
    try:
        return compile_expression(cell.text, model.names, model.types.registry).tree
    except FeelSyntaxError:
        return None


def _limit(table: DecisionTable, rule: Rule) -> CellFigure | None:
    """The limit that a rule gives, by its outputs `limit` and `unit`, where both are constants."""
    cells = {output.name: (output, cell) for output, cell in zip(table.outputs, rule.outputs, strict=False)}
    if not {"limit", "unit"} <= cells.keys():
        return None
    (clause, cell), unit = cells["limit"], cells["unit"][1].text.strip('"')
    if not re.fullmatch(r"\d+", cell.text):
        return None
    value = Decimal(cell.text)
    fixed: Unit = "day_of_year" if value > 31 else "day_of_month"
    found = fixed if unit == "fixed_date" else _LIMIT_UNITS.get(unit)
    return CellFigure(value, found, "", cell, clause.label or clause.name, True) if found and value else None


# --------------------------------------------------------------------------- constants in an expression
def _figures(node: t.Node | None, sign: Sign, cell: Text, column: str) -> Iterator[CellFigure]:
    """The constants below a node; `sign` is the side on which the comparison around it leaves them."""
    if node is None:
        return
    constant = _constant(node)
    if constant is not None:
        value, unit = constant
        yield CellFigure(value, unit, sign, cell, column)
        return
    for child, side in _sides(node, sign):
        yield from _figures(child, side, cell, column)


def _sides(node: t.Node, sign: Sign) -> Iterator[tuple[t.Node, Sign]]:
    """The nodes below, each with the side on which it stands."""
    if isinstance(node, t.OperatorTest):
        yield node.endpoint, _SIDES.get(node.operator, "")
    elif isinstance(node, t.RangeLiteral):
        yield node.low, ">=" if node.low_included else "<="
        yield node.high, "<=" if node.high_included else ">="
    elif isinstance(node, t.Between):
        yield from ((node.value, sign), (node.low, ">="), (node.high, "<="))
    elif isinstance(node, t.Comparison):
        side = _SIDES.get(node.operator, "")
        yield from ((node.left, _TURNED[side]), (node.right, side))
    else:
        yield from ((child, sign) for child in t.children(node))


def _constant(node: t.Node) -> tuple[Decimal | date, Unit | None] | None:
    """A number, day or duration that is written out."""
    if isinstance(node, t.Literal):
        return (node.value, None) if type(node.value) is Decimal else None
    if isinstance(node, t.TemporalLiteral):
        return _moment(node.value)
    if isinstance(node, t.Call) and isinstance(node.function, t.Name):
        kind, values = node.function.name, [getattr(given, "value", None) for given in node.arguments]
        if kind in ("date", "duration") and len(values) == 1 and isinstance(values[0], str):
            return _moment(parse_temporal(values[0], kind))
        if kind == "date" and len(values) == 3 and type(values[1]) is type(values[2]) is Decimal:
            return values[1] * 100 + values[2], "day_of_year"  # of whatever year
    return None


def _moment(value: object) -> tuple[Decimal | date, Unit | None] | None:
    if isinstance(value, Date):
        return date(int(value.year), int(value.month), int(value.day)), "date"
    if isinstance(value, YearsMonthsDuration):
        return Decimal(int(value.months)), "month"
    if isinstance(value, DaysTimeDuration) and not int(value.nanoseconds) % _DAY:
        return Decimal(int(value.nanoseconds) // _DAY), "day"
    return None
