"""A list in a form as a table to be read: a column for each field, a line for each entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from server.engine.forms import FieldView, RowView

_FIGURES = frozenset({"number"})


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the entries: what it is called, and whether it holds figures."""

    key: str
    label: str
    is_figure: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An entry: its number from 1, and its cell for each column (None where the entry lacks the field)."""

    number: int
    cells: tuple[FieldView | None, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list with its columns; those that nobody is asked for and that hold nothing are left out."""

    label: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


def listed(view: FieldView) -> Listing:
    """The table of a repeating list, its fields in the order in which they are met."""
    entries = [(row, dict(_fields(row))) for row in view.rows]
    columns = {
        key: Column(key, cell.label or key, cell.kind in _FIGURES)
        for _row, cells in reversed(entries)
        for key, cell in cells.items()
        if cell.asked or cell.display
    }
    order = {key: None for _row, cells in entries for key in cells if key in columns}
    lines = tuple(Line(row.number, tuple(cells.get(key) for key in order)) for row, cells in entries)
    return Listing(view.label, tuple(columns[key] for key in order), lines)


def _fields(row: RowView) -> Iterator[tuple[str, FieldView]]:
    for view in _flat(row.children):
        yield view.name.removeprefix(f"{row.name}."), view


def _flat(views: Iterable[FieldView]) -> Iterator[FieldView]:
    for view in views:
        if view.name:
            yield view
        else:
            yield from _flat(view.children)
