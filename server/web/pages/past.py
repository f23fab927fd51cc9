"""补录: what was decided of projects before this house knew them, entered by a page; and all that was
entered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from starlette.responses import Response

from server.engine.forms import FieldError, Submission, read
from server.engine.forms.values import ValueProblem, moment
from server.services import (
    deployed,
    legal_status,
    past_entering,
    past_facts,
    past_log,
    projects,
    submissions,
)
from server.services.history import ChainFault
from server.services.past_facts import Document, PastRefused, PastStale, Sheet, Told
from server.services.past_log import Entry
from server.web import filling, render, sheets, vocabulary
from server.web.context import Visit
from server.web.downloads import download
from server.web.filling import Filled
from server.web.language import mark as _
from server.web.routing import Pages
from server.web.sheets import Sheet as Table
from server.web.typed import texts
from server.web.vocabulary import Vocabulary
from server.web.words import Words

pages = Pages()
SHOWN = 100
_STEP = 1_000
_STALE = _(
    "The facts of this project have changed since you opened this page. Nothing was written; what you typed "
    "is below. Compare and enter it again."
)
_OWNER = "past"
_PREFIX = "past_"
"""Before the names of what belongs to no fact: a jurisdiction may have a fact called “day”."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the trail with its facts in words: what each is called, was and is ("" for nothing)."""

    entry: Entry
    changes: tuple[tuple[str, str, str], ...]


@pages.get("/projects/past")
def trail(visit: Visit) -> Response:
    """All that was entered, newest first, and whether its chain is whole."""
    before = visit.query("before")
    behind = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
    found = past_facts.trail(visit.session, visit.person, before=behind, limit=SHOWN + 1)
    proof = next(past_log.verify(visit.session, visit.person.tenant_id), 0)
    fault = proof if isinstance(proof, ChainFault) else None
    used = deployed.active(visit.session, visit.person.tenant_id)
    return render.page(
        visit, "projects/past.html", trail=lines(visit, found[:SHOWN]), fault=fault,
        count=0 if fault else proof, next=found[SHOWN - 1].seq if len(found) > SHOWN else None,
        may_enter=bool(past_facts.may_enter(visit.person, used)),
    )  # fmt: skip


@pages.get("/projects/past.xlsx")
def export(visit: Visit) -> Response:
    """The same as a workbook, a row for each fact."""
    gettext = visit.words.gettext
    columns = (
        _("Project code"), _("Project"), _("Fact"), _("Before"), _("After"), _("Document"),
        _("Day of the document"), _("Reason"), _("Entered by"), _("Entered on"),
    )  # fmt: skip
    words = Words(visit.words)
    rows = (row for line in _everything(visit) for row in _rows(line, words))
    title = gettext(_("Projects from before"))
    table = Table(title, visit.person.tenant_name, [gettext(column) for column in columns], rows)
    return download(sheets.workbook(table), sheets.WORKBOOK, f"{title}.xlsx")


def _everything(visit: Visit) -> Iterator[Line]:
    """All entries in words, newest first."""
    before: int | None = None
    while found := past_facts.trail(visit.session, visit.person, before=before, limit=_STEP):
        yield from lines(visit, found)
        before = found[-1].seq


def _rows(line: Line, words: Words) -> Iterator[tuple[sheets.Cell, ...]]:
    """A row for each fact; one without, where only the project was entered."""
    e = line.entry
    for name, old, new in line.changes or (("", "", ""),):
        yield (
            e.project_code, e.project_name, name, old, new, e.document, e.day, e.reason, e.actor_name,
            words.clock(e.at),
        )  # fmt: skip


@pages.get("/projects/new")
def new(visit: Visit) -> Response:
    """A page for a project that is not known yet."""
    facts = past_facts.offered(visit.session, visit.person)
    empty = Sheet(projects.ProjectView("", "", "", "", {}), facts, past_facts.Standing(), ())
    return _page(visit, empty, _shown(visit, empty, {}))


@pages.post("/projects/new")
def enter_new(visit: Visit) -> Response:
    """Enter it; what is wrong is said with what was typed."""
    facts = past_facts.offered(visit.session, visit.person)
    name, unit = visit.sent("past_name").strip()[:200], visit.sent("past_unit")
    empty = Sheet(projects.ProjectView("", "", name, unit, {}), facts, past_facts.Standing(), ())
    sent, told, wrong = _told(visit, empty)
    if not wrong:
        try:
            made = past_entering.enter_project(visit.session, visit.person, name, unit, told, visit.now)
        except PastRefused as refused:
            visit.session.rollback()
            wrong = _sentences(visit, refused)
        else:
            return render.redirect(visit, f"/projects/{made.id}")
    return _page(visit, empty, _judged(visit, empty, sent, wrong), status=422)


@pages.get("/projects/{id}/facts")
def show(visit: Visit) -> Response:
    """A page for a project that is known: what stands may be corrected, what a case fixed may not."""
    sheet = past_facts.sheet(visit.session, visit.person, visit.path("id"))
    return _page(visit, sheet, _shown(visit, sheet, sheet.stands.facts))


@pages.post("/projects/{id}/facts")
def enter(visit: Visit) -> Response:
    """Enter it. Where something has changed meanwhile, the page comes again with what was typed."""
    project = visit.path("id")
    sheet = past_facts.sheet(visit.session, visit.person, project)
    sent, told, wrong = _told(visit, sheet)
    stale = sheet.stands.digest != visit.sent("seen")
    if not wrong and not stale:
        try:
            past_entering.enter(visit.session, visit.person, project, told, visit.sent("seen"), visit.now)
        except PastRefused as refused:
            visit.session.rollback()
            wrong = _sentences(visit, refused)
        except PastStale:
            visit.session.rollback()
            stale = True
        else:
            return render.redirect(visit, f"/projects/{project}#past")
    if stale:
        sheet = past_facts.sheet(visit.session, visit.person, project)
    return _page(visit, sheet, _judged(visit, sheet, sent, wrong), status=409 if stale else 422)


def lines(visit: Visit, entries: Sequence[Entry]) -> list[Line]:
    """Entries of the trail in words."""
    names, words = vocabulary_of(visit), Words(visit.words)

    def said(name: str, value: object) -> str:
        return "" if value is None else names.value(name, value, words)

    return [
        Line(entry, tuple((names.name(c.name), said(c.name, c.before), said(c.name, c.after))
                          for c in entry.changes))
        for entry in entries
    ]  # fmt: skip


def vocabulary_of(visit: Visit) -> Vocabulary:
    """The vocabulary of the deployment in use, with what a project's facts are called that no form asks."""
    used = deployed.active(visit.session, visit.person.tenant_id)
    found = vocabulary.of(used, visit.language)
    facts = past_facts.names(used, visit.language) if used.manifest else {}
    more = {name: label for name, label in facts.items() if found.name(name) == name}
    return replace(found, names={**found.names, **more})


# --------------------------------------------------------------------------- the form
def _told(visit: Visit, sheet: Sheet) -> tuple[Submission, Told, tuple[tuple[str, str], ...]]:
    """What was typed, what it tells, and what is wrong with it before it is held against anything."""
    seen, autos = _known(visit, sheet), submissions.autos(visit.person, visit.now)
    sent = read(sheet.facts.form, texts(visit), seen, autos, {}, visit.language)
    values = {fact.name: sent.values.get(fact.name) for fact in sheet.facts.facts}
    day, wrong = _day(visit)
    told = Told(Document(visit.sent("past_document").strip(), day), values, visit.sent("past_reason").strip())
    return sent, told, (*wrong, *((error.name, filling.sentence(visit, error)) for error in sent.errors))


def _day(visit: Visit) -> tuple[date | None, tuple[tuple[str, str], ...]]:
    written = visit.sent("past_day").strip()[:40]
    if not written:
        return None, ()
    try:
        return date.fromisoformat(moment(written, "date")), ()
    except ValueProblem:
        told = visit.words.tell(_("{written} is no day: write it like 2024-03-05."), {"written": written})
        return None, (("past_day", told),)


def _known(visit: Visit, sheet: Sheet) -> dict[str, object]:
    return dict(submissions.seen(visit.session, visit.person, sheet.facts.form, {}))


def _sentences(visit: Visit, refused: PastRefused) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.replace(":", _PREFIX), visit.words.tell(text, params))
        for name, (text, params) in refused.problems
    )


def _shown(visit: Visit, sheet: Sheet, facts: Mapping[str, object]) -> Filled:
    return filling.from_answers(visit, sheet.facts.form, facts, _known(visit, sheet), _OWNER)


def _judged(visit: Visit, sheet: Sheet, sent: Submission, wrong: tuple[tuple[str, str], ...]) -> Filled:
    """The fields as they were typed, what is wrong beside each of them and above all of them."""
    beside = tuple(FieldError(name, "", "{told}", {"told": told}) for name, told in wrong)
    judged = Submission(sent.values, beside, sent.raw)
    return filling.from_submission(visit, sheet.facts.form, judged, _known(visit, sheet), _OWNER)


def _page(visit: Visit, sheet: Sheet, filled: Filled, status: int = 200) -> Response:
    names, words = vocabulary_of(visit), Words(visit.words)
    typed = {name: visit.sent(_PREFIX + name) for name in ("document", "day", "reason")}
    return render.page(
        visit, "projects/facts.html", status=status, sheet=sheet, views=filled.views, shown=filled.shown,
        errors=filled.errors, reason=visit.words.gettext(_STALE) if status == 409 else "", typed=typed,
        today=legal_status.day_of(visit.now).isoformat(),
        units=projects.units(visit.session, visit.person.tenant_id) if not sheet.project.id else {},
        fixed=[(names.name(f.name), names.value(f.name, value, words), sheet.stands.fixed[f.name])
               for f, value in sheet.fixed],
        corrects=any(sheet.stands.facts.get(fact.name) is not None for fact in sheet.facts.facts),
    )  # fmt: skip
