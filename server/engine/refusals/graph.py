"""How a token may travel through a process: reachability and branches, for checks of its structure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from server.engine.model import EventKind, FlowNode, Kind, ProcessDefinition


class Graph:
    """The nodes of a process and what may follow each: by flow, link, boundary event or entry."""

    def __init__(self, process: ProcessDefinition) -> None:
        self.process = process
        self.next: dict[str, list[str]] = {identity: [] for identity in process.nodes}
        for flow in process.flows.values():
            if flow.source in self.next and flow.target in self.next:
                self.next[flow.source].append(flow.target)
        for node in process.nodes.values():
            self._add_implicit(node)

    def _add_implicit(self, node: FlowNode) -> None:
        if node.event.attached_to in self.next:
            self.next[str(node.event.attached_to)].append(node.id)
        if node.kind is Kind.THROW_EVENT and node.event.kind is EventKind.LINK:
            self.next[node.id] += (target.id for target in self.link_targets(node))
        if node.kind is Kind.START_EVENT and node.scope in self.next:
            self.next[node.scope].append(node.id)
        if node.event_sub_process:
            for sibling in self.process.children(node.scope):
                if sibling.id != node.id:
                    self.next[sibling.id].append(node.id)

    def link_targets(self, thrower: FlowNode) -> tuple[FlowNode, ...]:
        """The link catch events of the same name in the same scope."""
        return tuple(
            node
            for node in self.process.children(thrower.scope)
            if node.kind is Kind.CATCH_EVENT
            and node.event.kind is EventKind.LINK
            and node.event.name == thrower.event.name
        )

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """The start events of the process itself."""
        return tuple(n.id for n in self.process.children("") if n.kind is Kind.START_EVENT)

    @cached_property
    def previous(self) -> dict[str, list[str]]:
        """What may come before each node."""
        before: dict[str, list[str]] = {identity: [] for identity in self.next}
        for source, targets in self.next.items():
            for target in targets:
                before[target].append(source)
        return before

    def reached(self, sources: Iterable[str], *, without: str = "") -> set[str]:
        """Everything a token at one of the nodes may come to, they included, never passing `without`."""
        return _closure(self.next, sources, without)

    def leading_to(self, targets: Iterable[str]) -> set[str]:
        """Everything from which a token may come to one of the nodes, they included."""
        return _closure(self.previous, targets, "")

    def branches(self, gateway: FlowNode) -> dict[str, set[str]]:
        """For each flow out of a gateway, the nodes that are passed only behind it and before branches meet.

        Nodes that can also be reached around the gateway belong to no branch."""
        around = self.reached(self.starts, without=gateway.id)
        behind = {
            flow: self.reached([self.process.flows[flow].target], without=gateway.id)
            for flow in gateway.outgoing
            if self.process.flows[flow].target in self.next
        }
        return {
            flow: nodes - around - set().union(*(other for key, other in behind.items() if key != flow))
            for flow, nodes in behind.items()
        }

    def branch_of_flow(self, flow: str, gateway: FlowNode, branches: dict[str, set[str]]) -> str | None:
        """The branch of a gateway in which a flow lies, None where it lies in none."""
        source = self.process.flows[flow].source
        if source == gateway.id:
            return flow
        return next((key for key, nodes in branches.items() if source in nodes), None)


def _closure(step: dict[str, list[str]], sources: Iterable[str], without: str) -> set[str]:
    found = {source for source in sources if source != without and source in step}
    waiting = list(found)
    while waiting:
        for target in step[waiting.pop()]:
            if target != without and target not in found:
                found.add(target)
                waiting.append(target)
    return found
