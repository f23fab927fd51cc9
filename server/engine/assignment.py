"""Who may do a user task, until when, how urgent: the attributes of a task evaluated when it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from server.engine import expressions, schedule
from server.engine.errors import ExpressionFailed, NotATime
from server.engine.model import FlowNode, Moment, Value

DEFAULT_PRIORITY = 50
"""What Camunda gives a task without a priority."""


def assign(element: FlowNode, variables: Mapping[str, Value], at: Moment) -> dict[str, Any]:
    """The evaluated attributes as plain values: assignee, groups, users, due, follow_up (ISO text), priority.

    What is not set is left out: this is stored with every open task.
    """
    modelled = element.assignment

    def read(text: str) -> Value:
        return (
            expressions.evaluate(text, variables, at, element.id) if expressions.is_expression(text) else text
        )

    found = {
        "assignee": _one(read(modelled.assignee), element.id, "assignee"),
        "groups": _several((read(text) for text in modelled.candidate_groups), element.id),
        "users": _several((read(text) for text in modelled.candidate_users), element.id),
        "due": _moment(read_time(modelled.due, variables, at, element.id), element.id),
        "follow_up": _moment(read_time(modelled.follow_up, variables, at, element.id), element.id),
        "priority": whole_number(read(modelled.priority), element.id),
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


def read_time(text: str, variables: Mapping[str, Value], at: Moment, element: str) -> Value:
    """A due or follow-up date: an ISO value as it stands, else FEEL (modelers write `${due}` or `due`)."""
    if not text.strip():
        return None
    if schedule.is_literal(text):
        return text
    return expressions.evaluate(text, variables, at, element)


def _moment(value: Value, element: str) -> str | None:
    if value is None or value == "":
        return None
    try:
        return schedule.moment(value, of_day=schedule.END_OF_DAY).isoformat()
    except (ValueError, TypeError, AttributeError) as problem:
        raise NotATime(element=element, value=value, expected="date and time") from problem


def _one(value: Value, element: str, what: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ExpressionFailed(element=element, expression=what, reason=f"{value} is not text")
    return value


def _several(values: Iterable[Value], element: str) -> list[str]:
    """Ids from texts, comma-separated texts and lists of texts, each once, in order."""
    found: dict[str, None] = {}
    for value in values:
        for item in value if isinstance(value, list) else [value]:
            text = _one(item, element, "candidates")
            found.update(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))
    return list(found)


def whole_number(value: Value, element: str) -> int | None:
    """A priority: a whole number, None where nothing is set. Raises ExpressionFailed."""
    if value is None or value == "":
        return None
    try:
        return int(Decimal(str(value)))
    except (InvalidOperation, ValueError) as problem:
        raise ExpressionFailed(
            element=element, expression="priority", reason=f"{value} is no number"
        ) from problem
