"""A list of cases as a table: the same columns and cells on the page and in files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Any

from server.engine.schedule import CIVIL
from server.services import case_columns, deployed
from server.services.deployed import Deployed
from server.services.searching import Found
from server.web import vocabulary
from server.web.context import Visit
from server.web.language import mark as _
from server.web.sheets import Cell
from server.web.vocabulary import Vocabulary
from server.web.words import Words

STATES = {
    "running": _("running"),
    "suspended": _("suspended"),
    "incident": _("stands still"),
    "ended": _("ended"),
    "cancelled": _("ended without an outcome"),
}
"""What the states of a case are called in a list."""
_BATCH = 500


@dataclass(frozen=True)
class CaseTable:
    """How cases are listed for a reader: with columns of their own where all are of one process."""

    visit: Visit
    used: Deployed
    names: Vocabulary
    words: Words
    process: str = ""
    columns: tuple[str, ...] = ()

    @cached_property
    def labels(self) -> list[str]:
        """The labels of the process's own columns; each cell of a list names its own."""
        return [self.names.name(path) for path in self.columns]

    @property
    def heads(self) -> list[str]:
        """The labels of all columns of a file."""
        gettext = self.words.translator.gettext
        first = (_("Number"), _("Subject"), _("Project code"), _("Process"), _("Unit"), _("Starter"))
        last = (_("State"), _("Started"), _("Limit"), _("Ended"))
        return [*map(gettext, first), *self.labels, *map(gettext, last)]

    def state(self, row: Found) -> str:
        """How a case ended, or how it stands."""
        if row.status == "ended" and row.outcome_name:
            return row.outcome_name
        return self.words.translator.gettext(STATES.get(row.status, row.status))

    def process_name(self, key: str) -> str:
        """What people call a process; its id where the deployment in use has none of it."""
        known = self.used.model.processes.get(key)
        return known.name if known else key

    def own(self, rows: Sequence[Found]) -> dict[str, list[tuple[str, bool]]]:
        """The process's own columns in words, by case, and whether each is a figure."""
        found = self._values(rows)
        return {row.id: [self._told(path, found.get(row.id, {})) for path in self.columns] for row in rows}

    def lines(self, rows: Iterable[Found]) -> Iterator[list[Cell]]:
        """The rows of a file, read while it is written."""
        source = iter(rows)
        while batch := list(islice(source, _BATCH)):
            found = self._values(batch)
            for row in batch:
                own = [self._cell(path, found.get(row.id, {}).get(path)) for path in self.columns]
                first = (row.business_key, row.title, row.project_code, self.process_name(row.process_key))
                last = (self.state(row), local(row.started_at), local(row.due), local(row.ended_at))
                yield [*first, row.unit, row.starter, *own, *last]

    def _values(self, rows: Sequence[Found]) -> Mapping[str, Mapping[str, Any]]:
        ids = [row.id for row in rows]
        return case_columns.values(self.visit.session, self.used, ids, self.columns)

    def _told(self, path: str, values: Mapping[str, Any]) -> tuple[str, bool]:
        return self._text(path, values.get(path)), is_figure(values.get(path))

    def _text(self, path: str, value: Any) -> str:
        return "" if value is None else self.names.value(path.rpartition(".")[2], value, self.words)

    def _cell(self, path: str, value: Any) -> Cell:
        if is_figure(value):
            return value if isinstance(value, int | Decimal) else Decimal(str(value))
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        return self._text(path, value)


def of_visit(visit: Visit, process: str = "") -> CaseTable:
    """The table for a reader; `process` is the one that all its cases belong to."""
    used = deployed.active(visit.session, visit.person.tenant_id)
    known = process if process in used.model.processes else ""
    columns = case_columns.shown(visit.session, visit.person, used, known) if known else ()
    return CaseTable(visit, used, vocabulary.of(used, visit.language), Words(visit.words), known, columns)


def is_figure(value: Any) -> bool:
    """Whether a value stands to the right in its column."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def local(moment: datetime | None) -> date | None:
    """The day of a moment on the clocks of the office."""
    return moment.astimezone(CIVIL).date() if moment else None
