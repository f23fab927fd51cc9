"""What makes a waiting token move: timers, messages, signals, conditions; armed, described and won."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from server.engine import schedule
from server.engine.errors import NotATime
from server.engine.expressions import unwrapped
from server.engine.nodes.reading import value
from server.engine.schedule import Repetition
from server.engine.spiff import Token

_EXPECTED = {"date": "date and time", "duration": "duration", "cycle": "repetition", "": "time"}


def arm_timer(token: Token) -> None:
    """Work out when the timer on which a token stands is due, and remember it. Raises NotATime."""
    event = token.node.event
    text = _timer_text(token, event.expression)
    now = token.instance.at.now
    try:
        if event.timer == "cycle":
            _remember_cycle(token, schedule.repetition(text, now), text.rpartition("/")[2], 0)
            return
        due = schedule.moment(text) if event.timer == "date" else schedule.duration(text).after(now)
    except (ValueError, OverflowError) as problem:
        raise NotATime(
            element=token.node.element.id, value=text, expected=_EXPECTED[event.timer]
        ) from problem
    token.memo["due"] = due.isoformat()


def rearm_timer(token: Token) -> bool:
    """Arm a cycle for its next point that lies in the future. False if there is none."""
    if "cycle" not in token.memo:
        return False
    start, interval, times, fired = token.memo["cycle"]
    repetition = Repetition(datetime.fromisoformat(start), schedule.duration(interval), times)
    return _remember_cycle(token, repetition, interval, fired)


def repeats(token: Token) -> bool:
    """Whether an armed timer will arm again after it has fired."""
    if "cycle" not in token.memo or not token.node.guard or token.node.event.interrupting:
        return False
    _, _, times, fired = token.memo["cycle"]
    return times is None or fired < times


def _remember_cycle(token: Token, repetition: Repetition, interval: str, fired: int) -> bool:
    following = repetition.next_after(_latest(token), fired)
    if following is None:
        return False
    number, due = following
    token.memo["cycle"] = [repetition.start.isoformat(), interval, repetition.times, number]
    token.memo["due"] = due.isoformat()
    return True


def _latest(token: Token) -> datetime:
    """Now, or the moment for which the timer was set if it was fired before that."""
    now = token.instance.at.now
    return max(now, datetime.fromisoformat(token.memo["due"])) if "due" in token.memo else now


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
    gateway = cast("Token", token.parent)
    if not gateway.node.races or not gateway.finished:
        return
    token.instance.journal.flow(gateway.node, token.flow)
    token.instance.journal.step(token.node)
    for other in gateway.children:
        if other is not token:
            token.instance.drop(other)
    token.instance.settle(gateway)
