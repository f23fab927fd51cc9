"""定期工作: what the schedule has begun by itself, and what it will begin in the next sixty days."""

from __future__ import annotations

from starlette.responses import Response

from server.services import schedule_views
from server.web import render
from server.web.context import Visit
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/admin/schedule", Permission.ADMIN)
def schedule(visit: Visit) -> Response:
    """The duties that began and those that come."""
    found = schedule_views.overview(visit.session, visit.person, visit.now)
    return render.page(visit, "admin/schedule.html", found=found)
