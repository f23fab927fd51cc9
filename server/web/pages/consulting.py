"""沟通: asking for opinions, and giving one's own."""

from __future__ import annotations

from starlette.responses import Response

from server.services import addressees, consulting, tasks
from server.services.errors import NotPermitted
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.hands import revision
from server.web.routing import Pages

pages = Pages()


@pages.get("/tasks/{id}/ask")
def ask_page(visit: Visit) -> Response:
    """Whom to ask what."""
    return _ask_page(visit, ())


@pages.post("/tasks/{id}/ask")
def ask(visit: Visit) -> Response:
    """Ask."""
    gettext = visit.words.gettext
    errors = []
    if not visit.sent("text").strip():
        errors.append(("text", gettext(_("Say what you want to know."))))
    if not visit.posted.all("to"):
        errors.append(("to", gettext(_("Choose at least one person."))))
    if errors:
        return _ask_page(visit, tuple(errors))
    task_id, to = visit.path("id"), visit.posted.all("to")
    seen = revision(visit) if visit.sent("revision") else None
    consulting.ask(visit.session, visit.person, task_id, to, visit.sent("text"), visit.now, seen)
    return render.redirect(visit, f"/tasks/{task_id}")


@pages.get("/questions")
def questions(visit: Visit) -> Response:
    """What waits for my opinion; with `mine` what I have asked."""
    return _questions(visit, ())


@pages.post("/questions/{id}/answer")
def answer(visit: Visit) -> Response:
    """Give one's opinion."""
    empty = not visit.sent("text").strip()
    try:
        consulting.answer(visit.session, visit.person, visit.path("id"), visit.sent("text"), visit.now)
    except NotPermitted as error:
        visit.session.rollback()
        if visit.wants_json:
            raise
        told = visit.words.tell(error.reason, error.params)
        return _questions(visit, ((visit.path("id") if empty else "", told),), 422 if empty else 403)
    return render.redirect(visit, "/questions")


@pages.post("/questions/{id}/recall")
def recall(visit: Visit) -> Response:
    """Take a question back."""
    consulting.take_back(visit.session, visit.person, visit.path("id"), visit.now)
    return render.redirect(visit, "/questions?mine=1")


def _ask_page(visit: Visit, errors: tuple[tuple[str, str], ...]) -> Response:
    task = tasks.view(visit.session, visit.person, visit.path("id"), visit.now)
    task.act.require()
    return render.page(
        visit, "letters/ask.html", status=422 if errors else 200, task=task, errors=errors,
        bodies=addressees.bodies(visit.session, visit.person),
        everybody=addressees.everybody(visit.session, visit.person),
        seen=visit.sent("revision") or task.revision, ticked=visit.posted.all("to"),
        text=visit.sent("text")[: consulting.LONGEST],
    )  # fmt: skip


def _questions(visit: Visit, errors: tuple[tuple[str, str], ...], status: int = 422) -> Response:
    mine = visit.query("mine") == "1"
    session, person = visit.session, visit.person
    return render.page(
        visit, "letters/questions.html", status=status if errors else 200, errors=errors, mine=mine,
        open_ones=consulting.waiting(session, person),
        settled=() if mine else consulting.settled(session, person),
        asked=consulting.asked(session, person) if mine else (),
        wrong=visit.path_or_none("id"), typed=visit.sent("text")[: consulting.LONGEST],
    )  # fmt: skip
