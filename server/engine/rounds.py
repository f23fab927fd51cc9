"""Rounds added to and taken out of a multi-instance that is under way (加签 and 减签 in a 会签)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from server.engine import reports
from server.engine import state as states
from server.engine.advances import carry_out, standing
from server.engine.definitions import compiled
from server.engine.errors import LastRound, NoRounds, SignersNotDrawn, UnknownToken
from server.engine.expressions import evaluate
from server.engine.feel import compile_expression
from server.engine.model import Advance, FlowNode, Model, Moment, Value
from server.engine.nodes.multi_instance import MAX_ROUNDS, TAKEN_OUT, MultiInstance, Round, counts
from server.engine.nodes.signatures import Signature
from server.engine.spiff import Instance, Token


def add_round(model: Model, process_id: str, state: bytes, token: str, item: Any, at: Moment) -> Advance:
    """One more round for `item` in the multi-instance of an open task: side by side it begins at once, one
    after the other it comes last. Raises UnknownToken, NoRounds."""
    instance = states.restore(compiled(model), process_id, state, at)
    whole = _round_of(instance, token).origin
    before, memo = standing(instance), whole.memo
    if memo["total"] >= MAX_ROUNDS:
        raise NoRounds(element=whole.node.element.id)
    pending = memo["items"] or [None] * memo["begun"]
    memo["items"] = [*pending, item]
    memo["total"] += 1
    _count(whole)
    whole._ready()
    return carry_out(instance, before)


def remove_round(model: Model, process_id: str, state: bytes, token: str, at: Moment) -> Advance:
    """Take the round of an open task out: its task ends without an outcome, and counts neither as done nor as
    one to be done. Raises UnknownToken, NoRounds; LastRound where there would be no round at all."""
    instance = states.restore(compiled(model), process_id, state, at)
    taken = _round_of(instance, token)
    whole = taken.origin
    before, memo = standing(instance), whole.memo
    if memo["total"] - memo.get(TAKEN_OUT, 0) < 2:
        raise LastRound(element=whole.node.element.id, name=whole.node.element.name)
    memo["done"] += 1
    memo[TAKEN_OUT] = memo.get(TAKEN_OUT, 0) + 1
    instance.drop(taken)
    _count(whole)
    whole._ready()
    return carry_out(instance, before)


@dataclass(frozen=True, slots=True)
class JointSign:
    """A joint sign (会签) that is under way: its element, the open tasks of its rounds (tokens, by the number
    of the round), how many rounds there are and are over, and the items of those still to come. Who may be
    added to it is a `person`, a `group`, or "" where the diagram does not let anybody be."""

    element: FlowNode
    tasks: tuple[tuple[str, int], ...]
    total: int
    done: int
    coming: tuple[Any, ...]
    added: Literal["", "person", "group"]

    @property
    def sequential(self) -> bool:
        """Whether they sign one after the other."""
        return self.element.multi_instance is not None and self.element.multi_instance.sequential


def joint_sign(model: Model, process_id: str, state: bytes, token: str) -> JointSign | None:
    """The innermost joint sign to which an open task belongs, None where it belongs to none. Raises
    UnknownToken."""
    instance = states.restore(compiled(model), process_id, state, None)
    try:
        whole = _round_of(instance, token).origin
    except NoRounds:
        return None
    memo, gone = whole.memo, whole.memo.get(TAKEN_OUT, 0)
    return JointSign(
        whole.node.element, tuple(_open_tasks(whole)), memo["total"] - gone, memo["done"] - gone,
        tuple(memo["items"][memo["begun"] :]), _added(whole.node.element),
    )  # fmt: skip


def item_of(
    model: Model, process_id: str, state: bytes, token: str, signer: Mapping[str, Value], at: Moment
) -> Value:
    """The item of a signer who is to be added, as the property `signerItem` makes it of `person` (id,
    account, name, post, unit) or `group`. Raises UnknownToken, NoRounds, SignersNotDrawn and
    ExpressionFailed."""
    instance = states.restore(compiled(model), process_id, state, at)
    whole = _round_of(instance, token).origin
    element = whole.node.element
    if not _added(element):
        raise SignersNotDrawn(element=element.id, name=element.name)
    text = cast("MultiInstance", whole.node).loop.signer_item
    return evaluate(text, {**instance.scopes.visible(whole.scope), **signer}, at, element.id)


def _open_tasks(whole: Token) -> Iterator[tuple[str, int]]:
    for task in whole.instance.tasks.values():
        if reports.is_open_task(task) and not isinstance(task.node, Signature):
            found = next((c for c in task.containers() if isinstance(c.node, Round)), None)
            if found is not None and found.origin is whole:
                yield str(task.id), found.memo["round"]


def _added(element: FlowNode) -> Literal["", "person", "group"]:
    text = element.multi_instance.signer_item if element.multi_instance else ""
    if not text:
        return ""
    return "group" if "group" in compile_expression(text).names else "person"


def items(model: Model, process_id: str, state: bytes, token: str) -> tuple[Any, ...]:
    """The items of rounds that are still to come, in a multi-instance that goes one after the other. Raises
    UnknownToken, NoRounds."""
    whole = _round_of(states.restore(compiled(model), process_id, state, None), token).origin
    return tuple(whole.memo["items"][whole.memo["begun"] :])


def _round_of(instance: Instance, name: str) -> Token:
    task = instance.token(name)
    if task is None or instance.completed or not reports.is_open_task(task):
        raise UnknownToken(token=name)
    found = next((token for token in task.containers() if isinstance(token.node, Round)), None)
    if found is None:
        raise NoRounds(element=task.node.element.id)
    return found


def _count(whole: Token) -> None:
    loop = cast("MultiInstance", whole.node).loop
    whole.instance.scopes.own(whole.id).update(counts(whole.memo, loop.sequential))
