"""One evaluation while it runs, and what is left of it: values, problems, and which rules said yes or no."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from server.engine.feel import FeelWarning, Run, text_of
from server.engine.feel.decimals import number_text

from .model import Decision, DecisionTable, Rule
from .problems import Problem
from .reader import citations


class Match(NamedTuple):
    """A rule that matched."""

    row: int
    id: str
    annotations: tuple[str, ...]
    regulation: tuple[str, ...]


class Miss(NamedTuple):
    """A rule that did not match, with the first cell that said no and the value it said no to."""

    row: int
    id: str
    column: str
    cell: str
    value: str


Stop: TypeAlias = tuple[int, str, str, str]
"""What a cell that said no is told by: its rule's row and id, its column's label, its text."""


Answers: TypeAlias = tuple[tuple[int, ...], ...]
"""For each rule of a table, in its order, the columns (from 0) whose cell says no: none where it matches."""


@dataclass(slots=True)
class TableTrace:
    """What a table did. `rules` tells about all its rules; `values` are those of its input columns; `matched`
    holds rules (from 0), `missed` the cells that said no, each with its column (from 0)."""

    table: DecisionTable
    rules: Sequence[Match]
    values: Sequence[Any]
    matched: Sequence[int] = ()
    missed: Sequence[tuple[Stop, int]] = ()

    def matches(self) -> list[Match]:
        """The rules that made the value, in the order of the policy."""
        return [self.rules[rule] for rule in self.matched]

    def misses(self) -> list[Miss]:
        """The rules that did not match, in table order."""
        texts = self.texts()
        return [Miss(*stop, texts[column]) for stop, column in self.missed]

    def texts(self) -> list[str]:
        """The values of the input columns as people read them."""
        return [show(value) for value in self.values]

    def inputs(self) -> dict[str, Any]:
        """The value of each input column by its expression."""
        pairs = zip(self.table.inputs, self.values, strict=False)
        return {column.expression.text or column.label: value for column, value in pairs}


def match_of(rule: Rule) -> Match:
    """What is told of a rule when it matches."""
    notes = tuple(note for note in rule.annotations if note)
    remarks = (rule.description,) if rule.description else ()
    return Match(rule.row, rule.id, notes + remarks, citations(*notes, *remarks))


class DecisionTrace:
    """What a decision did: the names it saw, its value, its tables, and the decisions it asked first."""

    __slots__ = ("decision", "environment", "problems", "required", "tables", "value")

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.environment: Mapping[str, Any] = {}
        self.value: Any = None
        self.tables: list[TableTrace] = []
        self.problems: list[Problem] = []
        self.required: list[DecisionTrace] = []

    @property
    def table(self) -> TableTrace | None:
        """The trace of the decision's own table, if its logic is one."""
        for trace in self.tables:
            if trace.table is self.decision.logic:
                return trace
        return None


class Evaluation(Run):
    """The state of one evaluation. `inputs` are the process variables as given; `given` the decisions whose
    value is taken from them; `values` what has been computed of the graph; `collected` FEEL's latest
    warnings. `trace` is that of the decision being evaluated, `root` that of the one asked for. `answers`,
    where somebody wants them, take what each table's cells say (see `Answers`), by the id of the table."""

    __slots__ = ("answers", "collected", "given", "inputs", "problems", "root", "trace", "values")

    def __init__(
        self,
        inputs: Mapping[str, Any],
        now: datetime.datetime | None = None,
        given: frozenset[str] = frozenset(),
    ) -> None:
        self.collected: list[FeelWarning] = []
        super().__init__(self.collected, now)
        self.inputs, self.given = inputs, given
        self.problems: list[Problem] = []
        self.values: dict[object, Any] = {}
        self.root: DecisionTrace | None = None
        self.trace: DecisionTrace | None = None
        self.answers: dict[int, Answers] | None = None

    def report(self, problem: Problem) -> None:
        """Keep a problem, also with the decision that is being evaluated."""
        if self.trace is not None and not problem.decision:
            problem = replace(problem, decision=self.trace.decision.id)
        self.problems.append(problem)
        if self.trace is not None:
            self.trace.problems.append(problem)

    def note(self, place: Problem) -> None:
        """Turn FEEL's warnings since the last note into problems of a place."""
        for warning in self.collected:
            params = {"reason": warning.told}
            self.report(
                Problem(
                    "dmn.feel_warning", params, place.decision, place.element, place.row, place.column,
                    place.cell, place.line,
                )
            )  # fmt: skip
        self.collected.clear()


def show(value: Any) -> str:
    """A value as people read it in a message, cut when long."""
    if type(value) is Decimal:
        return number_text(value)
    text = f'"{value}"' if isinstance(value, str) else text_of(value)
    return text if len(text) <= 120 else text[:117] + "…"
