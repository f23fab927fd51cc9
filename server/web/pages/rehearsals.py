"""试运行: what the leader of a rehearsal does beside everybody's work: play a post, let days pass."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from starlette.responses import Response

from server.services import calendars, instance_views, rehearsal, rehearsing
from server.services.authorization import denied
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages

pages = Pages()


@pages.post("/tasks/{id}/play")
def play(visit: Visit) -> Response:
    """Take a task as one of the posts for which it waits."""
    task_id = visit.path("id")
    rehearsing.play(visit.session, visit.person, task_id, visit.sent("principal"), visit.now)
    return render.redirect(visit, f"/tasks/{task_id}")


@pages.post("/instances/{id}/clock")
def move_clock(visit: Visit) -> Response:
    """Let time pass: to the next morning, to a day, or to the moment of a timer."""
    case = instance_views.view(visit.session, visit.person, visit.path("id"), visit.now)
    until = _moment(visit, case.rehearsal_at or visit.now)
    rehearsing.move_clock(visit.session, visit.person, case.id, until, visit.now)
    return render.redirect(visit, f"/instances/{case.id}")


def _moment(visit: Visit, standing: datetime) -> datetime:
    if visit.sent("next"):
        return rehearsal.opening(calendars.local(standing).date() + timedelta(days=1))
    text = visit.sent("until")
    try:
        if len(text) == len("2026-03-05"):
            return rehearsal.opening(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    except (ValueError, OverflowError):
        pass
    denied(_("Enter a day such as 2026-03-05.")).require()
    raise AssertionError
