"""One's own second factor: setting it up, new recovery codes, taking it away; for admins that of others."""

from __future__ import annotations

from starlette.responses import Response

from server.services import people, second_factor
from server.services.errors import NotPermitted
from server.services.second_factor import Enrolment, Owner
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.qr import picture
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/account/second-factor")
def show(visit: Visit) -> Response:
    """Whether there is one, and how to set one up."""
    return _page(visit, ())


@pages.post("/account/second-factor")
def enrol(visit: Visit) -> Response:
    """Set one up, in place of an earlier one, with a first code; the recovery codes are shown this once."""
    of, key, sealed = _owner(visit), visit.house.settings.secret, visit.sent("sealed")
    try:
        _require_present(visit, of)
        codes = second_factor.enrol(visit.session, of, sealed, visit.sent("code"), key, visit.now)
        again = None if codes else second_factor.again(of, visit.person.account, sealed, key, visit.now)
    except NotPermitted as refused:
        return _page(visit, (("code", visit.words.tell(refused.reason, refused.params)),))
    if codes is None:
        wrong = visit.words.gettext(_("The code does not fit. Check the clock of the telephone."))
        return _page(visit, (("code", wrong),), again)
    return render.page(visit, "account/recovery_codes.html", codes=codes, next="/account/second-factor")


@pages.post("/account/second-factor/remove")
def remove(visit: Visit) -> Response:
    """Take one's own away, with a code, where the house does not ask for it."""
    of = _owner(visit)
    if second_factor.is_required(visit.session, of, visit.house.settings.second_factor):
        told = visit.words.gettext(_("This house asks for a second factor. You can set up another one."))
        return _page(visit, (("present", told),))
    try:
        _require_present(visit, of)
    except NotPermitted as refused:
        return _page(visit, (("present", visit.words.tell(refused.reason, refused.params)),))
    second_factor.remove(visit.session, visit.person, of, visit.now)
    return render.redirect(visit, "/account/second-factor")


@pages.post("/people/{account}/second-factor/remove", Permission.ADMIN)
def remove_any(visit: Visit) -> Response:
    """Take that of somebody away who has lost it; they are signed out everywhere."""
    account = visit.path("account")
    people.view(visit.session, visit.person, account)
    of = second_factor.owner(visit.session, visit.person.tenant_id, account)
    if (visit.person.tenant_id, visit.person.id) in of.posts:
        raise NotPermitted("Take your own second factor away on your own page, with a code.")
    second_factor.remove(visit.session, visit.person, of, visit.now)
    people.end_sessions(visit.session, visit.person.tenant_id, account)
    return render.redirect(visit, f"/people/{account}")


def _owner(visit: Visit) -> Owner:
    return second_factor.owner(visit.session, visit.person.tenant_id, visit.person.id)


def _require_present(visit: Visit, of: Owner) -> None:
    """Whoever has a factor shows it before it is changed: an open session left alone is not enough."""
    if not second_factor.is_enrolled(visit.session, of):
        return
    key, code = visit.house.settings.secret, visit.sent("present")[:100]
    if not second_factor.verify(visit.session, of, code, key, visit.now):
        raise NotPermitted(_("The present code is wrong, or was used already. Wait for the next one."))


def _page(visit: Visit, errors: tuple[tuple[str, str], ...], again: Enrolment | None = None) -> Response:
    of, key = _owner(visit), visit.house.settings.secret
    enrolment = again or second_factor.enrolment(of, visit.person.account, key, visit.now)
    return render.page(
        visit, "account/second_factor.html", status=422 if errors else 200, errors=errors,
        enrolled=second_factor.is_enrolled(visit.session, of),
        left=second_factor.codes_left(visit.session, of), enrolment=enrolment,
        required=second_factor.is_required(visit.session, of, visit.house.settings.second_factor),
        picture=picture(enrolment.address),
    )  # fmt: skip
