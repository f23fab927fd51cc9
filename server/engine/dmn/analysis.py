"""What can be said of a decision table without evaluating it: overlaps, gaps, rules that never fire.

Each column is cut into pieces on which all its cells answer alike (see `axes`); a rule is then a box of
pieces, and boxes can be compared exactly. A cell that does more than compare with constants counts as one
that may take anything: what is reported in spite of it is certain, and a note says what it may hide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import TypeAlias

from server.engine.feel import Told

from .axes import PAIRS, axis
from .graph import DecisionModel
from .model import Decision, DecisionTable, HitPolicy, Text
from .problems import Problem

MAX_STEPS = 100_000
MAX_FINDINGS = 5

Box: TypeAlias = tuple[int, ...]
"""The pieces a rule takes, or a part of the input space, column by column as bits."""

_ONE_MUST_MATCH = (HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.FIRST, HitPolicy.PRIORITY)


def analyse(model: DecisionModel, decision: str) -> tuple[Problem, ...]:
    """Overlaps of UNIQUE and ANY rules, inputs that no rule covers, rules that can never fire and columns
    that are never asked, in a decision's own table; nothing for other logic. KeyError for an unknown id."""
    element = model.decisions[decision]
    if not isinstance(element.logic, DecisionTable) or not element.logic.inputs:
        return ()
    return tuple(_Analysis(element, element.logic, model).problems())


class _OutOfSteps(Exception):
    """The table is too large to be compared exactly."""


@dataclass(slots=True)
class _Budget:
    steps: int = MAX_STEPS

    def spend(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise _OutOfSteps


class _Analysis:
    """One table as boxes."""

    def __init__(self, decision: Decision, table: DecisionTable, model: DecisionModel) -> None:
        self.table, self.decision = table, decision
        registry = model.types.registry
        self.axes = tuple(
            axis(clause, [_cell(rule.inputs, place) for rule in table.rules], model.types.members, registry)
            for place, clause in enumerate(table.inputs)
        )
        self.boxes: list[Box] = [
            tuple(column.full if (bits := column.cells[row]) is None else bits for column in self.axes)
            for row in range(len(table.rules))
        ]

    def problems(self) -> Iterator[Problem]:
        """All that can be said."""
        yield from self._unused()
        yield from self._not_understood()
        yield from self._overlaps()
        yield from self._duplicates()
        try:
            yield from self._unreachable()
            yield from self._gaps()
        except _OutOfSteps:
            yield self._problem("dmn.too_large_to_analyse", rules=len(self.table.rules))

    def _problem(
        self, code: str, row: int | None = None, column: str | None = None, **params: object
    ) -> Problem:
        told = {"table": self.decision.label or self.decision.name, "row": row, "column": column} | params
        element = self.table.rules[row - 1].id if row else self.table.id
        return Problem(code, told, self.decision.id, element, row, column, line=self.table.line)

    # ------------------------------------------------------------------ columns and cells
    def _unused(self) -> Iterator[Problem]:
        for column in self.axes:
            if self.table.rules and all(bits == column.full for bits in column.cells):
                yield self._problem("dmn.unused_input", column=column.label)

    def _not_understood(self) -> Iterator[Problem]:
        for place, column in enumerate(self.axes):
            for rule, bits in zip(self.table.rules, column.cells, strict=True):
                if bits is None:
                    cell = _cell(rule.inputs, place).text
                    yield self._problem("dmn.not_analysed", rule.row, column.label, cell=cell)

    def _certain(self, row: int) -> bool:
        """Whether every cell of a rule is understood."""
        return all(column.cells[row] is not None for column in self.axes)

    # ------------------------------------------------------------------ overlaps
    def _overlaps(self) -> Iterator[Problem]:
        if self.table.hit_policy not in (HitPolicy.UNIQUE, HitPolicy.ANY):
            return
        found = 0
        for first, second in combinations(range(len(self.boxes)), 2):
            shared = _intersection(self.boxes[first], self.boxes[second])
            if shared is None or not (self._certain(first) and self._certain(second)):
                continue
            problem = self._overlap(first, second, shared)
            if problem is not None:
                found += 1
                yield problem
            if found == MAX_FINDINGS:
                return

    def _overlap(self, first: int, second: int, shared: Box) -> Problem | None:
        rules = self.table.rules
        unique = self.table.hit_policy is HitPolicy.UNIQUE
        if not unique and [o.text for o in rules[first].outputs] == [o.text for o in rules[second].outputs]:
            return None
        rows = f"{rules[first].row}, {rules[second].row}"
        code = "dmn.overlap" if unique else "dmn.overlap_any"
        return self._problem(code, rules[first].row, rows=rows, example=self._example(shared))

    # ------------------------------------------------------------------ rules that stand twice
    def _duplicates(self) -> Iterator[Problem]:
        """Rules that say word for word the same; UNIQUE and FIRST have a stronger finding for them."""
        if self.table.hit_policy in (HitPolicy.UNIQUE, HitPolicy.FIRST):
            return
        seen: dict[tuple[str, ...], int] = {}
        for rule in self.table.rules:
            cells = tuple(" ".join(cell.text.split()) for cell in (*rule.inputs, *rule.outputs))
            first = seen.setdefault(cells, rule.row)
            if first != rule.row:
                yield self._problem("dmn.duplicate_rule", rule.row, first=first)

    # ------------------------------------------------------------------ rules that never fire
    def _above(self) -> list[list[Box]]:
        """For each rule, what the rules take that go before it wherever both match."""
        every = range(len(self.boxes))
        if self.table.hit_policy is HitPolicy.FIRST:
            ranks: list[tuple[int, ...] | None] = [(place,) for place in every]
        elif self.table.hit_policy is HitPolicy.PRIORITY:
            ranks = [self._rank(place) for place in every]
        else:
            return [[] for _ in every]
        places = (place for place in every if self._certain(place))
        sure = [(rank, self.boxes[place]) for place in places if (rank := ranks[place]) is not None]
        return [[box for other, box in sure if own is not None and other < own] for own in ranks]

    def _rank(self, place: int) -> tuple[int, ...] | None:
        """The priority of a rule's outputs, 0 the most important; None where they are not plain values of the
        lists that give it."""
        rank = []
        for output, cell in zip(self.table.outputs, self.table.rules[place].outputs, strict=False):
            listed = [value.strip() for value in output.allowed.text.split(",")]
            if output.allowed.text and cell.text.strip() not in listed:
                return None
            rank.append(listed.index(cell.text.strip()) if output.allowed.text else 0)
        return tuple(rank)

    def _unreachable(self) -> Iterator[Problem]:
        budget, above = _Budget(), self._above()
        for place, box in enumerate(self.boxes):
            row = self.table.rules[place].row
            empty = next((column for column, bits in zip(self.axes, box, strict=True) if not bits), None)
            if empty is not None:
                yield self._problem("dmn.empty_condition", row, empty.label)
            elif above[place] and next(_uncovered(box, above[place], budget), None) is None:
                yield self._problem("dmn.unreachable", row)

    # ------------------------------------------------------------------ gaps
    def _gaps(self) -> Iterator[Problem]:
        table = self.table
        has_default = any(output.default.text for output in table.outputs)
        if table.hit_policy not in _ONE_MUST_MATCH or has_default or table.allow_no_match:
            return
        whole = tuple(column.full for column in self.axes)
        gaps = [(self._without_value(gap), gap) for gap in _uncovered(whole, self.boxes, _Budget())]
        gaps.sort(key=lambda pair: pair[0])
        code = "dmn.gap_meant" if table.stops_because else "dmn.gap"
        for missing, gap in gaps[:MAX_FINDINGS]:
            example = self._example(gap)
            yield self._problem(
                "dmn.gap_null" if missing else code, example=example, reason=table.stops_because
            )

    def _without_value(self, gap: Box) -> bool:
        """Whether only a missing input leads into the gap."""
        return any(column.only_null(bits) for column, bits in zip(self.axes, gap, strict=True))

    def _example(self, box: Box) -> Told:
        """A point of a box; columns that take anything there are left out."""
        pairs = [(column, bits) for column, bits in zip(self.axes, box, strict=True) if bits != column.full]
        parts = [column.example(bits) for column, bits in pairs] or [Told("any input")]
        return reduce(lambda before, part: Told(PAIRS, {"before": before, "part": part}), parts)


def _cell(cells: Sequence[Text], place: int) -> Text:
    return cells[place] if place < len(cells) else Text()


def _intersection(first: Box, second: Box) -> Box | None:
    shared = tuple(a & b for a, b in zip(first, second, strict=True))
    return shared if all(shared) else None


def _uncovered(space: Box, boxes: Sequence[Box], budget: _Budget, column: int = 0) -> Iterator[Box]:
    """The parts of a space that none of the boxes covers. Columns before `column` are settled."""
    budget.spend()
    if not boxes:
        yield space
        return
    if column == len(space):
        return
    for pieces in _alike(space[column], [box[column] for box in boxes]):
        inside = [box for box in boxes if box[column] & pieces]
        part = (*space[:column], pieces, *space[column + 1 :])
        yield from _uncovered(part, inside, budget, column + 1)


def _alike(pieces: int, masks: Sequence[int]) -> list[int]:
    """Pieces grouped by which of the masks take them."""
    groups: dict[tuple[bool, ...], int] = {}
    place = 0
    while pieces >> place:
        bit = 1 << place
        if pieces & bit:
            key = tuple(bool(mask & bit) for mask in masks)
            groups[key] = groups.get(key, 0) | bit
        place += 1
    return list(groups.values())
