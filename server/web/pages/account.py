"""Signing in and out, one's own password, the jurisdiction in which somebody works, the language of the
pages."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from server.services import identity, legal_status, passwords, signing_in
from server.services.identity import Account
from server.web import render
from server.web.context import Visit
from server.web.language import LANGUAGES
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()
_YEAR = 365 * 86_400
_LAST = "jurisdiction"
"""The cookie with the jurisdiction in which somebody worked last with this browser."""


@pages.get("/", Permission.ANYONE)
def home(visit: Visit) -> Response:
    """The first page is the worklist; for a stranger it is the sign-in page."""
    return render.redirect(visit, "/tasks" if visit.person_or_none else "/sign-in")


@pages.get("/sign-in", Permission.ANYONE)
def sign_in_page(visit: Visit) -> Response:
    """Account and password; on a demonstration also its people."""
    if visit.person_or_none is not None:
        return render.redirect(visit, "/tasks")
    return _form(visit, errors=())


def _look_at_password(visit: Visit) -> identity.Checked:
    tenant, account, password = visit.sent("tenant"), visit.sent("account").strip(), visit.sent("password")
    if visit.house.settings.demo and visit.sent("demo") == "1":
        tenant, _blank, account = visit.sent("who").partition(" ")
        password = identity.DEMO_PASSWORD
    return identity.check(visit.session, tenant, account, password[:500], address_of(visit), visit.now)


@pages.post("/sign-in", Permission.ANYONE, look=_look_at_password)
def sign_in(visit: Visit) -> Response:
    """Open a session. A wrong password is counted and says no more than that it was wrong."""
    hours = visit.house.settings.session_hours
    token = identity.open_session(
        visit.session, visit.found, address_of(visit), visit.now, hours,
        agent=visit.request.headers.get("User-Agent", ""), rule=visit.house.settings.second_factor,
    )  # fmt: skip
    if token is None:
        wrong = visit.words.gettext(_("Account or password are wrong."))
        return _form(visit, errors=(("account", wrong),), status=422)
    return _remembering(visit, signed_in(visit, token, visit.sent("next")), visit.found.tenant_id)


def _remembering(visit: Visit, response: Response, tenant: str) -> Response:
    """The browser offers this jurisdiction when somebody signs in the next time."""
    render.set_cookie(visit, response, _LAST, tenant, _YEAR)
    return response


def signed_in(visit: Visit, token: str, wanted: str) -> Response:
    """On to where the person wanted to go, or to what must come before; the browser keeps the token."""
    address = local_address(wanted)
    waits = signing_in.pending(visit.session, token, visit.now)
    response = render.redirect(visit, f"/sign-in/step?next={quote(address)}" if waits else address)
    hours = visit.house.settings.session_hours
    render.set_cookie(
        visit, response, visit.house.session_cookie, token, (hours + identity.REMEMBERED_HOURS) * 3600
    )
    return response


@pages.post("/sign-out", Permission.ANYONE)
def sign_out(visit: Visit) -> Response:
    """Close the session."""
    if visit.token:
        identity.sign_out(visit.session, visit.token)
    response = render.redirect(visit, "/sign-in")
    response.delete_cookie(visit.house.session_cookie, path="/", secure=visit.house.settings.secure_cookies)
    return response


@pages.get("/jurisdictions")
def jurisdictions(visit: Visit) -> Response:
    """Where the person has a post, and how the law stands there."""
    found = [
        (post, legal_status.of_tenant(visit.session, post.tenant_id, visit.now))
        for post in identity.posts(visit.session, visit.person)
    ]
    return render.page(visit, "account/jurisdictions.html", posts=found)


@pages.post("/jurisdictions")
def switch(visit: Visit) -> Response:
    """Go on in another jurisdiction."""
    tenant = visit.sent("tenant")
    identity.switch(visit.session, visit.person, visit.token or "", tenant)
    return _remembering(visit, render.redirect(visit, "/tasks"), tenant)


@pages.post("/language", Permission.ANYONE)
def language(visit: Visit) -> Response:
    """Choose the language, for the person if signed in, else for this browser."""
    chosen = visit.sent("language")
    response = render.redirect(visit, local_address(visit.sent("back")))
    if chosen in LANGUAGES:
        if visit.person_or_none is not None:
            identity.set_locale(visit.session, visit.person, chosen)
        render.set_cookie(visit, response, "language", chosen, _YEAR)
    return response


def _look_at_both(visit: Visit) -> passwords.Looked:
    wanted = passwords.Wanted(visit.sent("present"), visit.sent("new"), visit.sent("again"))
    return passwords.look(
        visit.session, visit.person, wanted, address_of(visit), visit.now,
        shortest=visit.house.settings.shortest_password,
    )  # fmt: skip


@pages.get("/account/password")
def password_page(visit: Visit) -> Response:
    """Changing one's own password, and what happened to the account before."""
    return _password(visit, ())


@pages.post("/account/password", look=_look_at_both)
def change_password(visit: Visit) -> Response:
    """Change one's own password; whoever else is signed in with the old one is no longer."""
    wrong = passwords.change(
        visit.session, visit.person, visit.found, visit.token or "", address_of(visit), visit.now
    )
    if wrong:
        return _password(visit, wrong)
    return render.redirect(visit, "/account/password?saved=1")


def _password(visit: Visit, wrong: tuple[tuple[str, str], ...]) -> Response:
    shortest = visit.house.settings.shortest_password
    params = {"shortest": shortest}
    return render.page(
        visit, "account/password.html", status=422 if wrong else 200, shortest=shortest,
        errors=tuple((field, visit.words.tell(text, params)) for field, text in wrong),
        saved=visit.query("saved") == "1", happened=passwords.happened(visit.session, visit.person),
    )  # fmt: skip


def address_of(visit: Visit) -> str:
    """From which address the visit comes."""
    return visit.request.client.host if visit.request.client else ""


def local_address(wanted: str) -> str:
    """An address on this server, or the worklist: nobody is sent elsewhere by a forged link."""
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\", "/sign-")) and wanted.isprintable()
    return wanted if plain and len(wanted) < 300 else "/tasks"


def _form(visit: Visit, *, errors: tuple[tuple[str, str], ...], status: int = 200) -> Response:
    demo: dict[str, list[Account]] = {}
    for account in identity.demo_accounts(visit.session) if visit.house.settings.demo else ():
        demo.setdefault(account.tenant_id, []).append(account)
    known = identity.jurisdictions(visit.session)
    wanted = visit.sent("next") or visit.query("next")
    return render.page(
        visit,
        "account/sign_in.html",
        status=status,
        errors=errors,
        demo=demo,
        standings={id_: legal_status.of_tenant(visit.session, id_, visit.now) for id_, _name in known},
        demo_password=identity.DEMO_PASSWORD,
        next=wanted,
        kept=visit.query("kept") == "1",
        jurisdictions=known,
        tenant=visit.sent("tenant") or visit.query("tenant") or visit.request.cookies.get(_LAST, ""),
        account=visit.sent("account"),
        outside=visit.house.settings.oidc_name or visit.house.settings.oidc_issuer,
    )
