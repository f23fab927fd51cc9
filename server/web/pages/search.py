"""查找: cases by text and by what their rows say; the same list as a file; searches kept under a name;
columns of one's own."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from server.services import case_columns, deployed, projects, saved_filters, searching
from server.services.searching import Wanted
from server.web import case_table, render, sheets
from server.web.case_table import CaseTable
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.routing import Pages
from server.web.sheets import Sheet
from server.web.words import Words

pages = Pages()
HERE = "/search"
ASKED = (
    "q", "process", "state", "unit", "outcome", "light", "mine", "first", "last", "ended_first", "ended_last",
)  # fmt: skip
"""The names by which an address asks."""
MINE = (("started", _("begun by me")), ("held", _("held by me now")), ("done", _("I have acted")),
        ("followed", _("followed by me")))  # fmt: skip
LIGHTS = (
    ("red", _("Overdue")), ("yellow", _("Nearly due")), ("green", _("On time")),
    ("stopped", _("Clock stopped")),
)  # fmt: skip


@pages.get(HERE)
def show(visit: Visit) -> Response:
    """What is looked for, and what was found."""
    return _show(visit)


@pages.get("/search/cases.xlsx")
def as_workbook(visit: Visit) -> Response:
    """All that the search finds, as a workbook with the columns of the page."""
    return download(sheets.workbook(_sheet(visit)), sheets.WORKBOOK, f"{_title(visit)}.xlsx")


@pages.get("/search/cases.csv")
def as_csv(visit: Visit) -> Response:
    """All that the search finds, as CSV with the columns of the page."""
    return download(sheets.csv_file(_sheet(visit)), "text/csv; charset=utf-8", f"{_title(visit)}.csv")


@pages.post("/search/saved")
def keep(visit: Visit) -> Response:
    """Keep a search under a name."""
    query = _kept(visit.sent("query"))
    saved = saved_filters.keep(visit.session, visit.person, visit.sent("name"), query, visit.now)
    return render.redirect(visit, f"{HERE}?{urlencode(saved.query)}")


@pages.post("/search/saved/{id}/delete")
def forget(visit: Visit) -> Response:
    """Forget a search of one's own."""
    saved_filters.delete(visit.session, visit.person, visit.path("id"))
    return render.redirect(visit, HERE)


@pages.post("/search/columns")
def choose_columns(visit: Visit) -> Response:
    """Choose the columns of a process's cases."""
    used, process = deployed.active(visit.session, visit.person.tenant_id), visit.sent("process")
    case_columns.choose(visit.session, visit.person, used, process, visit.posted.all("column"))
    return render.redirect(visit, f"{HERE}?{urlencode({**_kept(visit.sent('query')), 'process': process})}")


# --------------------------------------------------------------------------- what is asked
def wanted(visit: Visit) -> Wanted:
    """What the address asks for; what is no day or no known word asks nothing."""
    query = visit.query
    return Wanted(
        query("q"), query("process"), _one_of(query("state"), ("open", *searching.STATES)), query("unit"),
        query("outcome"), _one_of(query("light"), searching.LIGHTS),
        _one_of(query("mine"), tuple(name for name, _label in MINE)), day(query("first")), day(query("last")),
        day(query("ended_first")), day(query("ended_last")),
    )  # fmt: skip


def day(text: str) -> date | None:
    """A day of an address; None if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _one_of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else ""


def _asked(visit: Visit) -> dict[str, str]:
    return {name: visit.query(name) for name in ASKED if visit.query(name)}


def _kept(query: str) -> dict[str, str]:
    """A posted query, of which only what a search asks is taken."""
    return {name: value[:200] for name, value in parse_qsl(query[:2000]) if name in ASKED}


# --------------------------------------------------------------------------- what is shown
def _show(visit: Visit) -> Response:
    asked, query = wanted(visit), _asked(visit)
    table = case_table.of_visit(visit, asked.process)
    page = searching.page(visit.session, visit.person, asked, visit.now, after=visit.query("after"))
    offered = case_columns.offered(table.used, table.process) if table.process else ()
    processes = [(key, table.process_name(key)) for key in _processes(table)]
    return render.page(
        visit, "search/search.html", block="found", page=page, wanted=asked, table=table,
        own=table.own(page.rows), processes=processes,
        units=projects.units(visit.session, visit.person.tenant_id).items(), states=case_table.STATES.items(),
        lights_named=LIGHTS, mine=MINE, counted=searching.COUNTED, ranked=searching.RANKED,
        saved=[(kept, f"{HERE}?{urlencode(kept.query)}", kept.query == query)
               for kept in saved_filters.of_person(visit.session, visit.person)],
        query=urlencode(query), offered=[(name, table.names.name(name)) for name in offered],
        most_columns=case_columns.MOST,
        next=f"{HERE}?{urlencode({**query, 'after': page.next})}" if page.next else "",
    )  # fmt: skip


def _processes(table: CaseTable) -> list[str]:
    """The processes of which there are cases: all but those that only others call."""
    entries = table.used.manifest.processes if table.used.manifest else {}
    return [key for key in table.used.model.processes if key not in entries or not entries[key].called]


def _title(visit: Visit) -> str:
    return visit.words.gettext(_("Cases"))


def _sheet(visit: Visit) -> Sheet:
    asked = wanted(visit)
    table = case_table.of_visit(visit, asked.process)
    rows = searching.every(visit.session, visit.person, asked, visit.now)
    return Sheet(_title(visit), _note(visit, table), table.heads, table.lines(rows))


def _note(visit: Visit, table: CaseTable) -> str:
    """Whose list it is, of when, and what was asked."""
    gettext = visit.words.gettext
    made = visit.words.tell(
        _("Made on {when} by {who}"),
        {"when": Words(visit.words).clock(visit.now), "who": visit.person.name},
    )
    process = table.process_name(table.process) if table.process else ""
    labels = {"q": _("Text"), "first": _("Begun from"), "last": _("Begun until"),
              "ended_first": _("Ended from"), "ended_last": _("Ended until")}  # fmt: skip
    said = [f"{gettext(label)}：{visit.query(name)}" for name, label in labels.items() if visit.query(name)]
    return "；".join([made, *([f"{gettext(_('Process'))}：{process}"] if process else []), *said])
