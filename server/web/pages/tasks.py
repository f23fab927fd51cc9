"""办理: one task, from looking at it to having sent it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import HTMLResponse, Response

from server.engine.forms import FieldView, Pair
from server.services import calendars, consulting, deployed, instance_views, readings, tasks, worklist
from server.services.case_clock import beside as limits_beside
from server.services.consulting import Asked
from server.services.errors import InvalidSubmission, NotPermitted, StaleTask
from server.services.tasks import TaskView
from server.web import filling, render, vocabulary
from server.web.context import Visit
from server.web.filling import Filled
from server.web.language import mark as _
from server.web.limit_words import Explained, explained
from server.web.routing import Pages
from server.web.typed import Place
from server.web.upcoming import upcoming
from server.web.words import Words

pages = Pages()
LATEST = 3


@pages.get("/tasks/{id}")
def show(visit: Visit) -> Response:
    """The task with all that is needed to decide."""
    task = tasks.view(visit.session, visit.person, visit.path("id"), visit.now)
    return _task_page(visit, task, _kept(visit, task))


def _typed(visit: Visit) -> Place:
    return Place(_owner(visit.path("id")), f"/tasks/{visit.path('id')}")


@pages.post("/tasks/{id}", typed=_typed)
def send(visit: Visit) -> Response:
    """Next: keep the draft; with nothing wrong go on to the check page."""
    task_id = visit.path("id")
    pairs = filling.posted_answers(visit, _owner(task_id))
    try:
        submission = tasks.save(visit.session, visit.person, task_id, pairs, visit.now, _page(visit))
    except StaleTask as error:
        return _stale(visit, error, pairs)
    if visit.sent("_save"):
        return render.redirect(visit, f"/tasks/{task_id}?saved=1")
    edited = filling.is_only_edit(visit, submission)
    if submission.accepted and not edited:
        return render.redirect(visit, f"/tasks/{task_id}/check")
    task = tasks.view(visit.session, visit.person, task_id, visit.now)
    judge = not edited and not submission.unseen
    filled = filling.from_submission(
        visit, task.form, submission, task.variables, _owner(task_id), judge=judge
    )
    return _task_page(
        visit, task, filled, status=422 if judge else 200, revealed=bool(submission.unseen) and not edited
    )


@pages.post("/tasks/{id}/fields", typed=_typed)
def refresh(visit: Visit) -> Response:
    """The fields again, after an answer on which others depend, or a file."""
    task_id = visit.path("id")
    pairs = filling.posted_answers(visit, _owner(task_id))
    try:
        submission = tasks.save(visit.session, visit.person, task_id, pairs, visit.now, _page(visit))
    except StaleTask as error:
        return _stale(visit, error, pairs)
    task = tasks.view(visit.session, visit.person, task_id, visit.now)
    filled = filling.after_change(visit, task.form, submission, pairs, task.variables, _owner(task_id))
    if not visit.is_htmx:
        return _task_page(visit, task, filled)
    return render.page(
        visit, "components/form_fields.html", "fields", views=filled.views, shown=filled.shown,
        address=f"/tasks/{task_id}",
    )  # fmt: skip


@pages.post("/tasks/{id}/draft", typed=_typed)
def keep_draft(visit: Visit) -> Response:
    """Keep what was typed while it is being typed."""
    task_id = visit.path("id")
    pairs = filling.posted_answers(visit, _owner(task_id))
    try:
        tasks.save(visit.session, visit.person, task_id, pairs, visit.now, _page(visit))
    except StaleTask as error:
        if visit.wants_json:
            return render.service_error(visit, error)
        told = visit.words.gettext(_("This task has moved on; what you typed is kept."))
        return HTMLResponse(told, 409)
    return filling.draft_saved(visit)


@pages.post("/tasks/{id}/claim")
def claim(visit: Visit) -> Response:
    """签收."""
    tasks.claim(visit.session, visit.person, visit.path("id"), visit.now)
    return render.redirect(visit, f"/tasks/{visit.path('id')}")


@pages.post("/tasks/{id}/release")
def release(visit: Visit) -> Response:
    """退签."""
    tasks.release(visit.session, visit.person, visit.path("id"), visit.now, _page(visit))
    return render.redirect(visit, "/tasks")


@pages.get("/tasks/{id}/check")
def check(visit: Visit) -> Response:
    """核对: exactly what will be signed, and what happens then."""
    try:
        task, preview = tasks.check(visit.session, visit.person, visit.path("id"), visit.now)
    except InvalidSubmission:
        return render.redirect(visit, f"/tasks/{visit.path('id')}")
    views = filling.in_words(visit, task.form, {**task.variables, **preview.submission.values})
    return render.page(
        visit, "tasks/check.html", task=task, views=views, outcome=_outcome(visit, task, views),
        upcoming=upcoming(visit, preview.advance),
    )  # fmt: skip


@pages.post("/tasks/{id}/complete")
def complete(visit: Visit) -> Response:
    """提交: send the kept draft. One of two people wins; the other keeps the typing."""
    task_id = visit.path("id")
    try:
        tasks.complete(visit.session, visit.person, task_id, _revision(visit), visit.now)
    except StaleTask as error:
        visit.session.rollback()
        return _stale(visit, error, ())
    except InvalidSubmission:
        visit.session.rollback()
        return render.redirect(visit, f"/tasks/{task_id}")
    return render.redirect(visit, f"/tasks/{task_id}/done")


@pages.get("/tasks/{id}/done")
def done(visit: Visit) -> Response:
    """办理结果: it is sent; who has it now, what comes next for me."""
    task = tasks.view(visit.session, visit.person, visit.path("id"), visit.now)
    case = instance_views.view(visit.session, visit.person, task.instance_id, visit.now)
    return render.page(
        visit,
        "tasks/done.html",
        task=task,
        case=case,
        next_task=worklist.next_task(visit.session, visit.person),
        withdrawable=any(id_ == task.id for id_, _name in case.withdrawable),
    )


@pages.get("/tasks/{id}/return")
def return_page(visit: Visit) -> Response:
    """退回: to which step, and why."""
    task = tasks.view(visit.session, visit.person, visit.path("id"), visit.now)
    task.act.require()
    return _return_page(visit, task, ())


@pages.post("/tasks/{id}/return")
def return_to(visit: Visit) -> Response:
    """退回."""
    task = tasks.view(visit.session, visit.person, visit.path("id"), visit.now)
    gettext = visit.words.gettext
    errors = []
    if visit.sent("element") not in {element for element, _name in task.returns}:
        errors.append(("element", gettext(_("Choose the step to which the case goes back."))))
    if not visit.sent("reason").strip():
        errors.append(("reason", gettext(_("Say why the case is returned."))))
    if errors and task.status == "open":
        return _return_page(visit, task, tuple(errors))
    reason = visit.sent("reason")[:2000]
    tasks.return_to(
        visit.session, visit.person, task.id, _revision(visit), visit.sent("element"), reason, visit.now,
        straight=visit.sent("straight") == "1",
    )  # fmt: skip
    return render.redirect(visit, f"/tasks/{task.id}/done")


@pages.post("/tasks/{id}/withdraw")
def withdraw(visit: Visit) -> Response:
    """撤回: take back what was sent, while nobody has acted."""
    done_ = tasks.withdraw(visit.session, visit.person, visit.path("id"), visit.now)
    return render.redirect(visit, f"/tasks/{done_.task_id}")


# --------------------------------------------------------------------------- parts
def _owner(task_id: str) -> str:
    return f"task:{task_id}"


def _revision(visit: Visit) -> int:
    text = visit.sent("revision")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _page(visit: Visit) -> int | None:
    """The revision that the page was made for, None where it does not tell."""
    return _revision(visit) if visit.sent("revision") else None


def _kept(visit: Visit, task: TaskView) -> Filled:
    if not task.act:
        return Filled(filling.in_words(visit, task.form, task.variables))
    pairs = task.draft.pairs if task.draft else ()
    return filling.from_draft(visit, task.form, pairs, task.variables, _owner(task.id))


def _task_page(
    visit: Visit, task: TaskView, filled: Filled, *, status: int = 200, revealed: bool = False
) -> Response:
    calendar = calendars.of(visit.session, visit.person.tenant_id, visit.person.calendar_revision)

    def days(due: Any) -> int | None:
        return calendar.working_days_left(task.rehearsal_at or visit.now, due) if due else None

    note = visit.words.gettext(_("Draft saved.")) if visit.query("saved") else ""
    return render.page(
        visit,
        "tasks/task.html",
        status=status,
        task=task,
        address=f"/tasks/{task.id}",
        views=filled.views,
        shown=filled.shown,
        errors=filled.errors,
        revealed=revealed,
        note=note,
        days_left=days(task.due),
        instance_days_left=days(task.instance_due),
        can_release=len(task.candidates) > 0 and task.status == "open" and task.delegation != "pending",
        understood=readings.of_task(visit.session, visit.person, task),
        asked=_asked(visit, task),
        counted=_counted(visit, task),
        stated=filling.in_words(visit, task.stated.form, task.stated.values) if task.stated else (),
        **_beside(visit, task),
    )


def _asked(visit: Visit, task: TaskView) -> Sequence[Asked]:
    """The opinions asked for in the case of a task that has some."""
    return (
        consulting.of_case(visit.session, visit.person.tenant_id, task.instance_id) if task.opinions else ()
    )


def _counted(visit: Visit, task: TaskView) -> list[Explained]:
    """How the limits were counted that the page shows."""
    found = limits_beside(
        visit.session, visit.person, task.deployment_id, task.instance_id, task.instance_due, task.due
    )
    return explained(Words(visit.words), found)


def _beside(visit: Visit, task: TaskView) -> dict[str, Any]:
    """Materials and the latest entries, as far as this person may see the case: a candidate sees them too."""
    try:
        materials, record = instance_views.beside_task(
            visit.session, visit.person, task.instance_id, LATEST, task.process_key
        )
    except NotPermitted:
        return {"materials": (), "record": ()}
    return {"materials": materials, "record": vocabulary.told(visit, record)}


def _outcome(visit: Visit, task: TaskView, views: tuple[FieldView, ...]) -> str:
    """The decision that is about to be sent, in words: the field that the diagram names, the verdict, or the
    only choice there is."""
    node = deployed.active(visit.session, visit.person.tenant_id).node(task.element)
    named = filling.choice_in_words(views, node.properties.get("outcome", "verdict") if node else "verdict")
    choices = filling.only_choices(views)
    return named or (choices[0].display if len(choices) == 1 else "")


def _return_page(visit: Visit, task: TaskView, errors: tuple[tuple[str, str], ...]) -> Response:
    return render.page(
        visit, "tasks/return.html", status=422 if errors else 200, task=task, errors=errors,
        chosen=visit.sent("element"), reason=visit.sent("reason"), straight=visit.sent("straight") == "1",
    )  # fmt: skip


def _stale(visit: Visit, error: StaleTask, pairs: list[Pair] | tuple[Pair, ...]) -> Response:
    """409: what happened meanwhile, and what was typed, which stays a draft."""
    task = tasks.view(visit.session, visit.person, error.task_id or visit.path("id"), visit.now)
    given = pairs or (task.draft.pairs if task.draft else ())
    filled = filling.from_draft(visit, task.form, given, {}, _owner(task.id)) if given else Filled()
    return render.page(visit, "errors/stale.html", status=409, error=error, answers=filled.views)
