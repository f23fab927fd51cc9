"""Tasks: work for people, decisions, messages; and what all activities have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.engine import assignment, decision_results
from server.engine.errors import NotExecutable
from server.engine.model import Thrown
from server.engine.nodes import signatures
from server.engine.nodes.reading import all_that_hold, mapped
from server.engine.nodes.triggers import win_race
from server.engine.spiff import Arrow, Node, Token

CORRECTED, CORRECTS = "corrected", "corrects"
"""Memos: of a task that waits for an earlier step, and of that step's token."""


class Activity(Node):
    """Something that takes place: local variables on entering, results on leaving, boundary events
    meanwhile."""

    guards: tuple[Node, ...] = ()

    def enter(self, token: Token) -> bool:
        self.open_scope(token)
        done = self.begin(token)
        if not done:
            self.post_guards(token)
        return done

    def open_scope(self, token: Token) -> None:
        """Give the activity's input parameters a scope of their own."""
        if self.element.inputs:
            values = mapped(token, self.element.inputs, token.scope)
            token.instance.scopes.open(token.id, token.scope, "local", values)

    def begin(self, token: Token) -> bool:
        """Do the work. False: it takes until someone or something outside has acted."""
        return True

    def post_guards(self, token: Token) -> None:
        """Arm the boundary events."""
        for guard in self.guards:
            token.instance.spawn(token, guard, token.scope)

    def results(self, token: Token) -> dict[str, Any]:
        """The variables that the activity hands to the scope around it."""
        return mapped(token, self.element.outputs, token.view)

    def leave(self, token: Token) -> Sequence[Arrow]:
        instance = token.instance
        instance.scopes.write(token.scope, self.results(token))
        ways = () if CORRECTS in token.memo else all_that_hold(token, self.arrows)
        for child in token.children:
            instance.drop(child)
        instance.scopes.close(token.id)
        return ways


class UserTask(Activity):
    """Waits for a person; returned, for an earlier step that is done again beside it; done, for the
    signatures of those who were asked to sign after it."""

    opens_task = True

    def begin(self, token: Token) -> bool:
        variables = token.instance.scopes.visible(token.view)
        token.memo["task"] = assignment.assign(self.element, variables, token.instance.at)
        return False

    def child_ended(self, token: Token) -> None:
        """The earlier step has been done again: the task opens anew. Or all have signed."""
        if CORRECTED in token.memo and not any(CORRECTS in child.memo for child in token.children):
            del token.memo[CORRECTED]
            self.begin(token)
        elif signatures.awaits(token) and not signatures.pending(token):
            signatures.conclude(token)


def correct(task: Token, earlier: Token) -> Token:
    """Let an earlier step be done again beside an open task, which waits for it; gives its token."""
    signatures.call_off(task)
    task.memo[CORRECTED] = True
    again = task.instance.spawn(task, earlier.node, earlier.scope)
    again.memo[CORRECTS] = True
    return again


def returned_wholly(step: Token) -> Token:
    """A step that is done again for a task that waits ends otherwise than by being done, so nobody comes
    straight back: put it where it stood at first, and end everything that came of that."""
    first = _first(step)
    if first is None:
        return step
    instance = step.instance
    anew = Token(instance, step.node, first.origin, step.scope, state=step._state)
    instance.drop(first)
    return anew


def beside(activity: Token) -> Token:
    """The token under which something goes on beside an activity: for a step that is done again where it
    would be had it not been done before, since the task that waits for the step does not wait for that."""
    return (_first(activity) or activity).origin


def _first(step: Token) -> Token | None:
    """Of a step that is done again beside a task: the token of the time before."""
    if CORRECTS not in step.memo:
        return None
    return next((a for a in step.ancestors() if a.finished and a.node is step.node), None)


class BusinessRuleTask(Activity):
    """Takes a decision over the variables it sees."""

    def begin(self, token: Token) -> bool:
        instance = token.instance
        variables = instance.scopes.visible(token.view)
        evaluation = decision_results.decide(instance.definitions.model, self.element, variables, instance.at)
        instance.journal.evaluations.append(evaluation)
        values = decision_results.variables(self.element, evaluation, instance.at)
        instance.scopes.write(token.scope, values)
        return True


class ReceiveTask(Activity):
    """Waits for a message."""

    def begin(self, token: Token) -> bool:
        return False

    def fire(self, token: Token, payload: Mapping[str, Any]) -> None:
        """Go on with the message that came."""
        token.instance.journal.irrevocable = True
        token.instance.scopes.write(token.view, payload)
        win_race(token)
        token.go_on()


class SendTask(Activity):
    """Sends a message and goes on."""

    def begin(self, token: Token) -> bool:
        payload = token.instance.scopes.own(token.id) if self.element.inputs else {}
        thrown = Thrown(self.element.id, "message", self.element.message or self.event.name, dict(payload))
        token.instance.journal.thrown.append(thrown)
        token.instance.journal.irrevocable = True
        return True


class Unsupported(Activity):
    """An activity that no deployment should have let pass: it stands still with a clear reason."""

    def begin(self, token: Token) -> bool:
        raise NotExecutable(element=self.element.id, kind=self.element.kind.value)
