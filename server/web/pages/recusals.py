"""回避: who must not act on a case, and saying so."""

from __future__ import annotations

from starlette.responses import Response

from server.services import instance_views, people, recusals
from server.services.recusals import Wanted
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/instances/{id}/recusals")
def show(visit: Visit) -> Response:
    """Who is recused from the case, and the form to recuse oneself or, as an admin, somebody."""
    return _page(visit, ())


@pages.post("/instances/{id}/recusals")
def declare(visit: Visit) -> Response:
    """Enter a recusal."""
    case_id, reason = visit.path("id"), visit.sent("reason")
    if not reason.strip():
        return _page(visit, (("reason", visit.words.gettext(_("Say why."))),))
    account = visit.sent("account").partition(" ")[0] or visit.person.id
    wanted = Wanted(account, case_id, reason, visit.sent("whole") == "1")
    left = recusals.declare(visit.session, visit.person, wanted, visit.now)
    return render.redirect(visit, f"/instances/{case_id}/recusals{'?left=1' if left else ''}")


@pages.post("/instances/{id}/recusals/{recusal}/lift", Permission.ADMIN)
def lift(visit: Visit) -> Response:
    """End a recusal whose ground is gone."""
    recusals.lift(visit.session, visit.person, visit.path("recusal"), visit.now)
    return render.redirect(visit, f"/instances/{visit.path('id')}/recusals")


def _page(visit: Visit, errors: tuple[tuple[str, str], ...]) -> Response:
    case_id, admin = visit.path("id"), visit.person.has("admin")
    case = instance_views.view(visit.session, visit.person, case_id, visit.now)
    known = people.listing(visit.session, visit.person) if admin else []
    return render.page(
        visit, "people/recusals.html", status=422 if errors else 200, case=case, errors=errors,
        recusals=recusals.of_case(visit.session, visit.person, case_id), left=visit.query("left") == "1",
        people=[one.record for one in known if one.record.active], longest=recusals.LONGEST,
        reason=visit.sent("reason"), account=visit.sent("account"), whole=visit.sent("whole") == "1",
    )  # fmt: skip
