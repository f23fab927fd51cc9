"""Returns (退回): that a task may be returned only to a step that lies behind it on the same way."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from server.engine.model import Finding, FlowNode, Kind, ProcessDefinition
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
    "{name} may be returned to {target}, which is no user task of this process.{suggestion}",
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


def check(process: ProcessDefinition, graph: Graph) -> Iterator[Finding]:
    """Every return of a process that would leave the case in a state no way leads to."""
    for node in process.nodes.values():
        if node.return_to and node.kind not in _RETURNING:
            yield NOT_A_TASK.on(process, node)
            continue
        if len(node.return_to) > MAX_TARGETS:
            yield TOO_MANY.on(process, node, limit=MAX_TARGETS)
        for target in node.return_to[:MAX_TARGETS]:
            yield from _return(process, graph, node, target)


def _return(process: ProcessDefinition, graph: Graph, node: FlowNode, target: str) -> Iterator[Finding]:
    aim = process.nodes.get(target)
    if aim is None or aim.kind is not Kind.USER_TASK:
        tasks = [n.id for n in process.nodes.values() if n.kind is Kind.USER_TASK]
        close = get_close_matches(target, tasks, 1)
        hint = f" ({close[0]}?)" if close else ""
        yield UNKNOWN.on(process, node, target=target, suggestion=hint)
        return
    if aim.scope not in _scopes(process, node):
        yield INTO_SUB_PROCESS.on(process, node, target=target)
    elif node.id == target or node.id not in graph.reached(graph.next[target]):
        yield NOT_EARLIER.on(process, node, target=target)
    elif gateway := _foreign_branch(process, graph, node, aim):
        yield INTO_BRANCH.on(process, node, target=target, gateway=gateway.name or gateway.id)


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
