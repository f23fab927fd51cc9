"""核验: anybody who holds a printed document asks whether it is genuine."""

from __future__ import annotations

from starlette.responses import Response

from server.services import issuing
from server.services.issuing import Genuine
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/verify", Permission.ANYONE)
def ask(visit: Visit) -> Response:
    """The code, typed or from the picture on the paper; nothing is looked up yet."""
    return _page(visit, issuing.plain(visit.query("code")))


@pages.post("/verify", Permission.ANYONE)
def verify(visit: Visit) -> Response:
    """What the house knows of the document: title, number, day, digest. A wrong code is counted."""
    code = issuing.plain(visit.sent("code")[:200])
    if not code:
        return _page(visit, "", (("code", visit.words.gettext(_("Enter the code of the document."))),))
    address = visit.request.client.host if visit.request.client else ""
    found = issuing.verify(visit.session, code, address, visit.now)
    if found is None:
        wrong = visit.words.gettext(
            _("No document bears this code. Compare every character; if they agree, the paper is not ours.")
        )
        return _page(visit, code, (("code", wrong),))
    return _page(visit, code, found=found)


def _page(
    visit: Visit, code: str, errors: tuple[tuple[str, str], ...] = (), found: Genuine | None = None
) -> Response:
    return render.page(
        visit, "documents/verify.html", status=422 if errors else 200, code=code, errors=errors, found=found
    )
