"""What stands in an instance, told in the engine's own frozen words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, cast

from server.engine.assignment import DEFAULT_PRIORITY
from server.engine.forms import signature
from server.engine.model import (
    Ended,
    EventKind,
    ExternalTask,
    Incident,
    Position,
    Signing,
    Subscription,
    Timer,
    UserTask,
)
from server.engine.nodes import external, signatures
from server.engine.nodes.activities import CORRECTED, ReceiveTask
from server.engine.nodes.multi_instance import Round
from server.engine.nodes.signatures import ASKED, GIVEN, LATER, Signature
from server.engine.nodes.sub_processes import CallActivity, SubProcess
from server.engine.nodes.triggers import repeats
from server.engine.spiff import OPEN, Instance, Token

OUTCOME = "outcome"
"""The property of an end event that names what its case came to."""


def is_open_task(token: Token) -> bool:
    """Whether a token is a user task that waits for a person."""
    return token.node.opens_task and token._state == OPEN and not token.leaving and not _waits(token)


def _waits(token: Token) -> bool:
    """Whether a returned task waits until an earlier step has been done again, or a done one for
    signatures."""
    return CORRECTED in token.memo or signatures.awaits(token)


def user_task(token: Token) -> UserTask:
    """An open task with its evaluated attributes and the variables it sees."""
    element, memo = token.node.element, token.memo["task"]
    signs = isinstance(token.node, Signature)
    return UserTask(
        token=str(token.id),
        process=token.node.process.name,
        element=element.id,
        name=element.name,
        form=signature.ID if signs else element.assignment.form,
        assignee=memo.get("assignee"),
        candidate_groups=tuple(memo.get("groups", ())),
        candidate_users=tuple(memo.get("users", ())),
        due=_moment(memo.get("due")),
        follow_up=_moment(memo.get("follow_up")),
        priority=memo.get("priority", DEFAULT_PRIORITY),
        regulation=element.regulation,
        path=path(token),
        round=_round(token),
        variables=token.instance.scopes.visible(token.view),
        signatures=() if signs else tuple(_signatures(token)),
        signing=_signing(token.origin, token.memo[ASKED], token) if signs else None,
    )


def _signatures(task: Token) -> Iterator[Signing]:
    """The signatures beside a task: those given, those asked for now, those to be asked for."""
    yield from (_signing(task, given) for given in task.memo.get(GIVEN, ()))
    yield from (_signing(task, asked.memo[ASKED], asked) for asked in signatures.pending(task))
    yield from (_signing(task, asked) for asked in task.memo.get(LATER, ()))


def _signing(task: Token, told: dict[str, Any], asked: Token | None = None) -> Signing:
    return Signing(**told, task=str(task.id), token=str(asked.id) if asked else "")


def open_tasks(instance: Instance) -> tuple[UserTask, ...]:
    """All tasks that wait for a person."""
    return tuple(user_task(token) for token in instance.tasks.values() if is_open_task(token))


def timers(instance: Instance) -> tuple[Timer, ...]:
    """All timers that are armed."""
    return tuple(
        Timer(
            str(token.id),
            token.node.process.name,
            token.node.element.id,
            datetime.fromisoformat(token.memo["due"]),
            repeats(token),
        )
        for token in instance.tasks.values()
        if is_armed_timer(token)
    )


def is_armed_timer(token: Token) -> bool:
    """Whether a token is an event that waits for a moment."""
    return token._state == OPEN and not token.leaving and "due" in token.memo


def subscriptions(instance: Instance) -> tuple[Subscription, ...]:
    """All messages and signals that are waited for."""
    found = []
    for token in instance.tasks.values():
        if kind := awaited(token):
            name = token.node.event.name or token.node.element.message
            process = token.node.process.name
            found.append(Subscription(str(token.id), process, token.node.element.id, kind, name))
    return tuple(found)


def awaited(token: Token) -> Literal["message", "signal"] | None:
    """What kind of event from outside a token waits for, if any."""
    if token._state != OPEN or token.leaving:
        return None
    kind = token.node.event.kind
    if kind is EventKind.MESSAGE or isinstance(token.node, ReceiveTask):
        return "message"
    return "signal" if kind is EventKind.SIGNAL else None


def external_tasks(instance: Instance, *, with_variables: bool = False) -> tuple[ExternalTask, ...]:
    """All work that waits for a worker outside, or failed there."""
    return tuple(
        ExternalTask(
            str(token.id),
            token.node.process.name,
            token.node.element.id,
            token.node.element.topic,
            external.priority(token),
            token.failed,
            token.instance.scopes.visible(token.view) if with_variables else {},
        )
        for token in instance.tasks.values()
        if external.is_handed_out(token)
    )


def incidents(instance: Instance) -> tuple[Incident, ...]:
    """All steps that stand still."""
    return tuple(
        Incident(str(token.id), token.node.process.name, token.node.element.id, token.finding)
        for token in instance.tasks.values()
        if token.finding is not None
    )


def positions(instance: Instance) -> tuple[Position, ...]:
    """Where the tokens stand: the innermost ones, without events that only watch."""
    return tuple(
        Position(str(token.id), token.node.process.name, token.node.element.id, path(token), token.failed)
        for token in instance.tasks.values()
        if token is not instance.root
        and (token.failed or not (token.finished or token.guarding or token.busy() or _waits(token)))
    )


def ended(instance: Instance, *, cancelled: bool = False) -> Ended | None:
    """How the instance ended, if it has."""
    if cancelled:
        return Ended("", "", "", cancelled=True)
    if not instance.completed:
        return None
    event = instance.root.memo.get("end", "")
    element = instance.root.node.process.definition.nodes.get(event)
    if element is None:
        return Ended("", "", "")
    return Ended(event, element.properties.get(OUTCOME) or event, element.name)


def path(token: Token) -> tuple[str, ...]:
    """The call activities and sub-processes around a token, outermost first."""
    return tuple(c.node.element.id for c in reversed(list(_holders(token))))


def _holders(token: Token) -> Iterator[Token]:
    return (c for c in token.containers() if isinstance(c.node, CallActivity | SubProcess))


def _round(token: Token) -> int | None:
    return next((cast(int, c.memo["round"]) for c in token.containers() if isinstance(c.node, Round)), None)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
