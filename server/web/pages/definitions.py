"""流程: what the diagrams say, whether it is right, and what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from server.bundles.differences.elements import NOUNS
from server.bundles.manifest import ProcessEntry
from server.bundles.scenario_files import Scenario
from server.bundles.scenarios import Played
from server.bundles.traceability import ArticleCoverage, Place
from server.services import comparing, definition_views, trying_out
from server.services.definition_views import DefinitionView
from server.services.history import finding_json
from server.web import render
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()
TABS = (("", _("Diagram and elements")), ("/coverage", _("Basis")), ("/scenarios", _("Scenarios")))


@dataclass(frozen=True, slots=True)
class StoryView:
    """A scenario and how it went; None while it was not played. `failures` are kept findings."""

    scenario: Scenario
    holds: bool | None
    failures: tuple[dict[str, Any], ...] = ()


@pages.get("/definitions", Permission.PROCESS_OWNER)
def listing(visit: Visit) -> Response:
    """The processes and decisions of the deployment in use."""
    rows, used = definition_views.listing(visit.session, visit.person)
    groups: dict[str, list[Any]] = {}
    entries = used.manifest.processes if used and used.manifest else {}
    for row in rows:
        entry = entries.get(row.key)
        category = (entry.category_en if entry and visit.language == "en" else "") or row.category
        groups.setdefault(category, []).append((row, _title(visit, entry, row.name)))
    decisions = []
    if used is not None:
        active = comparing.version(visit.session, visit.person, comparing.ACTIVE)
        decisions = trying_out.decisions_of(active)
    return render.page(visit, "definitions/list.html", groups=groups, decisions=decisions)


def _title(visit: Visit, entry: ProcessEntry | None, name: str) -> str:
    """What a process is called: in English as the manifest has it, where it does."""
    return (entry.name_en if entry and visit.language == "en" else "") or name


@pages.get("/definitions/{key}", Permission.PROCESS_OWNER)
def definition(visit: Visit) -> Response:
    """图与环节: the diagram, its elements, its versions."""
    found = _found(visit)
    rows = [(one, visit.words.gettext(NOUNS[one.node.kind])) for one in definition_views.elements(found)]
    return _page(visit, found, "", rows=rows)


@pages.get("/definitions/{key}/coverage", Permission.PROCESS_OWNER)
def coverage(visit: Visit) -> Response:
    """依据: which articles it serves, and which scenarios prove it."""
    found = _found(visit)
    done = definition_views.trial(found, visit.now, run=True)
    articles = definition_views.coverage(found, done) if done else []
    told = [(article, list(_places(found, article)), _titles(found, article)) for article in articles]
    return _page(visit, found, "/coverage", articles=told)


@pages.get("/definitions/{key}/scenarios", Permission.PROCESS_OWNER)
def stories(visit: Visit) -> Response:
    """情景: played when asked for; one of them drawn on the diagram."""
    found = _found(visit)
    done = definition_views.trial(found, visit.now, run=visit.query("run") == "1")
    went = {one.scenario.path: one for one in done.played} if done else {}
    rows = [_story(one, went.get(one.path)) for one in definition_views.told(found)]
    path = visit.query("path")
    shown = _story((one := definition_views.play(found, path)).scenario, one) if path else None
    return _page(visit, found, "/scenarios", stories=rows, done=done, chosen=shown)


@pages.get("/definitions/{key}/diagram.json", Permission.PROCESS_OWNER)
def diagram_facts(visit: Visit) -> Response:
    """What the picture is drawn from: the diagram, and the path of a scenario where one is named."""
    found = _found(visit)
    facts: dict[str, Any] = {"xml": found.xml.decode("utf-8", "replace")}
    if path := visit.query("path"):
        played = definition_views.play(found, path)
        facts["taken"] = sorted(element for process, element in played.elements if process == found.key)
        facts["marks"] = {"removed": [f.element for f in played.failures if f.element]}
    return JSONResponse(facts)


@pages.get("/definitions/{key}/file", Permission.PROCESS_OWNER)
def file(visit: Visit) -> Response:
    """The diagram as a file."""
    found = _found(visit)
    return download(found.xml, "application/xml", found.process.file.rpartition("/")[2])


def _found(visit: Visit) -> DefinitionView:
    return definition_views.view(visit.session, visit.person, visit.path("key"), visit.query("version"))


def _page(visit: Visit, found: DefinitionView, tab: str, **values: Any) -> Response:
    here, query = f"/definitions/{found.key}", f"?version={found.shown.number}"
    if found.shown.current:
        query = ""
    links = [(f"{here}{part}{query}", visit.words.gettext(title), part == tab) for part, title in TABS]
    manifest = found.used.manifest
    entry = manifest.processes.get(found.key) if manifest else None
    return render.page(
        visit, "definitions/definition.html", block="tab", found=found, tab=tab, tab_links=links,
        here_is=here, number=found.shown.number,
        process_title=_title(visit, entry, found.process.name or found.key), **values,
    )  # fmt: skip


def _story(scenario: Scenario, played: Played | None) -> StoryView:
    if played is None:
        return StoryView(scenario, None)
    return StoryView(scenario, played.holds, tuple(finding_json(failure) for failure in played.failures))


def _places(found: DefinitionView, article: ArticleCoverage) -> Iterator[tuple[str, Place]]:
    """Where this process serves an article, in words: an element of it, a rule or form it uses."""
    model, mine = found.used.model, definition_views.parts(found)
    for place in article.places:
        if place.container not in mine:
            continue
        if place.container == found.key:
            yield place.name or place.element or found.process.name, place
        elif place.kind in ("decision", "rule"):
            yield model.decisions[place.container].decisions[place.container].label, place
        elif place.kind == "form":
            yield f"{model.forms[place.container].title.plain()} {place.name}".strip(), place


def _titles(found: DefinitionView, article: ArticleCoverage) -> list[tuple[str, str]]:
    """The scenarios of this process that prove an article: path and title."""
    mine = {one.path: one.title for one in definition_views.told(found)}
    return [(path, mine[path]) for path in article.scenarios if path in mine]
