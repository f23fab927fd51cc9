"""Events: what starts, what is waited for, what is thrown, what watches an activity or a scope, what ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, cast

from server.engine.errors import ErrorNotCaught, NotExecutable
from server.engine.model import EventKind, Thrown
from server.engine.nodes.activities import beside, returned_wholly
from server.engine.nodes.reading import all_that_hold, mapped, value
from server.engine.nodes.triggers import arm_timer, rearm_timer, win_race
from server.engine.spiff import INTERRUPTED, OPEN, Arrow, Node, Token

TAKES_OVER = "takes_over"
"""Memo of an event sub-process that interrupted what it stands in."""


class StartEvent(Node):
    """Where a scope begins: its token is put here only to go on."""

    def leave(self, token: Token) -> Sequence[Arrow]:
        return all_that_hold(token, self.arrows)


class CatchEvent(Node):
    """Waits until its event happens; a none or link event passes at once."""

    def enter(self, token: Token) -> bool:
        if self.event.kind is EventKind.TIMER:
            arm_timer(token)
        return self.event.kind in (EventKind.NONE, EventKind.LINK)

    def poll(self, token: Token) -> None:
        """A condition that has become true fires; it fires again only after it has not been true."""
        true = value(token, self.event.expression, token.scope) is True
        before, token.memo["true"] = token.memo.get("true", False), true
        if true and not before:
            self.fire(token, {})

    def fire(self, token: Token, payload: Mapping[str, Any]) -> None:
        """The event has happened."""
        token.instance.journal.irrevocable = True
        token.instance.scopes.write(token.scope, payload)
        win_race(token)
        token.go_on()

    def leave(self, token: Token) -> Sequence[Arrow]:
        token.instance.scopes.write(token.scope, mapped(token, self.element.outputs, token.scope))
        return all_that_hold(token, self.arrows)


class Guard(CatchEvent):
    """Watches for an event beside the tokens it concerns; when it happens a new token sets out from here."""

    guard = True

    def fire(self, token: Token, payload: Mapping[str, Any]) -> None:
        instance = token.instance
        instance.journal.irrevocable = True
        instance.scopes.write(token.scope, payload)
        self.set_out(token)
        if token.id in instance.tasks and self.event.kind is EventKind.TIMER and not rearm_timer(token):
            instance.drop(token)

    def set_out(self, token: Token) -> None:
        """Start the way on; if the event interrupts, end what it watches first, itself included."""
        raise NotImplementedError


class BoundaryEvent(Guard):
    """Watches the activity on which it is drawn."""

    def set_out(self, token: Token) -> None:
        instance, activity = token.instance, token.origin
        if not self.event.interrupting:
            instance.spawn(beside(activity), self, activity.scope, leaving=True)
            return
        activity = returned_wholly(activity)
        fired = instance.spawn(activity, self, activity.scope, leaving=True)
        for child in activity.children:
            if child is not fired:
                instance.drop(child)
        if activity.node.opens_task and activity._state == OPEN:
            instance.close(activity, "cancelled")
        activity._state, activity.finding = INTERRUPTED, None
        instance.scopes.close(activity.id)
        instance.settle(activity)


class EventSubProcessStart(Guard):
    """Watches the scope in which its event sub-process is drawn, and starts it."""

    sub_process: Node

    def set_out(self, token: Token) -> None:
        instance, container = token.instance, token.origin
        if self.event.interrupting:
            for child in container.inside():
                instance.drop(child)
        started = instance.spawn(container, self.sub_process, container.id)
        started.memo[TAKES_OVER] = self.event.interrupting


class ThrowEvent(Node):
    """Makes something happen, and goes on unless that ended it."""

    def enter(self, token: Token) -> bool:
        throw = _THROWERS.get(self.event.kind)
        if throw is None:
            raise NotExecutable(element=self.element.id, kind=f"{self.event.kind.value} throw event")
        throw(token)
        return token.id in token.instance.tasks

    def leave(self, token: Token) -> Sequence[Arrow]:
        token.instance.scopes.write(token.scope, mapped(token, self.element.outputs, token.scope))
        return all_that_hold(token, self.arrows)


class EndEvent(ThrowEvent):
    """Ends its token, after making something happen. How a case ended is told by the last one of the process
    itself, or of the event sub-process that interrupted it and took its place."""

    def enter(self, token: Token) -> bool:
        root, around = token.instance.root, next(token.containers())
        if around is root or (around.scope == root.id and around.memo.get(TAKES_OVER)):
            root.memo["end"] = self.element.id
        return super().enter(token)


# --------------------------------------------------------------------------- what is thrown
def _nothing(token: Token) -> None:
    """A none or link event throws nothing."""


def _send(token: Token, kind: Literal["message", "signal"]) -> None:
    element, journal = token.node.element, token.instance.journal
    payload = mapped(token, element.inputs, token.scope)
    journal.thrown.append(Thrown(element.id, kind, element.event.name or element.message, payload))
    journal.irrevocable = True


def _message(token: Token) -> None:
    _send(token, "message")


def _signal(token: Token) -> None:
    """A signal leaves the instance and reaches everything in it that waits for it."""
    _send(token, "signal")
    instance, name = token.instance, token.node.event.name
    payload = instance.journal.thrown[-1].payload
    for other in list(instance.tasks.values()):
        waits = other._state == OPEN and not other.leaving and other.id in instance.tasks
        if waits and other.node.event.kind is EventKind.SIGNAL and other.node.event.name == name:
            cast("CatchEvent", other.node).fire(other, payload)


def _error(token: Token) -> None:
    """An error ends the scope that catches it; in the outermost scope of a case it ends the case."""
    token.instance.journal.irrevocable = True
    guard = catcher(token.containers(), EventKind.ERROR, token.node.event.name)
    if guard is not None:
        cast("Guard", guard.node).fire(guard, caught(guard, token.node.event.name, ""))
    elif token.scope == token.instance.root.id:
        _terminate(token)
    else:
        raise ErrorNotCaught(element=token.node.element.id, error=token.node.event.name)


def _escalation(token: Token) -> None:
    """An escalation is told to the nearest scope that listens; if none does, the way simply goes on."""
    guard = catcher(token.containers(), EventKind.ESCALATION, token.node.event.name)
    if guard is not None:
        cast("Guard", guard.node).fire(guard, {})


def _terminate(token: Token) -> None:
    """Everything in the scope ends, and with it the scope."""
    instance = token.instance
    instance.journal.irrevocable = True
    container = instance.tasks[token.scope]
    for child in container.inside():
        instance.drop(child)
    container.node.child_ended(container)


def caught(guard: Token, code: str, message: str) -> dict[str, Any]:
    """The variables in which the diagram wants to keep what was caught."""
    event = guard.node.event
    found = {event.code_variable: code, event.message_variable: message}
    return {name: value for name, value in found.items() if name}


def catcher(containers: Iterable[Token], kind: EventKind, code: str) -> Token | None:
    """The nearest guard that catches what is thrown: in each scope outwards first event sub-processes, then
    boundary events; one that names the code before one that catches any."""
    for container in containers:
        guards = [guard for guard in container.children if guard.guarding and guard.node.event.kind is kind]
        guards.sort(key=lambda guard: (guard.scope != container.id, not guard.node.event.name))
        for guard in guards:
            if not guard.failed and guard.node.event.name in (code, ""):
                return guard
    return None


_THROWERS: Mapping[EventKind, Callable[[Token], None]] = {
    EventKind.NONE: _nothing,
    EventKind.LINK: _nothing,
    EventKind.MESSAGE: _message,
    EventKind.SIGNAL: _signal,
    EventKind.ERROR: _error,
    EventKind.ESCALATION: _escalation,
    EventKind.TERMINATE: _terminate,
}
