"""发起: begin the right matter. Choose it, fill its form, check, start; or rehearse it (试运行), or take an
ended case up again (重新办理)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from server.engine.forms import Pair, Submission
from server.services import (
    deployed,
    drafts,
    instance_views,
    instances,
    just_begun,
    legal_status,
    predecessors,
    readings,
    rehearsal,
    starts,
)
from server.services.errors import InvalidSubmission, StaleTask
from server.services.starts import Matter, Startable, StartView
from server.web import filling, render, vocabulary
from server.web.context import Visit
from server.web.filling import Filled
from server.web.language import mark as _
from server.web.routing import Pages
from server.web.typed import Place
from server.web.upcoming import upcoming

pages = Pages()


@pages.get("/start")
def catalogue(visit: Visit) -> Response:
    """What may be started, by category; what not, and who may."""
    by_category: dict[str, list[Startable]] = {}
    english = visit.language == "en"
    for found in starts.catalogue(visit.session, visit.person, visit.now):
        entry = found.entry
        category = (entry.category_en if english else "") or entry.category
        by_category.setdefault(category, []).append(found)
    manifest = deployed.manifest(visit.session, visit.person.tenant_id)
    excepted = legal_status.exceptions(manifest, legal_status.day_of(visit.now))
    return render.page(
        visit, "start/list.html", catalogue=list(by_category.items()), english=english, excepted=excepted
    )


@pages.get("/start/{key}")
@pages.get("/rehearse/{key}")
@pages.get("/instances/{id}/reopen")
def form(visit: Visit) -> Response:
    """The start form, with the draft if there is one; for the project that the address names, if it does."""
    matter, project = _matter(visit), visit.query("project")
    view = starts.view(visit.session, visit.person, matter, visit.now, project=project)
    pairs = view.draft.pairs if view.draft else ()
    if matter.before and not pairs:
        filed = matter.before.filed
        filled = filling.from_answers(visit, view.form, filed, view.variables, matter.draft)
    else:
        filled = filling.from_draft(visit, view.form, pairs, view.variables, matter.draft)
    return _form_page(visit, view, filled)


def _typed(visit: Visit) -> Place:
    ended = visit.path_or_none("id")
    return Place(_matter(visit).draft if ended is None else predecessors.draft_of(ended), _address(visit))


@pages.post("/start/{key}", typed=_typed)
@pages.post("/rehearse/{key}", typed=_typed)
@pages.post("/instances/{id}/reopen", typed=_typed)
def send(visit: Visit) -> Response:
    """Next: keep the draft; with nothing wrong go on to the check page."""
    matter = _matter(visit)
    pairs = filling.posted_answers(visit, matter.draft)
    try:
        submission = _save(visit, pairs)
    except StaleTask as error:
        return _stale(visit, matter, pairs, error)
    if visit.sent("_save"):
        return render.redirect(visit, f"{_address(visit)}?saved=1")
    edited = filling.is_only_edit(visit, submission)
    judge = not edited and not submission.unseen
    view = _view(visit)
    missing = _missing(visit, view) if judge else ()
    if submission.accepted and not edited and not missing:
        return render.redirect(visit, f"{_address(visit)}/check")
    filled = filling.from_submission(visit, view.form, submission, view.variables, matter.draft, judge=judge)
    filled = Filled(filled.views, filled.shown, (*missing, *filled.errors))
    revealed = bool(submission.unseen) and not edited
    return _form_page(visit, view, filled, status=422 if judge else 200, revealed=revealed)


@pages.post("/start/{key}/fields", typed=_typed)
@pages.post("/rehearse/{key}/fields", typed=_typed)
@pages.post("/instances/{id}/reopen/fields", typed=_typed)
def refresh(visit: Visit) -> Response:
    """The fields again, after an answer on which others depend, or a file."""
    matter = _matter(visit)
    pairs = filling.posted_answers(visit, matter.draft)
    submission = _save(visit, pairs)
    view = _view(visit)
    filled = filling.after_change(visit, view.form, submission, pairs, view.variables, matter.draft)
    if not visit.is_htmx:
        return _form_page(visit, view, filled)
    return render.page(
        visit,
        "components/form_fields.html",
        "fields",
        views=filled.views,
        shown=filled.shown,
        address=_address(visit),
    )


@pages.post("/start/{key}/draft", typed=_typed)
@pages.post("/rehearse/{key}/draft", typed=_typed)
@pages.post("/instances/{id}/reopen/draft", typed=_typed)
def keep_draft(visit: Visit) -> Response:
    """Keep what was typed while it is being typed."""
    _save(visit, filling.posted_answers(visit, _matter(visit).draft))
    return filling.draft_saved(visit)


@pages.get("/start/{key}/check")
@pages.get("/rehearse/{key}/check")
@pages.get("/instances/{id}/reopen/check")
def check(visit: Visit) -> Response:
    """核对: what will be sent, and what happens then."""
    view, matter = _view(visit), _matter(visit)
    try:
        preview = starts.preview(visit.session, visit.person, matter, visit.now)
    except InvalidSubmission:
        return _nothing_to_send(visit)
    reason = predecessors.reason_of(view.draft.pairs) if view.draft else ""
    if view.before and not reason:
        return render.redirect(visit, _address(visit))
    views = filling.in_words(visit, view.form, {**view.variables, **preview.submission.values})
    named = filling.choice_in_words(views, "project_name")
    return render.page(
        visit, "start/check.html", start=view, views=views, project="" if named else _project_name(view),
        upcoming=upcoming(visit, preview.advance), address=_address(visit), reason=reason,
    )  # fmt: skip


@pages.post("/start/{key}/submit")
@pages.post("/rehearse/{key}/submit")
@pages.post("/instances/{id}/reopen/submit")
def submit(visit: Visit) -> Response:
    """Start it."""
    matter = _matter(visit)
    try:
        started = instances.begin(visit.session, visit.person, matter, visit.now)
    except InvalidSubmission:
        visit.session.rollback()
        return _nothing_to_send(visit)
    except StaleTask as error:
        visit.session.rollback()
        return _stale(visit, _matter(visit), (), error)
    return render.redirect(visit, f"/start/done/{started.instance_id}")


@pages.get("/start/done/{id}")
def done(visit: Visit) -> Response:
    """It has begun: the number, what comes next."""
    case = instance_views.view(visit.session, visit.person, visit.path("id"), visit.now)
    mine = next((task.id for task in case.open_tasks if task.mine), "")
    return render.page(visit, "start/done.html", case=case, mine=mine)


# --------------------------------------------------------------------------- parts
def _matter(visit: Visit) -> Matter:
    """What the address names: `/rehearse/town.entry@deployment` rehearses what is not in use yet,
    `/instances/{id}/reopen` takes an ended case up again."""
    ended = visit.path_or_none("id")
    if ended is not None:  # "" is an id that no case has
        return starts.taking_up(visit.session, visit.person, ended)
    key, _at, trial = visit.path("key").partition("@")
    return Matter(key, rehearsed=visit.request.url.path.startswith("/rehearse/"), trial=trial)


def _address(visit: Visit) -> str:
    path = visit.request.url.path
    if path.startswith("/instances/"):
        return f"/instances/{visit.path('id')}/reopen"
    return f"/{'rehearse' if path.startswith('/rehearse/') else 'start'}/{visit.path('key')}"


def _nothing_to_send(visit: Visit) -> Response:
    """To the form; or to what was begun, where the draft is gone because it arrived."""
    begun = just_begun.find(visit.session, visit.person, _matter(visit), visit.now)
    return render.redirect(visit, f"/start/done/{begun}" if begun else _address(visit))


def _view(visit: Visit) -> StartView:
    return starts.view(visit.session, visit.person, _matter(visit), visit.now)


def _save(visit: Visit, pairs: list[Pair]) -> Submission:
    return starts.save(visit.session, visit.person, _matter(visit), pairs, visit.now)


def _missing(visit: Visit, view: StartView) -> tuple[tuple[str, str], ...]:
    """What the page itself asks for, beside the form: the project, and the day of a rehearsal."""
    found = []
    if view.before and not visit.sent(predecessors.REASON).strip():
        found.append((predecessors.REASON, visit.words.gettext(_("Say why the case is taken up again."))))
    if view.asks_day and rehearsal.chosen_day(visit.pairs, visit.now) is None:
        found.append((rehearsal.DAY_FIELD, visit.words.gettext(_("Enter a day such as 2026-03-05."))))
    if view.needs_project and not (visit.sent("project_id") or visit.sent("project_name").strip()):
        found.append(("project_name", visit.words.gettext(_("Choose a project, or name the new one."))))
    return tuple(found)


def _stale(visit: Visit, matter: Matter, pairs: Sequence[Pair], error: StaleTask) -> Response:
    """409: somebody took the case up first; what was typed stays in sight. Whoever did so themselves is led
    to what they began."""
    if matter.before and matter.before.successor and matter.before.successor_by == visit.person.id:
        return render.redirect(visit, f"/start/done/{matter.before.successor.id}")
    kept = drafts.kept(visit.session, visit.person, matter.draft)
    given = pairs or (kept.pairs if kept else ())
    used = matter.used(visit.session, visit.person)
    shown = starts.start_form(used, used.process(matter.key))
    filled = filling.from_draft(visit, shown, given, {}, matter.draft)
    return render.page(
        visit, "errors/stale.html", status=409, error=error, answers=filled.views,
        typed=[reason] if (reason := predecessors.reason_of(given)) else [],
    )  # fmt: skip


def _project_name(view: StartView) -> str:
    chosen = next((f"{p.name}（{p.code}）" for p in view.projects if p.id == view.choice.id), "")
    return chosen or view.choice.name


def _form_page(
    visit: Visit, view: StartView, filled: Filled, *, status: int = 200, revealed: bool = False
) -> Response:
    given = visit.pairs or (view.draft.pairs if view.draft else ())
    note = visit.words.gettext(_("Draft saved.")) if visit.query("saved") else ""
    return render.page(
        visit, "start/form.html", status=status, start=view, views=filled.views, shown=filled.shown,
        errors=filled.errors, revealed=revealed, note=note, address=_address(visit),
        understood=readings.of_start(visit.session, visit.person, view.key),
        reason=predecessors.reason_of(given), longest=predecessors.LONGEST, names=vocabulary.of_visit(visit),
    )  # fmt: skip
