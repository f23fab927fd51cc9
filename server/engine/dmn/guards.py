"""Where values come in: each place takes values of its type, and reports the ones it must refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from server.engine.feel import NotFeelType, NotFeelValue, Type, parse_temporal, to_feel, type_of
from server.engine.feel.decimals import DECIMAL128

from .evaluation import Evaluation, show
from .problems import Problem

_PLAIN: Mapping[str, type] = {"number": Decimal, "string": str, "boolean": bool}
_TEMPORAL = {
    "date": "date",
    "time": "time",
    "date and time": "date and time",
    "duration": "duration",
    "days and time duration": "duration",
    "years and months duration": "duration",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """A place for values: a variable, a column, the value of a decision. `expected` None takes anything;
    `plain` is the Python class whose values need no further look; `name` and `place` are for messages."""

    expected: Type | None
    plain: type | None
    name: str
    place: Problem

    def coerce(self, value: Any, run: Evaluation) -> Any:
        """A FEEL value as the type; null, with a problem, when it does not conform."""
        if type(value) is self.plain or value is None or self.expected is None:
            return value
        result = self.expected.coerce(value, run)
        if result is None:
            self._refuse(value, self.expected, run)
        return result

    def receive(self, given: Any, run: Evaluation) -> Any:
        """The same for a value from outside the engine (see `from_json`)."""
        kind = type(given)
        if given is None or (kind is self.plain and kind is not Decimal):
            return given
        if self.plain is Decimal and (kind is int or kind is Decimal):
            number = DECIMAL128.create_decimal(given)
            if number.is_finite():
                return number
        try:
            value = from_json(given, self.expected)
        except (NotFeelType, NotFeelValue) as error:
            params = {"name": self.name, "reason": error.told}
            run.report(replace(self.place, code="dmn.not_a_value", params=params))
            return None
        return self.coerce(value, run)

    def understand(self, value: Any, run: Evaluation) -> Any:
        """The same for a FEEL value that may hold dates as texts, as parts of JSON do. One that does not
        conform is reported but stays as it is: the cells say themselves whether they can use it."""
        if type(value) is self.plain or value is None or self.expected is None:
            return value
        converted = self.coerce(from_json(value, self.expected), run)
        return value if converted is None else converted

    def _refuse(self, value: Any, expected: Type, run: Evaluation) -> None:
        kind = expected.resolved()
        limited = bool(kind.allowed) and replace(kind, allowed=()).coerce(value, run) is not None
        params = {
            "name": self.name, "value": show(value), "expected": expected.text, "actual": type_of(value),
            "allowed": f"those of {expected.text}",
        }  # fmt: skip
        code = "dmn.value_not_allowed" if limited else "dmn.wrong_type"
        run.report(replace(self.place, code=code, params=params))


def guard(expected: Type | None, name: str, place: Problem) -> Guard:
    """A place that takes values of a type."""
    kind = None if expected is None else expected.resolved()
    plain = None if kind is None or kind.allowed else _PLAIN.get(kind.kind)
    return Guard(expected, plain, name, place)


ANYTHING = Guard(None, None, "", Problem(""))
"""A place that takes whatever comes."""


def from_json(value: Any, expected: Type | None) -> Any:
    """A process variable as a FEEL value. JSON has no dates, so texts become dates, times and durations where
    the type asks for them; a text that is none stays a text, which the type then refuses."""
    if expected is None:
        return to_feel(value)
    kind = expected.resolved()
    if isinstance(value, str):
        if kind.kind not in _TEMPORAL:
            return to_feel(value)
        parsed = parse_temporal(value, _TEMPORAL[kind.kind])
        return value if parsed is None else parsed
    if isinstance(value, list | tuple):
        return [from_json(item, kind.element if kind.kind == "list" else kind) for item in value]
    if isinstance(value, dict) and all(type(name) is str for name in value):
        fields = kind.fields or {}
        return {name: from_json(item, fields.get(name)) for name, item in value.items()}
    return to_feel(value)
