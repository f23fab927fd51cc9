"""台账: the registers of the jurisdiction, filtered, in order, page by page; the same list as a file or on
paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from server.bundles.papers import Register
from server.engine.schedule import CIVIL
from server.services import register_views
from server.services.deployed import Deployed
from server.services.register_views import COUNTED, SORTS, Entry, Filters, Key
from server.web import paging, render, sheets, vocabulary
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.routing import Pages
from server.web.sheets import Cell, Sheet
from server.web.vocabulary import Vocabulary
from server.web.words import Words

pages = Pages()
PRINTED = 2_000
"""A print has at most so many rows; a file has all."""


@pages.get("/registers")
def listing(visit: Visit) -> Response:
    """Which registers there are."""
    found = register_views.catalogue(visit.session, visit.person)
    named = [(register, _name(visit, register), total) for register, total in found]
    return render.page(visit, "registers/list.html", registers=named, counted=COUNTED)


@pages.get("/registers/{id}")
def show(visit: Visit) -> Response:
    """One register: filters, rows, what it can be taken away as."""
    filters, sort = _filters(visit), _sort(visit)
    page = register_views.page(
        visit.session,
        visit.person,
        visit.path("id"),
        filters,
        sort,
        after=_key_of(visit.query("after"), sort),
    )
    table = _table(visit, page.register)
    here = f"/registers/{page.register.id}"
    return render.page(
        visit, "registers/register.html", block="register", page=page, filters=filters, sort=sort,
        name=_name(visit, page.register), columns=table.variables,
        rows=[(entry, table.texts(entry)) for entry in page.entries], counted=COUNTED,
        filtered=filters != Filters(), here_address=here,
        query=urlencode(_query(visit)), sorts=_sort_addresses(visit, here),
        next=f"{here}?{urlencode({**_query(visit), 'after': _text_of(page.next)})}" if page.next else "",
    )  # fmt: skip


@pages.get("/registers/{id}/register.xlsx")
def as_workbook(visit: Visit) -> Response:
    """The filtered register as a workbook."""
    register, sheet = _sheet(visit)
    return download(sheets.workbook(sheet), sheets.WORKBOOK, f"{_name(visit, register)}.xlsx")


@pages.get("/registers/{id}/register.csv")
def as_csv(visit: Visit) -> Response:
    """The filtered register as CSV."""
    register, sheet = _sheet(visit)
    return download(sheets.csv_file(sheet), "text/csv; charset=utf-8", f"{_name(visit, register)}.csv")


@pages.get("/registers/{id}/print")
def paper(visit: Visit) -> Response:
    """The filtered register on A4, across."""
    register, sheet = _sheet(visit)
    words = Words(visit.words)
    rows = [[_on_paper(words, cell) for cell in row] for row in islice(sheet.rows, PRINTED + 1)]
    return render.whole(
        visit, "registers/print.html", register=register, sheet=sheet, rows=rows[:PRINTED],
        more=len(rows) > PRINTED, back=f"/registers/{register.id}?{urlencode(_query(visit))}",
    )  # fmt: skip


# --------------------------------------------------------------------------- what is asked
def _filters(visit: Visit) -> Filters:
    return Filters(
        visit.query("q"), visit.query("number"), visit.query("project"), visit.query("unit"),
        visit.query("outcome"), _day(visit.query("first")), _day(visit.query("last")),
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _sort(visit: Visit) -> str:
    return visit.query("sort") if visit.query("sort") in SORTS else SORTS[0]


def _query(visit: Visit) -> dict[str, str]:
    """What is asked of the list, without the place where it starts."""
    names = ("q", "number", "project", "unit", "outcome", "first", "last", "sort")
    return {name: visit.query(name) for name in names if visit.query(name)}


def _sort_addresses(visit: Visit, here: str) -> dict[str, str]:
    return {sort: f"{here}?{urlencode({**_query(visit), 'sort': sort})}" for sort in SORTS}


def _text_of(key: Key) -> str:
    if isinstance(key.value, datetime):
        return paging.text_of(paging.Key(key.value, key.instance_id))
    return f"{key.value}~{key.instance_id}"


def _key_of(text: str, sort: str) -> Key | None:
    if sort == "title":
        title, found, instance_id = text.rpartition("~")
        return Key(title, instance_id) if found else None
    key = paging.key_of(text)
    return Key(key.due_at, key.task_id) if key else None


# --------------------------------------------------------------------------- what is shown
@dataclass(frozen=True, slots=True)
class _Table:
    """How the rows of one register are shown."""

    register: Register
    names: Vocabulary
    words: Words
    processes: dict[str, str]

    @property
    def variables(self) -> list[str]:
        """The labels of the register's own columns."""
        return [self.names.name(path) for path in self.register.columns]

    @property
    def heads(self) -> list[str]:
        """The labels of all columns of a file."""
        gettext = self.words.translator.gettext
        first = (_("Number"), _("Subject"), _("Project code"), _("Unit"))
        process = (_("Process"),) if len(self.register.processes) > 1 else ()
        last = (_("Outcome"), _("Started"), _("Ended"))
        return [*map(gettext, (*first, *process)), *self.variables, *map(gettext, last)]

    def cells(self, entry: Entry) -> list[Cell]:
        """A row of a file."""
        first = (entry.number, entry.title, entry.project_code, entry.unit)
        process = (self.processes.get(entry.process_key, ""),) if len(self.register.processes) > 1 else ()
        own = [self._cell(path, entry.values.get(path)) for path in self.register.columns]
        return [*first, *process, *own, self.outcome(entry), _local(entry.started_at), _local(entry.ended_at)]

    def texts(self, entry: Entry) -> list[tuple[str, bool]]:
        """The register's own columns in words, and whether each is a figure."""
        found = [(path, entry.values.get(path)) for path in self.register.columns]
        return [(self._text(path, value), _is_figure(value)) for path, value in found]

    def outcome(self, entry: Entry) -> str:
        """How the case ended, or that it runs."""
        if entry.status == "ended":
            return entry.outcome_name or ""
        return self.words.translator.gettext(_("running"))

    def _text(self, path: str, value: Any) -> str:
        return "" if value is None else self.names.value(path.rpartition(".")[2], value, self.words)

    def _cell(self, path: str, value: Any) -> Cell:
        if _is_figure(value):
            return value if isinstance(value, int | Decimal) else Decimal(str(value))
        if isinstance(value, str) and (day := _day(value)) is not None:
            return day
        return self._text(path, value)


def _table(visit: Visit, register: Register) -> _Table:
    used: Deployed = register_views.described(visit.session, visit.person, register.id)[0]
    processes = {key: used.model.processes[key].name for key in register.processes}
    return _Table(register, vocabulary.of(used, visit.language), Words(visit.words), processes)


def _sheet(visit: Visit) -> tuple[Register, Sheet]:
    """The filtered register with every row, read while it is written."""
    used, register = register_views.described(visit.session, visit.person, visit.path("id"))
    table = _table(visit, register)
    entries = register_views.rows(visit.session, visit.person, register.id, _filters(visit), _sort(visit))
    rows: Iterator[list[Cell]] = (table.cells(entry) for entry in entries)
    note = _note(visit, register_views.outcomes(used, register))
    return register, Sheet(_name(visit, register), note, table.heads, rows)


def _note(visit: Visit, outcomes: tuple[tuple[str, str], ...]) -> str:
    """Whose list it is, of when, and what was filtered."""
    gettext, filters = visit.words.gettext, _filters(visit)
    asked = (
        (_("Text"), filters.text), (_("Number"), filters.number), (_("Project"), filters.project),
        (_("First day"), filters.first), (_("Last day"), filters.last),
        (_("Outcome"), dict(outcomes).get(filters.outcome)),
    )  # fmt: skip
    said = [f"{gettext(label)}：{value}" for label, value in asked if value]
    made = visit.words.tell(
        _("Made on {when} by {who}"),
        {"when": Words(visit.words).clock(visit.now), "who": visit.person.name},
    )
    return "；".join([made, *said])


def _on_paper(words: Words, cell: Cell) -> tuple[str, str]:
    """A cell in words, and its class."""
    if cell is None or cell == "":
        return "", ""
    if isinstance(cell, date):
        return cell.isoformat(), "fixed"
    return words.value(cell), "figure" if _is_figure(cell) else ""


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _local(moment: datetime | None) -> date | None:
    return moment.astimezone(CIVIL).date() if moment else None


def _name(visit: Visit, register: Register) -> str:
    return (register.name_en if visit.language == "en" else "") or register.name
