"""Sequence flows: where they may lead, and where a condition is read."""

from __future__ import annotations

from collections.abc import Iterator

from server.engine.bpmn_attributes import BPMN
from server.engine.bpmn_xml import Diagram
from server.engine.model import Finding, FlowNode, Kind, ProcessDefinition, SequenceFlow
from server.engine.refusals.refusal import Refusal

FLOW_END_MISSING = Refusal(
    "flow-leads-nowhere",
    "Flow {element} leads from or to something that does not exist ({end}).",
    "Draw the flow again.",
)
FLOW_INTO_START = Refusal(
    "flow-into-start-event",
    "Flow {element} leads into the start event {end}.",
    "Lead it to the first activity, or to a gateway before it.",
)
FLOW_OUT_OF_END = Refusal(
    "flow-out-of-end-event",
    "Flow {element} leads out of the end event {end}.",
    "Make it an intermediate event, or delete the flow.",
)
FLOW_CROSSES = Refusal(
    "flow-crosses-sub-process",
    "Flow {element} crosses the border of a sub-process.",
    "Let the sub-process end, and lead the flow from the sub-process itself or from a boundary event.",
)
CONDITION_ON_TASK = Refusal(
    "condition-leaves-task",
    "Flow {element} has a condition but leaves {end}, which is not a gateway.",
    "Draw an exclusive or inclusive gateway behind it and put the conditions there.",
)
CONDITION_ON_PARALLEL = Refusal(
    "condition-leaves-parallel-gateway",
    "Flow {element} has a condition but leaves {end}, which takes every flow.",
    "Use an inclusive gateway, or delete the condition.",
)
SEVERAL_FLOWS = Refusal(
    "several-flows-leave-task",
    "{name} has {count} outgoing flows; whether all or one of them is meant does not show.",
    "Draw a parallel or exclusive gateway behind it.",
)
DEFAULT_FOREIGN = Refusal(
    "default-flow-not-outgoing",
    "{element} names as its default a flow that does not leave it ({flow}).",
    "Choose the default flow again.",
)
DEFAULT_ON_TASK = Refusal(
    "default-flow-not-on-gateway",
    "{element} has a default flow but is not an exclusive or inclusive gateway.",
    "Draw a gateway behind it.",
)

GATEWAYS = (
    Kind.EXCLUSIVE_GATEWAY,
    Kind.PARALLEL_GATEWAY,
    Kind.INCLUSIVE_GATEWAY,
    Kind.EVENT_BASED_GATEWAY,
)
CHOOSING = (Kind.EXCLUSIVE_GATEWAY, Kind.INCLUSIVE_GATEWAY)


def check(process: ProcessDefinition, known: frozenset[str]) -> Iterator[Finding]:
    """Every flow that would not be taken as drawn. `known` are the ids of all elements of the file: a flow at
    an element that was refused for itself is not told again."""
    for flow in process.flows.values():
        yield from _ends(process, flow, known)
    for node in process.nodes.values():
        if len(node.outgoing) > 1 and node.kind not in GATEWAYS:
            yield SEVERAL_FLOWS.on(process, node, count=len(node.outgoing))


def check_defaults(diagram: Diagram) -> Iterator[Finding]:
    """Default flows that are not outgoing flows of their gateway; the attribute stands in the XML alone."""
    for process in diagram.processes:
        for element in diagram.root.iter(f"{{{BPMN}}}*"):
            default, identity = element.get("default"), element.get("id") or ""
            node = process.nodes.get(identity)
            if not default or node is None:
                continue
            if default not in node.outgoing:
                yield DEFAULT_FOREIGN.at(diagram.file, identity, node.line, flow=default)
            elif node.kind not in CHOOSING:
                yield DEFAULT_ON_TASK.at(diagram.file, identity, node.line)


def _ends(process: ProcessDefinition, flow: SequenceFlow, known: frozenset[str]) -> Iterator[Finding]:
    source, target = process.nodes.get(flow.source), process.nodes.get(flow.target)
    if source is None or target is None:
        missing = flow.source if source is None else flow.target
        if missing not in known:
            yield FLOW_END_MISSING.at(process.file, flow.id, end=missing or "–")
        return
    if target.kind is Kind.START_EVENT:
        yield FLOW_INTO_START.at(process.file, flow.id, end=target.name or target.id)
    if source.kind is Kind.END_EVENT:
        yield FLOW_OUT_OF_END.at(process.file, flow.id, end=source.name or source.id)
    if source.scope != target.scope:
        yield FLOW_CROSSES.at(process.file, flow.id)
    if flow.condition:
        yield from _condition(process, flow, source)


def _condition(process: ProcessDefinition, flow: SequenceFlow, source: FlowNode) -> Iterator[Finding]:
    if source.kind in (Kind.PARALLEL_GATEWAY, Kind.EVENT_BASED_GATEWAY):
        yield CONDITION_ON_PARALLEL.at(process.file, flow.id, source.line, end=source.name or source.id)
    elif source.kind not in CHOOSING:
        yield CONDITION_ON_TASK.at(process.file, flow.id, source.line, end=source.name or source.id)
