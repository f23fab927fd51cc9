"""How a case came to where it is, for a story that expected something else."""

from __future__ import annotations

from collections.abc import Sequence

from server.engine.business_calendar import ZONE
from server.engine.model import FlowNode, Kind, Model, ProcessDefinition, Step, Subscription, Timer


def last_choice(model: Model, passed: Sequence[Step]) -> str:
    """The gateway that chose the way last, with the conditions of all its ways: `建成？ (is_built): built =
    true → trial; otherwise → not_built`. Empty where no gateway has chosen. Whoever tells a story reads from
    it which value was missing."""
    for step in reversed(passed):
        definition = model.processes.get(step.process)
        node = definition.nodes.get(step.element) if definition else None
        if definition and node and node.kind is Kind.EXCLUSIVE_GATEWAY and len(node.outgoing) > 1:
            return f"{_named(node)}: {_ways(definition, node)}"
    return ""


def awaited(model: Model, timers: Sequence[Timer], subscriptions: Sequence[Subscription]) -> list[str]:
    """What a case without an open task waits for: timers with their time, messages by their names."""
    told = [
        f"{_element(model, timer)} [{timer.due.astimezone(ZONE):%Y-%m-%d %H:%M}]"
        for timer in sorted(timers, key=lambda timer: timer.due)
    ]
    return told + [f"{_element(model, awaits)} [message {awaits.name}]" for awaits in subscriptions]


def _element(model: Model, waiting: Timer | Subscription) -> str:
    definition = model.processes.get(waiting.process)
    node = definition.nodes.get(waiting.element) if definition else None
    return _named(node) if node else waiting.element


def _ways(definition: ProcessDefinition, gateway: FlowNode) -> str:
    flows = [definition.flows[flow] for flow in gateway.outgoing]
    flows.sort(key=lambda flow: not flow.condition)
    return "; ".join(f"{flow.condition or 'otherwise'} → {flow.target}" for flow in flows)


def _named(node: FlowNode) -> str:
    return f"{node.name} ({node.id})" if node.name else node.id
