"""看板: how a body's cases stand; each number leads to the list that has as many rows, and each list can be
taken away as a file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, get_args
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from server.services import board, board_lists, searching
from server.services.board import Board, Count
from server.services.board_lists import Kind, Line, Wanted
from server.web import case_table, figures, render, sheets
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.pages import search
from server.web.routing import Pages
from server.web.sheets import Cell, Sheet
from server.web.words import Words

pages = Pages()
LIGHTS = (
    ("red", _("Overdue")), ("yellow", _("Nearly due")), ("green", _("On time")),
    ("stopped", _("Clock stopped")),
)  # fmt: skip
KINDS = {"open": _("Open tasks"), "completed": _("Completed tasks"), "returned": _("Returned tasks")}
SHOWN = 8
"""How many lines of a table the board shows at once; the others are folded beneath."""
_TASKS = ("kind", "light", "department", "process", "element", "reason", "first", "last", "late", "likely",
          "months")  # fmt: skip
_CASES = ("first", "last", "ended_first", "ended_last")


@pages.get("/board")
def show(visit: Visit) -> Response:
    """The board."""
    found = board.board(visit.session, visit.person, visit.now, _months(visit))
    most = max((max(month.begun, month.ended) for month in found.throughput), default=0)
    return render.page(
        visit, "board/board.html", block="board", board=found, periods=board.PERIODS, lights_named=LIGHTS,
        tasks=_task_address, cases=_case_address, most=most, open_tasks=sum(found.lights.values()),
        number=figures.number, bar=figures.bar, shown=SHOWN, departments=_lit(visit, found.departments),
        steps=_lit(visit, found.steps), durations=_took(visit, found), returns=_returned(visit, found),
    )  # fmt: skip


def _lit(visit: Visit, counts: tuple[Count, ...]) -> list[Markup]:
    """Each line of lights: a number for each light, their sum, and how they share it."""
    named, lines = [(light, " " + visit.words.gettext(label)) for light, label in LIGHTS], []
    for count in counts:
        asked = {"process": count.process, "element": count.id} if count.process else {"department": count.id}
        cells = [
            figures.cell(count.lights[light], _task_address(light=light, **asked), count.name + label)
            for light, label in named
        ]
        together = figures.cell(count.total, _task_address(**asked), count.name)
        cells += [together, figures.beside(figures.mix(count.lights))]
        lines.append(figures.row(count.name, count.process_name, cells))
    return lines


def _took(visit: Visit, found: Board) -> list[Markup]:
    """The line of each step: how many, half and nine of ten of them in days, how many late, two bars."""
    longest = max((one.ninetieth for one in found.durations), default=0)
    late, lines = " " + visit.words.gettext(_("After the limit")), []
    for one in found.durations:
        asked = {"kind": "completed", "process": one.process, "element": one.element, "months": found.months}
        bars = figures.bar(one.median, longest, "thin") + figures.bar(one.ninetieth, longest, "thin second")
        cells = [
            figures.cell(one.count, _task_address(**asked), one.name),
            figures.plain(one.median), figures.plain(one.ninetieth),
            figures.cell(one.late, _task_address(**asked, late=1), one.name + late), figures.beside(bars),
        ]  # fmt: skip
        lines.append(figures.row(one.name, one.process_name, cells))
    return lines


def _returned(visit: Visit, found: Board) -> list[Markup]:
    """The line of each reason, those that the board does not name together in the last."""
    most, lines = max((one.count for one in found.returns), default=0), []
    for one in found.returns:
        name = one.text or visit.words.gettext(_("other reasons"))
        address = _task_address(kind="returned", reason=one.text or board_lists.OTHERS, months=found.months)
        cells = [figures.cell(one.count, address, name), figures.beside(figures.bar(one.count, most))]
        lines.append(figures.row(name, "", cells))
    return lines


@pages.get("/board/tasks")
def tasks(visit: Visit) -> Response:
    """The tasks that a number counts."""
    wanted, start = _wanted(visit), visit.query("start")
    page = board_lists.page(
        visit.session, visit.person, wanted, visit.now, start=int(start[:6]) if start.isdecimal() else 0
    )
    query = _query(visit, _TASKS)
    following = urlencode({**query, "start": str(page.next)}) if page.next is not None else ""
    return render.page(
        visit, "board/tasks.html", page=page, wanted=wanted, title=visit.words.gettext(KINDS[wanted.kind]),
        said=_said(visit, wanted, page), query=urlencode(query),
        next=f"/board/tasks?{following}" if following else "",
    )  # fmt: skip


@pages.get("/board/tasks.xlsx")
def tasks_as_workbook(visit: Visit) -> Response:
    """All of them as a workbook."""
    return download(sheets.workbook(_task_sheet(visit)), sheets.WORKBOOK, f"{_task_title(visit)}.xlsx")


@pages.get("/board/tasks.csv")
def tasks_as_csv(visit: Visit) -> Response:
    """All of them as CSV."""
    content = sheets.csv_file(_task_sheet(visit))
    return download(content, "text/csv; charset=utf-8", f"{_task_title(visit)}.csv")


@pages.get("/board/cases")
def cases(visit: Visit) -> Response:
    """The cases that a number counts."""
    among = board.reach_of(visit.session, visit.person).cases
    page = searching.page(
        visit.session, visit.person, _cases_wanted(visit), visit.now, after=visit.query("after"), among=among
    )
    query = _query(visit, _CASES)
    following = urlencode({**query, "after": page.next}) if page.next else ""
    return render.page(
        visit, "board/cases.html", page=page, table=case_table.of_visit(visit), query=urlencode(query),
        visible=board_lists.visible(visit.session, visit.person, page.rows),
        next=f"/board/cases?{following}" if following else "",
    )  # fmt: skip


@pages.get("/board/cases.xlsx")
def cases_as_workbook(visit: Visit) -> Response:
    """All of them as a workbook."""
    name = visit.words.gettext(_("Cases"))
    return download(sheets.workbook(_case_sheet(visit)), sheets.WORKBOOK, f"{name}.xlsx")


@pages.get("/board/cases.csv")
def cases_as_csv(visit: Visit) -> Response:
    """All of them as CSV."""
    name = visit.words.gettext(_("Cases"))
    return download(sheets.csv_file(_case_sheet(visit)), "text/csv; charset=utf-8", f"{name}.csv")


# --------------------------------------------------------------------------- addresses
@lru_cache(maxsize=4096)  # a board has hundreds, and the next one has the same
def _task_address(**asked: object) -> str:
    return f"/board/tasks?{urlencode({name: value for name, value in asked.items() if value})}"


def _case_address(**asked: object) -> str:
    return f"/board/cases?{urlencode({name: value for name, value in asked.items() if value})}"


def _query(visit: Visit, names: tuple[str, ...]) -> dict[str, str]:
    return {name: visit.query(name) for name in names if visit.query(name)}


def _months(visit: Visit) -> int:
    asked = visit.query("months")
    return int(asked) if asked in {str(months) for months in board.PERIODS} else 3


def _wanted(visit: Visit) -> Wanted:
    query, kinds = visit.query, get_args(Kind)
    kind: Any = query("kind") if query("kind") in kinds else "open"
    return Wanted(
        kind, query("light") if query("light") in board.LIGHTS else "", query("department"),
        query("process"), query("element"), query("reason"), search.day(query("first")),
        search.day(query("last")), query("late") == "1", query("likely") == "1", _months(visit),
    )  # fmt: skip


def _cases_wanted(visit: Visit) -> searching.Wanted:
    first, last, ended_first, ended_last = (search.day(visit.query(name)) for name in _CASES)
    return searching.Wanted(
        begun_first=first, begun_last=last, ended_first=ended_first, ended_last=ended_last
    )


# --------------------------------------------------------------------------- files
def _task_title(visit: Visit) -> str:
    return visit.words.gettext(KINDS[_wanted(visit).kind])


def _task_sheet(visit: Visit) -> Sheet:
    gettext, wanted = visit.words.gettext, _wanted(visit)
    heads = (
        _("Task"), _("Number"), _("Subject"), _("Process"), _("Department"), _("Officer"), _("Since"),
        _("Limit of this step"), _("Completed on"), _("Working days used"), _("Reason"),
    )  # fmt: skip
    lines = board_lists.every(visit.session, visit.person, wanted, visit.now)
    return Sheet(_task_title(visit), _made(visit), [gettext(head) for head in heads], map(_cells, lines))


def _cells(line: Line) -> list[Cell]:
    return [
        line.name, line.business_key, line.title, line.process_name, line.department, line.who,
        case_table.local(line.created_at), case_table.local(line.due), case_table.local(line.done_at),
        line.days, line.reason,
    ]  # fmt: skip


def _case_sheet(visit: Visit) -> Sheet:
    among = board.reach_of(visit.session, visit.person).cases
    table = case_table.of_visit(visit)
    rows = searching.every(visit.session, visit.person, _cases_wanted(visit), visit.now, among=among)
    return Sheet(visit.words.gettext(_("Cases")), _made(visit), table.heads, table.lines(rows))


def _made(visit: Visit) -> str:
    said: Mapping[str, object] = {"when": Words(visit.words).clock(visit.now), "who": visit.person.name}
    return visit.words.tell(_("Made on {when} by {who}"), said)


def _said(visit: Visit, wanted: Wanted, page: board_lists.LinePage) -> list[str]:
    """What the list is narrowed to, in words."""
    gettext, words = visit.words.gettext, Words(visit.words)
    lights = dict(LIGHTS)
    days = [words.day(day) for day in dict.fromkeys((wanted.first, wanted.last)) if day]
    reason = gettext(_("other reasons")) if wanted.reason == board_lists.OTHERS else wanted.reason
    return [
        said
        for said in (
            gettext(lights[wanted.light]) if wanted.light else "", page.department, page.step, reason,
            " – ".join(days), gettext(_("done after its limit")) if wanted.late else "",
            gettext(_("probably late")) if wanted.likely else "",
        )
        if said
    ]  # fmt: skip
