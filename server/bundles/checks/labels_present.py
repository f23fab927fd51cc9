"""What a person meets or must decide about has a name."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject
from server.engine.model import EventKind, Finding, FlowNode, Kind, ProcessDefinition
from server.engine.refusals.events import ACTIVITIES

CODE = "labels-present"
NO_NAME = Rule(
    CODE,
    "The {kind} {element} has no name.",
    "Write what happens there, in the words of the regulation.",
)
NO_FLOW_NAME = Rule(
    CODE,
    "The flow {element} leaves the question “{gateway}” without an answer on it.",
    "Write the answer on the flow.",
    level="warning",
)
NO_PROCESS_NAME = Rule(CODE, "The process {element} has no name.", "Write what people call it.")

_NAMED = ACTIVITIES | {Kind.END_EVENT}


def check(subject: Subject) -> Iterator[Finding]:
    """Elements that a reader of the diagram, a worklist or a history could not tell apart."""
    for process in subject.loaded.model.processes.values():
        if not process.name:
            yield NO_PROCESS_NAME.at(process.file, process.id)
    for process, node in subject.nodes():
        waits = node.kind is Kind.BOUNDARY_EVENT or (
            node.kind is Kind.CATCH_EVENT and node.event.kind is not EventKind.LINK
        )
        asks = node.kind is Kind.EXCLUSIVE_GATEWAY and len(node.outgoing) > 1
        if not node.name and (node.kind in _NAMED or waits or asks):
            yield NO_NAME.at(process.file, node.id, node.line, kind=node.kind.value)
        if asks:
            yield from _answers(process, node)


def _answers(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    for flow in node.outgoing:
        if not process.flows[flow].name:
            yield NO_FLOW_NAME.at(process.file, flow, node.line, gateway=node.name or node.id)
