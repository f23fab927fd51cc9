"""终止: the page on which a case is ended without an outcome."""

from __future__ import annotations

from starlette.responses import Response

from server.services import ending
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages

pages = Pages()


@pages.get("/instances/{id}/end")
def end_page(visit: Visit) -> Response:
    """What would be ended, and why."""
    return _page(visit, ())


@pages.post("/instances/{id}/end")
def end(visit: Visit) -> Response:
    """End the case."""
    case_id, reason, seen = visit.path("id"), visit.sent("reason"), visit.sent("seen")
    if not reason.strip():
        return _page(visit, (("reason", visit.words.gettext(_("Say why the case is ended."))),))
    known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0
    ending.end(visit.session, visit.person, case_id, reason, known, visit.now)
    return render.redirect(visit, f"/instances/{case_id}/history")


def _page(visit: Visit, errors: tuple[tuple[str, str], ...]) -> Response:
    found = ending.look(visit.session, visit.person, visit.path("id"), visit.now)
    return render.page(
        visit, "instances/end.html", status=422 if errors else 200, case=found.case, seen=found.seen,
        errors=errors, reason=visit.sent("reason")[: ending.LONGEST], longest=ending.LONGEST,
    )  # fmt: skip
