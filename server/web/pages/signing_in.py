"""Between the password and the first page: the code of the second factor, setting one up, a password of one's
own."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from server.services import identity, passwords, second_factor, signing_in
from server.services.errors import NotPermitted
from server.services.second_factor import Enrolment
from server.services.signing_in import Pending
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.account import address_of, signed_in
from server.web.qr import picture
from server.web.routing import Pages, Permission

pages = Pages()


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found out before the unit of work: what is wrong with a new password, or its hash."""

    problems: tuple[tuple[str, str], ...] = ()
    new_hash: str = ""


def _look(visit: Visit) -> Looked:
    """A hash takes a tenth of a second, so it is worked out where nobody waits."""
    found = signing_in.pending(visit.session, visit.token, visit.now)
    if found is None or found.step != "password":
        return Looked()
    wanted = passwords.Wanted("", visit.sent("new"), visit.sent("again"))
    shortest = visit.house.settings.shortest_password
    wrong = passwords.problems(found.account, found.name, wanted, shortest)
    return Looked(wrong, "" if wrong else identity.hash_password(wanted.new))


@pages.get("/sign-in/step", Permission.ANYONE)
def show(visit: Visit) -> Response:
    """What is still to come before the session opens."""
    found = signing_in.pending(visit.session, visit.token, visit.now)
    return _page(visit, found) if found else render.redirect(visit, "/sign-in")


@pages.post("/sign-in/step", Permission.ANYONE, look=_look)
def take(visit: Visit) -> Response:
    """Take the step. A wrong code is counted."""
    found = signing_in.pending(visit.session, visit.token, visit.now)
    if found is None:
        return render.redirect(visit, "/sign-in")
    if found.step == "password":
        return _choose(visit, found)
    return _code(visit, found) if found.step == "code" else _enrol(visit, found)


def _code(visit: Visit, found: Pending) -> Response:
    key = visit.house.settings.secret
    if second_factor.verify(visit.session, found.owner, visit.sent("code")[:100], key, visit.now):
        return _go_on(visit, found)
    wrong = visit.words.gettext(_("The code is wrong, or was used already. Wait for the next one."))
    return _page(visit, found, (("code", wrong),))


def _enrol(visit: Visit, found: Pending) -> Response:
    key, sealed = visit.house.settings.secret, visit.sent("sealed")
    try:
        codes = second_factor.enrol(visit.session, found.owner, sealed, visit.sent("code"), key, visit.now)
        if codes is None:
            again = second_factor.again(found.owner, found.account, sealed, key, visit.now)
    except NotPermitted as refused:
        return _page(visit, found, (("code", visit.words.tell(refused.reason, refused.params)),))
    if codes is None:
        wrong = visit.words.gettext(_("The code does not fit. Check the clock of the telephone."))
        return _page(visit, found, (("code", wrong),), again)
    token = signing_in.go_on(visit.session, found, visit.now, visit.house.settings.session_hours)
    response = render.page(visit, "account/recovery_codes.html", codes=codes, next=visit.sent("next"))
    render.set_cookie(visit, response, visit.house.session_cookie, token, 8 * 3600)
    return response


def _choose(visit: Visit, found: Pending) -> Response:
    looked: Looked = visit.found
    if looked.problems or not looked.new_hash:
        params = {"shortest": visit.house.settings.shortest_password}
        told = tuple((field, visit.words.tell(text, params)) for field, text in looked.problems)
        return _page(visit, found, told)
    passwords.choose(visit.session, found.owner, looked.new_hash, address_of(visit), visit.now)
    return _go_on(visit, found)


def _go_on(visit: Visit, found: Pending) -> Response:
    token = signing_in.go_on(visit.session, found, visit.now, visit.house.settings.session_hours)
    return signed_in(visit, token, visit.sent("next"))


def _page(
    visit: Visit, found: Pending, errors: tuple[tuple[str, str], ...] = (), again: Enrolment | None = None
) -> Response:
    enrolment = again
    if found.step == "factor" and enrolment is None:
        key = visit.house.settings.secret
        enrolment = second_factor.enrolment(found.owner, found.account, key, visit.now)
    return render.page(
        visit, "account/step.html", status=422 if errors else 200, step=found.step, errors=errors,
        who=found, enrolment=enrolment, picture=picture(enrolment.address) if enrolment else "",
        next=visit.sent("next") or visit.query("next"), shortest=visit.house.settings.shortest_password,
    )  # fmt: skip
