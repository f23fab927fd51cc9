"""Signing in with the account of another system (OpenID Connect), and linking accounts to people.

The way back is an address that is opened, so it writes nothing: it leads on to a form that is sent, by itself
where scripts run."""

from __future__ import annotations

import hmac
import json
import logging
from dataclasses import asdict, dataclass
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from server.services import openid, outside_accounts, second_factor, signing_in
from server.services.errors import NotPermitted
from server.services.openid import Client, OutsideFailed, Trip
from server.services.signing_in import Browser
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.account import address_of, local_address, signed_in
from server.web.routing import Later, Pages, Permission

pages = Pages()
_log = logging.getLogger("guicheng.web")
_MINUTES = 10
_PURPOSE = "outside "
"""Begins what this cookie holds: nothing else that the house has sealed passes for it."""


@dataclass(frozen=True, slots=True)
class Came:
    """Who came back: the subject that the issuer names, or what went wrong; and where they wanted to go."""

    subject: str = ""
    failure: str = ""
    next: str = ""


@pages.get("/sign-in/outside", Permission.ANYONE)
def depart(visit: Visit) -> Response | Later:
    """Go to the other system. What must be remembered goes into a sealed cookie of this browser."""
    wanted = local_address(visit.query("next"))
    if not visit.house.settings.oidc_issuer:
        return render.redirect(visit, "/sign-in")
    client = _client(visit)

    def tell() -> Response:
        try:
            trip, address = openid.depart(client)
        except OutsideFailed as failed:
            _log.warning("sign-in outside: %s", failed.what)
            return render.redirect(visit, "/sign-in?outside=failed")
        kept = _PURPOSE + json.dumps({**asdict(trip), "next": wanted})
        response = RedirectResponse(address, 303)
        sealed = second_factor.seal(visit.house.settings.secret, kept, visit.now)
        render.set_cookie(visit, response, _cookie(visit), sealed, _MINUTES * 60)
        return response

    return Later(tell)


@pages.get("/sign-in/outside/back", Permission.ANYONE)
def come_back(visit: Visit) -> Response:
    """The other system sends the person back with a code; only the browser that left is let on."""
    if not visit.house.settings.oidc_issuer:
        return render.redirect(visit, "/sign-in")
    kept = _kept(visit)
    if kept is None or not hmac.compare_digest(kept[0].state.encode(), visit.query("state").encode()):
        raise HTTPException(
            400, _("This sign-in was begun in another browser, or too long ago. Begin again.")
        )
    code = visit.request.query_params.get("code", "")
    if not code or len(code) > 4000 or not code.isascii():
        return render.redirect(visit, "/sign-in?outside=failed")
    return render.page(visit, "account/outside.html", code=code, state=kept[0].state)


def _look(visit: Visit) -> Came:
    """Ask the issuer who it is: two requests over the network, for which no writer waits."""
    client, kept = _client(visit), _kept(visit)
    if kept is None or not hmac.compare_digest(kept[0].state.encode(), visit.sent("state").encode()):
        return Came(failure="state")
    try:
        return Came(openid.arrive(client, kept[0], visit.sent("code"), visit.now), next=kept[1])
    except OutsideFailed as failed:
        _log.warning("sign-in outside: %s", failed.what)
        return Came(failure=failed.what)


@pages.post("/sign-in/outside", Permission.ANYONE, look=_look)
def arrive(visit: Visit) -> Response:
    """Open a session for whom an admin has linked; a second factor of ours is asked for as ever."""
    came: Came = visit.found
    if came.failure:
        return render.redirect(visit, "/sign-in?outside=failed")
    issuer, settings = visit.house.settings.oidc_issuer, visit.house.settings
    of = outside_accounts.owner_of(visit.session, issuer, came.subject)
    if of is None:
        raise NotPermitted(
            _("Nobody here is linked to {subject}. Give this identifier to an administrator."),
            {"subject": came.subject},
        )
    browser = Browser(address_of(visit), visit.request.headers.get("User-Agent", ""), issuer)
    token = signing_in.begin(
        visit.session, of, browser, visit.now, settings.session_hours, rule=settings.second_factor
    )
    response = signed_in(visit, token, came.next)
    response.delete_cookie(_cookie(visit), path="/", secure=settings.secure_cookies)
    return response


@pages.post("/people/{account}/outside", Permission.ADMIN)
def link(visit: Visit) -> Response:
    """Link somebody to a subject, or take a link away."""
    account, subject = visit.path("account"), visit.sent("subject")
    if visit.sent("issuer"):
        issuer = visit.sent("issuer")
        outside_accounts.unlink(visit.session, visit.person, account, issuer, subject, visit.now)
    else:
        issuer = _client(visit).issuer
        outside_accounts.link(visit.session, visit.person, account, issuer, subject, visit.now)
    return render.redirect(visit, f"/people/{quote(account)}")


def _client(visit: Visit) -> Client:
    settings = visit.house.settings
    if not settings.oidc_issuer:
        raise HTTPException(404)
    back = f"{visit.request.base_url}sign-in/outside/back"
    return Client(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, back)


def _kept(visit: Visit) -> tuple[Trip, str] | None:
    sealed = visit.request.cookies.get(_cookie(visit), "")
    try:
        kept = second_factor.unseal(visit.house.settings.secret, sealed, _MINUTES * 60, visit.now)
    except NotPermitted:
        return None
    if not kept.startswith(_PURPOSE):
        return None
    told = json.loads(kept.removeprefix(_PURPOSE))
    return Trip(told["state"], told["nonce"], told["verifier"]), told["next"]


def _cookie(visit: Visit) -> str:
    return "__Host-outside" if visit.house.settings.secure_cookies else "outside"
