"""Entering projects from before out of a list: choose a file, see what it would do, agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from server.bundles.project_facts import PastFacts
from server.services import past_facts, past_files, past_import
from server.services.errors import NotPermitted
from server.services.past_files import Row
from server.services.past_import import Line, Plan, PlanStale
from server.web import render, sheets
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.routing import Pages
from server.web.sheets import Sheet

pages = Pages()
_NAME = "项目补录模板"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list: its heading, what stands in it, and which processes read it."""

    heading: str
    values: str
    readers: str


@pages.get("/projects/import")
def choose(visit: Visit) -> Response:
    """Where a list is chosen."""
    return _choice(visit)


@pages.get("/projects/import/template.xlsx")
def workbook(visit: Visit) -> Response:
    """A workbook to fill in."""
    return download(sheets.workbook(_template(visit)), sheets.WORKBOOK, f"{_NAME}.xlsx")


@pages.get("/projects/import/template.csv")
def csv_file(visit: Visit) -> Response:
    """A CSV file to fill in."""
    return download(sheets.csv_file(_template(visit)), "text/csv; charset=utf-8", f"{_NAME}.csv")


@pages.post("/projects/import")
def look(visit: Visit) -> Response:
    """What the list would do, row by row. Nothing is written."""
    facts = past_facts.offered(visit.session, visit.person)
    file = next(iter(visit.posted.files), None)
    if file is None:
        return _choice(visit, visit.words.gettext(_("Choose a file.")))
    try:
        listed = past_files.read(facts, file.content, file.name)
    except NotPermitted as refused:
        return _choice(visit, visit.words.tell(refused.reason, refused.params))
    plan = past_import.plan(visit.session, visit.person, listed.rows, visit.now)
    return _preview(visit, facts, listed.rows, plan, unknown=listed.unknown)


@pages.post("/projects/import/confirm")
def confirm(visit: Visit) -> Response:
    """Do exactly what was shown."""
    facts = past_facts.offered(visit.session, visit.person)
    try:
        rows = past_import.rows_of(facts, visit.sent("rows"))
    except NotPermitted as refused:
        return _choice(visit, visit.words.tell(refused.reason, refused.params))
    try:
        done = past_import.carry_out(visit.session, visit.person, rows, visit.sent("digest"), visit.now)
    except PlanStale as stale:
        return _preview(visit, facts, rows, stale.plan, status=409)
    return render.page(visit, "projects/entered.html", plan=done)


def _choice(visit: Visit, told: str = "") -> Response:
    facts = past_facts.offered(visit.session, visit.person)
    return render.page(
        visit, "projects/import.html", status=422 if told else 200, errors=(("list", told),) if told else (),
        most=past_files.MOST_ROWS, columns=_columns(visit, facts),
    )  # fmt: skip


def _columns(visit: Visit, facts: PastFacts) -> list[Column]:
    headings = dict(past_files.headings(facts, visit.language))
    found = []
    for fact in facts.facts:
        field = fact.field
        options = field.options.fixed if field.options else ()
        values = "、".join(option.label.plain(visit.language) for option in options)
        kind = visit.words.gettext(_KINDS.get(field.meaning or field.kind.value, _("text")))
        heading = headings[past_files.FACT + fact.name]
        found.append(Column(heading, values or kind, field.hint.plain(visit.language)))
    return found


_KINDS = {
    "money": _("amount in yuan"), "integer": _("whole number"), "number": _("number"), "datetime": _("day"),
    "select": _("account"),
}  # fmt: skip


def _preview(
    visit: Visit, facts: PastFacts, rows: Sequence[Row], plan: Plan, *, status: int = 200,
    unknown: Sequence[str] = (),
) -> Response:  # fmt: skip
    order = {"faulty": 0, "new": 1, "changed": 2, "unchanged": 3}
    found = sorted(plan.lines, key=lambda line: (order[line.kind], line.number))
    return render.page(
        visit, "projects/preview.html", status=status, plan=plan, stale=status == 409, unknown=unknown,
        lines=[(line, _in_words(visit, facts, line)) for line in found],
        rows=past_import.text_of(rows), kinds=past_import.KINDS,
    )  # fmt: skip


def _in_words(visit: Visit, facts: PastFacts, line: Line) -> list[tuple[str, str, str]]:
    return [past_import.in_words(facts, change, visit.language) for change in line.changes]


def _template(visit: Visit) -> Sheet:
    facts = past_facts.offered(visit.session, visit.person)
    headings = [heading for _column, heading in past_files.headings(facts)]
    note = visit.words.gettext(
        _("One row for each project and document. Cells left empty change nothing; take away spare columns.")
    )
    return Sheet(_NAME, note, headings, [])
