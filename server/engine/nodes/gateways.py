"""Gateways: where ways part and meet."""

from __future__ import annotations

from collections.abc import Sequence

from server.engine.model import FlowNode
from server.engine.nodes.reading import all_that_hold, first_that_holds
from server.engine.spiff import OPEN, Arrow, Node, ProcessSpec, Token


class ExclusiveGateway(Node):
    """One way on: the first whose condition is true. Tokens that arrive are not joined."""

    def leave(self, token: Token) -> Sequence[Arrow]:
        return first_that_holds(token, self.arrows)


class EventBasedGateway(Node):
    """All ways are open until the first of the events behind it happens; then the others are closed."""

    races = True


class Join(Node):
    """A gateway that takes one token from each of several incoming flows and sends one on."""

    incoming: tuple[str, ...] = ()

    def arrived(self, token: Token) -> dict[str, Token]:
        """The oldest token that waits here on each flow, in the same scope as this one."""
        found: dict[str, Token] = {}
        for other in token.instance.tasks.values():
            if (
                other.node is self
                and other.scope == token.scope
                and other._state == OPEN
                and not other.leaving
            ):
                found.setdefault(other.flow, other)
        return found


class ParallelGateway(Join):
    """Goes on when a token has come along every incoming flow, and sends one along every outgoing flow.

    Tokens are counted by flow, not searched in the past, so a join in a loop or after a return waits anew.
    """

    def enter(self, token: Token) -> bool:
        if len(self.incoming) < 2:
            return True
        arrived = {**self.arrived(token), token.flow: token}
        if not arrived.keys() >= set(self.incoming):
            return False
        token.instance.merge(token, [other for other in arrived.values() if other is not token])
        return True


class InclusiveGateway(Join):
    """Goes on when nothing that still moves could reach an incoming flow on which no token waits yet."""

    def __init__(self, process: ProcessSpec, element: FlowNode, name: str = "") -> None:
        super().__init__(process, element, name)
        self.upstream: dict[str, frozenset[str]] = {}
        """For each incoming flow the names of the nodes from which it can be reached without passing here."""

    def enter(self, token: Token) -> bool:
        return len(self.incoming) < 2

    def poll(self, token: Token) -> None:
        arrived = self.arrived(token)
        empty = [flow for flow in self.incoming if flow not in arrived]
        if any(self._may_come(other, token, empty, arrived) for other in token.instance.tasks.values()):
            return
        first, *others = arrived.values()
        token.instance.merge(first, others)
        token.instance.journal.irrevocable = True
        first.go_on()

    def _may_come(self, other: Token, token: Token, empty: Sequence[str], arrived: dict[str, Token]) -> bool:
        if other.scope != token.scope or other.finished or other.guarding or other.node is self:
            return False
        name = other.node.name
        return any(name in self.upstream[flow] for flow in empty) and not any(
            name in self.upstream[flow] for flow in arrived
        )

    def leave(self, token: Token) -> Sequence[Arrow]:
        return all_that_hold(token, self.arrows)
