"""关注: the cases that one keeps an eye on."""

from __future__ import annotations

from starlette.responses import Response

from server.services import follows
from server.web import render
from server.web.context import Visit
from server.web.routing import Pages

pages = Pages()


@pages.get("/followed")
def show(visit: Visit) -> Response:
    """The cases that I follow."""
    return render.page(visit, "letters/followed.html", rows=follows.listing(visit.session, visit.person))


@pages.post("/instances/{id}/follow")
def follow(visit: Visit) -> Response:
    """Follow a case."""
    follows.follow(visit.session, visit.person, visit.path("id"), visit.now)
    return render.redirect(visit, f"/instances/{visit.path('id')}")


@pages.post("/instances/{id}/unfollow")
def unfollow(visit: Visit) -> Response:
    """Follow it no more."""
    follows.unfollow(visit.session, visit.person, visit.path("id"))
    return render.redirect(visit, "/followed")
