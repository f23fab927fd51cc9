"""Turns a template into a whole page or, for htmx, into the one block it wants; refusals into pages of their
own."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from server.engine.forms import FieldView
from server.services import board, errors, identity, legal_status, reasons, supervision, worklist
from server.web import ready_phrases, refusals, richtext
from server.web.context import Visit
from server.web.language import Translator, translator
from server.web.language import mark as _
from server.web.listing import listed
from server.web.packing import html_response
from server.web.posting import storable
from server.web.spoken import SpokenTexts, WesternMarks
from server.web.words import LIGHTS, Words

ROOM = Path(__file__).parent
STATIC = ROOM / "static"


# --------------------------------------------------------------------------- pages
def page(visit: Visit, template: str, block: str = "content", status: int = 200, **values: Any) -> Response:
    """The page; only `block` of it when htmx asks.

    Args:
        template: path under templates.
        block: the template's block that htmx swaps in.
        status: HTTP status.
        values: what the template needs.
    """
    if status >= 400 and visit.wants_json:
        return _told_to_machine(visit, values, status)
    environment = _environment(visit.language)
    if visit.is_htmx:
        text = render_block(environment, template, block, **_common(visit), **values)
    else:
        frame = {**_menu(visit), "rehearsal_at": _rehearsal_at(values)}
        text = environment.get_template(template).render(**_common(visit), **frame, **values)
    response = html_response(visit.request, text, status)
    response.headers["Vary"] = "HX-Request, Accept, Accept-Encoding, Accept-Language, Cookie"
    _remember_visitor(visit, response)
    return response


def _told_to_machine(visit: Visit, values: dict[str, Any], status: int) -> Response:
    """A form that cannot be accepted, in the shape of every other refusal."""
    if isinstance(values.get("error"), errors.ServiceError):
        return service_error(visit, values["error"])
    sentences = [sentence for _name, sentence in values.get("errors", ())] or [values.get("reason", "")]
    return JSONResponse({"error": "Invalid", "message": " ".join(sentences)}, status)


def whole(visit: Visit, template: str, **values: Any) -> Response:
    """A page that stands alone, without the frame of the others."""
    text = _environment(visit.language).get_template(template).render(**_common(visit), **values)
    return Response(text, media_type="text/html; charset=utf-8")


def redirect(visit: Visit, address: str) -> Response:
    """Go to another page after a POST (303). htmx would follow it silently, so it is told to go there."""
    if visit.is_htmx:
        escaped = quote(address, safe=":/%#?=@[]!$&'()*+,")  # as RedirectResponse does: headers are no text
        return Response(status_code=204, headers={"HX-Redirect": escaped})
    return RedirectResponse(address, 303)


def set_cookie(visit: Visit, response: Response, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie that scripts cannot read and other sites do not send along."""
    secure = visit.house.settings.secure_cookies
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _common(visit: Visit) -> dict[str, Any]:
    if visit.person_or_none is None and not visit.visitor:
        visit.visitor = secrets.token_urlsafe(24)
    return {
        "visit": visit, "person": visit.person_or_none, "csrf": visit.csrf, "language": visit.language,
        "now": visit.now, "here": storable(visit.request.url.path),
        "phrases": partial(ready_phrases.offered, visit),
    }  # fmt: skip


def _menu(visit: Visit) -> dict[str, Any]:
    """What only a whole page shows: the count in the menu, and how the law stands where the person works."""
    person = visit.person_or_none
    if person is None:
        return {"waiting": 0, "law": "", "oversees": False, "supervises": False}
    law = legal_status.of_tenant(visit.session, person.tenant_id, visit.now)
    return {
        "waiting": worklist.count(visit.session, person), "law": law.value,
        "oversees": board.oversees(visit.session, person),
        "supervises": supervision.supervises(visit.session, person),
    }  # fmt: skip


def _rehearsal_at(values: Mapping[str, Any]) -> datetime | None:
    """Where the clock stands of the rehearsal that a page is about: it says so, whatever it shows."""
    for name in ("case", "task", "start"):
        found: datetime | None = getattr(values.get(name), "rehearsal_at", None)
        if found is not None:
            return found
    return None


def _remember_visitor(visit: Visit, response: Response) -> None:
    name = visit.house.visitor_cookie
    if visit.person_or_none is None and visit.request.cookies.get(name) != visit.visitor:
        set_cookie(visit, response, name, visit.visitor)


# --------------------------------------------------------------------------- templates
@cache
def _environment(language: str) -> Environment:
    """The templates in one language."""
    marks = [WesternMarks] if language == "en" else []
    environment = Environment(
        loader=FileSystemLoader(ROOM / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n", SpokenTexts, *marks],
        auto_reload=False,
    )  # fmt: skip
    texts = translator(language)
    words = Words(texts)
    install: Any = getattr(environment, "install_gettext_callables")  # noqa: B009 - the i18n extension adds it
    install(texts.gettext, texts.ngettext, newstyle=True)
    environment.globals["_"] = _speaker(texts)
    environment.globals.update(
        static=static, lights=LIGHTS, tell=texts.tell, words=words, lines=_lines, only_facts=_only_facts
    )
    environment.filters.update(
        day=words.day,
        clock=words.clock,
        hour=words.hour,
        citation=words.citation,
        annotation=words.annotation,
        size=words.size,
        value=words.value,
        listed=listed,
        markdown=richtext.markdown,
        safe_html=richtext.safe_html,
        without_marks=richtext.without_marks,
        finding=words.finding,
        remedy=words.remedy,
    )
    return environment


def _speaker(texts: Translator) -> Callable[..., Markup]:
    """What `_("…")` does in a template. The library's own looks up each text anew, hundreds a page."""

    @lru_cache(maxsize=4096)
    def known(text: str) -> Markup:
        return Markup(texts.gettext(text))  # our own texts; what fills their places is escaped

    @lru_cache(maxsize=4096)
    def plain(text: str) -> Markup:
        return known(text) % {}

    def speak(text: str, /, **places: object) -> Markup:
        return known(text) % places if places else plain(text)

    return speak


@cache
def static(name: str) -> str:
    """Address of a static file; it changes with the content, so that browsers may keep it for ever."""
    file = STATIC / name
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "missing"
    return f"/static/{name}?v={digest}"


def _lines(views: Sequence[FieldView]) -> list[list[FieldView]]:
    """Fields that the form puts beside each other, line by line."""
    found: list[list[FieldView]] = []
    for view in views:
        if found and view.line and view.line == found[-1][0].line:
            found[-1].append(view)
        else:
            found.append([view])
    return found


def _only_facts(views: Sequence[FieldView]) -> bool:
    """Whether there is nothing to fill in."""
    return all(view.readonly and view.name and not view.files for view in views)


# --------------------------------------------------------------------------- refusals
_WRITTEN = ("reason", "note", "text", "answer", "remark")
"""What the forms of verbs call the text that somebody writes in them."""


def refusal(visit: Visit, error: errors.ServiceError | HTTPException) -> Response:
    """The page, or JSON, of something that was refused."""
    return http_error(visit, error) if isinstance(error, HTTPException) else service_error(visit, error)


def service_error(visit: Visit, error: errors.ServiceError) -> Response:
    """The page, or JSON, of what a service refused."""
    if isinstance(error, errors.NotSignedIn):
        return _sign_in_first(visit)
    if isinstance(error, errors.StaleTask) and not visit.wants_json:
        typed = [visit.sent(name) for name in _WRITTEN if visit.sent(name).strip()]
        return page(visit, "errors/stale.html", status=409, error=error, answers=(), typed=typed)
    status, title, reason = _refusal(visit, error)
    if visit.wants_json:
        told = {"error": type(error).__name__, "message": reason}
        return JSONResponse({**told, **refusals.details(error, visit.words)}, status)
    findings = getattr(error, "findings", ())
    return page(
        visit, "errors/error.html", status=status, title=title, reason=reason, findings=findings,
        ask=_whom_to_ask(visit, error),
    )  # fmt: skip


def _whom_to_ask(visit: Visit, error: errors.ServiceError) -> tuple[identity.Account, ...]:
    """Who else can do what this person may not."""
    person = visit.person_or_none
    if person is None or not isinstance(error, errors.NotPermitted):
        return ()
    able = reasons.holders(visit.session, person.tenant_id, *error.ask)
    return tuple(one for one in able if one.account != person.account)


def _refusal(visit: Visit, error: errors.ServiceError) -> tuple[int, str, str]:
    tell, gettext = visit.words.tell, visit.words.gettext
    if isinstance(error, errors.NotPermitted):
        return 403, gettext(_("You may not do this")), tell(error.reason, error.params)
    if isinstance(error, errors.NotFound):
        what = gettext(_NAMES.get(error.what, _("This page")))
        return 404, gettext(_("Not found")), tell(_("{what} does not exist here."), {"what": what})
    if isinstance(error, errors.TooManyAttempts):
        hour = Words(visit.words).hour(error.until)
        return 429, gettext(_("Too many attempts")), tell(_("Try again after {hour}."), {"hour": hour})
    if isinstance(error, errors.Refused):
        finding = error.finding
        reason = f"{tell(finding.message, finding.params)} {tell(finding.remedy, finding.params)}"
        return 409, gettext(_("This is not possible now")), reason.strip()
    if isinstance(error, errors.StaleTask):
        return 409, gettext(_("Somebody was faster")), gettext(_("The task has moved on meanwhile."))
    if isinstance(error, refusals.STUDIO):
        return refusals.told(error, visit.words)
    return 422, gettext(_("This cannot be accepted")), gettext(_("Check what you entered."))


_NAMES = {
    "task": _("This task"),
    "instance": _("This case"),
    "attachment": _("This file"),
    "process": _("This process"),
    "project": _("This project"),
    "register": _("This register"),
    "saved search": _("This search"),
    "document": _("This document"),
    "deployment": _("This deployment"),
    "draft": _("This draft"),
    "file": _("This file"),
    "release": _("This release"),
    "group": _("This group"),
    "person": _("This person"),
    "incident": _("This incident"),
    "notice": _("This notice"),
    "question": _("This question"),
}


def _sign_in_first(visit: Visit) -> Response:
    if visit.wants_json:
        return JSONResponse(
            {"error": "NotSignedIn", "message": visit.words.gettext(_("Sign in first."))}, 401
        )
    request = visit.request
    wanted = request.url.path if request.method == "GET" and request.url.path != "/" else ""
    return redirect(visit, f"/sign-in?next={wanted}" if wanted else "/sign-in")


_TITLES = {
    400: _("The form could not be read"),
    403: _("You may not do this"),
    404: _("Not found"),
    405: _("This address cannot be used that way"),
    409: _("This is not possible now"),
    413: _("Too large"),
    415: _("The form could not be read"),
    503: _("Not available"),
}


_SAID = {
    404: _("This page does not exist here."),
    405: _("Open the page from the menu and use its buttons."),
}
"""What is said of an address where nothing else was."""


def http_error(visit: Visit, error: HTTPException) -> Response:
    """The page, or JSON, of an address or a form that cannot be used."""
    gettext = visit.words.gettext
    title = gettext(_TITLES.get(error.status_code, _("This did not work")))
    usual = error.detail == HTTPStatus(error.status_code).phrase  # of the framework, in no language of ours
    reason = gettext(_SAID.get(error.status_code, "") if usual or error.status_code == 404 else error.detail)
    if visit.wants_json:
        return JSONResponse({"error": "HTTP", "message": reason}, error.status_code)
    response = page(
        visit, "errors/error.html", status=error.status_code, title=title, reason=reason, findings=(), ask=()
    )
    response.headers.update(error.headers or {})
    return response


def broken(visit: Visit, reference: str) -> Response:
    """The page of a fault of ours: a reference number that the log knows too."""
    gettext = visit.words.gettext
    title = gettext(_("Something went wrong on our side"))
    reason = visit.words.tell(
        _("Nothing was changed. Report reference {reference}."), {"reference": reference}
    )
    if visit.wants_json:
        return JSONResponse({"error": "Internal", "message": reason, "reference": reference}, 500)
    return page(visit, "errors/error.html", status=500, title=title, reason=reason, findings=(), ask=())
