"""A figure in a decision table is one that an article names, to the cent and on the right side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial

from server.bundles import table_figures
from server.bundles.checks.subject import Rule, Subject
from server.bundles.figures import Figure, Unit, read_figure, words
from server.bundles.manifest import FILE, Manifest
from server.bundles.table_figures import CellFigure
from server.engine import dmn
from server.engine.dmn.model import DecisionTable
from server.engine.dmn.model import Rule as Row
from server.engine.model import Finding

CODE = "figure-agrees-with-article"
DIFFERS = Rule(
    CODE,
    "Row {number} has {found} under {column}, but {source} names {named}.",
    "Correct the table. If the text itself was changed, change the figures of the article in"
    " jurisdiction.toml; if the figure rests on a reading of the text, give it to that reading and name the"
    " reading in the row.",
)
BESIDE = Rule(
    CODE,
    "Row {number} has {found} under {column}, just beside {named}, which {source} names.",
    "Compare with the figure itself: < and > leave it out, <= and >= take it in.",
)
OTHER_SIDE = Rule(
    CODE,
    "Row {number} puts {named} itself on the other side than {source}: {cell} under {column}.",
    "Where the article says “and more”, write >= and <; where it says “not more than”, write <= and >.",
)
NO_SOURCE = Rule(
    CODE,
    "Row {number} sets a limit of {found}, and nothing that it cites names one.",
    "Cite the article or the reading that does, and enter its figures in jurisdiction.toml.",
    level="warning",
)
UNREADABLE = Rule(
    CODE,
    "{element} has the figure {figure}, which cannot be read.",
    "Write it as 600000 yuan, 15 %, 7 working_day, 6 month, 1 year, 2 times, 06-30, day 5 or 2025-01-31, with"
    " >= or <= before it where the text says on which side the figure itself stands.",
)

_READING = re.compile(r"\[([^\]\s]{1,40})\]")
_CLASSES: tuple[frozenset[Unit], ...] = (
    frozenset({"day", "working_day", "month", "year"}),
    frozenset({"day_of_month", "day_of_year"}),
    frozenset({"date"}),
)
_NOT_FIGURES = frozenset({Decimal(0), Decimal(1)})
"""Counts and steps (`year - 1`), never told apart from figures by themselves."""


@dataclass(frozen=True, slots=True)
class Named:
    """A figure with the article or reading that names it, as people are told of it."""

    source: str
    figure: Figure


def check(subject: Subject) -> Iterator[Finding]:
    """Figures that are not those of the articles beside them; nothing where the manifest names no figures.

    The schedule is left out: it says when the office asks, which is not the day that the text sets."""
    sources: dict[str, tuple[Named, ...]] = {}
    for source, title, texts in _written(subject.manifest):
        read = [(text, _read(text)) for text in texts]
        yield from (UNREADABLE.at(FILE, source, figure=text[:40]) for text, figure in read if figure is None)
        shown = f"{source} ({title})" if title else source
        sources[source] = tuple(Named(shown, figure) for _, figure in read if figure is not None)
    if not any(sources.values()):
        return
    for identity, model in subject.loaded.model.decisions.items():
        table = model.decisions[identity].logic
        if isinstance(table, DecisionTable) and identity != subject.manifest.schedule:
            key = ("figures", model, identity)
            rows = subject.memo.once(key, partial(_rows, model, table))
            for row, figures in rows:
                named = [one for source in _cited(row) for one in sources.get(source, ())]
                yield from _row(model.definitions.file, row, figures, named)


def _written(manifest: Manifest) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Articles and readings with their titles and the figures they name."""
    for regulation in manifest.regulations.values():
        for article in regulation.articles:
            yield f"{regulation.id}#{article.id}", article.title, article.figures
    yield from ((reading.id, "", reading.figures) for reading in manifest.readings.values())


def _read(text: str) -> Figure | None:
    try:
        return read_figure(text)
    except ValueError:
        return None


def _rows(model: dmn.DecisionModel, table: DecisionTable) -> tuple[tuple[Row, tuple[CellFigure, ...]], ...]:
    return tuple((row, tuple(table_figures.of_rule(model, table, row))) for row in table.rules)


def _cited(row: Row) -> Iterator[str]:
    """The articles and readings that a row names."""
    texts = (row.description, *row.annotations)
    yield from dmn.citations(*texts)
    yield from (reading for text in texts for reading in _READING.findall(text))


# --------------------------------------------------------------------------- one row
def _row(file: str, row: Row, figures: Sequence[CellFigure], named: Sequence[Named]) -> Iterator[Finding]:
    for figure in figures:
        rule, source = _compared(figure, named)
        if rule is not None:
            found = rule.at(
                file,
                row.id,
                figure.cell.line or row.line,
                row=row.row,
                number=row.row,
                column=figure.column,
                cell=figure.cell.text,
                found=words(figure.value, figure.unit or _unit(source)),
                source=source.source if source else "",
                named=source.figure.words() if source else "",
            )
            yield replace(found, column=figure.column)


def _compared(cell: CellFigure, named: Sequence[Named]) -> tuple[Rule | None, Named | None]:
    """What is wrong with a figure, and the named figure that it should be."""
    if cell.unit is None:
        if not named or cell.value in _NOT_FIGURES or _is_hundred(cell, named):
            return None, None
        comparable = [one for one in named if any(one.figure.numbers())]
        same = [one for one in named if cell.value in tuple(one.figure.numbers())]
    else:
        comparable = [one for one in named if _alike(one.figure.unit, cell.unit)]
        same = [one for one in comparable if _is(one.figure, cell)]
    if any(cell.sign in ("", one.figure.sign) or not one.figure.sign for one in same):
        return None, None
    if same:
        return OTHER_SIDE, same[0]
    if not comparable:
        return (NO_SOURCE, None) if cell.limit else (None, None)
    nearest = min(comparable, key=lambda one: _distance(one.figure, cell))
    beside = nearest.figure.unit == "yuan" and _distance(nearest.figure, cell) < 1
    return (BESIDE if beside else DIFFERS), nearest


def _is(figure: Figure, cell: CellFigure) -> bool:
    if isinstance(cell.value, date) or cell.unit is None:
        return figure.value == cell.value
    return figure.is_limit(cell.value, cell.unit)


def _alike(one: Unit, other: Unit) -> bool:
    return any(one in units and other in units for units in _CLASSES)


def _is_hundred(cell: CellFigure, named: Sequence[Named]) -> bool:
    """The hundred by which a share is multiplied so that no cent is lost: `a * 100 <= b * 15`."""
    return cell.value == 100 and any(one.figure.unit == "%" for one in named)


def _distance(figure: Figure, cell: CellFigure) -> Decimal:
    if isinstance(figure.value, date) or isinstance(cell.value, date):
        return Decimal("Infinity")
    return min(abs(number - cell.value) for number in figure.numbers())


def _unit(named: Named | None) -> Unit | None:
    """The unit in which a plain number is told: that of the figure it is compared with, where it is money."""
    return named.figure.unit if named and named.figure.unit in ("yuan", "%") else None
