"""Deploying in steps: checks, scenarios, preview; then at once, on a day, or with a second person's word."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from starlette.responses import Response

from server.engine import load
from server.engine.business_calendar import ZONE
from server.services import (
    authoring,
    bundle_review,
    release_effects,
    release_preview,
    release_views,
    releases,
)
from server.services.errors import DeploymentRejected, NotPermitted, ReleaseStale
from server.services.releases import Wish
from server.web import refusals, render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/design/{draft_id}/deploy", Permission.PROCESS_OWNER)
def steps(visit: Visit) -> Response:
    """The steps; with `?play=1` the scenarios are played first, which takes a while."""
    if visit.query("play"):
        release_preview.play(visit.session, visit.person, _draft_id(visit), visit.now)
    return _steps(visit)


@pages.post("/design/{draft_id}/deploy", Permission.PROCESS_OWNER)
def deploy(visit: Visit) -> Response:
    """Deploy the draft, or propose it. What moved since the page was made is shown again."""
    try:
        done = releases.of_draft(visit.session, visit.person, _draft_id(visit), wish(visit), visit.now)
    except ReleaseStale as stale:
        visit.session.rollback()
        return _steps(visit, 409, refusals.told(stale, visit.words)[2])
    except DeploymentRejected:
        visit.session.rollback()
        return _steps(visit, 422, visit.words.gettext(_("Correct what the checks and the scenarios say.")))
    except NotPermitted as refused:
        visit.session.rollback()
        return _steps(visit, 422, visit.words.tell(refused.reason, refused.params))
    if done.deployment_id and done.status == "done":
        return render.redirect(visit, f"/deployments/{done.deployment_id}")
    return render.redirect(visit, f"/deployments/releases/{done.id}")


@pages.post("/design/{draft_id}/take-over", Permission.PROCESS_OWNER)
def take_over(visit: Visit) -> Response:
    """Bring what others deployed meanwhile into the draft."""
    draft_id = _draft_id(visit)
    release_preview.take_over(visit.session, visit.person, draft_id, visit.now)
    return render.redirect(visit, f"/design/{draft_id}/deploy")


def _steps(visit: Visit, status: int = 200, wrong: str = "") -> Response:
    draft_id = _draft_id(visit)
    draft = authoring.view(visit.session, visit.person, draft_id)
    if not draft.is_open:
        return render.redirect(visit, f"/design/{draft_id}")
    found = release_preview.preview(visit.session, visit.person, draft_id)
    return render.page(
        visit, "deployments/steps.html", block="steps", status=status, draft=draft, preview=found,
        errors=(("", wrong),) if wrong else (), sent=visit.sent, tomorrow=_tomorrow(visit),
    )  # fmt: skip


# --------------------------------------------------------------------------- one release
@pages.get("/deployments/releases/{id}", Permission.PROCESS_OWNER)
def release(visit: Visit) -> Response:
    """A release: what it is about and who has yet to decide."""
    return _release(visit)


def _release(visit: Visit, status: int = 200, wrong: str = "") -> Response:
    session, person = visit.session, visit.person
    view = release_views.view(session, person, visit.path("id"))
    preview = None
    if view.status == "proposed" and view.draft_id:
        _warm(visit, view.draft_id)
        preview = release_preview.preview(session, person, view.draft_id)
    return render.page(
        visit, "deployments/release.html", status=status, release=view, preview=preview,
        active=release_effects.active(session, person.tenant_id), errors=(("", wrong),) if wrong else (),
    )  # fmt: skip


def _warm(visit: Visit, draft_id: str) -> None:
    """Whoever agrees sees how the scenarios go now, also on a server that was started since they were played.
    Not while something is being written, for it takes a while."""
    if visit.request.method == "GET":
        files = authoring.files(visit.session, visit.person, draft_id)
        if bundle_review.known_trial(load.digest(files)) is None:
            bundle_review.trial(files, visit.now)


@pages.post("/deployments/releases/{id}/approve", Permission.PROCESS_OWNER)
def approve(visit: Visit) -> Response:
    """Agree to somebody else's release."""
    return _decided(visit, lambda: releases.approve(
        visit.session, visit.person, visit.path("id"), wish(visit), visit.now
    ))  # fmt: skip


@pages.post("/deployments/releases/{id}/reject", Permission.PROCESS_OWNER)
def reject(visit: Visit) -> Response:
    """Refuse somebody else's release, with the reason."""
    return _decided(visit, lambda: releases.reject(
        visit.session, visit.person, visit.path("id"), visit.sent("reason"), visit.now
    ))  # fmt: skip


@pages.post("/deployments/releases/{id}/withdraw", Permission.PROCESS_OWNER)
def withdraw(visit: Visit) -> Response:
    """Take a release back before it has taken effect."""
    return _decided(visit, lambda: releases.withdraw(
        visit.session, visit.person, visit.path("id"), visit.sent("reason"), visit.now
    ))  # fmt: skip


def _decided(visit: Visit, decide: Any) -> Response:
    try:
        decide()
    except ReleaseStale as stale:
        visit.session.rollback()
        return _release(visit, 409, refusals.told(stale, visit.words)[2])
    except NotPermitted as refused:
        visit.session.rollback()
        return _release(visit, 422, visit.words.tell(refused.reason, refused.params))
    return render.redirect(visit, f"/deployments/releases/{visit.path('id')}")


# --------------------------------------------------------------------------- what was sent
def wish(visit: Visit) -> Wish:
    """What the form asks for. A day means its first moment on the clocks of the office."""
    return Wish(
        visit.sent("note"), effective(visit), visit.sent("active"), _number(visit.sent("revision")),
        ticked=visit.sent("ticked") == "1",
    )  # fmt: skip


def effective(visit: Visit) -> datetime | None:
    """The moment from which a release holds; None for at once. NotPermitted for what is no day."""
    text = visit.sent("effective").strip()
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), ZONE)
    except (ValueError, OverflowError) as error:
        raise NotPermitted(_("Enter a day such as 2026-03-05.")) from error


def _tomorrow(visit: Visit) -> str:
    today = visit.now.astimezone(ZONE).date()
    return date.fromordinal(today.toordinal() + 1).isoformat()


def _draft_id(visit: Visit) -> str:
    return visit.path("draft_id")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
