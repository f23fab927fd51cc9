"""Returns (退回): that a task may be returned only to a step that lies behind it on the same way.

The way to a step of a called process leads through the call activity, so a return may leave a called process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain
from typing import TypeAlias

from server.engine.model import Finding, FlowNode, Kind, Model, ProcessDefinition
from server.engine.refusals.graph import Graph
from server.engine.refusals.refusal import Refusal

MAX_TARGETS = 20

TOO_MANY = Refusal(
    "return-to-too-many",
    "{name} may be returned to more than {limit} steps.",
    "Name those in the property returnTo that are really used.",
)
UNKNOWN = Refusal(
    "return-to-unknown",
    "{name} may be returned to {target}, which is no user task of this process nor of one that "
    "calls it.{suggestion}",
    "Enter the id of an earlier user task in the property returnTo.",
)
NOT_EARLIER = Refusal(
    "return-to-later",
    "{name} may be returned to {target}, from which no way leads to it.",
    "Enter the id of an earlier user task in the property returnTo.",
)
INTO_BRANCH = Refusal(
    "return-into-branch",
    "{name} may be returned to {target}, which lies in a branch of {gateway} that {name} is not in; "
    "the other branches would be missing.",
    "Return to a step before {gateway}, or to one of the same branch.",
)
INTO_SUB_PROCESS = Refusal(
    "return-into-sub-process",
    "{name} may be returned to {target}, which lies in a sub-process that {name} is not in.",
    "Return to a step before that sub-process.",
)
NOT_A_TASK = Refusal(
    "return-from-other",
    "{name} has the property returnTo but no person acts in it.",
    "Move the property to a user task, or to the sub-process or call activity around it.",
)


_RETURNING = (Kind.USER_TASK, Kind.SUB_PROCESS, Kind.CALL_ACTIVITY)

Wrong: TypeAlias = tuple[Refusal, dict[str, object]]


def check(process: ProcessDefinition, graph: Graph) -> Iterator[Finding]:
    """Every return within a process that would leave the case in a state no way leads to."""
    for node in process.nodes.values():
        if node.return_to and node.kind not in _RETURNING:
            yield NOT_A_TASK.on(process, node)
            continue
        if len(node.return_to) > MAX_TARGETS:
            yield TOO_MANY.on(process, node, limit=MAX_TARGETS)
        for target in node.return_to[:MAX_TARGETS]:
            aim = process.nodes.get(target)
            if aim is not None and (wrong := _wrong(process, graph, node, aim)):
                refusal, params = wrong
                yield refusal.on(process, node, target=target, **params)


def check_calls(model: Model) -> Iterator[Finding]:
    """Every return to a step that is not of the same process, judged where the process is called."""
    calls = _Calls(model)
    for process in model.processes.values():
        for node in process.nodes.values():
            if node.kind not in _RETURNING:
                continue
            for target in node.return_to[:MAX_TARGETS]:
                if target not in process.nodes and (wrong := calls.wrong(process.id, target)):
                    refusal, params = wrong
                    yield refusal.on(process, node, target=target, **params)


def _wrong(process: ProcessDefinition, graph: Graph, node: FlowNode, aim: FlowNode) -> Wrong | None:
    """Why a node of a process may not be returned to another node of it."""
    if aim.kind is not Kind.USER_TASK:
        return UNKNOWN, {"suggestion": _suggestion(aim.id, process)}
    if aim.scope not in _scopes(process, node):
        return INTO_SUB_PROCESS, {}
    if node.id == aim.id or node.id not in graph.reached(graph.next[aim.id]):
        return NOT_EARLIER, {}
    if gateway := _foreign_branch(process, graph, node, aim):
        return INTO_BRANCH, {"gateway": gateway.name or gateway.id}
    return None


def _suggestion(target: str, *processes: ProcessDefinition) -> str:
    nodes = chain.from_iterable(process.nodes.values() for process in processes)
    close = get_close_matches(target, [n.id for n in nodes if n.kind is Kind.USER_TASK], 1)
    return f" ({close[0]}?)" if close else ""


@dataclass(slots=True)
class _Calls:
    """Who calls which process of a model, and which returns may leave it there."""

    model: Model
    callers: dict[str, list[tuple[ProcessDefinition, FlowNode]]] = field(init=False)
    graphs: dict[str, Graph] = field(default_factory=dict)
    judged: dict[tuple[str, str], Wrong | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.callers = {}
        for process in self.model.processes.values():
            for node in process.nodes.values():
                if node.called_element in self.model.processes:
                    self.callers.setdefault(node.called_element, []).append((process, node))

    def wrong(self, process: str, target: str) -> Wrong | None:
        """Why no step of a process may be returned to this one of a process around it.

        The nearest caller that has the step counts; of several callers that have it, each must allow it."""
        key = process, target
        if key not in self.judged:
            self.judged[key] = self._judge(process, target)
        return self.judged[key]

    def _judge(self, process: str, target: str) -> Wrong | None:
        around = {process: self.model.processes[process]}
        waiting, found = [process], False
        while waiting:
            for caller, call in self.callers.get(waiting.pop(), ()):
                if aim := caller.nodes.get(target):
                    found = True
                    if wrong := _wrong(caller, self._graph(caller), call, aim):
                        return wrong
                elif caller.id not in around:
                    around[caller.id] = caller
                    waiting.append(caller.id)
        return None if found else (UNKNOWN, {"suggestion": _suggestion(target, *around.values())})

    def _graph(self, process: ProcessDefinition) -> Graph:
        return self.graphs.setdefault(process.id, Graph(process))


def _scopes(process: ProcessDefinition, node: FlowNode) -> list[str]:
    """The sub-processes around a node and the process itself, innermost first."""
    found = [node.scope]
    while found[-1] in process.nodes:
        found.append(process.nodes[found[-1]].scope)
    return found


def _foreign_branch(
    process: ProcessDefinition, graph: Graph, node: FlowNode, aim: FlowNode
) -> FlowNode | None:
    for gateway in process.nodes.values():
        splits = gateway.kind in (Kind.PARALLEL_GATEWAY, Kind.INCLUSIVE_GATEWAY)
        if not splits or len(gateway.outgoing) < 2:
            continue
        for branch in graph.branches(gateway).values():
            if aim.id in branch and node.id not in branch:
                return gateway
    return None
