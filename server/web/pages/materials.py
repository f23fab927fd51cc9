"""材料: the files of a case, what it needs of them, and letting one be missing with a reason."""

from __future__ import annotations

from starlette.responses import Response

from server.services import checklist
from server.services.errors import NotPermitted
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages

pages = Pages()


@pages.post("/instances/{id}/materials/waive")
def waive(visit: Visit) -> Response:
    """容缺: let a material be missing."""
    case_id, reason = visit.path("id"), visit.sent("reason")
    if not reason.strip():
        raise NotPermitted(_("Say why the material need not be given."))
    checklist.waive(visit.session, visit.person, case_id, visit.sent("field"), reason, visit.now)
    return render.redirect(visit, f"/instances/{case_id}/materials")


@pages.post("/instances/{id}/materials/ask-again")
def ask_again(visit: Visit) -> Response:
    """Ask for it after all."""
    case_id = visit.path("id")
    checklist.ask_again(visit.session, visit.person, case_id, visit.sent("field"), visit.now)
    return render.redirect(visit, f"/instances/{case_id}/materials")
