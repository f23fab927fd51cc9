"""催办: reminding those for whom a task waits."""

from __future__ import annotations

from starlette.responses import Response

from server.services import reminding
from server.services.errors import StaleTask
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages

pages = Pages()


@pages.get("/tasks/{id}/remind")
def remind_page(visit: Visit) -> Response:
    """For whom it waits, and when somebody reminded of it last."""
    return _page(visit, "")


@pages.post("/tasks/{id}/remind")
def remind(visit: Visit) -> Response:
    """Remind. Of two who do so on one day, the second is told who was first, and keeps the note."""
    try:
        done = reminding.remind(visit.session, visit.person, visit.path("id"), visit.sent("note"), visit.now)
    except StaleTask as error:
        visit.session.rollback()
        if error.status != "reminded" or visit.wants_json:
            raise
        who = {"who": error.by or "—"}
        return _page(
            visit, visit.words.tell(_("{who} reminded of it today already. Try again tomorrow."), who)
        )
    return render.redirect(visit, f"/instances/{done.instance_id}/history")


def _page(visit: Visit, refused: str) -> Response:
    task = reminding.look(visit.session, visit.person, visit.path("id"), visit.now)
    return render.page(
        visit, "letters/remind.html", status=409 if refused else 200, task=task, refused=refused,
        note=visit.sent("note")[: reminding.LONGEST], today=task.today,
    )  # fmt: skip
