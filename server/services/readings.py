"""Readings: where a text can be understood in two ways, and a task, a case or a start page rests on it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlmodel import Session

from server.bundles.manifest import Reading
from server.engine.forms import Form
from server.engine.model import FlowNode
from server.services import deployed, instance_views
from server.services.authorization import Person
from server.services.deployed import Deployed
from server.services.tasks import TaskView

_MARK = re.compile(r"\[([\w-]+)\]")


def of(used: Deployed, citations: Iterable[str], texts: Iterable[str] = ()) -> tuple[Reading, ...]:
    """The readings of the places cited, and those that a text names itself (`[R7]`), as the manifest lists
    them."""
    if used.manifest is None or not used.manifest.readings:
        return ()
    cited = set(citations)
    named = {mark for text in texts for mark in _MARK.findall(text)}
    return tuple(
        reading
        for reading in used.manifest.readings.values()
        if reading.id in named
        or any(touches(place, c) for place in reading.regulation.split() for c in cited)
    )


def touches(place: str, citation: str) -> bool:
    """Whether two citations meet: the same place, or one a part of the other (`town#12` and `town#12.1`, but
    not `town#1` and `town#12`)."""
    shorter, longer = sorted((place, citation), key=len)
    return longer.startswith(shorter) and (longer == shorter or longer[len(shorter)] in ".p")


def of_step(used: Deployed, node: FlowNode, form: Form | None) -> tuple[Reading, ...]:
    """The readings on which a step of a diagram rests, with the fields of its form."""
    fields = form.fields if form else ()
    cited = {*node.regulation, *(citation for field in fields for citation in field.regulation)}
    return of(used, cited, (node.documentation,))


def of_task(session: Session, person: Person, task: TaskView) -> tuple[Reading, ...]:
    """The readings on which a task rests that the person looks at."""
    used = deployed.of(session, person.tenant_id, task.deployment_id)
    node = used.node(task.element)
    return of_step(used, node, task.form) if node else ()


def of_start(session: Session, person: Person, process_key: str) -> tuple[Reading, ...]:
    """The readings on which a process as a whole rests, and its start by people."""
    used = deployed.active(session, person.tenant_id)
    definition = used.process(process_key)
    found = list(of(used, definition.regulation, (definition.documentation,)))
    for node in definition.starts:
        found += of_step(used, node, used.model.forms.get(node.assignment.form))
    return tuple(dict.fromkeys(found))


def of_case(session: Session, person: Person, instance_id: str) -> tuple[Reading, ...]:
    """The readings on which a case rests so far: of the steps it passed, of the rules that fired, and of
    where it stands."""
    _row, used = instance_views.see(session, person, instance_id)
    cited: set[str] = set()
    texts: set[str] = set()
    for diagram in instance_views.diagrams(session, person, instance_id):
        definition = used.process(diagram.process_key)
        for element in (*diagram.taken, *diagram.current):
            node = definition.nodes.get(element)
            if node is not None:
                cited.update(node.regulation)
                texts.add(node.documentation)
    for decision in instance_views.decisions(session, person, instance_id):
        for rule in decision.matched:
            cited.update(rule["regulation"])
            texts.update(rule["annotations"])
    return of(used, cited, texts)
