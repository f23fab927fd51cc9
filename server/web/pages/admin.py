"""What administrators look after: the calendar, steps that stand still, timers and messages that failed."""

from __future__ import annotations

from datetime import date

from starlette.responses import Response

from server.services import admin, calendars
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/admin/jobs", Permission.ADMIN)
def jobs(visit: Visit) -> Response:
    """Incidents, and timers and messages that failed for good."""
    return render.page(
        visit, "admin/jobs.html", incidents=admin.incidents(visit.session, visit.person),
        letters=admin.dead_letters(visit.session, visit.person),
    )  # fmt: skip


@pages.post("/admin/incidents/{id}/retry", Permission.ADMIN)
def retry(visit: Visit) -> Response:
    """Let a step try again."""
    admin.retry(visit.session, visit.person, visit.path("id"), visit.now)
    return render.redirect(visit, "/admin/jobs")


@pages.post("/admin/jobs/revive", Permission.ADMIN)
def revive(visit: Visit) -> Response:
    """Try a timer or a message again."""
    admin.revive(visit.session, visit.person, visit.sent("kind"), visit.sent("key"), visit.now)
    return render.redirect(visit, "/admin/jobs")


@pages.get("/admin/calendar", Permission.ADMIN)
def calendar(visit: Visit) -> Response:
    """The days an administrator has set."""
    return _calendar(visit, ())


@pages.post("/admin/calendar", Permission.ADMIN)
def set_day(visit: Visit) -> Response:
    """Declare a day working or free."""
    try:
        day = date.fromisoformat(visit.sent("day"))
    except ValueError:
        return _calendar(visit, (("day", visit.words.gettext(_("Enter a day such as 2026-03-05."))),), 422)
    working = visit.sent("working") == "1"
    calendars.set_day(visit.session, visit.person, day, working=working, note=visit.sent("note")[:200])
    return render.redirect(visit, "/admin/calendar")


@pages.post("/admin/calendar/clear", Permission.ADMIN)
def clear_day(visit: Visit) -> Response:
    """Take back what was set for a day."""
    try:
        day = date.fromisoformat(visit.sent("day"))
    except ValueError:
        return _calendar(visit, (("day", visit.words.gettext(_("Enter a day such as 2026-03-05."))),), 422)
    calendars.clear_day(visit.session, visit.person, day)
    return render.redirect(visit, "/admin/calendar")


def _calendar(visit: Visit, errors: tuple[tuple[str, str], ...], status: int = 200) -> Response:
    days = calendars.days(visit.session, visit.person.tenant_id)
    return render.page(
        visit, "admin/calendar.html", status=status, days=days, errors=errors, day=visit.sent("day")[:10]
    )
