"""A large table's first column, looked up instead of walked through: which rules are left, which are out.

Where all cells of a column compare with constants only, they answer alike for all values between two
neighbouring constants. So the answers for one such value are kept, and serve the next.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from .axes import constants_of
from .evaluation import Evaluation, Stop
from .scope import Test

Missed = tuple[Stop, int]
Cell = tuple[Test, Missed] | None
"""The test of a rule in this column and what is told when it says no; None lets everything pass."""

LEAST = 8
"""Below so many rules, walking is as fast."""


class Shortlist:
    """The rules that a value of one column leaves, and those it rules out."""

    __slots__ = ("_cells", "_found", "_key", "_kind")

    def __init__(self, cells: Sequence[Cell], kind: type, key: Callable[[Any], object]) -> None:
        self._cells, self._kind, self._key = tuple(cells), kind, key
        self._found: dict[object, tuple[list[int], list[Missed]]] = {}

    def of(self, value: Any) -> tuple[list[int], list[Missed]] | None:
        """The rules left (from 0) and the cells that said no; None for a value of another kind."""
        if type(value) is not self._kind:
            return None
        key = self._key(value)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._asked(value)
        return found

    def _asked(self, value: Any) -> tuple[list[int], list[Missed]]:
        run = Evaluation({})  # of constants nothing is warned
        left: list[int] = []
        missed: list[Missed] = []
        for rule, cell in enumerate(self._cells):
            if cell is None or cell[0](value, {}, run) is True:
                left.append(rule)
            else:
                missed.append(cell[1])
        return left, missed


def shortlist(cells: Sequence[Cell], trees: Sequence[Any]) -> Shortlist | None:
    """A shortlist for a column of constants of one kind; None for any other column. `trees` are the syntax
    trees of the cells that ask something."""
    if len(cells) < LEAST:
        return None
    points: set[Any] = set()
    for tree in trees:
        found = constants_of(tree)
        if found is None:
            return None
        points.update(found)
    kinds = {type(point) for point in points}
    if kinds == {Decimal}:
        return Shortlist(cells, Decimal, _between(sorted(points)))
    if kinds == {str}:
        return Shortlist(cells, str, lambda value: value if value in points else None)
    return None


def _between(points: list[Decimal]) -> Callable[[Any], object]:
    """The piece of the number line a number lies in: even keys lie between two points."""

    def piece(value: Any) -> int:
        place = bisect_left(points, value)
        return 2 * place + (place < len(points) and points[place] == value)

    return piece
