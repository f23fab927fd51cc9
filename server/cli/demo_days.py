"""The days that a story of the demonstration tells, moved to when it is played: whatever day it is today."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from server.engine.forms import Component, Kind
from server.engine.forms.expressions import Computed


def moved(value: Any, days: int) -> Any:
    """A date of a scenario some days later; what is no date stays as it is."""
    try:
        return (date.fromisoformat(value) + timedelta(days=days)).isoformat()
    except (TypeError, ValueError):
        return value


def answered(field: Component, value: Any, days: int, today: date) -> Any:
    """What a story fills in, when it is played `days` later and the step is done `today`. A demonstration
    takes its steps faster than its story, which may wait for weeks: a day that the form wants to have passed
    is at the latest today, and one that it wants to come at the earliest."""
    if field.kind is not Kind.DATE_TIME:
        return value
    told = moved(value, days)
    if _is_today(field.rules.maximum):
        return _bounded(told, today, latest=True)
    if _is_today(field.rules.minimum) or field.rules.no_past:
        return _bounded(told, today, latest=False)
    return told


def _is_today(bound: Computed | None) -> bool:
    return bound is not None and bound.expression is not None and bound.expression.source.strip() == "today"


def _bounded(told: Any, today: date, *, latest: bool) -> Any:
    """A day within a bound; what is no day stays as it is."""
    try:
        day = date.fromisoformat(told)
    except (TypeError, ValueError):
        return told
    return (min(day, today) if latest else max(day, today)).isoformat()
