"""Entering people from a list: choose a file, see what it would do, agree."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.responses import Response

from server.services import people_files, people_import
from server.services.errors import NotPermitted
from server.services.people_files import Row
from server.services.people_import import Plan, PlanStale
from server.web import render, sheets
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.pages.rights import HOUSE_NAMES
from server.web.routing import Pages, Permission
from server.web.sheets import Sheet

pages = Pages()
_NAME = "人员导入模板"


@pages.get("/people/import", Permission.ADMIN)
def choose(visit: Visit) -> Response:
    """Where a list is chosen."""
    return render.page(visit, "people/import.html", errors=(), most=people_files.MOST_ROWS)


@pages.get("/people/import/template.xlsx", Permission.ADMIN)
def workbook(visit: Visit) -> Response:
    """A workbook to fill in."""
    return download(sheets.workbook(_template(visit)), sheets.WORKBOOK, f"{_NAME}.xlsx")


@pages.get("/people/import/template.csv", Permission.ADMIN)
def csv_file(visit: Visit) -> Response:
    """A CSV file to fill in."""
    return download(sheets.csv_file(_template(visit)), "text/csv; charset=utf-8", f"{_NAME}.csv")


@pages.post("/people/import", Permission.ADMIN)
def look(visit: Visit) -> Response:
    """What the list would do, row by row. Nothing is written."""
    file = next(iter(visit.posted.files), None)
    if file is None:
        return _refused(visit, visit.words.gettext(_("Choose a file.")))
    try:
        rows = people_files.read(file.content, file.name)
        plan = people_import.plan(visit.session, visit.person, rows)
    except NotPermitted as refused:
        return _refused(visit, visit.words.tell(refused.reason, refused.params))
    return _preview(visit, rows, plan)


@pages.post("/people/import/confirm", Permission.ADMIN)
def confirm(visit: Visit) -> Response:
    """Do exactly what was shown; the first passwords of those who are new are shown this once."""
    try:
        rows = people_import.rows_of(visit.sent("rows"))
        done = people_import.carry_out(visit.session, visit.person, rows, visit.sent("digest"), visit.now)
    except NotPermitted as refused:
        return _refused(visit, visit.words.tell(refused.reason, refused.params))
    except PlanStale as stale:
        return _preview(visit, rows, stale.plan, status=409)
    return render.page(
        visit, "people/entered.html", passwords=done.passwords, changed=done.changed,
        left_out=sum(line.kind == "faulty" for line in _again(visit, rows).lines),
    )  # fmt: skip


def _again(visit: Visit, rows: Sequence[Row]) -> Plan:
    return people_import.plan(visit.session, visit.person, rows)


def _preview(visit: Visit, rows: Sequence[Row], plan: Plan, status: int = 200) -> Response:
    order = {"faulty": 0, "new": 1, "changed": 2, "unchanged": 3}
    lines = sorted(plan.lines, key=lambda line: (order[line.kind], line.number))
    return render.page(
        visit, "people/preview.html", status=status, plan=plan, lines=lines, stale=status == 409,
        rows=people_import.text_of(rows), kinds=people_import.KINDS, shown=partial(_shown, visit, plan),
    )  # fmt: skip


def _shown(visit: Visit, plan: Plan, field: str, value: str) -> str:
    """A value of a row as people read it: departments and groups by their names."""
    gettext = visit.words.gettext
    names = dict(plan.names.get(field, {}))
    if field == "groups":
        names |= {group: gettext(name) for group, name in HOUSE_NAMES.items()}
        return "、".join(names.get(group, group) for group in value.split())
    if field == "active":
        return gettext(_("Yes") if value == "yes" else _("No"))
    return names.get(value, value)


def _refused(visit: Visit, told: str) -> Response:
    return render.page(
        visit, "people/import.html", status=422, errors=(("list", told),), most=people_files.MOST_ROWS
    )


def _template(visit: Visit) -> Sheet:
    headings, example = people_files.template()
    note = visit.words.gettext(
        _("One row for each person. Take the example away; columns that you take away leave what is there.")
    )
    return Sheet(_NAME, note, headings, [example])
