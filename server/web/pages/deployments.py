"""Deployments: which regulation, in which version, the house runs by."""

from __future__ import annotations

from starlette.responses import Response

from server.services import deployments
from server.web import render
from server.web.context import Visit
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/deployments", Permission.PROCESS_OWNER)
def listing(visit: Visit) -> Response:
    """The deployments of the jurisdiction, newest first."""
    return render.page(visit, "deployments/list.html", rows=deployments.listing(visit.session, visit.person))
