"""Multi-instance: an activity that takes place once for each item, side by side or one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from server.engine.errors import CardinalityNotNumber, CollectionNotList
from server.engine.model import FlowNode
from server.engine.model import MultiInstance as Loop
from server.engine.nodes.activities import Activity
from server.engine.nodes.reading import holds, value
from server.engine.spiff import Arrow, Node, ProcessSpec, Token

MAX_ROUNDS = 1000
TAKEN_OUT = "taken_out"
"""Memo of a multi-instance: how many of its rounds were taken out while it was under way."""

INSTANCES, ACTIVE, DONE, COUNTER = (
    "nrOfInstances",
    "nrOfActiveInstances",
    "nrOfCompletedInstances",
    "loopCounter",
)


class MultiInstance(Activity):
    """All rounds together. Its token remembers how many rounds there are, are begun, are done, and what they
    gave."""

    round: Round

    def __init__(self, process: ProcessSpec, element: FlowNode) -> None:
        super().__init__(process, element)
        assert element.multi_instance is not None
        self.loop: Loop = element.multi_instance

    def enter(self, token: Token) -> bool:
        if "total" not in token.memo:
            self._set_up(token)
        if self._over(token):
            return True
        self._begin_rounds(token)
        return False

    def child_ended(self, token: Token) -> None:
        if not token.leaving:
            token._ready()

    def results(self, token: Token) -> dict[str, Any]:
        name = self.loop.output_collection
        return {name: collected(token.memo)} if name else {}

    def _set_up(self, token: Token) -> None:
        items = self._items(token)
        token.memo.update(total=len(items), items=items, begun=0, done=0, outputs={}, enough=False)
        token.instance.scopes.open(token.id, token.scope, "local", counts(token.memo, self.loop.sequential))
        if items:
            self.post_guards(token)

    def _items(self, token: Token) -> list[Any]:
        loop = self.loop
        if loop.collection:
            items = value(token, loop.collection, token.scope)
            if not isinstance(items, list) or len(items) > MAX_ROUNDS:
                shown = "null" if items is None else f"{type(items).__name__} {str(items)[:80]}"
                raise CollectionNotList(element=self.element.id, expression=loop.collection, value=shown)
            return items
        number = value(token, loop.cardinality, token.scope)
        if (
            isinstance(number, bool)
            or not isinstance(number, int | Decimal)
            or number % 1
            or not 0 <= number <= MAX_ROUNDS
        ):
            raise CardinalityNotNumber(
                element=self.element.id, expression=loop.cardinality, value=number, limit=MAX_ROUNDS
            )
        return [None] * int(number)

    def _over(self, token: Token) -> bool:
        return bool(token.memo["enough"] or token.memo["done"] == token.memo["total"])

    def _begin_rounds(self, token: Token) -> None:
        memo = token.memo
        upto = min(memo["total"], memo["done"] + 1) if self.loop.sequential else memo["total"]
        while memo["begun"] < upto:
            child = token.instance.spawn(token, self.round, token.id)
            child.memo["round"] = memo["begun"] + 1
            variables: dict[str, Any] = {COUNTER: memo["begun"]}
            if self.loop.element_variable:
                variables[self.loop.element_variable] = memo["items"][memo["begun"]]
            token.instance.scopes.open(child.id, token.id, "round", variables)
            memo["begun"] += 1
        if memo["begun"] == memo["total"]:
            memo["items"] = []  # every round has its own now


class Round(Node):
    """One round: holds its item, its loop counter and everything that is written in it."""

    recorded = False
    activity: Node

    def enter(self, token: Token) -> bool:
        token.instance.spawn(token, self.activity, token.id)
        return False

    def leave(self, token: Token) -> Sequence[Arrow]:
        """Count the round, keep what it gave, and ask whether that is enough."""
        whole = token.origin
        loop = cast("MultiInstance", whole.node).loop
        memo = {**whole.memo, "done": whole.memo["done"] + 1}
        if loop.output_collection:
            given = value(token, loop.output_element) if loop.output_element else None
            memo["outputs"] = {**memo["outputs"], str(token.memo["round"]): given}
        extra = counts(memo, loop.sequential)
        if loop.output_collection:
            extra[loop.output_collection] = collected(memo)
        if loop.completion_condition:
            memo["enough"] = holds(token, loop.completion_condition, extra=extra)
        whole.memo.update(memo)
        token.instance.scopes.own(whole.id).update(counts(memo, loop.sequential))
        return ()


def counts(memo: dict[str, Any], sequential: bool) -> dict[str, Any]:
    """The counters that conditions see. Rounds that were taken out are over, but count for nothing."""
    open_rounds, taken_out = memo["total"] - memo["done"], memo.get(TAKEN_OUT, 0)
    return {
        INSTANCES: memo["total"] - taken_out,
        ACTIVE: min(open_rounds, 1) if sequential else open_rounds,
        DONE: memo["done"] - taken_out,
    }


def collected(memo: dict[str, Any]) -> list[Any]:
    """What the rounds that are done gave, in the order of the rounds."""
    return [memo["outputs"][key] for key in sorted(memo["outputs"], key=int)]
