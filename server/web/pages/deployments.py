"""Deployments: which regulation, in which version, the house runs by; loading one, going on, going back."""

from __future__ import annotations

from starlette.responses import Response

from server.services import switching
from server.services.errors import DeploymentRejected
from server.services.history import finding_json
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/deployments", Permission.PROCESS_OWNER)
def listing(visit: Visit) -> Response:
    """The deployments of the jurisdiction, newest first, and who made which one active."""
    return _listing(visit)


@pages.post("/deployments", Permission.PROCESS_OWNER)
def load(visit: Visit) -> Response:
    """Load a jurisdiction's file: checked first, then active for new cases."""
    file = next((file for file in visit.posted.files if file.field == "bundle"), None)
    if file is None:
        return _listing(visit, visit.words.gettext(_("Choose the file of a jurisdiction (zip).")))
    try:
        done = switching.load(
            visit.session, visit.person, file.content, file.name, visit.sent("note"), visit.now
        )
    except DeploymentRejected as refused:
        visit.session.rollback()
        found = [finding_json(finding) for finding in refused.findings]
        return render.page(
            visit, "deployments/refused.html", status=422, findings=found, name=file.name, total=len(found)
        )
    if done.tenant_id != visit.person.tenant_id:
        return render.redirect(visit, "/jurisdictions")
    return render.redirect(visit, f"/deployments/{done.outcome.deployment_id}")


@pages.get("/deployments/{id}", Permission.PROCESS_OWNER)
def deployment(visit: Visit) -> Response:
    """What a deployment holds beside the active one."""
    view = switching.view(visit.session, visit.person, visit.path("id"))
    return render.page(visit, "deployments/deployment.html", view=view)


@pages.post("/deployments/{id}/activate", Permission.ADMIN)
def activate(visit: Visit) -> Response:
    """Let new cases use it."""
    switching.activate(visit.session, visit.person, visit.path("id"), visit.sent("note"), visit.now)
    return render.redirect(visit, "/deployments")


def _listing(visit: Visit, wrong: str = "") -> Response:
    return render.page(
        visit, "deployments/list.html", status=422 if wrong else 200,
        rows=switching.listing(visit.session, visit.person), log=switching.log(visit.session, visit.person),
        errors=(("bundle", wrong),) if wrong else (),
    )  # fmt: skip
