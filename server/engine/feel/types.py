"""Types: what a value is an instance of, what it may be turned into, and the types a model defines."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from .run import Run, Value
from .temporal import Date, DateTime, DaysTimeDuration, Time, YearsMonthsDuration, midnight
from .values import Expected, FunctionValue, Range, type_of

Constraint = Callable[[Value], bool | None]


@dataclass(frozen=True, slots=True)
class Type:
    """A FEEL type.

    ``kind`` is one of the names of ``type_of``, or ``Any``, ``duration`` (either) or ``named``: a type
    looked up in ``registry`` only when it is needed, so that types may refer to each other and themselves.
    ``allowed`` are the constraints of an item definition (``allowedValues``, ``typeConstraint``): they bind
    when a value is handed over (``coerce``), not in ``instance of``.
    """

    kind: str
    element: "Type | None" = None
    fields: "Mapping[str, Type] | None" = None
    parameters: "tuple[Type, ...] | None" = None
    result: "Type | None" = None
    allowed: tuple[Constraint, ...] = ()
    name: str = ""
    registry: "TypeRegistry | None" = None

    @property
    def text(self) -> str:
        """The name people know it by."""
        if self.name or self.element is None:
            return self.name or self.kind
        return f"{self.kind}<{self.element.text}>"

    def resolved(self) -> "Type":
        """Itself, or what its name stands for (Any when nothing does)."""
        seen = self
        for _ in range(20):
            if seen.kind != "named" or seen.registry is None:
                return seen
            seen = seen.registry.get(seen.name) or ANY
        return ANY

    def is_instance(self, value: Value, run: Run | None = None) -> bool:
        """``value instance of`` this type; null is an instance of Null only."""
        if value is None:
            return self.resolved().kind == "null"
        return _conforms(value, self.resolved(), False, run or Run())

    def coerce(self, value: Value, run: Run | None = None) -> Value:
        """The value as this type: as it is, a list for its only element or the reverse, a date as date and
        time; None when it does not conform or breaks a constraint."""
        kind = self.resolved()
        if value is None or (kind.kind == "Any" and not kind.allowed):
            return value
        run = run or Run()
        if _conforms(value, kind, True, run):
            return value
        return _converted(value, kind, run)


ANY = Type("Any")
NULL = Type("null", name="Null")


def _converted(value: Value, kind: Type, run: Run) -> Value:
    if kind.kind == "date and time" and type(value) is Date:
        converted = midnight(value)
        return converted if _conforms(converted, kind, True, run) else None
    if kind.kind == "list":
        return [value] if type(value) is not list and _conforms([value], kind, True, run) else None
    if type(value) is list and len(value) == 1 and _conforms(value[0], kind, True, run):
        return value[0]
    return None


def _conforms(value: Value, expected: Type, constrained: bool, run: Run) -> bool:
    """Whether a value that is not null conforms; ``constrained``: to the allowed values as well."""
    kind = expected.resolved()
    check = _CHECKS.get(kind.kind)
    if check is not None:
        conforming = check(value, kind, constrained, run)
    else:
        conforming = kind.kind == "Any" or type_of(value) == kind.kind
    if not conforming or not constrained:
        return conforming
    return all(constraint(value) is True for constraint in kind.allowed)


def _item_conforms(value: Value, expected: Type, constrained: bool, run: Run) -> bool:
    """Inside lists and contexts null is at home in every type."""
    return value is None or _conforms(value, expected, constrained, run)


def _is_list(value: Value, kind: Type, constrained: bool, run: Run) -> bool:
    if type(value) is not list:
        return False
    if kind.element is None:
        return True
    run.spend(len(value))
    return all(_item_conforms(item, kind.element, constrained, run) for item in value)


def _is_context(value: Value, kind: Type, constrained: bool, run: Run) -> bool:
    if type(value) is not dict:
        return False
    fields = kind.fields or {}
    run.spend(len(fields))
    return all(
        name in value and _item_conforms(value[name], field, constrained, run)
        for name, field in fields.items()
    )


def _is_range(value: Value, kind: Type, constrained: bool, run: Run) -> bool:
    if type(value) is not Range:
        return False
    element = kind.element
    return element is None or all(
        end is None or _conforms(end, element, False, run) for end in (value.start, value.end)
    )


def _is_function(value: Value, kind: Type, constrained: bool, run: Run) -> bool:
    if type_of(value) != "function":
        return False
    if kind.parameters is None or not isinstance(value, FunctionValue):
        return True
    if len(value.parameters) != len(kind.parameters):
        return False
    pairs = zip(kind.parameters, value.parameters, strict=True)
    if not all(is_subtype(expected, _known(own)) for expected, (_, own) in pairs):
        return False
    return kind.result is None or value.result is None or is_subtype(_known(value.result), kind.result)


def _known(expected: Expected | None) -> Type:
    return expected if isinstance(expected, Type) else ANY


def _is_duration(value: Value, kind: Type, constrained: bool, run: Run) -> bool:
    return type(value) in (DaysTimeDuration, YearsMonthsDuration)


def _of_class(wanted: type) -> "Callable[[Value, Type, bool, Run], bool]":
    return lambda value, kind, constrained, run: type(value) is wanted


_CHECKS: "dict[str, Callable[[Value, Type, bool, Run], bool]]" = {
    "list": _is_list,
    "context": _is_context,
    "range": _is_range,
    "function": _is_function,
    "duration": _is_duration,
    "number": _of_class(Decimal),
    "string": _of_class(str),
    "boolean": _of_class(bool),
    "date": _of_class(Date),
    "time": _of_class(Time),
    "date and time": _of_class(DateTime),
}


def is_subtype(narrow: Type, wide: Type, depth: int = 20) -> bool:
    """Whether every value of ``narrow`` is one of ``wide`` (DMN 1.5, "conforms to")."""
    narrow, wide = narrow.resolved(), wide.resolved()
    if wide.kind == "Any" or narrow is wide or narrow.kind == "null" or depth == 0:
        return True
    if narrow.kind != wide.kind:
        return wide.kind == "duration" and narrow.kind.endswith("duration")
    if narrow.kind in ("list", "range"):
        return is_subtype(narrow.element or ANY, wide.element or ANY, depth - 1)
    if narrow.kind == "context":
        own = narrow.fields or {}
        return all(
            name in own and is_subtype(own[name], field, depth - 1)
            for name, field in (wide.fields or {}).items()
        )
    return narrow.kind != "function" or _is_function_subtype(narrow, wide, depth)


def _is_function_subtype(narrow: Type, wide: Type, depth: int) -> bool:
    if narrow.parameters is None or wide.parameters is None:
        return True
    return (
        len(narrow.parameters) == len(wide.parameters)
        and all(
            is_subtype(theirs, own, depth - 1)
            for own, theirs in zip(narrow.parameters, wide.parameters, strict=True)
        )
        and is_subtype(narrow.result or ANY, wide.result or ANY, depth - 1)
    )


def _built_in_types() -> dict[str, Type]:
    names = (
        "number",
        "string",
        "boolean",
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
        "list",
        "context",
        "range",
        "function",
        "duration",
    )
    types = {name: Type(name) for name in names}
    types |= {"Any": ANY, "any": ANY, "Null": NULL, "null": NULL}
    types["day and time duration"] = types["dayTimeDuration"] = types["days and time duration"]
    types["year month duration"] = types["yearMonthDuration"] = types["years and months duration"]
    types["dateTime"] = types["date and time"]
    for name in ("integer", "long", "double"):  # typeRefs of Camunda's modeler
        types[name] = types["number"]
    return types


BUILT_IN_TYPES: Mapping[str, Type] = _built_in_types()


class TypeRegistry:
    """The types a model defines, by name; built-in ones are always found."""

    def __init__(self, types: Mapping[str, Type] | None = None) -> None:
        self._types: dict[str, Type] = dict(types or {})

    def define(self, name: str, kind: Type) -> None:
        """Give a type a name (a later one of the same name wins)."""
        self._types[name] = kind

    def get(self, name: str) -> Type | None:
        """The type of that name, or None."""
        return self._types.get(name) or BUILT_IN_TYPES.get(name)

    def reference(self, name: str) -> Type:
        """A type that is looked up when used, so it may be defined later."""
        return Type("named", name=name, registry=self)

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __contains__(self, name: object) -> bool:
        return name in self._types or name in BUILT_IN_TYPES
