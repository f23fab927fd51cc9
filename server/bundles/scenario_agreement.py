"""Where a story and the engine agree, and how it is told where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from server.engine.model import UserTask


class Disagreement(Exception):
    """Where the story and the engine part; a template with its places, like a finding."""

    def __init__(self, message: str, params: Mapping[str, object] | None = None, element: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.params: Mapping[str, object] = params or {}
        self.element = element
        self.line = 0

    def quoted(self) -> dict[str, object]:
        """The sentence as a part of another one: it is translated with it."""
        return {"message": self.message, "params": dict(self.params)}


def may_act(task: UserTask, by: str) -> bool:
    """Whether a group or person is the assignee or among the candidates of a task."""
    return by == task.assignee or by in task.candidate_groups or by in task.candidate_users


def agrees(expected: Any, found: Any) -> bool:
    """Whether a value is what was expected: a mapping must hold what it names; a single expected output
    (`{tier: small}`) agrees with the bare value a table of one output gives."""
    if isinstance(expected, Mapping):
        if isinstance(found, Mapping):
            return all(key in found and agrees(value, found[key]) for key, value in expected.items())
        return len(expected) == 1 and agrees(next(iter(expected.values())), found)
    if isinstance(expected, list):
        if not isinstance(found, list) or len(expected) != len(found):
            return False
        return all(agrees(one, other) for one, other in zip(expected, found, strict=True))
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    return bool(expected == found)


def shown(value: Any) -> str:
    """A value as a scenario writes it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if not isinstance(value, Decimal) else f"{value:f}"
