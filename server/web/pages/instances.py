"""办件: everything about one matter, its parts as tabs, and the paper that goes into the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from server.bundles.papers import Document
from server.engine.forms import FieldView
from server.services import (
    archiving,
    calendars,
    checklist,
    documents,
    hand_delivery,
    instance_views,
    printing,
    readings,
    reminding,
    starts,
    worklist,
)
from server.services.case_clock import beside as limits_beside
from server.services.instance_views import InstanceView
from server.services.printing import Sheet
from server.web import filling, letters_beside, render, vocabulary
from server.web.context import Visit
from server.web.language import mark as _
from server.web.limit_words import Explained, explained
from server.web.listing import Listing, listed
from server.web.pdf import PdfUnavailable, pdf_of
from server.web.routing import Pages, Permission
from server.web.words import Words

pages = Pages()
TABS = (
    ("overview", _("Overview")),
    ("diagram", _("Diagram")),
    ("history", _("Record")),
    ("materials", _("Materials")),
    ("decisions", _("Decisions")),
)
_HIDDEN_EVENTS = frozenset({"steps_taken"})


@dataclass(frozen=True, slots=True)
class Line:
    """A step that was done, with its answers ready to be read."""

    name: str
    officer: str
    post: str
    at: datetime
    opinion: str
    views: tuple[FieldView, ...]
    acting_for: str = ""

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What the paper shows beside the opinion, the signature and the date."""
        said = {"opinion_text", "officer", "opinion_date"}
        return [(view.label, view.display) for view in self.views if view.display and view.name not in said]

    @property
    def lists(self) -> list[Listing]:
        """The lists that the paper shows as tables of their own."""
        return [listed(view) for view in self.views if view.rows]


@pages.get("/instances")
def mine(visit: Visit) -> Response:
    """我发起: the cases I have started."""
    return cases_listed(visit, "/instances", everyone=False)


@pages.get("/instances/all", Permission.AUDITOR)
def everyones(visit: Visit) -> Response:
    """All cases of the jurisdiction, for auditors and admins."""
    return cases_listed(visit, "/instances/all", everyone=True)


def cases_listed(
    visit: Visit, address: str, *, everyone: bool, note: str = "", failures: tuple[str, ...] = (),
) -> Response:  # fmt: skip
    """A page of cases, and what came of what was done with the ticked ones."""
    before = visit.query("before") or None
    rehearsals = visit.query("rehearsal") == "1"
    rows = worklist.cases(
        visit.session, visit.person, everyone=everyone, before=before, limit=50, rehearsals=rehearsals
    )
    kept = "rehearsal=1&" if rehearsals else ""
    following = f"{address}?{kept}before={rows[-1]['id']}" if len(rows) == 50 else ""
    return render.page(
        visit, "instances/list.html", rows=rows, next=following, everyone=everyone, address=address,
        rehearsals=rehearsals, note=note, failures=failures, ticked=visit.posted.all("case"),
        typed=visit.sent("note")[: reminding.LONGEST],
    )  # fmt: skip


@pages.get("/instances/{id}")
def overview(visit: Visit) -> Response:
    """概况: what waits, what was answered step by step, the facts."""
    sheet = printing.sheet(visit.session, visit.person, visit.path("id"), visit.now)
    filed = _application(visit, sheet)
    lines = [*reversed(_lines(visit, sheet)), *([filed] if filed else [])]
    offered = documents.offered(visit.session, visit.person, sheet.instance.id, visit.now)
    return _page(
        visit,
        "overview",
        sheet.instance,
        lines_done=lines,
        papers=offered.papers,
        main_paper=offered.main,
        letters=letters_beside.of_case(
            visit, sheet.instance.id, rehearsed=sheet.instance.rehearsal_at is not None
        ),
        counted=_counted(visit, sheet.instance),
        reportable=hand_delivery.of_case(visit.session, visit.person, sheet.instance.id),
        understood=readings.of_case(visit.session, visit.person, sheet.instance.id),
    )


@pages.get("/instances/{id}/diagram")
def diagram(visit: Visit) -> Response:
    """流程图: the taken path and where it stands, as a list and as a picture."""
    diagrams = instance_views.diagrams(visit.session, visit.person, visit.path("id"))
    return _page(visit, "diagram", _case(visit), diagrams=diagrams)


@pages.get("/instances/{id}/diagram.json")
def diagram_facts(visit: Visit) -> Response:
    """What the picture is drawn from."""
    found = instance_views.diagrams(visit.session, visit.person, visit.path("id"))
    for one in found:
        if one.process_key == visit.query("process"):
            return JSONResponse({"xml": one.xml, "taken": list(one.taken), "current": list(one.current)})
    raise HTTPException(404)


@pages.get("/instances/{id}/history")
def history(visit: Visit) -> Response:
    """办理记录: what happened, newest first."""
    record = instance_views.record(visit.session, visit.person, visit.path("id"))
    told = [entry for entry in record if entry.kind not in _HIDDEN_EVENTS]
    return _page(visit, "history", _case(visit), record=vocabulary.told(visit, told))


@pages.get("/instances/{id}/materials")
def materials(visit: Visit) -> Response:
    """材料: the files of the case."""
    found = instance_views.materials(visit.session, visit.person, visit.path("id"))
    listed = checklist.look(visit.session, visit.person, visit.path("id"))
    return _page(visit, "materials", _case(visit), materials=found, checklist=listed)


@pages.get("/instances/{id}/decisions")
def decisions(visit: Visit) -> Response:
    """决策: inputs, the rule that fired, output, article."""
    found = instance_views.decisions(visit.session, visit.person, visit.path("id"))
    return _page(visit, "decisions", _case(visit), decisions=found, names=vocabulary.of_visit(visit))


@pages.get("/instances/{id}/print")
def paper(visit: Visit) -> Response:
    """审批单, for the browser's print."""
    sheet = printing.sheet(visit.session, visit.person, visit.path("id"), visit.now)
    return render.whole(visit, "instances/print.html", **_paper(visit, sheet), for_pdf=False)


@pages.get("/instances/{id}/print.pdf")
def paper_pdf(visit: Visit) -> Response:
    """审批单 as a PDF of the same page."""
    sheet = printing.sheet(visit.session, visit.person, visit.path("id"), visit.now)
    page = render.whole(visit, "instances/print.html", **_paper(visit, sheet), for_pdf=True)
    try:
        content = pdf_of(bytes(page.body).decode())
    except PdfUnavailable as error:
        raise HTTPException(
            503,
            _("PDF cannot be made on this server: Pango is missing. Use the print function of the browser."),
        ) from error
    disposition = f'inline; filename="{sheet.instance.id}.pdf"'
    return Response(content, media_type="application/pdf", headers={"Content-Disposition": disposition})


# --------------------------------------------------------------------------- parts
def _case(visit: Visit) -> InstanceView:
    return instance_views.view(visit.session, visit.person, visit.path("id"), visit.now)


def _page(
    visit: Visit, tab: str, case: InstanceView, main_paper: Document | None = None, **values: Any
) -> Response:  # fmt: skip
    calendar = calendars.of(visit.session, visit.person.tenant_id, visit.person.calendar_revision)
    links = [
        (
            f"/instances/{case.id}" + ("" if name == "overview" else f"/{name}"),
            visit.words.gettext(title),
            name == tab,
        )
        for name, title in TABS
    ]
    days = calendar.working_days_left(case.rehearsal_at or visit.now, case.due) if case.due else None
    return render.page(
        visit,
        "instances/instance.html",
        block="tab",
        case=case,
        tab=tab,
        tab_links=links,
        days_left=days,
        reopenable=bool(case.ended_at) and starts.may_reopen(visit.session, visit.person, case.id, visit.now),
        archivable=bool(case.ended_at) and archiving.offered(visit.session, visit.person, case.id),
        main_paper=main_paper,
        **values,
    )


def _counted(visit: Visit, case: InstanceView) -> list[Explained]:
    """How the limits were counted that stand."""
    dues = [task.due for task in case.open_tasks if task.due]
    if not (case.due or dues):
        return []
    row, _used = instance_views.see(visit.session, visit.person, case.id)
    found = limits_beside(visit.session, visit.person, row["deployment_id"], case.id, case.due, *dues)
    return explained(Words(visit.words), found)


def _lines(visit: Visit, sheet: Sheet) -> list[Line]:
    return [
        Line(
            line.name,
            line.officer,
            line.post,
            line.at,
            line.opinion,
            _asked(visit, line.form, line.values),
            line.acting_for,
        )
        for line in sheet.lines
    ]


def _application(visit: Visit, sheet: Sheet) -> Line | None:
    """What was filed when the case began."""
    record = instance_views.record(visit.session, visit.person, sheet.instance.id)
    begun = next((entry for entry in record if entry.kind == "instance_started"), None)
    _row, used = instance_views.see(visit.session, visit.person, sheet.instance.id)
    form = starts.start_form(used, used.process(sheet.instance.process_key))
    if begun is None or form is None:
        return None
    views = _asked(visit, form, begun.payload.get("values") or {})
    name = form.title.plain(visit.language) or visit.words.gettext(_("Application"))
    return Line(name, begun.actor_name, begun.actor_post, begun.at, "", views)


def _asked(visit: Visit, form: Any, values: dict[str, Any]) -> tuple[FieldView, ...]:
    """The answers that this step gave: what it only showed stands with the step that gave it."""
    given = set(values)
    return tuple(v for v in _flat(filling.in_words(visit, form, values)) if v.name.partition(".")[0] in given)


def _flat(views: Sequence[FieldView]) -> list[FieldView]:
    found: list[FieldView] = []
    for view in views:
        found.extend([view] if view.name else _flat(view.children))
    return found


def _paper(visit: Visit, sheet: Sheet) -> dict[str, Any]:
    import segno  # only when a case is printed

    address = str(visit.request.url.replace(path=f"/instances/{sheet.instance.id}", query=""))
    code = segno.make(address, error="m").svg_data_uri(scale=3, border=0)
    return {
        "sheet": sheet,
        "counted": _counted(visit, sheet.instance),
        "lines_done": _lines(visit, sheet),
        "application": _application(visit, sheet),
        "qr": code,
    }
