"""Two versions of a decision table side by side: columns and rules paired, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from server.bundles.differences.plain import moved
from server.engine.dmn.model import DecisionTable, HitPolicy, InputClause, OutputClause, Rule, Text

_Clause = TypeVar("_Clause", InputClause, OutputClause)

_LEAST_ALIKE = 0.5
"""How much of a rule without a known id must be the same for it to count as the same rule."""

_MOST_PAIRS = 40_000
"""In larger tables rules without known ids are only found again where all their cells are the same."""

_ORDERED = (HitPolicy.FIRST, HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER, HitPolicy.COLLECT)


@dataclass(frozen=True, slots=True)
class Pair:
    """A text of both sides; None where a side has no such place."""

    before: str | None
    after: str | None

    @property
    def same(self) -> bool:
        """Whether both sides say the same; spaces outside of texts make no difference, and an empty cell
        takes anything, as `-` does."""
        return (
            self.before is not None and self.after is not None and _meant(self.before) == _meant(self.after)
        )

    @property
    def shown(self) -> str:
        """The text after, or before where there is none after."""
        return (self.after if self.after is not None else self.before) or ""


@dataclass(frozen=True, slots=True)
class ColumnPair:
    """A column of both sides: where it stands (from 0; None where it does not) and its label."""

    kind: Literal["input", "output"]
    before: int | None
    after: int | None
    label: str
    old: InputClause | OutputClause | None
    new: InputClause | OutputClause | None


@dataclass(frozen=True, slots=True)
class RulePair:
    """A rule of both sides with its cells, one for each pair of columns; `notes` are its annotations and its
    description. `moved` tells that it stands elsewhere among the rules that both sides have."""

    before: Rule | None
    after: Rule | None
    cells: tuple[Pair, ...]
    notes: Pair
    moved: bool = False

    @property
    def change(self) -> Literal["added", "removed", "changed", "same"]:
        """What happened to the rule as a whole."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "same" if self.notes.same and all(cell.same for cell in self.cells) else "changed"

    @property
    def rule(self) -> Rule:
        """The rule after, or before where it was taken out."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class TableComparison:
    """Two tables as one: rules in the order after, those taken out where they stood. `order_counts` tells
    whether the hit policy looks at the order of rules."""

    before: DecisionTable
    after: DecisionTable
    columns: tuple[ColumnPair, ...]
    rules: tuple[RulePair, ...]

    @property
    def order_counts(self) -> bool:
        """Whether moving a rule can change the result."""
        return any(t.hit_policy in _ORDERED and not t.aggregation for t in (self.before, self.after))


def beside(before: DecisionTable, after: DecisionTable) -> TableComparison:
    """The tables with their columns and rules paired: by id, else by what they say."""
    columns = (*_inputs(before, after), *_outputs(before, after))
    pairs = _paired(before.rules, after.rules)
    olds = {rule.row: rule for rule in before.rules}
    in_both = [str(row) for row in sorted(pairs.values())]
    shifted = set(moved(in_both, [str(pairs[r.row]) for r in after.rules if r.row in pairs]))
    rows = [
        _row(columns, olds.get(pairs.get(rule.row, 0)), rule, str(pairs.get(rule.row)) in shifted)
        for rule in after.rules
    ]
    return TableComparison(before, after, columns, tuple(_with_removed(columns, rows, before, pairs)))


def alone(table: DecisionTable | None) -> TableComparison | None:
    """A table beside itself: nothing differs. None for none."""
    return None if table is None else beside(table, table)


# --------------------------------------------------------------------------- columns
def _inputs(before: DecisionTable, after: DecisionTable) -> Iterator[ColumnPair]:
    pairs = _columns(before.inputs, after.inputs, lambda clause: clause.expression.text)
    for old, new in pairs:
        first, second = _at(before.inputs, old), _at(after.inputs, new)
        found = second or first
        assert found is not None
        yield ColumnPair("input", old, new, found.label or found.expression.text, first, second)


def _outputs(before: DecisionTable, after: DecisionTable) -> Iterator[ColumnPair]:
    pairs = _columns(before.outputs, after.outputs, lambda clause: clause.name)
    for old, new in pairs:
        first, second = _at(before.outputs, old), _at(after.outputs, new)
        found = second or first
        assert found is not None
        yield ColumnPair("output", old, new, found.label or found.name, first, second)


def _at(clauses: Sequence[_Clause], place: int | None) -> _Clause | None:
    return None if place is None else clauses[place]


def _columns(
    before: Sequence[_Clause], after: Sequence[_Clause], says: Callable[[_Clause], str]
) -> list[tuple[int | None, int | None]]:
    """Pairs of places, in the order after; columns taken out stand last."""
    left = dict(enumerate(before))
    found: list[tuple[int | None, int | None]] = []
    for place, clause in enumerate(after):
        same = [p for p, old in left.items() if clause.id and old.id == clause.id]
        same += [p for p, old in left.items() if says(old) == says(clause)]
        if same:
            left.pop(same[0])
        found.append((same[0] if same else None, place))
    return found + [(place, None) for place in left]


# --------------------------------------------------------------------------- rules
def _paired(before: Sequence[Rule], after: Sequence[Rule]) -> dict[int, int]:
    """Which row of before a row of after is."""
    pairs: dict[int, int] = {}
    left = {rule.row: rule for rule in before}
    by_id = {rule.id: rule.row for rule in reversed(before) if rule.id}
    for rule in after:
        row = by_id.get(rule.id, 0) if rule.id else 0
        if row in left:
            pairs[rule.row] = row
            del left[row]
    _pair_equal(left, after, pairs)
    if len(left) * len(after) <= _MOST_PAIRS:
        _pair_alike(left, after, pairs)
    return pairs


def _pair_equal(left: dict[int, Rule], after: Sequence[Rule], pairs: dict[int, int]) -> None:
    """Rules that say the same, the first of them first."""
    same: dict[tuple[str, ...], list[int]] = {}
    for row, rule in left.items():
        same.setdefault(_says(rule), []).append(row)
    for rule in after:
        if rule.row not in pairs and (rows := same.get(_says(rule))):
            pairs[rule.row] = rows.pop(0)
            del left[pairs[rule.row]]


def _pair_alike(left: dict[int, Rule], after: Sequence[Rule], pairs: dict[int, int]) -> None:
    """Rules of which enough is the same, the one most alike first."""
    for rule in after:
        if rule.row in pairs or not left:
            continue
        best = max(left, key=lambda row, new=rule: (_alike(left[row], new), -abs(row - new.row)))  # type: ignore[misc]
        if _alike(left[best], rule) >= _LEAST_ALIKE:
            pairs[rule.row] = best
            del left[best]


def _says(rule: Rule) -> tuple[str, ...]:
    return tuple(_meant(cell.text) for cell in (*rule.inputs, *rule.outputs))


def _alike(old: Rule, new: Rule) -> float:
    """How many of the cells of two rules say the same, from 0 to 1."""
    cells = list(zip((*old.inputs, *old.outputs), (*new.inputs, *new.outputs), strict=False))
    same = sum(_meant(a.text) == _meant(b.text) for a, b in cells)
    whole = max(len(old.inputs) + len(old.outputs), len(new.inputs) + len(new.outputs))
    return same / whole if whole else 1.0


def _row(columns: Sequence[ColumnPair], old: Rule | None, new: Rule | None, shifted: bool) -> RulePair:
    cells = tuple(
        Pair(_cell(old, column.kind, column.before), _cell(new, column.kind, column.after))
        for column in columns
    )
    return RulePair(old, new, cells, Pair(_notes(old), _notes(new)), shifted)


def _cell(rule: Rule | None, kind: str, place: int | None) -> str | None:
    if rule is None or place is None:
        return None
    cells: Sequence[Text] = rule.inputs if kind == "input" else rule.outputs
    return cells[place].text if place < len(cells) else ""


def _notes(rule: Rule | None) -> str | None:
    if rule is None:
        return None
    return "\n".join(note for note in (*rule.annotations, rule.description) if note)


def _with_removed(
    columns: Sequence[ColumnPair], rows: Sequence[RulePair], before: DecisionTable, pairs: dict[int, int]
) -> Iterator[RulePair]:
    """The rows, with each rule taken out behind the one it stood behind."""
    kept = set(pairs.values())
    gone: dict[int, list[Rule]] = {}
    last = 0
    for rule in before.rules:
        if rule.row in kept:
            last = rule.row
        else:
            gone.setdefault(last, []).append(rule)
    for rule in gone.get(0, ()):
        yield _row(columns, rule, None, False)
    for row in rows:
        yield row
        for rule in gone.get(row.before.row if row.before else -1, ()):
            yield _row(columns, rule, None, False)


def _meant(text: str) -> str:
    """A cell without what makes no difference: spaces outside of texts; nothing is `-`."""
    parts = text.split('"')
    plain = '"'.join(part if place % 2 else " ".join(part.split()) for place, part in enumerate(parts))
    return "" if plain == "-" else plain
