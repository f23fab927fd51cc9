"""Which variables a process may know: what its forms, decisions, mappings and callers give it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from server.engine.decision_results import DEADLINE
from server.engine.model import FlowNode, Model, ProcessDefinition, VariableMapping

ALWAYS = frozenset(
    {
        "now",
        "today",
        "nrOfInstances",
        "nrOfActiveInstances",
        "nrOfCompletedInstances",
        "loopCounter",
        "decisionResult",
    }
)
"""What the engine itself lets an expression see."""

DECLARED = "variables"
"""The property of a process (blank-separated) or message event that declares what comes from outside."""


def known_variables(model: Model) -> Mapping[str, frozenset[str]]:
    """The names of the variables each process may know, by process id.

    Names that come from outside (a message, a program) are declared in the property `variables` of the
    process or of the element that receives them."""
    known = {process.id: _own(model, process) for process in model.processes.values()}
    while _exchange(model, known):
        pass
    return {identity: frozenset(names) for identity, names in known.items()}


def _own(model: Model, process: ProcessDefinition) -> set[str]:
    names = {*ALWAYS, *process.properties.get(DECLARED, "").split()}
    for node in process.nodes.values():
        names.update(_given_by(model, node))
    return names


def _given_by(model: Model, node: FlowNode) -> Iterator[str]:
    yield from node.properties.get(DECLARED, "").split()
    form = model.forms.get(node.assignment.form)
    if form is not None:
        yield from form.keys
    if node.decision is not None:
        yield node.decision.result_variable
        yield node.properties.get(DEADLINE, "")
    if node.multi_instance is not None:
        yield node.multi_instance.element_variable
        yield node.multi_instance.output_collection
    yield from (m.target for m in node.outputs if m.target != "*")
    if not node.called_element:
        yield from (m.target for m in node.inputs)


def _exchange(model: Model, known: dict[str, set[str]]) -> bool:
    """Pass names over every call once; true where somebody learned something."""
    before = sum(map(len, known.values()))
    for process in model.processes.values():
        for node in process.nodes.values():
            called = known.get(node.called_element) if node.called_element else None
            if called is not None:
                called |= _handed(node.inputs, known[process.id])
                known[process.id] |= _handed(node.outputs, called)
    return sum(map(len, known.values())) > before


def _handed(mappings: tuple[VariableMapping, ...], giver: set[str]) -> set[str]:
    names = {m.target for m in mappings if m.target != "*"}
    return names | giver if any(m.expression == "*" for m in mappings) else names
