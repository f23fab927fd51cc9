"""The outbox: what leaves the house, what could not, and whether the channels work."""

from __future__ import annotations

from starlette.responses import Response

from server.services import outbox
from server.services.notice_kinds import HOOK, MAIL
from server.web import notice_texts, render
from server.web.context import Visit
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/admin/outbox", Permission.ADMIN)
def show(visit: Visit) -> Response:
    """The letters of one status, those that failed for good first."""
    chosen = visit.query("status") if visit.query("status") in outbox.STATUSES else "dead"
    gettext = visit.words.gettext
    return render.page(
        visit, "letters/outbox.html", chosen=chosen, counts=outbox.counts(visit.session, visit.person),
        letters=outbox.listing(visit.session, visit.person, chosen), channels=visit.house.channels,
        kinds={kind: gettext(name) for kind, name in notice_texts.NAMES.items()},
        hook=visit.house.channels.hook_of(visit.person.tenant_id), tried=visit.query("tried") == "1",
    )  # fmt: skip


@pages.post("/admin/outbox/{id}/resend", Permission.ADMIN)
def resend(visit: Visit) -> Response:
    """Send a letter once more."""
    outbox.resend(visit.session, visit.person, visit.path("id"), visit.now)
    return render.redirect(visit, "/admin/outbox?status=waiting")


@pages.post("/admin/outbox/try", Permission.ADMIN)
def try_out(visit: Visit) -> Response:
    """Send a letter to oneself."""
    channel = HOOK if visit.sent("channel") == HOOK else MAIL
    outbox.try_out(visit.session, visit.person, channel, visit.now)
    return render.redirect(visit, "/admin/outbox?status=waiting&tried=1")
