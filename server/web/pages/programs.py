"""Where programs made for Camunda find our pages: the well-known document, and the addresses it leads to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from starlette.responses import JSONResponse, Response

from server.services import instance_views, rehearsed_work, sandbox
from server.services.authorization import denied, may_deploy
from server.services.errors import NotFound
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@pages.get("/.well-known/camunda-automation-platform/webapps", Permission.ANYONE)
def webapps(visit: Visit) -> Response:
    """Which pages stand for Cockpit, Tasklist and Admin. Asked for without credentials."""
    base = str(visit.request.base_url).rstrip("/")
    return JSONResponse(
        {
            "adminUrl": f"{base}/open/admin/",
            "cockpitUrl": f"{base}/open/",
            "tasklistUrl": f"{base}/open/tasks/",
        }
    )


@pages.get("/open")
@pages.get("/open/repository")
@pages.get("/camunda/app/cockpit/{rest:path}")
def deployments(visit: Visit) -> Response:
    """What was deployed."""
    return render.redirect(visit, "/deployments" if may_deploy(visit.person) else "/tasks")


@pages.get("/open/tasks")
@pages.get("/camunda/app/tasklist/{rest:path}")
def worklist(visit: Visit) -> Response:
    """The worklist."""
    return render.redirect(visit, "/tasks")


@pages.get("/open/admin")
@pages.get("/camunda/app/admin/{rest:path}")
def administration(visit: Visit) -> Response:
    """What admins look after."""
    return render.redirect(visit, "/admin/jobs" if visit.person.has("admin") else "/tasks")


@pages.get("/open/process-instance/{id}")
def case(visit: Visit) -> Response:
    """A case: one of the jurisdiction on its own page, one of the sandbox on a plain one."""
    instance_id = visit.path("id")
    try:
        instance_views.see(visit.session, visit.person, instance_id)
    except NotFound:
        if not may_deploy(visit.person):
            raise
        return render.redirect(visit, f"/sandbox/cases/{instance_id}")
    return render.redirect(visit, f"/instances/{instance_id}")


@pages.get("/sandbox/cases/{id}", Permission.PROCESS_OWNER)
def sandbox_case(visit: Visit) -> Response:
    """A case of the sandbox: where it stands and what happened. It is moved by programs only."""
    player, instance_id = sandbox.player(visit.person), visit.path("id")
    view = instance_views.view(visit.session, player, instance_id, visit.now)
    steps = instance_views.diagrams(visit.session, player, instance_id)
    record = instance_views.record(visit.session, player, instance_id)
    shown = [entry for entry in record if entry.kind not in ("steps_taken", "decision_evaluated")]
    return render.page(visit, "instances/sandbox.html", case=view, diagrams=steps, record=shown)


@pages.post("/instances/{id}/work/{token}")
def rehearse_work(visit: Visit) -> Response:
    """In a rehearsal its leader says what came of work for a program: results as a JSON object, or the code
    of an error."""
    instance_id, token, code = visit.path("id"), visit.path("token"), visit.sent("code").strip()[:200]
    if code:
        rehearsed_work.refused(visit.session, visit.person, instance_id, token, code, visit.now)
    else:
        results = _results(visit)
        rehearsed_work.done(visit.session, visit.person, instance_id, token, results, visit.now)
    return render.redirect(visit, f"/instances/{instance_id}")


def _results(visit: Visit) -> dict[str, Any]:
    try:
        found = _decode(visit.sent("results")[:100_000].encode() or b"{}")
    except (msgspec.DecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        denied(
            _("Enter the results as a JSON object, for example {example}."), example='{"paid": true}'
        ).require()
    return dict(found)
