"""What a diagram names in other files: that decision, form and process exist, and that calls end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from server.engine.bpmn_attributes import is_marked
from server.engine.model import Finding, FlowNode, Model, ProcessDefinition
from server.engine.refusals.refusal import Refusal

NO_DECISION = Refusal(
    "decision-not-found",
    "{name} asks the decision {decision}, which is not among the files.{suggestion}",
    "Add the DMN file that holds it, or correct the decision reference.",
)
NO_FORM = Refusal(
    "form-not-found",
    "{name} shows the form {form}, which is not among the files.{suggestion}",
    "Add the form file, or correct the form reference.",
)
NO_PROCESS = Refusal(
    "called-process-not-found",
    "{name} calls the process {called}, which is not among the files.{suggestion}",
    "Add the diagram that holds it, or correct the called element.",
)
CALLS_ITSELF = Refusal(
    "process-calls-itself",
    "Process {element} calls itself: {way}.",
    "Draw the repetition as a loop inside the process.",
)


def check(model: Model) -> Iterator[Finding]:
    """Every reference of the model's processes that leads nowhere, and every circle of calls."""
    for process in model.processes.values():
        for node in process.nodes.values():
            yield from _references(model, process, node)
    yield from _circles(model)


def close(name: str, known: Iterable[str]) -> str:
    """A hint at what may have been meant, as an ending for a message."""
    found = get_close_matches(name, list(known), 1, 0.6)
    return f" ({found[0]}?)" if found else ""


def _references(model: Model, process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    decision = node.decision.decision if node.decision else ""
    if decision and not is_marked(decision) and decision not in model.decisions:
        hint = close(decision, model.decisions)
        yield NO_DECISION.on(process, node, decision=decision, suggestion=hint)
    form = node.assignment.form
    if form and not is_marked(form) and form not in model.forms:
        yield NO_FORM.on(process, node, form=form, suggestion=close(form, model.forms))
    called = node.called_element
    if called and not is_marked(called) and called not in model.processes:
        yield NO_PROCESS.on(process, node, called=called, suggestion=close(called, model.processes))


def _circles(model: Model) -> Iterator[Finding]:
    """Each circle once, told at the process of it that comes first in the order of the files."""
    calls = {
        process.id: [n.called_element for n in process.nodes.values() if n.called_element in model.processes]
        for process in model.processes.values()
    }
    told: set[str] = set()
    for start in calls:
        way = _way_back(calls, start)
        if way and not told & set(way):
            told |= set(way)
            yield CALLS_ITSELF.at(model.processes[start].file, start, way=" → ".join(way))


def _way_back(calls: dict[str, list[str]], start: str) -> list[str]:
    """A way by which a process comes to call itself, breadth first; empty where there is none."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        current = waiting.pop(0)
        for called in calls[current]:
            if called == start:
                way = [current, start]
                while way[0] != start:
                    way.insert(0, came_from[way[0]])
                return way
            if called not in came_from:
                came_from[called] = current
                waiting.append(called)
    return []
