"""Decisions tried out: what every rule said to some values, and what happens around every boundary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from server.engine import decisions, dmn
from server.engine.dmn.boundaries import Boundary, boundaries, example
from server.engine.dmn.model import DecisionTable, InputData
from server.engine.feel import to_json
from server.engine.model import Evaluation, Value, Variables

Side = Literal["below", "at", "above"]

MAX_BOUNDARIES = 300
"""How many boundaries of a table are tried; no table that people read has so many."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A decision tried over some values. `noes` has for each rule of its own table the columns (from 0) whose
    cell said no; a rule without any matches."""

    evaluation: Evaluation
    noes: tuple[tuple[int, ...], ...] = ()

    @property
    def fired(self) -> frozenset[int]:
        """The rows (from 1) that made the result, or those that contradict each other."""
        return frozenset(rule.row for rule in self.evaluation.matched)

    @property
    def near(self) -> frozenset[int]:
        """The rows (from 1) of which a single cell said no."""
        return frozenset(row for row, noes in enumerate(self.noes, 1) if len(noes) == 1)

    @property
    def worst_column(self) -> tuple[int, int] | None:
        """Where no rule matches: the column (from 0) that said no most often, and how often."""
        if not self.noes or not all(self.noes):
            return None
        counted = Counter(column for noes in self.noes for column in noes)
        return max(counted.items(), key=lambda pair: (pair[1], -pair[0]))


@dataclass(frozen=True, slots=True)
class Input:
    """A variable that a decision reads: its type as FEEL names it ("" when any will do), its label, and the
    values that the cells and the list of allowed values name."""

    name: str
    type: str
    label: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """A value on one side of a boundary, and what the decision says to it."""

    side: Side
    value: Value
    trial: Trial


@dataclass(frozen=True, slots=True)
class BoundaryRow:
    """A boundary with what happens around it. `variable` is what was varied, `row` the rule that names the
    boundary, `base` the values of the other variables."""

    column: int
    label: str
    variable: str
    row: int
    value: Value
    probes: tuple[Probe, ...]
    base: Variables = field(default_factory=dict)


def attempt(
    model: dmn.DecisionModel, decision: str, variables: Mapping[str, Value], now: datetime | None = None,
    given: Iterable[str] = (),
) -> Trial:  # fmt: skip
    """Try a decision (by id); nothing is kept. `given` names decisions whose result is taken from the
    variables. Raises DmnError for an unknown decision."""
    result, noes = model.explain(decision, variables, now, given)
    return Trial(decisions.told(result, model), noes)


def inputs(model: dmn.DecisionModel, decision: str) -> tuple[Input, ...]:
    """What a decision asks for, in the order of its columns and then of the model."""
    logic = model.decisions[decision].logic
    columns = logic.inputs if isinstance(logic, DecisionTable) else ()
    labels = {e.variable.name: e.label for e in model.definitions.elements if isinstance(e, InputData)}
    labels |= {column.expression.text: column.label for column in columns if column.label}
    choices: dict[str, dict[str, None]] = {}
    for boundary in boundaries(model, decision):
        if isinstance(boundary.value, str) and isinstance(logic, DecisionTable):
            choices.setdefault(columns[boundary.column].expression.text, {})[boundary.value] = None
    for column in columns:
        for value in _listed(column.allowed.text):
            choices.setdefault(column.expression.text, {})[value] = None
    reads = model.reads(decision)
    places = {column.expression.text.partition(".")[0]: place for place, column in enumerate(columns)}
    order = sorted(reads, key=lambda name: (places.get(name, len(places)), list(reads).index(name)))
    return tuple(
        Input(name, reads[name], labels.get(name) or name, tuple(choices.get(name, ()))) for name in order
    )


def around(
    model: dmn.DecisionModel, decision: str, base: Mapping[str, Value] | None = None,
    now: datetime | None = None, steps: Mapping[str, Decimal] | None = None,
) -> tuple[tuple[BoundaryRow, ...], tuple[str, ...]]:  # fmt: skip
    """What happens just below, at and just above every boundary of every column, the other variables being
    those of `base`, or such that the rule which names the boundary is met but for it. The second part are the
    columns that cannot be varied, since they are computed."""
    logic = model.decisions[decision].logic
    if not isinstance(logic, DecisionTable):
        return (), ()
    reads = model.reads(decision)
    rows: list[BoundaryRow] = []
    computed: dict[str, None] = {}
    for boundary in boundaries(model, decision, steps):
        if len(rows) == MAX_BOUNDARIES:
            break
        column = logic.inputs[boundary.column]
        variable = column.expression.text
        if not _can_set(variable, reads):
            computed[column.label or variable] = None
            continue
        others = dict(base) if base is not None else _others(model, decision, boundary, logic, reads)
        rows.append(
            BoundaryRow(
                boundary.column, column.label or variable, variable, boundary.row, to_json(boundary.value),
                tuple(_probes(model, decision, boundary, variable, others, now)), others,
            )
        )  # fmt: skip
    return tuple(rows), tuple(computed)


def _probes(
    model: dmn.DecisionModel, decision: str, boundary: Boundary, variable: str, others: Variables,
    now: datetime | None,
) -> list[Probe]:  # fmt: skip
    sides: tuple[tuple[Side, Value], ...] = (
        ("below", boundary.below), ("at", boundary.value), ("above", boundary.above),
    )  # fmt: skip
    found = []
    for side, value in sides:
        if value is not None:
            plain = to_json(value)
            trial = attempt(model, decision, with_value(others, variable, plain), now)
            found.append(Probe(side, plain, trial))
    return found


def _others(
    model: dmn.DecisionModel,
    decision: str,
    boundary: Boundary,
    table: DecisionTable,
    reads: Mapping[str, str],
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for column, value in example(model, decision, boundary.row).items():
        variable = table.inputs[column].expression.text
        if column != boundary.column and _can_set(variable, reads):
            found = dict(with_value(found, variable, to_json(value)))
    return found


def _can_set(variable: str, reads: Mapping[str, str]) -> bool:
    """Whether a column shows a variable, or a part of one, as it is given."""
    root, *rest = variable.split(".")
    return root in reads and (not rest or reads[root] not in ("date", "date and time", "time"))


def with_value(variables: Variables, path: str, value: Value) -> Variables:
    """Variables with one set, be it a part of another (`materials.total`)."""
    root, _, rest = path.partition(".")
    if not rest:
        return {**variables, root: value}
    inner = variables.get(root)
    return {**variables, root: dict(with_value(inner if isinstance(inner, dict) else {}, rest, value))}


def _listed(text: str) -> list[str]:
    """The texts of a list of allowed values."""
    parts = text.split('"')
    return parts[1::2] if len(parts) > 2 else []
