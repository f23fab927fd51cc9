"""Lists as files: exactly what the worklist, what was done, one's own cases and all cases show, every row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from starlette.responses import Response

from server.services import worklist
from server.services.worklist import Filters, TaskRow
from server.web import case_table, sheets
from server.web.case_table import STATES
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.paging import Key
from server.web.routing import Pages, Permission
from server.web.sheets import Cell, Sheet
from server.web.words import Words

pages = Pages()
_STEP = 500


@pages.get("/tasks/list.xlsx")
def tasks_as_workbook(visit: Visit) -> Response:
    """The filtered worklist as a workbook."""
    return _workbook(visit, _tasks(visit))


@pages.get("/tasks/list.csv")
def tasks_as_csv(visit: Visit) -> Response:
    """The filtered worklist as CSV."""
    return _csv(visit, _tasks(visit))


@pages.get("/tasks/done/list.xlsx")
def done_as_workbook(visit: Visit) -> Response:
    """What the person has done as a workbook."""
    return _workbook(visit, _done(visit))


@pages.get("/tasks/done/list.csv")
def done_as_csv(visit: Visit) -> Response:
    """What the person has done as CSV."""
    return _csv(visit, _done(visit))


@pages.get("/instances/list.xlsx")
def mine_as_workbook(visit: Visit) -> Response:
    """The person's own cases as a workbook."""
    return _workbook(visit, _cases(visit, everyone=False))


@pages.get("/instances/list.csv")
def mine_as_csv(visit: Visit) -> Response:
    """The person's own cases as CSV."""
    return _csv(visit, _cases(visit, everyone=False))


@pages.get("/instances/all/list.xlsx", Permission.AUDITOR)
def all_as_workbook(visit: Visit) -> Response:
    """All cases of the jurisdiction as a workbook."""
    return _workbook(visit, _cases(visit, everyone=True))


@pages.get("/instances/all/list.csv", Permission.AUDITOR)
def all_as_csv(visit: Visit) -> Response:
    """All cases of the jurisdiction as CSV."""
    return _csv(visit, _cases(visit, everyone=True))


# --------------------------------------------------------------------------- sheets
def _tasks(visit: Visit) -> Sheet:
    filters = Filters(
        process_key=visit.query("process"), mine=visit.query("mine") == "1", group=visit.query("group"),
        text=visit.query("q"), rehearsals=visit.query("rehearsal") == "1",
    )  # fmt: skip

    def rows() -> Iterator[TaskRow]:
        after: Key | None = None
        while True:
            page = worklist.page(visit.session, visit.person, filters, visit.now, after=after, limit=_STEP)
            yield from page.rows
            after = page.next
            if after is None:
                return

    heads = (_("Task"), _("Number"), _("Subject"), _("From"), _("Limit of this step"),
             _("Limit of the case"), _("Waits for"))  # fmt: skip
    local = case_table.local
    cells = (
        [row.name, row.business_key, row.title, row.sent_by or "", local(row.due), local(row.instance_due),
         "、".join(row.groups)]
        for row in rows()
    )  # fmt: skip
    return _sheet(visit, _("Worklist"), heads, cells)


def _done(visit: Visit) -> Sheet:
    ended = visit.query("ended") == "1"

    def more(last: dict[str, Any] | None) -> list[dict[str, Any]]:
        before = Key(last["completed_at"], last["id"]) if last else None
        return worklist.done(visit.session, visit.person, ended=ended, before=before, limit=_STEP)

    heads = (_("Number"), _("Subject"), _("What I did"), _("When"), _("Where it is"))
    cells = (
        [row["business_key"], row["title"], row["name"], case_table.local(row["completed_at"]),
         _state(visit, row)]
        for row in _every(more)
    )  # fmt: skip
    return _sheet(visit, _("Done"), heads, cells)


def _cases(visit: Visit, *, everyone: bool) -> Sheet:
    rehearsals = visit.query("rehearsal") == "1"

    def more(last: dict[str, Any] | None) -> list[dict[str, Any]]:
        before = last["id"] if last else None
        return worklist.cases(
            visit.session, visit.person, everyone=everyone, before=before, limit=_STEP, rehearsals=rehearsals
        )

    heads = (_("Number"), _("Subject"), _("Started"), _("Limit"), _("Ended"), _("State"))
    local = case_table.local
    cells = (
        [row["business_key"], row["title"], local(row["started_at"]), local(row["due_at"]),
         local(row["ended_at"]), _state(visit, row)]
        for row in _every(more)
    )  # fmt: skip
    return _sheet(visit, _("All cases") if everyone else _("My cases"), heads, cells)


def _every(more: Callable[[dict[str, Any] | None], list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """All rows of a list that is read page by page, each from the last row before it."""
    last: dict[str, Any] | None = None
    while rows := more(last):
        yield from rows
        last = rows[-1]


def _state(visit: Visit, row: dict[str, Any]) -> str:
    return row["outcome_name"] or visit.words.gettext(STATES.get(row["status"], row["status"]))


def _sheet(visit: Visit, title: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Sheet:
    said = {"when": Words(visit.words).clock(visit.now), "who": visit.person.name}
    note = visit.words.tell(_("Made on {when} by {who}"), said)
    gettext = visit.words.gettext
    return Sheet(gettext(title), note, [gettext(head) for head in heads], rows)


def _workbook(visit: Visit, sheet: Sheet) -> Response:
    return download(sheets.workbook(sheet), sheets.WORKBOOK, f"{sheet.title}.xlsx")


def _csv(visit: Visit, sheet: Sheet) -> Response:
    return download(sheets.csv_file(sheet), "text/csv; charset=utf-8", f"{sheet.title}.csv")
