"""Values beyond text, number and time: ranges and functions; and the name of each value's type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, runtime_checkable

from .errors import NotFeelType, Told
from .run import Run, Spot, Value
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration

Environment = Mapping[str, Value]
Evaluator = Callable[[Environment, Run], Value]


@dataclass(frozen=True, slots=True)
class Range:
    """From ``start`` to ``end``; None is an open side. ``operator`` tells ``(=5)`` and ``(!=5)`` apart."""

    start: Value
    end: Value
    start_included: bool = True
    end_included: bool = True
    operator: str = ""


@runtime_checkable
class Function(Protocol):
    """What a FEEL expression can call: one written in FEEL, a built-in, or one of the host's."""

    @property
    def name(self) -> str: ...

    def invoke(self, arguments: list[Value], run: Run, spot: Spot) -> Value:
        """Call with arguments by position."""
        ...

    def invoke_named(self, arguments: dict[str, Value], run: Run, spot: Spot) -> Value:
        """Call with arguments by name."""
        ...


class Expected(Protocol):
    """The type of a parameter or of a result, as far as a call needs it (``types`` knows the rest)."""

    @property
    def text(self) -> str:
        """The name people know it by."""
        ...

    def coerce(self, value: Value, run: Run | None = None) -> Value:
        """The value as this type; None when it does not conform."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FunctionValue:
    """A function with its parameters and their types, its body, and the names its body sees.

    A host builds one for its own functions (a business knowledge model, say): ``body(environment, run)``
    gets the parameters in ``environment``.
    """

    parameters: Sequence[tuple[str, Expected | None]]
    body: Evaluator
    environment: Environment = field(default_factory=dict)
    result: Expected | None = None
    name: str = ""

    def invoke(self, arguments: list[Value], run: Run, spot: Spot) -> Value:
        """Call by position; null when their number or types do not fit."""
        if len(arguments) != len(self.parameters):
            return run.warn(
                spot,
                "{function} takes {expected} arguments, not {given}",
                function=self._label,
                expected=len(self.parameters),
                given=len(arguments),
            )
        return self._call(arguments, run, spot)

    def invoke_named(self, arguments: dict[str, Value], run: Run, spot: Spot) -> Value:
        """Call by name; null when the names are not those of the parameters."""
        names = [name for name, _ in self.parameters]
        if set(arguments) != set(names):
            return run.warn(
                spot, "{function} takes the arguments {names}", function=self._label, names=", ".join(names)
            )
        return self._call([arguments[name] for name in names], run, spot)

    def _call(self, arguments: list[Value], run: Run, spot: Spot) -> Value:
        environment = dict(self.environment)
        for (name, expected), argument in zip(self.parameters, arguments, strict=True):
            value = argument
            if expected is not None and argument is not None:
                value = expected.coerce(argument, run)
                if value is None:
                    return run.warn(
                        spot,
                        "argument {name} of {function} must be {type}, not {given}",
                        name=name,
                        function=self._label,
                        type=expected.text,
                        given=type_of(argument),
                    )
            environment[name] = value
        run.enter()
        value = self.body(environment, run)
        run.leave()
        return value if self.result is None else self.result.coerce(value, run)

    @property
    def _label(self) -> str | Told:
        return f"{self.name}()" if self.name else Told("the function")


_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    str: "string",
    Decimal: "number",
    list: "list",
    dict: "context",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysTimeDuration: "days and time duration",
    YearsMonthsDuration: "years and months duration",
    Range: "range",
    FunctionValue: "function",
}


def type_of(value: Value) -> str:
    """The name of a value's FEEL type; ``TypeError`` for Python values ``to_feel`` was not asked to turn."""
    name = _TYPE_NAMES.get(type(value))
    if name is not None:
        return name
    if isinstance(value, Function):
        return "function"
    raise NotFeelType("{kind} is not a FEEL value; convert with to_feel()", kind=type(value).__name__)


def single(value: Value) -> Value:
    """The element of a list of one; any other value as it is."""
    return value[0] if type(value) is list and len(value) == 1 else value
