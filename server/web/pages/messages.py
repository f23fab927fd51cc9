"""上报情形: telling a case that something has happened which it waits for."""

from __future__ import annotations

from starlette.responses import Response

from server.services import hand_delivery
from server.web import render
from server.web.context import Visit
from server.web.routing import Pages

pages = Pages()


@pages.post("/instances/{id}/messages/{token}")
def deliver(visit: Visit) -> Response:
    """Deliver the message for which one element of the case waits; then go on with the task behind it."""
    case_id, token, seen = visit.path("id"), visit.path("token"), visit.sent("seen")
    known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0
    task_id = hand_delivery.deliver(visit.session, visit.person, case_id, token, known, visit.now)
    return render.redirect(visit, f"/tasks/{task_id}" if task_id else f"/instances/{case_id}")
