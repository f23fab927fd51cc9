"""How a built-in function declares its parameters, and how arguments are fitted to them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from server.engine.feel.errors import FeelError
from server.engine.feel.run import Run, Spot, Value
from server.engine.feel.temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration, midnight
from server.engine.feel.values import Range, type_of

Implementation = Callable[..., Value]
_Function = TypeVar("_Function", bound=Implementation)


class Undefined(FeelError):
    """A function has no result for these arguments: FEEL gives null, the message is the warning."""


_KINDS: Mapping[str, tuple[type, ...]] = {
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "date": (Date,),
    "time": (Time,),
    "date and time": (DateTime,),
    "calendar date": (Date, DateTime),
    "temporal": (Date, DateTime, Time),
    "days and time duration": (DaysTimeDuration,),
    "duration": (DaysTimeDuration, YearsMonthsDuration),
    "context": (dict,),
    "list": (list,),
    "range": (Range,),
}
_NO_POINTS = (type(None), list, dict, bool, Range)
_MISFIT = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """``kind`` is a key of the kinds above, ``any``, ``point`` (of a range) or ``function``; ``accepted``
    are the classes taken as they are."""

    name: str
    kind: str
    accepted: tuple[type, ...]
    required: bool = True
    variadic: bool = False

    def fit(self, value: Value) -> Value:
        """An argument of another class as this parameter takes it: a list for its only element and the
        reverse, a date as date and time; ``_MISFIT`` when it cannot be taken."""
        if self.kind == "any" or type(value) in self.accepted:
            return value
        if self.kind == "list":
            return _MISFIT if value is None else [value]
        if self.kind == "function":
            return value if type_of(value) == "function" else _MISFIT
        element = value[0] if type(value) is list and len(value) == 1 else value
        if self.kind == "point":
            return _MISFIT if isinstance(element, _NO_POINTS) else element
        if element is not value and type(element) in self.accepted:
            return element
        if self.kind == "date and time" and type(value) is Date:
            return midnight(value)
        return _MISFIT


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a built-in, with ``least`` to ``most`` arguments (None: any number)."""

    parameters: tuple[Parameter, ...]
    least: int
    most: int | None
    implementation: Implementation
    wants_run: bool

    def takes(self, count: int) -> bool:
        """Whether so many arguments are neither too few nor too many."""
        return self.least <= count and (self.most is None or count <= self.most)

    def takes_names(self, names: Mapping[str, Value]) -> bool:
        """Whether arguments of these names can be given."""
        known = {parameter.name for parameter in self.parameters}
        needed = {parameter.name for parameter in self.parameters if parameter.required}
        return self.most is not None and needed <= names.keys() <= known

    def fit(self, arguments: Sequence[Value]) -> list[Value] | Parameter:
        """The arguments as the parameters take them, or the parameter that does not take its own."""
        fitted = []
        last = len(self.parameters) - 1
        for position, argument in enumerate(arguments):
            parameter = self.parameters[position if position < last else last]
            value = argument if type(argument) in parameter.accepted else parameter.fit(argument)
            if value is _MISFIT:
                return parameter
            fitted.append(value)
        return fitted

    def fit_named(self, arguments: Mapping[str, Value]) -> list[Value] | Parameter:
        """The same for arguments by name; optional ones left out are None."""
        fitted = []
        for parameter in self.parameters:
            given = parameter.name in arguments
            value = parameter.fit(arguments[parameter.name]) if given else None
            if value is _MISFIT:
                return parameter
            fitted.append(value)
        return fitted


@dataclass(frozen=True, slots=True, eq=False)
class Builtin:
    """A built-in function with all its signatures; the first that fits is called."""

    name: str
    signatures: list[Signature] = field(default_factory=list)

    def invoke(self, arguments: list[Value], run: Run, spot: Spot) -> Value:
        """Call by position; null with a warning when no signature fits."""
        run.spend(1)
        misfit: Parameter | None = None
        for signature in self.signatures:
            if not signature.takes(len(arguments)):
                continue
            fitted = signature.fit(arguments)
            if not isinstance(fitted, Parameter):
                return self._apply(signature, fitted, run, spot)
            misfit = misfit or fitted
        return self._refuse(misfit, len(arguments), run, spot)

    def invoke_named(self, arguments: dict[str, Value], run: Run, spot: Spot) -> Value:
        """Call by name; null with a warning when no signature fits."""
        run.spend(1)
        misfit: Parameter | None = None
        for signature in self.signatures:
            if not signature.takes_names(arguments):
                continue
            fitted = signature.fit_named(arguments)
            if not isinstance(fitted, Parameter):
                return self._apply(signature, fitted, run, spot)
            misfit = misfit or fitted
        return self._refuse(misfit, len(arguments), run, spot)

    def _apply(self, signature: Signature, arguments: list[Value], run: Run, spot: Spot) -> Value:
        for argument in arguments:
            if type(argument) is list:
                run.spend(len(argument) >> 1)
            elif type(argument) is str:
                run.spend(len(argument) >> 8)
        try:
            if signature.wants_run:
                return signature.implementation(run, *arguments)
            return signature.implementation(*arguments)
        except Undefined as reason:
            return run.warn(spot, "{function}(): {reason}", function=self.name, reason=reason.told)
        except (ArithmeticError, ValueError):
            return run.warn(spot, "{function}() has no result for these values", function=self.name)

    def _refuse(self, misfit: Parameter | None, count: int, run: Run, spot: Spot) -> None:
        if misfit is None:
            run.warn(
                spot, "{function}() does not take these {count} arguments", function=self.name, count=count
            )
        else:
            run.warn(
                spot,
                "{function}(): {parameter} must be a {kind}",
                function=self.name,
                parameter=misfit.name,
                kind=misfit.kind,
            )


BUILTINS: dict[str, Builtin] = {}


def builtin(name: str, *texts: str) -> Callable[[_Function], _Function]:
    """Register the function below under a FEEL name, with one signature for each text.

    ``"string: string, length?: number, flags?: string|null, items...: any"``. An implementation whose first
    parameter is called ``run`` is given the run; a missing optional argument is None.
    """

    def register(implementation: _Function) -> _Function:
        wants_run = next(iter(inspect.signature(implementation).parameters), "") == "run"
        function = BUILTINS.setdefault(name, Builtin(name))
        function.signatures.extend(_signature(text, implementation, wants_run) for text in texts)
        return implementation

    return register


def _signature(text: str, implementation: Implementation, wants_run: bool) -> Signature:
    parameters = tuple(_parameter(part.strip()) for part in text.split(",") if part.strip())
    least = sum(parameter.required for parameter in parameters)
    variadic = bool(parameters) and parameters[-1].variadic
    return Signature(parameters, least, None if variadic else len(parameters), implementation, wants_run)


def _parameter(text: str) -> Parameter:
    name, _, kind = text.partition(": ")
    kind, _, null = kind.partition("|")
    if kind not in _KINDS and kind not in ("any", "point", "function"):
        raise ValueError(f"unknown kind of parameter: {text}")
    accepted = _KINDS.get(kind, ()) + ((type(None),) if null else ())
    plain = name.removesuffix("...").removesuffix("?")
    return Parameter(plain, kind, accepted, name == plain, name.endswith("..."))
