"""Where one is signed in, and ending it."""

from __future__ import annotations

from starlette.responses import Response

from server.services import sessions
from server.web import render
from server.web.context import Visit
from server.web.routing import Pages

pages = Pages()


@pages.get("/account/sessions")
def listing(visit: Visit) -> Response:
    """The open sessions of one's own account."""
    found = sessions.of_person(visit.session, visit.person, visit.person.id, visit.now, visit.token or "")
    return render.page(visit, "account/sessions.html", sessions=found)


@pages.post("/account/sessions")
def end(visit: Visit) -> Response:
    """End one session, or all but this one."""
    if visit.sent("session"):
        sessions.end(visit.session, visit.person, visit.person.id, visit.sent("session"), visit.now)
    else:
        sessions.end_others(visit.session, visit.person, visit.token or "")
    return render.redirect(visit, "/account/sessions")
