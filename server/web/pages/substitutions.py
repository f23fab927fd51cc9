"""代理: who acts for whom while they are away."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from starlette.responses import Response

from server.services import absences, colleagues, deployed, substitutions
from server.services.authorization import HOUSE_GROUPS
from server.services.errors import NotPermitted
from server.services.substitutions import Wanted
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages

pages = Pages()
Errors = tuple[tuple[str, str], ...]


@pages.get("/substitutions")
def show(visit: Visit) -> Response:
    """Who stands in for me, for whom do I, and entering it."""
    return _page(visit, ())


@pages.post("/substitutions")
def enter(visit: Visit) -> Response:
    """Enter a substitution."""
    first, last = _day(visit.sent("first_day")), _day(visit.sent("last_day"))
    errors = _errors(visit, first, last)
    if errors or first is None or last is None:
        return _page(visit, errors, 422)
    wanted = Wanted(
        visit.sent("absent") or visit.person.id, visit.sent("to"), first, last, visit.sent("reason"),
        tuple(dict.fromkeys(filter(None, visit.posted.all("process")))),
        tuple(dict.fromkeys(filter(None, visit.posted.all("group")))),
    )  # fmt: skip
    substitutions.may_enter(visit.person, wanted.absent).require()
    try:
        substitutions.enter(visit.session, visit.person, wanted, visit.now)
    except NotPermitted as refused:
        return _page(visit, (("", visit.words.tell(refused.reason, refused.params)),), 422)
    return render.redirect(visit, "/substitutions?entered=1")


@pages.post("/substitutions/{id}/end")
def end(visit: Visit) -> Response:
    """Let one end earlier: by default it is over from today on."""
    chosen = _day(visit.sent("last_day"))
    yesterday = absences.day(visit.now) - timedelta(days=1)
    substitutions.end(visit.session, visit.person, visit.path("id"), chosen or yesterday, visit.now)
    return render.redirect(visit, "/substitutions?ended=1")


def _errors(visit: Visit, first: date | None, last: date | None) -> Errors:
    gettext = visit.words.gettext
    found = []
    if not visit.sent("to"):
        found.append(("to", gettext(_("Choose a person."))))
    for name, day in (("first_day", first), ("last_day", last)):
        if day is None:
            found.append((name, gettext(_("Enter a day such as 2026-03-05."))))
    return tuple(found)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _page(visit: Visit, errors: Errors, status: int = 200) -> Response:
    used = deployed.active(visit.session, visit.person.tenant_id)
    people = colleagues.everybody(visit.session, visit.person.tenant_id, visit.now)
    shared = {"entered": _("The substitution is entered."), "ended": _("The substitution is changed.")}
    notes = [visit.words.gettext(text) for name, text in shared.items() if visit.query(name)]
    return render.page(
        visit, "substitutions/list.html", status=status, errors=errors, note=notes[0] if notes else "",
        found=substitutions.listing(visit.session, visit.person, visit.now), people=people,
        processes=[(key, definition.name) for key, definition in used.model.processes.items()],
        groups=sorted((group, used.group_name(group)) for group in visit.person.groups - HOUSE_GROUPS),
        today=absences.day(visit.now).isoformat(), **_typed(visit),
    )  # fmt: skip


def _typed(visit: Visit) -> dict[str, Any]:
    names = ("absent", "to", "first_day", "last_day", "reason")
    chosen = {"process": visit.posted.all("process"), "group": visit.posted.all("group")}
    return {"typed": {name: visit.sent(name)[:200] for name in names}, "ticked": chosen}
