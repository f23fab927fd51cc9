"""转办 and 委派: a task goes to somebody else, for good or to come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from server.services import colleagues, delegating, reassigning, tasks
from server.services.errors import NotFound, NotPermitted, StaleTask
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages

pages = Pages()
Errors = tuple[tuple[str, str], ...]


@pages.get("/tasks/{id}/reassign")
def reassign_page(visit: Visit) -> Response:
    """转办: to whom, and why."""
    return _reassign_page(visit, ())


@pages.post("/tasks/{id}/reassign")
def reassign(visit: Visit) -> Response:
    """Give the task away."""
    errors = _errors(visit, _("Say why the task goes to somebody else."), "reason")
    if errors:
        return _reassign_page(visit, errors, 422)
    done = _do(
        visit,
        lambda: reassigning.reassign(
            visit.session, visit.person, visit.path("id"), revision(visit), visit.sent("to"),
            visit.sent("reason"), visit.now,
        ),
        _reassign_page,
    )  # fmt: skip
    return done or render.redirect(visit, _after(visit))


@pages.get("/tasks/{id}/delegate")
def delegate_page(visit: Visit) -> Response:
    """委派: whom to ask, and for what."""
    return _delegate_page(visit, ())


@pages.post("/tasks/{id}/delegate")
def delegate(visit: Visit) -> Response:
    """Ask somebody to fill the form."""
    errors = _errors(visit, _("Say what you ask them to do."), "note")
    if errors:
        return _delegate_page(visit, errors, 422)
    done = _do(
        visit,
        lambda: delegating.delegate(
            visit.session, visit.person, visit.path("id"), revision(visit), visit.sent("to"),
            visit.sent("note"), visit.now,
        ),
        _delegate_page,
    )  # fmt: skip
    return done or render.redirect(visit, f"/tasks/{visit.path('id')}")


@pages.post("/tasks/{id}/resolve")
def resolve(visit: Visit) -> Response:
    """交回: the owner completes it."""
    delegating.resolve(
        visit.session, visit.person, visit.path("id"), revision(visit), visit.sent("note"), visit.now
    )
    return render.redirect(visit, "/tasks?given_back=1")


@pages.post("/tasks/{id}/recall")
def recall(visit: Visit) -> Response:
    """Take back what was delegated."""
    delegating.recall(visit.session, visit.person, visit.path("id"), revision(visit), visit.now)
    return render.redirect(visit, f"/tasks/{visit.path('id')}")


# --------------------------------------------------------------------------- parts
def revision(visit: Visit, name: str = "revision") -> int:
    """The revision that a form was made for, -1 for none."""
    text = visit.sent(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _errors(visit: Visit, silent: str, name: str) -> Errors:
    gettext = visit.words.gettext
    errors = []
    if not visit.sent("to"):
        errors.append(("to", gettext(_("Choose a person."))))
    if not visit.sent(name).strip():
        errors.append((name, gettext(silent)))
    return tuple(errors)


def _do(visit: Visit, act: Callable[[], None], again: Callable[..., Response]) -> Response | None:
    """Act; where somebody was faster, the page again with what was typed, as the task stands now."""
    try:
        act()
    except StaleTask as stale:
        visit.session.rollback()
        try:
            return again(visit, (("", _moved(visit, stale)),), 409)
        except (NotFound, NotPermitted):
            raise stale from None
    return None


def _moved(visit: Visit, stale: StaleTask) -> str:
    told = {"who": stale.by or "—"}
    return visit.words.tell(_("{who} has acted on this task since you opened the page. Look again."), told)


def _after(visit: Visit) -> str:
    """The task, while the person may still look at it."""
    try:
        tasks.view(visit.session, visit.person, visit.path("id"), visit.now)
    except NotPermitted:
        return "/tasks"
    return f"/tasks/{visit.path('id')}"


def _reassign_page(visit: Visit, errors: Errors, status: int = 200) -> Response:
    found = reassigning.look(visit.session, visit.person, visit.path("id"), visit.now)
    return render.page(
        visit, "tasks/reassign.html", status=status, found=found, errors=errors, **_typed(visit, "reason")
    )


def _delegate_page(visit: Visit, errors: Errors, status: int = 200) -> Response:
    task = tasks.view(visit.session, visit.person, visit.path("id"), visit.now)
    task.act.require()
    people = colleagues.everybody(visit.session, visit.person.tenant_id, visit.now)
    return render.page(
        visit, "tasks/delegate.html", status=status, task=task, errors=errors,
        people=[one for one in people if one.id != visit.person.id], **_typed(visit, "note"),
    )  # fmt: skip


def _typed(visit: Visit, name: str) -> dict[str, Any]:
    return {
        "chosen": visit.sent("to"), "text": visit.sent(name)[: reassigning.LONGEST],
        "longest": reassigning.LONGEST,
    }  # fmt: skip
