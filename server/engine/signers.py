"""Signers added to a task (加签) and taken off again (减签): before it, which then cannot be done until they
have signed, and after it, which keeps the case from moving on until they have agreed.

A signer gets a task of their own at the same element, with the product's form: agree or not, and an opinion.
What they answer stays with the signature; the task's own answers are its holder's alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from server.engine import reports
from server.engine import state as states
from server.engine.advances import carry_out, standing
from server.engine.definitions import compiled
from server.engine.errors import AlreadyAsked, SignersNotDrawn, TooManySigners, UnknownToken
from server.engine.model import Advance, FlowNode, Model, Moment
from server.engine.nodes import signatures
from server.engine.nodes.activities import UserTask
from server.engine.nodes.signatures import ASKED, LATER, Signature
from server.engine.spiff import OPEN, Instance, Token

When = Literal["before", "after"]

MAX_SIGNERS = 20
"""Who may be asked beside one task at the same time."""

PROPERTY = "addSigners"
"""The property of a user task that says which signers may be added to it: any of `before`, `after`; `none`. A
task that does not say lets both."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who is asked to sign by whom, with their names as they were then, and why."""

    person: str
    name: str
    by: str
    by_name: str
    reason: str = ""


def addable(element: FlowNode) -> tuple[When, ...]:
    """When signers may be added to a task, as its diagram says; to a joint sign as to any task."""
    said = element.properties.get(PROPERTY, "before after").replace(",", " ").split()
    return tuple(when for when in ("before", "after") if when in said)


def ask(
    model: Model, process_id: str, state: bytes, token: str, when: When, signers: Sequence[Signer], at: Moment
) -> Advance:
    """Ask for signatures beside an open task: `before` at once, `after` when it has been done. Raises
    UnknownToken, SignersNotDrawn, AlreadyAsked, TooManySigners."""
    instance = states.restore(compiled(model), process_id, state, at)
    task = instance.token(token)
    if task is None or instance.completed or not reports.is_open_task(task):
        raise UnknownToken(token=token)
    if isinstance(task.node, Signature) or when not in addable(task.node.element):
        raise SignersNotDrawn(element=task.node.element.id, name=task.node.element.name)
    before = standing(instance)
    _refuse_doubles(task, signers)
    asked = [{"when": when, **asdict(signer)} for signer in signers]
    if when == "before":
        signatures.ask(task, asked)
    else:
        task.memo[LATER] = [*task.memo.get(LATER, []), *asked]
    return carry_out(instance, before)


def call_off(model: Model, process_id: str, state: bytes, token: str, person: str, at: Moment) -> Advance:
    """Take back what was asked of a person beside a task. Who was the last to be waited for lets the case go
    on. Raises UnknownToken where nothing is asked of them."""
    instance = states.restore(compiled(model), process_id, state, at)
    task = _task(instance, token)
    before = standing(instance)
    if not person or not signatures.call_off(task, person):
        raise UnknownToken(token=token)
    if signatures.awaits(task) and not signatures.pending(task):
        signatures.conclude(task)
    return carry_out(instance, before)


def _task(instance: Instance, token: str) -> Token:
    found = instance.token(token)
    waiting = found is not None and found._state == OPEN and not found.leaving
    if found is None or not waiting or not isinstance(found.node, UserTask):
        raise UnknownToken(token=token)
    return found


def _refuse_doubles(task: Token, signers: Sequence[Signer]) -> None:
    element = task.node.element
    known = [s.memo[ASKED] for s in signatures.pending(task)] + task.memo.get(LATER, [])
    names = {asked["person"]: asked["name"] for asked in known}
    for signer in signers:
        if signer.person in names:
            raise AlreadyAsked(element=element.id, name=signer.name)
        names[signer.person] = signer.name
    if len(names) > MAX_SIGNERS:
        raise TooManySigners(element=element.id, name=element.name, limit=MAX_SIGNERS)
