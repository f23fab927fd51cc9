"""From each article of a regulation to what models it, and to the scenarios that prove it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from server.bundles.manifest import Manifest
from server.bundles.papers import Document, Register
from server.bundles.scenarios import Passed, Played
from server.engine import dmn
from server.engine.dmn.model import DecisionTable
from server.engine.model import Kind, Model

State: TypeAlias = Literal["proved", "modelled", "manual", "not_yet"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article is modelled: an element of a process, a rule of a decision, or the whole of one; or
    where it is kept: a register, a printed document.

    `container` is the process, decision, form, register or document; `element` the id within it, "" for the
    whole; `row` the number of a rule."""

    kind: Literal["process", "element", "decision", "rule", "form", "register", "document"]
    container: str
    element: str = ""
    name: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class ArticleCoverage:
    """One article: where it is modelled, by which scenarios it is proved, or why it is left to people.

    A scenario proves an article if it holds, names the article, and passed one of its places; `claimed` are
    those that name it."""

    citation: str
    title: str
    places: tuple[Place, ...]
    scenarios: tuple[str, ...]
    claimed: tuple[str, ...]
    manual: bool = False
    reason: str = ""

    @property
    def state(self) -> State:
        """proved, modelled (but not proved), manual, or not_yet."""
        if self.places:
            return "proved" if self.scenarios else "modelled"
        return "manual" if self.manual else "not_yet"


def coverage(manifest: Manifest, model: Model, played: Iterable[Played]) -> tuple[ArticleCoverage, ...]:
    """Every article of the manifest, in its order."""
    holding = [p for p in played if p.holds]
    places: dict[str, list[Place]] = {}
    papers: dict[Place, Register | Document] = {}
    papers |= {Place("register", one.id, "", one.name): one for one in manifest.registers.values()}
    papers |= {Place("document", one.id, "", one.name): one for one in manifest.documents.values()}
    kept = ((citation, place) for place, paper in papers.items() for citation in paper.regulation.split())
    for citation, place in (*citations(model), *kept):
        if place not in places.setdefault(citation, []):
            places[citation].append(place)
    found = []
    for regulation in manifest.regulations.values():
        for article in regulation.articles:
            citation = f"{regulation.id}#{article.id}"
            own = tuple(places.get(citation, ()))
            claimed = [p for p in holding if citation in p.scenario.regulations]
            proving = tuple(
                p.scenario.path
                for p in claimed
                if any(_passed(p, place) or _kept(p, papers.get(place), model) for place in own)
            )
            found.append(
                ArticleCoverage(
                    citation=citation,
                    title=article.title,
                    places=own,
                    scenarios=proving,
                    claimed=tuple(p.scenario.path for p in claimed),
                    manual=article.manual,
                    reason=article.reason,
                )
            )
    return tuple(found)


def citations(model: Model) -> Iterator[tuple[str, Place]]:
    """Every citation in a model with its place."""
    for process in model.processes.values():
        for citation in process.regulation:
            yield citation, Place("process", process.id, "", process.name)
        for node in process.nodes.values():
            for citation in node.regulation:
                yield citation, Place("element", process.id, node.id, node.name)
    for identity, decision_model in model.decisions.items():
        yield from _decision_citations(identity, decision_model)
    for form in model.forms.values():
        for field in form.fields:
            for citation in field.regulation:
                yield citation, Place("form", form.id, field.key, field.label.plain())


def _kept(played: Played, paper: Register | Document | None, model: Model) -> bool:
    """Whether the case of a scenario came into a register, or could have had a document."""
    process = model.processes.get(played.scenario.process)
    if paper is None or process is None or process.id not in paper.processes:
        return False
    if paper.state == "open":
        return True
    ends = (node for node in process.nodes.values() if node.kind is Kind.END_EVENT)
    return any(
        (process.id, end.id) in played.elements
        and (not paper.outcomes or (end.properties.get("outcome") or end.id) in paper.outcomes)
        for end in ends
    )


def _decision_citations(identity: str, model: dmn.DecisionModel) -> Iterator[tuple[str, Place]]:
    decision = model.decisions[identity]
    for citation in decision.regulation:
        yield citation, Place("decision", identity, "", decision.label or decision.name)
    if isinstance(decision.logic, DecisionTable):
        for rule in decision.logic.rules:
            for citation in dmn.citations(rule.description, *rule.annotations):
                yield citation, Place("rule", identity, rule.id, rule.description, rule.row)


def _passed(played: Played, place: Place) -> bool:
    """Whether a scenario came by a place."""
    match place.kind:
        case "element":
            return (place.container, place.element) in played.elements
        case "rule":
            return (place.container, str(place.row)) in played.rules
        case "process":
            return _came_by(played.elements, place.container)
        case "decision":
            return _came_by(played.rules, place.container)
    return False


def _came_by(passed: frozenset[Passed], container: str) -> bool:
    return any(name == container for name, _ in passed)
