"""What was typed on a page whose session has ended meanwhile is not lost: it is kept for whoever held the
session, or shown once more."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

from server.engine.forms import Pair
from server.services import drafts, identity
from server.services.errors import NotSignedIn
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _


@dataclass(frozen=True, slots=True)
class Place:
    """Where a form is typed: the key of its draft, and the address of its page."""

    draft: str
    address: str


Where = Callable[[Visit], Place]


def texts(visit: Visit) -> list[Pair]:
    """The posted answers without what the page itself needs."""
    return list(visit.posted.answers())


def keep(visit: Visit, place: Place) -> bool:
    """Keep what was typed as a draft of the person whose session ended; False where nobody can tell who that
    was, or another site sent the form."""
    former = identity.former(visit.session, visit.token, visit.now)
    if former is None or not hmac.compare_digest(former.csrf.encode(), visit.sent("csrf").encode()):
        return False
    drafts.keep(visit.session, former, place.draft, texts(visit), visit.now)
    return True


def sign_in_again(visit: Visit, place: Place, kept: bool) -> Response:
    """To the sign-in page where the draft is kept; otherwise the typed texts stay in sight."""
    if visit.wants_json:
        return render.refusal(visit, NotSignedIn())
    if kept:
        return render.redirect(visit, f"/sign-in?next={quote(place.address)}&kept=1")
    typed = visit.posted.typed()
    if not typed:
        return render.refusal(visit, NotSignedIn())
    told = visit.words.gettext(_("You are no longer signed in. Sign in again in another window, then copy."))
    if visit.is_htmx:  # the fields of the page stay as they are
        return HTMLResponse(told, 401, {"HX-Retarget": "#draft", "HX-Reswap": "innerHTML"})
    return render.page(visit, "errors/typed.html", status=401, reason=told, typed=typed)
