"""FEEL in diagrams: wrappers stripped, compiled once, evaluated from plain values to plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from server.engine.errors import ConditionNotBoolean, ExpressionFailed
from server.engine.feel import Expression, FeelError, FeelWarning, compile_expression, to_feel, to_json
from server.engine.findings import quoted
from server.engine.model import Moment, Value
from server.engine.schedule import CIVIL

_CLOCK = frozenset({"now", "today"})
_NONE: frozenset[str] = frozenset()
_MOST_USUAL = 20_000
_usual: set[str] = set()
"""Names of variables that were seen to be single words: asking each anew costs more than evaluating."""


def unwrapped(text: str) -> str:
    """An expression without the leading `=` or the `${…}` in which modelers wrap it."""
    text = text.strip()
    if text.startswith("="):
        return text[1:].strip()
    if text.startswith("${") and text.endswith("}"):
        return text[2:-1].strip()
    return text


def is_expression(text: str) -> bool:
    """Whether an attribute that may also hold plain text holds FEEL."""
    text = text.strip()
    return text.startswith("=") or (text.startswith("${") and text.endswith("}"))


def evaluate(text: str, variables: Mapping[str, Value], at: Moment, element: str = "") -> Value:
    """The plain value of an expression over plain variables, `today` and `now`. Raises ExpressionFailed."""
    warnings: list[FeelWarning] = []
    return _evaluate(text, variables, at, element, warnings)


def holds(text: str, variables: Mapping[str, Value], at: Moment, element: str = "") -> bool:
    """Whether a condition is true. Raises ConditionNotBoolean if it is neither true nor false."""
    warnings: list[FeelWarning] = []
    found = _evaluate(text, variables, at, element, warnings)
    if found is True or found is False:
        return found
    shown: object = "null" if found is None else str(found)[:80]
    if warnings:
        shown = {
            "message": "{value} ({reason})",
            "params": {"value": shown, "reason": quoted(warnings[0].told)},
        }
    raise ConditionNotBoolean(element=element, expression=unwrapped(text), value=shown)


def _evaluate(
    text: str, variables: Mapping[str, Value], at: Moment, element: str, warnings: list[FeelWarning]
) -> Value:
    try:
        compiled, asks_the_time = _compiled(text, _unusual(variables))
        now = at.now.astimezone(CIVIL) if asks_the_time else None
        found = compiled.evaluate(_Facts(variables, at), warnings, now=now)
        return found if found is True or found is False else to_json(found)
    except (FeelError, ValueError, TypeError) as problem:
        reason = quoted(problem.told) if isinstance(problem, FeelError) else str(problem)
        raise ExpressionFailed(element=element, expression=unwrapped(text), reason=reason) from problem


class _Facts(Mapping[str, Any]):
    """What an expression sees, turned into FEEL values only where it looks."""

    __slots__ = ("_at", "_variables")

    def __init__(self, variables: Mapping[str, Value], at: Moment) -> None:
        self._variables = variables
        self._at = at

    def __getitem__(self, name: str) -> Any:
        if name == "now":
            return to_feel(self._at.now.astimezone(CIVIL))
        if name == "today":
            return to_feel(self._at.now.astimezone(CIVIL).date())
        return to_feel(self._variables[name])

    def __iter__(self) -> Iterator[str]:
        yield from {**dict.fromkeys(self._variables), "now": None, "today": None}

    def __len__(self) -> int:
        return len(list(iter(self)))


@lru_cache(maxsize=4096)
def _compiled(text: str, names: frozenset[str]) -> tuple[Expression, bool]:
    """An expression as it is written, and whether it calls a function that needs the time."""
    compiled = compile_expression(unwrapped(text), names)
    return compiled, not _CLOCK.isdisjoint(compiled.called_names)


def _unusual(names: Iterable[str]) -> frozenset[str]:
    """The names that the reader of an expression must know beforehand, because they are not single words."""
    if _usual.issuperset(names):
        return _NONE
    if len(_usual) < _MOST_USUAL:
        _usual.update(name for name in names if name.isidentifier())
    return frozenset(name for name in names if not name.isidentifier())
