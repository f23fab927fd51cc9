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
from server.engine.spiff import OPEN, Arrow, Node, ProcessSpec, Token

MAX_ROUNDS = 1000
TAKEN_OUT = "taken_out"
"""Memo of a multi-instance: how many of its rounds were taken out while it was under way."""

SENT, REVOCABLE = "sent", "revocable"
"""Memos. Of a round: the token of its task, whose sender may take it back. Of a multi-instance that goes on:
such tokens of rounds that are done, each with the number of its round and the variables that stood in it."""

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
            variables: dict[str, Any] = {COUNTER: memo["begun"]}
            if self.loop.element_variable:
                variables[self.loop.element_variable] = memo["items"][memo["begun"]]
            memo["begun"] += 1
            self._begin(token, memo["begun"], variables)
        if memo["begun"] == memo["total"]:
            memo["items"] = []  # every round has its own now

    def _begin(self, token: Token, number: int, variables: dict[str, Any]) -> None:
        child = token.instance.spawn(token, self.round, token.id)
        child.memo["round"] = number
        token.instance.scopes.open(child.id, token.id, "round", variables)

    def take_back(self, token: Token, task: str) -> None:
        """Open the round of this revocable task again with what was written in it. One after the other, the
        round that was begun since then waits again for its turn."""
        memo = token.memo
        number, variables = memo[REVOCABLE].pop(task)
        memo["done"] -= 1
        memo["outputs"] = {key: given for key, given in memo["outputs"].items() if key != str(number)}
        if self.loop.sequential:
            self._put_off(token)
        self._begin(token, number, variables)
        token.instance.scopes.own(token.id).update(counts(memo, self.loop.sequential))

    def _put_off(self, token: Token) -> None:
        memo, instance = token.memo, token.instance
        for begun in [child for child in token.children if isinstance(child.node, Round)]:
            items = list(memo["items"] or [None] * memo["begun"])
            memo["begun"] -= 1
            items[memo["begun"]] = instance.scopes.own(begun.id).get(self.loop.element_variable)
            memo["items"] = items
            instance.drop(begun)


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
        if SENT in token.memo:
            kept = [token.memo["round"], dict(token.instance.scopes.own(token.id))]
            memo[REVOCABLE] = {**memo.get(REVOCABLE, {}), str(token.memo[SENT]): kept}
        whole.memo.update(memo)
        token.instance.scopes.own(whole.id).update(counts(memo, loop.sequential))
        return ()


def sent(task: Token) -> None:
    """Note of a task that makes up a round that its sender may take it back."""
    if isinstance(task.origin.node, Round):
        task.origin.memo[SENT] = task.id


def revocable(token: Token) -> tuple[str, ...]:
    """The tasks of rounds that are done which their senders may take back while the others go on."""
    going_on = token._state == OPEN and not token.leaving
    return tuple(token.memo.get(REVOCABLE, ())) if going_on else ()


def touch(step: Token) -> None:
    """Someone acts on what came of this step: of a round, on its task; where the rounds take place one after
    the other, on the next."""
    if isinstance(step.node, Round):
        step.memo.pop(SENT, None)
    elif isinstance(step.node, MultiInstance) and step.node.loop.sequential:
        step.memo.pop(REVOCABLE, None)


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
