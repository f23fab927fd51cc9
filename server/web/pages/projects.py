"""项目: the thing people talk about. Found by name or code; facts, cases, tasks and registers on one page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from server.services import deployed, past_facts, project_views
from server.services.project_views import Fact, ProjectPage, Source
from server.web import render
from server.web.context import Visit
from server.web.pages import past
from server.web.routing import Pages
from server.web.vocabulary import Vocabulary
from server.web.words import Words

pages = Pages()


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact in words; where it came from, and what it was before."""

    label: str
    text: str
    source: Source | None
    process: str
    visible: bool
    earlier: tuple[tuple[str, Source], ...]


@pages.get("/projects")
def listing(visit: Visit) -> Response:
    """The projects that the person may see, newest first."""
    text = visit.query("q")
    rows = project_views.search(visit.session, visit.person, text, before=visit.query("before") or None)
    used = deployed.active(visit.session, visit.person.tenant_id)
    following = f"/projects?{urlencode({'q': text, 'before': rows[-1].id})}" if len(rows) == 50 else ""
    return render.page(
        visit, "projects/list.html", block="projects", rows=rows, text=text, next=following,
        may_enter=bool(past_facts.may_enter(visit.person, used)),
    )  # fmt: skip


@pages.get("/projects/{id}")
def show(visit: Visit) -> Response:
    """One project."""
    found = project_views.page(visit.session, visit.person, visit.path("id"), visit.now)
    english = visit.language == "en"
    stages = [((name_en if english else "") or name, cases) for name, name_en, cases in found.stages]
    return render.page(
        visit, "projects/project.html", project=found.row, page=found, stages=stages,
        facts=_facts(visit, found), english=english, past=past.lines(visit, found.past),
        brought_in=any(entry.kind == "project_entered" for entry in found.past),
    )  # fmt: skip


def _facts(visit: Visit, found: ProjectPage) -> list[FactLine]:
    used = deployed.active(visit.session, visit.person.tenant_id)
    names, words = past.vocabulary_of(visit), Words(visit.words)
    processes = {key: definition.name for key, definition in used.model.processes.items()}
    return [_fact(fact, names, words, processes, found.visible) for fact in found.facts]


def _fact(
    fact: Fact, names: Vocabulary, words: Words, processes: dict[str, str], visible: frozenset[str]
) -> FactLine:
    now = fact.sources[0] if fact.sources else None
    earlier = tuple(
        (names.value(fact.name, source.value, words), source)
        for source in fact.sources[1:]
        if source.value != fact.value
    )
    return FactLine(
        label=names.name(fact.name), text=names.value(fact.name, fact.value, words), source=now,
        process=processes.get(now.process_key, now.process_key) if now else "",
        visible=now is not None and now.instance_id in visible, earlier=earlier,
    )  # fmt: skip
