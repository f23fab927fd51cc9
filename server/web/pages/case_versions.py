"""Running cases and versions: on which version cases run, where they stand, and taking them to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from server.services import case_versions, deployed, migrating
from server.services.case_versions import Version
from server.services.errors import NotFound, NotPermitted, Refused, ServiceError
from server.services.history import finding_json
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()
_LISTED = 100


@pages.get("/definitions/{key}/cases", Permission.PROCESS_OWNER)
def cases(visit: Visit) -> Response:
    """How many cases run on which version, where they stand, how long each step takes."""
    key, versions = visit.path("key"), _versions(visit)
    shown = _chosen(versions, visit.query("version")) or next(
        (version for version in versions if version.running), versions[0]
    )
    places = case_versions.standing(visit.session, visit.person, key, shown.number, visit.now)
    heat = case_versions.hottest(places)
    return render.page(
        visit, "definitions/cases.html",
        key=key, name=_name(visit, key, shown), versions=versions, shown=shown,
        places=[
            (place, heat.get(place.element, 0), _days(place.usual), _days(place.longest)) for place in places
        ],
        rows=case_versions.running_cases(visit.session, visit.person, key, shown.number, _LISTED),
    )  # fmt: skip


@pages.get("/definitions/{key}/cases.json", Permission.PROCESS_OWNER)
def cases_facts(visit: Visit) -> Response:
    """What the picture is drawn from: the diagram, a count and a heat (0 to 4) for each element."""
    key = visit.path("key")
    version = _chosen(_versions(visit), visit.query("version"))
    if version is None:
        raise HTTPException(404)
    places = case_versions.standing(visit.session, visit.person, key, version.number, visit.now)
    used = deployed.of(visit.session, visit.person.tenant_id, version.deployment_id)
    xml = used.files[used.process(key).file].decode("utf-8", "replace")
    counts = {place.element: place.count for place in places}
    return JSONResponse(
        {
            "xml": xml, "taken": [], "current": [],
            "counts": {element: count for element, count in counts.items() if count},
            "heat": case_versions.hottest(places),
        }
    )  # fmt: skip


@pages.get("/definitions/{key}/migrate", Permission.PROCESS_OWNER)
def dry_run(visit: Visit) -> Response:
    """What would happen to each case, before anything does."""
    source, target = _both(visit, visit.query("from"), visit.query("to"))
    given = {name: visit.query(name) for name in visit.request.query_params if name.startswith("map ")}
    return _plan(visit, source, target, given)


@pages.post("/definitions/{key}/migrate", Permission.PROCESS_OWNER)
def migrate(visit: Visit) -> Response:
    """Take the ticked cases over. Each goes whole or stays, and says why."""
    source, target = _both(visit, visit.sent("from"), visit.sent("to"))
    given = {name: str(value) for name, value in visit.pairs if name.startswith("map ")}
    chosen, reason = visit.posted.all("case"), visit.sent("reason")
    if wrong := _wrong(visit, chosen, reason):
        shown = {"errors": wrong, "ticked": chosen, "reason": reason}
        return _plan(visit, source, target, given, shown, status=422)
    done = migrating.migrate_each(
        visit.session, visit.person, chosen, target.deployment_id, _mapping(given), reason, visit.now
    )
    stayed = {report.instance_id: _told(visit, report.problem) for report in done if report.problem}
    if not stayed:
        return render.redirect(
            visit, f"/definitions/{visit.path('key')}/cases?version={target.number}&moved={len(done)}"
        )
    return _plan(visit, source, target, given, {"stayed": stayed, "moved": len(done) - len(stayed)})


def _wrong(visit: Visit, chosen: Sequence[str], reason: str) -> tuple[tuple[str, str], ...]:
    if not chosen:
        return (("case", visit.words.gettext(_("Tick the cases that shall go on in the other version."))),)
    if not reason.strip():
        return (("reason", visit.words.gettext(_("Say why the cases go on in another version."))),)
    return ()


def _plan(
    visit: Visit, source: Version, target: Version, given: Mapping[str, str],
    more: Mapping[str, Any] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    key = visit.path("key")
    plans = migrating.plan(
        visit.session, visit.person, key, source.number, target.deployment_id, _mapping(given), visit.now
    )
    asked = migrating.unplaced(visit.session, visit.person, plans, source.deployment_id, target.deployment_id)
    values: dict[str, Any] = {"errors": (), "ticked": None, "reason": "", "stayed": {}, "moved": 0}
    values.update(more or {})
    return render.page(
        visit, "definitions/migrate.html", status=status,
        key=key, name=_name(visit, key, target), source=source, target=target, given=given,
        plans=[
            (plan, Counter(plan.moves_in_words), [finding_json(finding) for finding in plan.findings])
            for plan in plans
        ],
        asked=asked, possible=sum(plan.possible for plan in plans), most=migrating.MOST, **values,
    )  # fmt: skip


def _versions(visit: Visit) -> list[Version]:
    return case_versions.versions(visit.session, visit.person, visit.path("key"))


def _chosen(versions: list[Version], number: str) -> Version | None:
    return next((version for version in versions if str(version.number) == number), None)


def _both(visit: Visit, source: str, target: str) -> tuple[Version, Version]:
    versions = _versions(visit)
    here, there = _chosen(versions, source), _chosen(versions, target)
    if here is None or there is None:
        raise NotFound("version", f"{source} → {target}")
    if here.number == there.number:
        raise NotPermitted(_("Choose two different versions."))
    return here, there


def _mapping(given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Fields are called `map <process> <element>`."""
    found: dict[str, dict[str, str]] = {}
    for name, target in given.items():
        parts = name.split(" ")
        if len(parts) == 3 and target:
            found.setdefault(parts[1], {})[parts[2]] = target
    return found


def _name(visit: Visit, key: str, version: Version) -> str:
    return deployed.of(visit.session, visit.person.tenant_id, version.deployment_id).process(key).name


def _told(visit: Visit, problem: ServiceError) -> str:
    if isinstance(problem, Refused):
        return visit.words.tell(problem.finding.message, dict(problem.finding.params))
    if isinstance(problem, NotPermitted):
        return visit.words.tell(problem.reason, problem.params)
    return visit.words.gettext(_("Somebody was faster: look at the case again."))


def _days(taken: timedelta | None) -> str:
    """A span in days with one decimal place."""
    return "" if taken is None else f"{taken.total_seconds() / 86_400:.1f}"
