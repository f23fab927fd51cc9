"""Process definitions compiled to nodes: once for each deployment, immutable, shared by everyone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import cast

from server.engine.errors import UnknownProcess
from server.engine.model import EXTERNAL_KINDS, EventKind, FlowNode, Kind, Model, ProcessDefinition
from server.engine.nodes import (
    activities,
    events,
    external,
    gateways,
    multi_instance,
    signatures,
    sub_processes,
)
from server.engine.spiff import Arrow, Node, ProcessSpec

_KEPT = 64
"""Deployments whose compiled processes stay in memory."""

_CLASSES: Mapping[Kind, Callable[[ProcessSpec, FlowNode, str], Node]] = {
    Kind.START_EVENT: events.StartEvent,
    Kind.END_EVENT: events.EndEvent,
    Kind.CATCH_EVENT: events.CatchEvent,
    Kind.THROW_EVENT: events.ThrowEvent,
    Kind.BOUNDARY_EVENT: events.BoundaryEvent,
    Kind.USER_TASK: activities.UserTask,
    Kind.MANUAL_TASK: activities.Activity,
    Kind.BUSINESS_RULE_TASK: activities.BusinessRuleTask,
    Kind.SERVICE_TASK: activities.Unsupported,
    Kind.SEND_TASK: activities.SendTask,
    Kind.RECEIVE_TASK: activities.ReceiveTask,
    Kind.CALL_ACTIVITY: sub_processes.CallActivity,
    Kind.SUB_PROCESS: sub_processes.SubProcess,
    Kind.EXCLUSIVE_GATEWAY: gateways.ExclusiveGateway,
    Kind.PARALLEL_GATEWAY: gateways.ParallelGateway,
    Kind.INCLUSIVE_GATEWAY: gateways.InclusiveGateway,
    Kind.EVENT_BASED_GATEWAY: gateways.EventBasedGateway,
}


class CompiledModel:
    """The processes of one deployment, each compiled when it is first used."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.landmarks = frozenset(
            target
            for process in model.processes.values()
            for node in process.nodes.values()
            for target in node.return_to
        )
        self._specs: dict[str, ProcessSpec] = {}
        self._lock = Lock()

    def process(self, process_id: str) -> ProcessSpec:
        """The compiled process. Raises UnknownProcess."""
        spec = self._specs.get(process_id)
        if spec is None:
            definition = self.model.processes.get(process_id)
            if definition is None:
                raise UnknownProcess(process=process_id)
            with self._lock:
                spec = self._specs.get(process_id) or self._specs.setdefault(
                    process_id, compile_process(definition)
                )
        return spec


_compiled: OrderedDict[str, CompiledModel] = OrderedDict()
_compiled_lock = Lock()


def compiled(model: Model) -> CompiledModel:
    """The compiled form of a deployment, made once."""
    with _compiled_lock:
        found = _compiled.get(model.digest)
        if found is None or found.model is not model:
            found = _compiled[model.digest] = CompiledModel(model)
            if len(_compiled) > _KEPT:
                _compiled.popitem(last=False)
        _compiled.move_to_end(model.digest)
        return found


def compile_process(definition: ProcessDefinition) -> ProcessSpec:
    """Nodes for every element of a process, connected by arrows."""
    spec = ProcessSpec(definition)
    root = FlowNode(id="", kind=Kind.SUB_PROCESS, name=definition.name)
    spec.root = sub_processes.ProcessRoot(spec, root, "(process)")
    for element in definition.nodes.values():
        _add(spec, element)
    for element in definition.nodes.values():
        _connect(spec, element)
    for scope in {"", *(e.id for e in definition.nodes.values() if e.kind is Kind.SUB_PROCESS)}:
        _begin(spec, scope)
    for node in spec.nodes.values():
        if isinstance(node, gateways.InclusiveGateway) and len(node.incoming) > 1:
            node.polled = True
            node.upstream = {flow: _upstream(spec, node, flow) for flow in node.incoming}
    return spec


def _add(spec: ProcessSpec, element: FlowNode) -> None:
    make = _CLASSES[element.kind]
    if element.topic and element.kind in EXTERNAL_KINDS:
        make = external.ExternalTask
    if element.kind is Kind.START_EVENT and _in_event_sub_process(spec.definition, element):
        make = events.EventSubProcessStart
    if element.kind is Kind.USER_TASK:
        signatures.Signature(spec, element, element.id + signatures.NAME)
    if element.multi_instance is None:
        node = make(spec, element, "")
        node.polled = element.event.kind is EventKind.CONDITIONAL and isinstance(node, events.CatchEvent)
        return
    whole = multi_instance.MultiInstance(spec, element)
    whole.round = multi_instance.Round(spec, element, f"{element.id}#round")
    whole.round.activity = make(spec, element, f"{element.id}#each")
    whole.round.activity.recorded = False  # the whole is


def _in_event_sub_process(definition: ProcessDefinition, element: FlowNode) -> bool:
    return bool(element.scope) and definition.nodes[element.scope].event_sub_process


def _connect(spec: ProcessSpec, element: FlowNode) -> None:
    node, definition = spec.nodes[element.id], spec.definition
    node.arrows = tuple(
        Arrow(flow.id, spec.nodes[flow.target], flow.condition, flow.default)
        for flow in definition.flows.values()
        if flow.source == element.id
    )
    if element.kind is Kind.THROW_EVENT and element.event.kind is EventKind.LINK:
        node.arrows = tuple(Arrow("", spec.nodes[other.id]) for other in _other_half(definition, element))
    if isinstance(node, gateways.Join):
        node.incoming = tuple(flow.id for flow in definition.flows.values() if flow.target == element.id)
    if isinstance(node, activities.Activity):
        node.guards = tuple(spec.nodes[guard.id] for guard in definition.boundary_events(element.id))


def _other_half(definition: ProcessDefinition, thrown: FlowNode) -> list[FlowNode]:
    return [
        other
        for other in definition.children(thrown.scope)
        if other.kind is Kind.CATCH_EVENT
        and other.event.kind is EventKind.LINK
        and other.event.name == thrown.event.name
    ]


def _begin(spec: ProcessSpec, scope: str) -> None:
    """What a scope starts with: its start events (or what no flow leads to) and its event sub-processes'
    watchers."""
    definition = spec.definition
    children = definition.children(scope)
    targets = {flow.target for flow in definition.flows.values()}
    starts = [child for child in children if child.kind is Kind.START_EVENT] or [
        child for child in children if child.id not in targets and not _set_off_otherwise(child)
    ]
    spec.starts[scope] = tuple(spec.nodes[child.id] for child in starts)
    watchers = []
    for sub_process in (child for child in children if child.event_sub_process):
        for start in definition.children(sub_process.id):
            if start.kind is Kind.START_EVENT:
                watcher = cast("events.EventSubProcessStart", spec.nodes[start.id])
                watcher.sub_process = spec.nodes[sub_process.id]
                watchers.append(watcher)
    spec.watchers[scope] = tuple(watchers)


def _set_off_otherwise(element: FlowNode) -> bool:
    link = element.kind is Kind.CATCH_EVENT and element.event.kind is EventKind.LINK
    return link or element.kind is Kind.BOUNDARY_EVENT or element.event_sub_process


def _upstream(spec: ProcessSpec, join: Node, flow: str) -> frozenset[str]:
    """The nodes from which a flow into a join can be reached without passing the join."""
    before: dict[str, set[str]] = {}
    for node in spec.nodes.values():
        for arrow in node.arrows:
            before.setdefault(arrow.target.name, set()).add(node.name)
        if attached := node.event.attached_to:
            before.setdefault(node.name, set()).add(attached)
    found: set[str] = set()
    todo = [spec.definition.flows[flow].source]
    while todo:
        name = todo.pop()
        if name not in found and name != join.name:
            found.add(name)
            todo.extend(before.get(name, ()))
    return frozenset(found)
