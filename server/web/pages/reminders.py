"""催办: reminding those for whom a task waits."""

from __future__ import annotations

from starlette.responses import Response

from server.services import reminding
from server.services.errors import StaleTask
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.instances import cases_listed
from server.web.routing import Pages

pages = Pages()
BULK = 50


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
        return _page(visit, visit.words.tell(*reminding.too_late(error)))
    return render.redirect(visit, f"/instances/{done.instance_id}/history")


@pages.post("/instances/remind")
def remind_selected(visit: Visit) -> Response:
    """Remind of all that waits in the ticked cases, each step by itself: what failed is named, the others
    stay reminded of."""
    ticked, tell = visit.posted.all("case")[:BULK], visit.words.tell
    tried = reminding.remind_of_cases(
        visit.session, visit.person, ticked, visit.sent("note")[: reminding.LONGEST], visit.now
    )
    count = sum(not one.reason for one in tried)
    failures = tuple(f"{one.about}：{tell(one.reason, one.params)}" for one in tried if one.reason)
    if not tried:
        failures = (visit.words.gettext(_("Tick cases in which something waits for others.")),)
    told = tell(_("Reminded: {n}."), {"n": count}) if count else ""
    return cases_listed(visit, "/instances", everyone=False, note=told, failures=failures)


def _page(visit: Visit, refused: str) -> Response:
    task = reminding.look(visit.session, visit.person, visit.path("id"), visit.now)
    return render.page(
        visit, "letters/remind.html", status=409 if refused else 200, task=task, refused=refused,
        note=visit.sent("note")[: reminding.LONGEST], today=task.today,
    )  # fmt: skip
