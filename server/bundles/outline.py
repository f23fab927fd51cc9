"""A diagram as text that a reviewer can read line by line; the XML of two versions nobody can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from server.engine.model import EventKind, FlowNode, MultiInstance, ProcessDefinition, SequenceFlow

_TOLD = ("regulation", "outputCollection", "outputElement")
"""Properties that are told elsewhere."""


def outline(process: ProcessDefinition) -> str:
    """The process as text: every node with what it says, in the order a case meets them, and its ways on.

    The same definition always gives the same text; where shapes stand on the page makes no difference."""
    return "\n".join(_lines(process)) + "\n"


def outlines(processes: Mapping[str, ProcessDefinition]) -> dict[str, str]:
    """The outline of each process by the path of its golden file (`bpmn/library_entry.outline.txt`)."""
    return {p.file.removesuffix(".bpmn") + ".outline.txt": outline(p) for p in processes.values()}


def _lines(process: ProcessDefinition) -> Iterator[str]:
    yield f"process {process.id}  {process.name}".rstrip()
    if process.regulation:
        yield "  regulation=" + " ".join(process.regulation)
    for name, value in sorted(process.properties.items()):
        if name != "regulation":
            yield f"  {name}={_flat(value)}"
    yield from _scope(process, "", "  ")


def _scope(process: ProcessDefinition, scope: str, indent: str) -> Iterator[str]:
    nodes = _in_order(process, scope)
    kinds = max((len(node.kind.value) for node in nodes), default=0)
    ids = max((len(node.id) for node in nodes), default=0)
    for node in nodes:
        head = f"{indent}{node.kind.value:<{kinds}}  {node.id:<{ids}}  {node.name}"
        yield "  ".join([head.rstrip(), *_facts(process, node)])
        for flow in (process.flows[f] for f in node.outgoing):
            yield f"{indent}    -> {_way(flow)}"
        yield from _scope(process, node.id, indent + "    ")


def _in_order(process: ProcessDefinition, scope: str) -> list[FlowNode]:
    """The nodes of a scope as a case meets them, breadth first; those nothing leads to come last, by id."""
    inside = {node.id: node for node in process.children(scope)}
    entered = [n for n in inside.values() if not n.incoming and not n.event.attached_to]
    waiting = [n.id for n in sorted(entered, key=lambda n: (n.kind.value != "startEvent", n.id))]
    order: dict[str, FlowNode] = {}
    for identity in [*waiting, *sorted(inside)]:
        queue = [identity]
        while queue:
            current = queue.pop(0)
            if current in order or current not in inside:
                continue
            order[current] = inside[current]
            queue.extend(sorted(n.id for n in process.boundary_events(current)))
            queue.extend(process.flows[f].target for f in inside[current].outgoing)
    return list(order.values())


def _way(flow: SequenceFlow) -> str:
    parts = [flow.target]
    if flow.name:
        parts.append(f"“{_flat(flow.name)}”")
    if flow.default:
        parts.append("otherwise")
    if flow.condition:
        parts.append(f"if {_flat(flow.condition)}")
    return "  ".join(parts)


def _facts(process: ProcessDefinition, node: FlowNode) -> Iterator[str]:
    """Everything about a node that changes what happens."""
    wanted = node.assignment
    facts: list[tuple[str, str | Iterable[str]]] = [
        ("lane", process.lanes.get(node.lane, "")),
        ("assignee", wanted.assignee),
        ("candidateGroups", wanted.candidate_groups),
        ("candidateUsers", wanted.candidate_users),
        ("form", wanted.form),
        ("due", wanted.due),
        ("followUp", wanted.follow_up),
        ("priority", wanted.priority),
        ("called", node.called_element),
        ("message", node.message),
        ("topic", node.topic),
    ]
    if node.decision:
        facts.append(("decision", node.decision.decision))
        facts.append(("result", f"{node.decision.result_variable}:{node.decision.map_result}"))
    facts.extend((f"in.{m.target}", m.expression) for m in node.inputs)
    facts.extend((f"out.{m.target}", m.expression) for m in node.outputs)
    facts.extend(_event(node))
    facts.extend(_repetition(node.multi_instance))
    facts.extend(sorted((k, v) for k, v in node.properties.items() if k not in _TOLD))
    facts.append(("regulation", " ".join(node.regulation)))
    for name, value in facts:
        text = value if isinstance(value, str) else ",".join(value)
        if text:
            yield f"{name}={_flat(text)}"


def _event(node: FlowNode) -> Iterator[tuple[str, str]]:
    event = node.event
    if event.kind is not EventKind.NONE:
        yield "event", f"{event.kind.value}:{event.timer or event.name}".rstrip(":")
        yield "when", event.expression
    if event.attached_to:
        yield "on", event.attached_to
    if not event.interrupting:
        yield "interrupting", "no"
    if node.event_sub_process:
        yield "triggered", "by event"


def _repetition(loop: MultiInstance | None) -> Iterator[tuple[str, str]]:
    if loop is None:
        return
    yield "repeat", "one after the other" if loop.sequential else "at the same time"
    yield "for", f"{loop.element_variable} in {loop.collection}" if loop.collection else loop.cardinality
    yield "until", loop.completion_condition
    if loop.output_collection:
        yield "collect", f"{loop.output_element} in {loop.output_collection}"


def _flat(text: str) -> str:
    return " ".join(text.split())
