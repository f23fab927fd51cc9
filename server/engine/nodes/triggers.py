"""What makes a waiting token move: timers, messages, signals, conditions; armed, described and won."""

from __future__ import annotations

from datetime import datetime

from server.engine import schedule
from server.engine.errors import NotATime
from server.engine.expressions import unwrapped
from server.engine.nodes.reading import value
from server.engine.schedule import Repetition
from server.engine.spiff import Token

_EXPECTED = {"date": "date and time", "duration": "duration", "cycle": "repetition", "": "time"}


def arm_timer(token: Token) -> None:
    """Work out when the timer on which a token stands is due, and remember it. Raises NotATime."""
    event, now = token.node.event, token.instance.at.now
    text = _timer_text(token, event.expression)
    try:
        if event.timer == "cycle":
            token.memo.update(cycle=text, armed=now.isoformat(), point=0)
            if not rearm_timer(token) and not token.node.guard:
                raise ValueError(text)  # nothing will ever come of waiting here
            return
        due = schedule.moment(text) if event.timer == "date" else schedule.duration(text).after(now)
    except (ValueError, OverflowError) as problem:
        expected = _EXPECTED[event.timer]
        raise NotATime(element=token.node.element.id, value=text, expected=expected) from problem
    token.memo["due"] = due.isoformat()


def rearm_timer(token: Token) -> bool:
    """Arm a cycle for its next point that lies in the future. False if there is none."""
    if "cycle" not in token.memo:
        return False
    following = _cycle(token).next_after(_latest(token), token.memo["point"])
    if following is not None:
        token.memo["point"], due = following
        token.memo["due"] = due.isoformat()
    return following is not None


def repeats(token: Token) -> bool:
    """Whether an armed timer will arm again after it has fired."""
    if "cycle" not in token.memo or not token.node.guard or token.node.event.interrupting:
        return False
    return _cycle(token).next_after(_due(token), token.memo["point"]) is not None


def _cycle(token: Token) -> Repetition:
    return schedule.repetition(token.memo["cycle"], datetime.fromisoformat(token.memo["armed"]))


def _due(token: Token) -> datetime:
    return datetime.fromisoformat(token.memo["due"])


def _latest(token: Token) -> datetime:
    """Now, or the moment for which the timer was set if it was fired before that."""
    now = token.instance.at.now
    return max(now, _due(token)) if "due" in token.memo else now


def _timer_text(token: Token, expression: str) -> str:
    text = unwrapped(expression)
    if schedule.is_literal(text):
        return text
    found = value(token, expression)
    if not isinstance(found, str):
        expected = _EXPECTED[token.node.event.timer]
        raise NotATime(element=token.node.element.id, value=f"{expression} = {found}", expected=expected)
    return found


def win_race(token: Token) -> None:
    """After an event-based gateway: the event that happened first closes the other ways."""
    gateway = token.origin
    if not gateway.node.races or not gateway.finished:
        return
    token.instance.arrive(token.node, token.flow)
    for other in gateway.children:
        if other is not token:
            token.instance.drop(other)
    token.instance.settle(gateway)
