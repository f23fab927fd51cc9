"""Work for a program outside (an external task of Camunda): handed out under a topic, and what comes back."""

from __future__ import annotations

from typing import Any, cast

from server.engine import expressions
from server.engine.assignment import whole_number
from server.engine.errors import ErrorNotCaught, WorkFailed
from server.engine.model import EventKind, Variables
from server.engine.nodes.activities import Activity
from server.engine.nodes.events import Guard, catcher, caught
from server.engine.spiff import OPEN, Token

_MEMO = "external"


class ExternalTask(Activity):
    """Waits for a worker that fetches tasks of its topic."""

    def enter(self, token: Token) -> bool:
        """After a failure it waits anew with the variables it had and under the same boundary events."""
        return False if _MEMO in token.memo else super().enter(token)

    def begin(self, token: Token) -> bool:
        text, variables = self.element.assignment.priority, token.instance.scopes.visible(token.view)
        value: Any = text
        if expressions.is_expression(text):
            value = expressions.evaluate(text, variables, token.instance.at, self.element.id)
        token.memo[_MEMO] = whole_number(value, self.element.id) or 0
        token.instance.journal.irrevocable = True  # a worker may begin before anybody could withdraw
        return False


def is_waiting(token: Token) -> bool:
    """Whether a token waits for a worker."""
    return is_handed_out(token) and token._state == OPEN


def is_handed_out(token: Token) -> bool:
    """Whether a token waits for a worker, or stands still because one failed."""
    return _MEMO in token.memo and not token.leaving and (token._state == OPEN or token.failed)


def priority(token: Token) -> int:
    """How urgent its work is; higher comes first."""
    return int(token.memo[_MEMO])


def done(token: Token, variables: Variables, local: Variables) -> None:
    """The worker has done it: its variables go to the case, the local ones only to the output mappings."""
    scopes = token.instance.scopes
    scopes.write(token.view, variables)
    if local:
        if token.id in scopes:
            scopes.own(token.id).update(local)
        else:
            scopes.open(token.id, token.scope, "local", local)
    token.go_on()


def failed(token: Token, reason: str) -> None:
    """The worker could not do it and will not try again: it stands still until someone retries it."""
    problem = WorkFailed(element=token.node.element.id, topic=token.node.element.topic, reason=reason)
    token.instance.stand_still(token, problem.finding)


def error(token: Token, code: str, message: str, variables: Variables) -> None:
    """The worker reports an error of the matter itself: the nearest event that catches its code goes on;
    where none does the step stands still."""
    guard = catcher((token, *token.containers()), EventKind.ERROR, code)
    if guard is None:
        problem = ErrorNotCaught(element=token.node.element.id, error=code)
        token.instance.stand_still(token, problem.finding)
        return
    payload = {**variables, **caught(guard, code, message)}
    cast("Guard", guard.node).fire(guard, payload)
