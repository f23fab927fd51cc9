"""Processes as process owners look at them: versions, elements, articles and scenarios. (What machines ask of
deployments stands in `definitions`.)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import scenarios, traceability
from server.bundles.scenario_files import Scenario
from server.bundles.scenarios import Played
from server.bundles.traceability import ArticleCoverage
from server.engine import load
from server.engine.model import FlowNode, ProcessDefinition
from server.services import bundle_review, case_versions, deployed
from server.services.authorization import Person, may_deploy
from server.services.bundle_review import Trial
from server.services.case_versions import Version
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.store.definitions import ProcessDefinition as DefinitionRow
from server.store.runtime import ProcessInstance

_definitions = DefinitionRow.metadata.tables["process_definition"]
_instances = ProcessInstance.metadata.tables["process_instance"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A process of the deployment in use: its place in the menu, its version, how many real cases run (on
    whichever version), and whether others only call it."""

    key: str
    name: str
    category: str
    version: int
    running: int
    called: bool
    regulation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a diagram with what the table of elements says of it: names for ids."""

    node: FlowNode
    depth: int
    lane: str
    candidates: tuple[str, ...]
    form: str
    refers_to: str


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """A process in one of its versions (`shown`), with all of them, newest first."""

    key: str
    used: Deployed
    process: ProcessDefinition
    versions: tuple[Version, ...]
    shown: Version

    @property
    def xml(self) -> bytes:
        """Its diagram."""
        return self.used.files[self.process.file]


def listing(session: Session, person: Person) -> tuple[list[Listed], Deployed | None]:
    """The processes of the deployment in use, in the order of its manifest, and that deployment."""
    may_deploy(person).require()
    try:
        used = deployed.active(session, person.tenant_id)
    except NotFound:
        return [], None
    p, i = _definitions.c, _instances.c
    query = sa.select(p.key, p.version).where(
        p.tenant_id == person.tenant_id, p.deployment_id == used.deployment_id
    )
    versions = {key: version for key, version in session.execute(query)}
    counted = (
        sa.select(i.process_key, sa.func.count())
        .where(
            i.tenant_id == person.tenant_id, i.status.in_(("running", "incident")), i.rehearsal_at.is_(None)
        )
        .group_by(i.process_key)
    )  # fmt: skip
    running = {key: count for key, count in session.execute(counted)}
    entries = used.manifest.processes if used.manifest else {}
    order = {key: place for place, key in enumerate(entries)}
    found = []
    for key, process in used.model.processes.items():
        entry = entries.get(key)
        found.append(
            Listed(
                key, process.name or key, entry.category if entry else "", versions.get(key, 0),
                running.get(key, 0), entry.called if entry else True, process.regulation,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (order.get(one.key, len(order)), one.key)), used


def view(session: Session, person: Person, key: str, number: str = "") -> DefinitionView:
    """A process in a version: the one asked for, else the one new cases use, else the newest. Raises
    NotFound."""
    versions = case_versions.versions(session, person, key)
    chosen = [version for version in versions if str(version.number) == number]
    if number and not chosen:
        raise NotFound("version", number)
    shown = (chosen or [version for version in versions if version.current] or versions)[0]
    used = deployed.of(session, person.tenant_id, shown.deployment_id)
    return DefinitionView(key, used, used.process(key), tuple(versions), shown)


def elements(found: DefinitionView) -> list[Element]:
    """The elements of a process, those of a sub-process behind it."""
    return list(_within(found, "", 0))


def told(found: DefinitionView) -> tuple[Scenario, ...]:
    """The scenarios that tell of a process; files that cannot be read are left out."""
    files = {p: data for p, data in found.used.files.items() if p.startswith("scenarios/")}
    read, _ = scenarios.read_scenarios({p: d for p, d in files.items() if found.key.encode() in d})
    return tuple(one for one in read if one.process == found.key)


def play(found: DefinitionView, path: str) -> Played:
    """Play one scenario of a process now. Raises NotFound."""
    chosen = next((one for one in told(found) if one.path == path), None)
    if chosen is None:
        raise NotFound("scenario", path)
    return scenarios.play(chosen, found.used.model, found.used.manifest)


def trial(found: DefinitionView, now: datetime, *, run: bool) -> Trial | None:
    """How all scenarios of the deployment went, if they were played since the server began; with `run` they
    are, which takes some seconds."""
    if run:
        return bundle_review.trial(found.used.files, now)
    return bundle_review.known_trial(load.digest(found.used.files))


def coverage(found: DefinitionView, done: Trial) -> list[ArticleCoverage]:
    """The articles that the process itself, or a decision or form it uses, serves."""
    manifest = found.used.manifest
    if manifest is None:
        return []
    mine = parts(found)
    return [
        one
        for one in traceability.coverage(manifest, found.used.model, done.played)
        if any(place.container in mine for place in one.places)
    ]


def parts(found: DefinitionView) -> frozenset[str]:
    """The ids of the process itself and of the decisions and forms it uses."""
    nodes = found.process.nodes.values()
    decisions = {node.decision.decision for node in nodes if node.decision}
    return frozenset({found.key} | decisions | {node.assignment.form for node in nodes})


def _within(found: DefinitionView, scope: str, depth: int) -> Iterator[Element]:
    used, process = found.used, found.process
    for node in process.children(scope):
        form = used.model.forms.get(node.assignment.form)
        yield Element(
            node, depth, process.lanes.get(node.lane, ""),
            tuple(used.group_name(group) for group in node.assignment.candidate_groups),
            (form.title.plain() or form.id) if form else node.assignment.form, _refers_to(used, node),
        )  # fmt: skip
        yield from _within(found, node.id, depth + 1)


def _refers_to(used: Deployed, node: FlowNode) -> str:
    """The name of the decision or process an element calls."""
    if node.decision is not None:
        holder = used.model.decisions.get(node.decision.decision)
        return holder.decisions[node.decision.decision].label if holder else node.decision.decision
    called = used.model.processes.get(node.called_element)
    return called.name if called else node.called_element
