"""Rounds added to and taken out of a multi-instance that is under way (加签 and 减签 in a 会签)."""

from __future__ import annotations

from typing import Any, cast

from server.engine import reports
from server.engine import state as states
from server.engine.advances import carry_out, standing
from server.engine.definitions import compiled
from server.engine.errors import LastRound, NoRounds, UnknownToken
from server.engine.model import Advance, Model, Moment
from server.engine.nodes.multi_instance import MAX_ROUNDS, TAKEN_OUT, MultiInstance, Round, counts
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
        raise LastRound(element=whole.node.element.id)
    memo["done"] += 1
    memo[TAKEN_OUT] = memo.get(TAKEN_OUT, 0) + 1
    instance.drop(taken)
    _count(whole)
    whole._ready()
    return carry_out(instance, before)


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
