"""Gateways: that a case always finds a way out, and that branches meet as they parted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from server.engine.model import EventKind, Finding, FlowNode, Kind, ProcessDefinition
from server.engine.refusals.graph import Graph
from server.engine.refusals.refusal import Refusal

CONDITION_MISSING = Refusal(
    "condition-missing",
    "Flow {element} leaves gateway {gateway} without a condition and is not its default.",
    "Give it a condition, or make it the default flow.",
)
NO_DEFAULT = Refusal(
    "gateway-has-default",
    "Gateway {name} has no default flow, and its conditions do not show that one always holds.",
    "Make the last flow the default.",
    level="warning",
    family="house",
)
DEFAULT_CONDITION = Refusal(
    "default-flow-with-condition",
    "Flow {element} is the default of gateway {gateway}; its condition is never read.",
    "Delete the condition.",
    level="warning",
)
EVENT_TARGET = Refusal(
    "event-gateway-target",
    "After the event-based gateway {name} comes {target}, which is not an event to wait for.",
    "Follow it by message, signal, timer or condition catch events or receive tasks only.",
)
EVENT_TARGET_SHARED = Refusal(
    "event-gateway-target-shared",
    "{target} after the event-based gateway {name} is also reached by another flow.",
    "Give each event after the gateway only the flow from the gateway.",
)
EVENT_ONE_FLOW = Refusal(
    "event-gateway-single",
    "The event-based gateway {name} has fewer than two events to choose from.",
    "Draw the other event, or delete the gateway.",
)
JOIN_STARVES = Refusal(
    "join-waits-for-ever",
    "The parallel gateway {name} waits for branches of which {gateway} takes only one.",
    "Join the branches with an exclusive gateway.",
    level="warning",
)
BRANCHES_UNJOINED = Refusal(
    "branches-not-joined",
    "Branches that part at {gateway} meet at {name} and do not wait for each other; the rest happens twice.",
    "Join them with a parallel gateway.",
    level="warning",
)

_COMPARISON = re.compile(
    r'\s*(?P<left>[\w. ]+?)\s*(?P<operator><=|>=|!=|=|<|>)\s*(?P<right>"[^"]*"|[\w.]+)\s*'
)
_OPPOSITE = {"<": ">=", ">=": "<", "<=": ">", ">": "<=", "=": "!=", "!=": "="}


def check(process: ProcessDefinition, graph: Graph) -> Iterator[Finding]:
    """Every gateway at which a case could stand still or split by mistake."""
    for node in process.nodes.values():
        match node.kind:
            case Kind.EXCLUSIVE_GATEWAY | Kind.INCLUSIVE_GATEWAY if len(node.outgoing) > 1:
                yield from _choice(process, node)
            case Kind.EVENT_BASED_GATEWAY:
                yield from _events(process, node)
    yield from _joins(process, graph)


def _choice(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    flows = [process.flows[f] for f in node.outgoing]
    gateway = node.name or node.id
    for flow in flows:
        if not flow.condition and not flow.default:
            yield CONDITION_MISSING.at(process.file, flow.id, node.line, gateway=gateway)
        if flow.condition and flow.default:
            yield DEFAULT_CONDITION.at(process.file, flow.id, node.line, gateway=gateway)
    if all(f.condition and not f.default for f in flows) and not complete([f.condition for f in flows]):
        yield NO_DEFAULT.on(process, node)


def complete(conditions: Sequence[str]) -> bool:
    """Whether two of the conditions visibly contradict each other, so that one of them holds unless a value
    is missing: `a` and `not(a)`, `amount < 600000` and `amount >= 600000`."""
    texts = ["".join(c.split()) for c in conditions]
    return any(
        one == f"not({other})" or other == f"not({one})" or _opposite(first, second)
        for (one, first), (other, second) in combinations(zip(texts, conditions, strict=True), 2)
    )


def _opposite(first: str, second: str) -> bool:
    a, b = _COMPARISON.fullmatch(first), _COMPARISON.fullmatch(second)
    if not a or not b or a["left"] != b["left"] or a["right"] != b["right"]:
        return False
    return _OPPOSITE[a["operator"]] == b["operator"]


def _events(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    if len(node.outgoing) < 2:
        yield EVENT_ONE_FLOW.on(process, node)
    for flow in node.outgoing:
        target = process.nodes.get(process.flows[flow].target)
        if target is None:
            continue
        waits = target.kind is Kind.CATCH_EVENT and target.event.kind is not EventKind.LINK
        if not waits and target.kind is not Kind.RECEIVE_TASK:
            yield EVENT_TARGET.on(process, node, target=target.name or target.id)
        elif len(target.incoming) > 1:
            yield EVENT_TARGET_SHARED.on(process, node, target=target.name or target.id)


def _joins(process: ProcessDefinition, graph: Graph) -> Iterator[Finding]:
    """Joins of another kind than the split, told once for each join."""
    told: set[str] = set()
    for split in process.nodes.values():
        exclusive = split.kind in (Kind.EXCLUSIVE_GATEWAY, Kind.EVENT_BASED_GATEWAY)
        if len(split.outgoing) < 2 or not (exclusive or split.kind is Kind.PARALLEL_GATEWAY):
            continue
        branches = graph.branches(split)
        for join in process.nodes.values():
            refusal = JOIN_STARVES if exclusive else BRANCHES_UNJOINED
            waits = join.kind is Kind.PARALLEL_GATEWAY
            merges = not waits and join.kind is not Kind.INCLUSIVE_GATEWAY and join.kind is not Kind.END_EVENT
            if join.id in told or not (waits if exclusive else merges):
                continue
            met = {graph.branch_of_flow(flow, split, branches) for flow in join.incoming} - {None}
            if len(met) > 1:
                told.add(join.id)
                yield refusal.on(process, join, gateway=split.name or split.id)
