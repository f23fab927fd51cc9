"""BPMN 2.0 XML with Camunda 7 attributes, read into process definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from server.engine import bpmn_attributes as attributes
from server.engine.bpmn_attributes import BPMN, camunda, child_text, children_named, feel
from server.engine.bpmn_events import Names, event_of
from server.engine.model import (
    EXTERNAL_KINDS,
    Assignment,
    Finding,
    FlowNode,
    Kind,
    ProcessDefinition,
    SequenceFlow,
)
from server.engine.xml import Element, XmlRefused, line_of, local, parse_xml

KINDS: Mapping[str, Kind] = MappingProxyType({kind.value: kind for kind in Kind})
MAX_READ = 4_000
EVENTS = (Kind.START_EVENT, Kind.END_EVENT, Kind.CATCH_EVENT, Kind.THROW_EVENT, Kind.BOUNDARY_EVENT)


@dataclass(frozen=True, slots=True)
class Diagram:
    """One BPMN file as read: `root` is the whole document, for checks of what the engine does not know;
    `processes` are the executable ones, or all of them where none is marked executable."""

    file: str
    root: Element
    processes: tuple[ProcessDefinition, ...]
    findings: tuple[Finding, ...] = ()


def read_bpmn(data: bytes, *, file: str) -> Diagram:
    """Read a BPMN file. Raises XmlRefused where it is not XML that is read, or not BPMN.

    What is BPMN but cannot run is no reason to raise: `server.engine.refusals` names it.
    """
    return diagram_of(parse_xml(data, file=file), file=file)


def diagram_of(root: Element, *, file: str) -> Diagram:
    """The diagram of a parsed BPMN document; raises XmlRefused where its root is not BPMN definitions."""
    if root.tag != f"{{{BPMN}}}definitions":
        raise XmlRefused(
            "not-bpmn",
            "The file is not a BPMN 2.0 diagram: it begins with {name}.",
            {"name": local(root)[:60]},
            remedy="Save a BPMN 2.0 diagram for Camunda Platform 7.",
            line=line_of(root),
            file=file,
        )
    names = Names(root)
    found = tuple(root.findall(f"{{{BPMN}}}process"))
    _refuse_masses(found, file)
    executable = tuple(p for p in found if p.get("isExecutable") in ("true", "1"))
    processes = tuple(_Reader(p, names, file).process() for p in executable or found)
    return Diagram(file, root, processes, () if executable else (_none_executable(file),))


def _refuse_masses(processes: tuple[Element, ...], file: str) -> None:
    """Nobody draws so much; to read it all would only cost time."""
    count = sum(1 for p in processes for e in p.iter(f"{{{BPMN}}}*") if local(e) in (*KINDS, "sequenceFlow"))
    if len(processes) > MAX_READ // 10 or count > MAX_READ:
        raise XmlRefused(
            "too-much-to-read",
            "The file has {processes} processes with {count} elements and flows; at most {limit} are read.",
            {"processes": len(processes), "count": count, "limit": MAX_READ},
            remedy="Write one process into each file, and call parts of it as processes of their own.",
            line=1,
            file=file,
        )


def _none_executable(file: str) -> Finding:
    return Finding(
        level="error",
        code="no-executable-process",
        message="The file holds no executable process.",
        remedy="Tick “Executable” in the properties of the process.",
        file=file,
    )


@dataclass(slots=True)
class _Reader:
    """Reads one `<process>`."""

    element: Element
    names: Names
    file: str
    nodes: dict[str, FlowNode] = field(default_factory=dict)
    flows: dict[str, SequenceFlow] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    lane_of: dict[str, str] = field(default_factory=dict)

    def process(self) -> ProcessDefinition:
        self._lanes(self.element)
        self._scope(self.element, "")
        self._connect()
        values = attributes.properties(self.element)
        return ProcessDefinition(
            id=self.element.get("id") or "",
            name=self.element.get("name") or "",
            file=self.file,
            nodes=MappingProxyType(self.nodes),
            flows=MappingProxyType(self.flows),
            documentation=attributes.documentation(self.element),
            properties=MappingProxyType(values),
            regulation=attributes.regulation(values),
            lanes=MappingProxyType(self.lanes),
        )

    def _lanes(self, parent: Element) -> None:
        """Lanes in the order of the file, outer before inner: the inner one is the last to claim a node."""
        for lane in _lanes_of(parent):
            identity = lane.get("id") or ""
            self.lanes[identity] = lane.get("name") or ""
            for reference in children_named(lane, "flowNodeRef"):
                self.lane_of[attributes.text_of(reference)] = identity
            self._lanes(lane)

    def _scope(self, parent: Element, scope: str) -> None:
        for element in children_named(parent, "sequenceFlow", *KINDS):
            identity = element.get("id") or ""
            if local(element) == "sequenceFlow":
                self.flows.setdefault(identity, _flow(element))
                continue
            self.nodes.setdefault(identity, self._node(element, scope))
            if local(element) == Kind.SUB_PROCESS:
                self._lanes(element)
                self._scope(element, identity)

    def _node(self, element: Element, scope: str) -> FlowNode:
        kind = KINDS[local(element)]
        values = attributes.properties(element)
        identity = element.get("id") or ""
        node = FlowNode(
            id=identity,
            kind=kind,
            name=(element.get("name") or "").strip(),
            scope=scope,
            lane=self.lane_of.get(identity) or self._lane_of_scope(scope),
            documentation=attributes.documentation(element),
            properties=MappingProxyType(values),
            regulation=attributes.regulation(values),
            multi_instance=attributes.multi_instance(element),
            inputs=attributes.parameters(element, "inputParameter"),
            outputs=attributes.parameters(element, "outputParameter"),
            topic=_topic(element),
            event_sub_process=element.get("triggeredByEvent") in ("true", "1"),
            line=line_of(element),
        )
        return self._particulars(element, node)

    def _lane_of_scope(self, scope: str) -> str:
        """Inside a sub-process without lanes of its own, its lane holds."""
        return self.nodes[scope].lane if scope in self.nodes else self.lane_of.get(scope, "")

    def _particulars(self, element: Element, node: FlowNode) -> FlowNode:
        if node.topic and node.kind in EXTERNAL_KINDS:
            node = replace(node, assignment=Assignment(priority=camunda(element, "taskPriority")))
        match node.kind:
            case Kind.USER_TASK:
                return replace(node, assignment=attributes.assignment(element))
            case Kind.START_EVENT:
                event = event_of(element, self.names)
                return replace(node, event=event, assignment=attributes.assignment(element))
            case kind if kind in EVENTS:
                return replace(node, event=event_of(element, self.names))
            case Kind.BUSINESS_RULE_TASK:
                return replace(node, decision=attributes.decision_call(element))
            case Kind.SEND_TASK | Kind.RECEIVE_TASK:
                return replace(node, message=self.names.of(element.get("messageRef")))
            case Kind.CALL_ACTIVITY:
                return replace(
                    node,
                    called_element=(element.get("calledElement") or "").strip(),
                    inputs=attributes.call_mappings(element, "in") + node.inputs,
                    outputs=attributes.call_mappings(element, "out") + node.outputs,
                )
        return node

    def _connect(self) -> None:
        """Flows know their ends; the `<incoming>` and `<outgoing>` repeated in nodes are not trusted."""
        incoming: dict[str, list[str]] = {}
        outgoing: dict[str, list[str]] = {}
        defaults = {d for e in self.element.iter(f"{{{BPMN}}}*") if (d := e.get("default"))}
        for flow in self.flows.values():
            outgoing.setdefault(flow.source, []).append(flow.id)
            incoming.setdefault(flow.target, []).append(flow.id)
        for identity, node in self.nodes.items():
            self.nodes[identity] = replace(
                node,
                incoming=tuple(incoming.get(identity, ())),
                outgoing=tuple(outgoing.get(identity, ())),
            )
        for identity in defaults & self.flows.keys():
            self.flows[identity] = replace(self.flows[identity], default=True)


def _lanes_of(parent: Element) -> Iterator[Element]:
    for lanes in children_named(parent, "laneSet", "childLaneSet"):
        yield from children_named(lanes, "lane")


def _flow(element: Element) -> SequenceFlow:
    return SequenceFlow(
        id=element.get("id") or "",
        source=element.get("sourceRef") or "",
        target=element.get("targetRef") or "",
        name=(element.get("name") or "").strip(),
        condition=feel(child_text(element, "conditionExpression")),
    )


def _topic(element: Element) -> str:
    """The external topic of an activity, or of the message an event sends."""
    said = (element, *children_named(element, "messageEventDefinition"))
    topics = (camunda(place, "topic") for place in said if camunda(place, "type") == "external")
    return next((topic for topic in topics if topic), "")
