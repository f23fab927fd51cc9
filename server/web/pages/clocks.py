"""时限: how the limits of a case were counted; stopping its clock, extending its limit, suspending it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from server.services import case_clock, extensions, stops, suspension
from server.services.errors import StaleTask
from server.services.stops import Order
from server.web import limit_words, render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages
from server.web.words import Words

pages = Pages()
Errors = tuple[tuple[str, str], ...]


@pages.get("/instances/{id}/limits")
def show(visit: Visit) -> Response:
    """How each limit was counted, what moved it, and what may be done about it."""
    return _page(visit, ())


@pages.post("/instances/{id}/stop")
def stop(visit: Visit) -> Response:
    """停表."""
    order = Order(visit.sent("ground"), visit.sent("reason"), _number(visit, "seen"))
    missing = [] if order.ground else [("ground", _("Choose the legal ground."))]
    return _do(
        visit, lambda: stops.stop(visit.session, visit.person, visit.path("id"), order, visit.now), missing
    )


@pages.post("/instances/{id}/restart")
def restart(visit: Visit) -> Response:
    """恢复计时."""
    order = Order("", visit.sent("reason"), _number(visit, "seen"))
    return _do(visit, lambda: stops.restart(visit.session, visit.person, visit.path("id"), order, visit.now))


@pages.post("/instances/{id}/extension")
def ask(visit: Visit) -> Response:
    """延期: ask for more time."""
    days, seen = _number(visit, "days"), _number(visit, "seen")
    missing = [] if days else [("days", _("Write how many working days."))]
    return _do(
        visit,
        lambda: extensions.ask(
            visit.session, visit.person, visit.path("id"), days, visit.sent("reason"), seen, visit.now
        ),
        missing,
    )


@pages.post("/instances/{id}/extension/decide")
def decide(visit: Visit) -> Response:
    """Grant or refuse an extension."""
    grant, seen = visit.sent("decision") == "grant", _number(visit, "seen")
    return _do(
        visit,
        lambda: extensions.decide(
            visit.session, visit.person, visit.path("id"), grant=grant, answer=visit.sent("reason"),
            seen=seen, now=visit.now,
        ),
    )  # fmt: skip


@pages.post("/instances/{id}/suspend")
def suspend(visit: Visit) -> Response:
    """挂起."""
    return _do(visit, lambda: _suspension(visit, suspension.suspend))


@pages.post("/instances/{id}/resume")
def resume(visit: Visit) -> Response:
    """恢复办理."""
    return _do(visit, lambda: _suspension(visit, suspension.resume))


def _suspension(visit: Visit, verb: Callable[..., None]) -> None:
    verb(
        visit.session, visit.person, visit.path("id"), visit.sent("reason"), _number(visit, "seen"), visit.now
    )


def _do(visit: Visit, act: Callable[[], None], missing: list[tuple[str, str]] | None = None) -> Response:
    """Do it, or show the page again with what was typed: 422 where something is missing, 409 where somebody
    was faster."""
    lacking = [*(missing or [])]
    if not visit.sent("reason").strip():
        lacking.append(("reason", _("Say why.")))
    if lacking:
        errors = tuple((name, visit.words.gettext(text)) for name, text in lacking)
        return _page(visit, errors, status=422)
    try:
        act()
    except StaleTask as error:
        visit.session.rollback()
        told = visit.words.tell(
            _("{who} was faster: look at the case as it stands now, then decide."), {"who": error.by or "—"}
        )
        return _page(visit, (("", told),), status=409)
    return render.redirect(visit, f"/instances/{visit.path('id')}/limits")


def _page(visit: Visit, errors: Errors, status: int = 200) -> Response:
    found = case_clock.look(visit.session, visit.person, visit.path("id"), visit.now)
    words = Words(visit.words)
    return render.page(
        visit, "instances/limits.html", status=status, clock=found, case=found.case, errors=errors,
        told=limit_words.explained(words, found.limits), typed=visit.sent("reason")[: stops.LONGEST],
        chosen=visit.sent("ground"), days=visit.sent("days")[:3], longest=stops.LONGEST,
    )  # fmt: skip


def _number(visit: Visit, name: str) -> int:
    text = visit.sent(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
