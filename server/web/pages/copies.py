"""抄送 and 传阅: sending a case to be read, reading what was sent, seeing who has."""

from __future__ import annotations

from starlette.responses import Response

from server.services import addressees, copies, instance_views
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages

pages = Pages()


@pages.get("/copies")
def received(visit: Visit) -> Response:
    """What was sent to me; with `sent` what I have sent, and who has read it."""
    mine, session, person = visit.query("sent") == "1", visit.session, visit.person
    return render.page(
        visit, "letters/copies.html", mine=mine, unread=copies.received(session, person),
        read=() if mine else copies.received(session, person, unread=False, limit=50),
        sent=copies.sent(session, person) if mine else (),
    )  # fmt: skip


@pages.post("/copies/{id}/read")
def read(visit: Visit) -> Response:
    """已阅."""
    copies.read(visit.session, visit.person, visit.path("id"), visit.sent("remark"), visit.now)
    return render.redirect(visit, "/copies")


@pages.get("/instances/{id}/copies")
def send_page(visit: Visit) -> Response:
    """To whom, and who has read what was sent so far."""
    return _send_page(visit, ())


@pages.post("/instances/{id}/copies")
def send(visit: Visit) -> Response:
    """Send."""
    case_id, to = visit.path("id"), visit.posted.all("to")
    if not to:
        told = visit.words.gettext(_("Choose at least one person."))
        return _send_page(visit, (("to", told),))
    circulation = visit.sent("circulation") == "1"
    copies.send(
        visit.session, visit.person, case_id, to, visit.sent("note"), visit.now, circulation=circulation
    )
    return render.redirect(visit, f"/instances/{case_id}/copies")


def _send_page(visit: Visit, errors: tuple[tuple[str, str], ...]) -> Response:
    session, person = visit.session, visit.person
    case = instance_views.view(session, person, visit.path("id"), visit.now)
    copies.may_send(session, person, case.id).require()
    return render.page(
        visit, "letters/send.html", status=422 if errors else 200, case=case, errors=errors,
        bodies=addressees.bodies(session, person), everybody=addressees.everybody(session, person),
        ticked=visit.posted.all("to"), note=visit.sent("note")[: copies.LONGEST],
        circulation=visit.sent("circulation") == "1", sent=copies.of_case(session, person.tenant_id, case.id),
    )  # fmt: skip
