"""Trying a draft out: rehearse it before anybody uses it, and keep what was played as a scenario."""

from __future__ import annotations

import re

from starlette.responses import Response

from server.services import authoring, authoring_files, instance_views, scenario_records, trials
from server.services.errors import DeploymentRejected, FileRefused
from server.services.history import finding_json
from server.services.scenario_records import Recorded
from server.web import render
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.pages.design import bundle_of, files_of
from server.web.routing import Pages, Permission

pages = Pages()
_STEM = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")


@pages.get("/design/{draft_id}/rehearse", Permission.PROCESS_OWNER)
def choose(visit: Visit) -> Response:
    """Which process of the draft shall be rehearsed?"""
    return _choose(visit)


@pages.post("/design/{draft_id}/rehearse", Permission.PROCESS_OWNER)
def rehearse(visit: Visit) -> Response:
    """Keep the draft as it is now, and go to the start page of the rehearsal."""
    draft_id, key = visit.path("draft_id"), visit.sent("process")
    view = authoring.view(visit.session, visit.person, draft_id)
    files = files_of(visit)
    try:
        trial = trials.prepare(visit.session, visit.person, files, view.name, visit.now)
        trials.of(visit.session, visit.person, trial).process(key)
    except DeploymentRejected as refused:
        visit.session.rollback()
        return _choose(visit, refused)
    return render.redirect(visit, f"/rehearse/{key}@{trial}")


def _choose(visit: Visit, refused: DeploymentRejected | None = None) -> Response:
    draft_id = visit.path("draft_id")
    return render.page(
        visit, "design/rehearse.html", status=422 if refused else 200,
        draft=authoring.view(visit.session, visit.person, draft_id),
        processes=[entry for entry in bundle_of(visit).manifest.processes.values() if not entry.called],
        findings=[finding_json(finding) for finding in (refused.findings if refused else ())],
    )  # fmt: skip


@pages.get("/instances/{id}/scenario")
def scenario(visit: Visit) -> Response:
    """What was played, as a scenario: whether it holds, to download or to keep in a draft."""
    return _scenario(visit, _recorded(visit))


@pages.get("/instances/{id}/scenario.yaml")
def scenario_file(visit: Visit) -> Response:
    """The scenario as a file."""
    found = _recorded(visit)
    return download(found.text.encode(), "application/yaml", found.path.rpartition("/")[2])


@pages.post("/instances/{id}/scenario", Permission.PROCESS_OWNER)
def keep(visit: Visit) -> Response:
    """Put the scenario into a draft."""
    found, stem = _recorded(visit), visit.sent("stem")
    if not _STEM.fullmatch(stem):
        wrong = visit.words.gettext(_("Small letters, digits, _ and - only, for example just_below_600k."))
        return _scenario(visit, found, (("stem", wrong),))
    path = f"{found.path.rpartition('/')[0]}/{stem}.yaml"
    draft_id = visit.sent("draft")
    try:
        authoring_files.save(
            visit.session, visit.person, draft_id, path, found.text.encode(), 0, visit.now, exact=True
        )
    except FileRefused as refused:
        visit.session.rollback()
        told = visit.words.tell(refused.findings[0].message, dict(refused.findings[0].params))
        return _scenario(visit, found, (("stem", told),))
    return render.redirect(visit, f"/design/{draft_id}/edit/{path}")


def _recorded(visit: Visit) -> Recorded:
    title = visit.sent("title") or visit.query("title")
    return scenario_records.record(visit.session, visit.person, visit.path("id"), title)


def _scenario(visit: Visit, found: Recorded, errors: tuple[tuple[str, str], ...] = ()) -> Response:
    owner = visit.person.has("admin", "process_owner")
    return render.page(
        visit, "instances/scenario.html", status=422 if errors else 200,
        case=instance_views.view(visit.session, visit.person, visit.path("id"), visit.now),
        recorded=found, failures=[finding_json(finding) for finding in found.failures], errors=errors,
        title=visit.sent("title") or visit.query("title"), stem=visit.sent("stem"),
        drafts=[d for d in authoring.listing(visit.session, visit.person) if d.is_open] if owner else [],
    )  # fmt: skip
