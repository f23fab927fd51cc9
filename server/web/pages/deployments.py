"""Deployments: which regulation, in which version, the house runs by; loading one, going on, going back."""

from __future__ import annotations

from starlette.responses import Response

from server.services import (
    bundle_log,
    deployments,
    identity,
    release_effects,
    release_views,
    releases,
    switching,
    two_person,
)
from server.services.errors import DeploymentRejected, NotPermitted, ReleaseStale
from server.services.history import finding_json
from server.web import refusals, render
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.pages.releases import wish
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/deployments", Permission.PROCESS_OWNER)
def listing(visit: Visit) -> Response:
    """The deployments of the jurisdiction, newest first, what is on its way, and who made which one
    active."""
    return _listing(visit)


@pages.post("/deployments", Permission.PROCESS_OWNER)
def receive(visit: Visit) -> Response:
    """Receive a jurisdiction's file as a draft: of one's own, of another one, or of one that is new here.
    Its checks, its scenarios and who is missing are looked at there, before anything is in use."""
    file = next((file for file in visit.posted.files if file.field == "bundle"), None)
    if file is None:
        return _listing(visit, visit.words.gettext(_("Choose the file of a jurisdiction (zip).")))
    try:
        found = switching.receive(visit.session, visit.person, file.content, file.name, visit.now)
    except DeploymentRejected as refused:
        visit.session.rollback()
        told = [finding_json(finding) for finding in refused.findings]
        return render.page(
            visit, "deployments/refused.html", status=422, findings=told, name=file.name, total=len(told)
        )
    if found.tenant_id != visit.person.tenant_id:
        identity.switch(visit.session, visit.person, visit.token or "", found.tenant_id)
    return render.redirect(visit, f"/design/{found.draft_id}/deploy")


@pages.get("/deployments/log", Permission.PROCESS_OWNER)
def log(visit: Visit) -> Response:
    """What was done to the bundles of the jurisdiction: an audit chain."""
    return render.page(visit, "deployments/log.html", entries=bundle_log.entries(visit.session, visit.person))


@pages.get("/deployments/{id}", Permission.PROCESS_OWNER)
def deployment(visit: Visit) -> Response:
    """What a deployment holds beside the active one."""
    return _deployment(visit)


@pages.get("/deployments/{id}/zip", Permission.PROCESS_OWNER)
def pack(visit: Visit) -> Response:
    """The whole deployment as one file."""
    packed = deployments.pack(visit.session, visit.person, visit.path("id"))
    return download(packed, "application/zip", f"{visit.person.tenant_id}.zip")


@pages.post("/deployments/{id}/activate", Permission.PROCESS_OWNER)
def activate(visit: Visit) -> Response:
    """Go back to an earlier deployment, or on to a later one: at once, on a day, or proposed."""
    try:
        done = releases.of_deployment(visit.session, visit.person, visit.path("id"), wish(visit), visit.now)
    except ReleaseStale as stale:
        visit.session.rollback()
        return _deployment(visit, 409, refusals.told(stale, visit.words)[2])
    except NotPermitted as refused:
        visit.session.rollback()
        return _deployment(visit, 422, visit.words.tell(refused.reason, refused.params))
    if done.status == "done":
        return render.redirect(visit, "/deployments")
    return render.redirect(visit, f"/deployments/releases/{done.id}")


def _deployment(visit: Visit, status: int = 200, wrong: str = "") -> Response:
    view = switching.view(visit.session, visit.person, visit.path("id"))
    return render.page(
        visit, "deployments/deployment.html", status=status, view=view,
        active=release_effects.active(visit.session, visit.person.tenant_id),
        two_persons=two_person.is_required(visit.session, visit.person.tenant_id),
        errors=(("note", wrong),) if wrong else (), sent=visit.sent,
    )  # fmt: skip


def _listing(visit: Visit, wrong: str = "") -> Response:
    session, person = visit.session, visit.person
    return render.page(
        visit, "deployments/list.html", status=422 if wrong else 200,
        rows=switching.listing(session, person), log=switching.log(session, person),
        open_releases=release_views.listing(session, person, only_open=True),
        two_persons=two_person.is_required(session, person.tenant_id),
        errors=(("bundle", wrong),) if wrong else (),
    )  # fmt: skip
