"""Closures of literals, names, paths, lists, contexts, ranges and conditions."""

from decimal import Decimal

from .builtins import BUILTINS
from .compare import make_range
from .compiler import Compiler, compiles, constant, narrowed
from .properties import has_property, property_of
from .run import Run, Spot, Value
from .tree import (
    ContextLiteral,
    If,
    InstanceOf,
    ListLiteral,
    Literal,
    Name,
    OperatorTest,
    Path,
    RangeLiteral,
    TemporalLiteral,
)
from .values import Environment, Evaluator, Range, type_of


@compiles(Literal)
def literal(node: Literal, compiler: Compiler) -> Evaluator:
    """A constant."""
    return constant(node.value)


@compiles(TemporalLiteral)
def temporal_literal(node: TemporalLiteral, compiler: Compiler) -> Evaluator:
    """A constant; null with a warning when the text is no date, time or duration."""
    if node.value is not None:
        return constant(node.value)
    return lambda environment, run: run.warn(
        node, "{text} is not a date, time or duration", text=repr(node.text)
    )


@compiles(Name)
def name(node: Name, compiler: Compiler) -> Evaluator:
    """A variable of the environment, or the built-in function of that name."""
    variable = node.name
    builtin = BUILTINS.get(variable)
    if "." in variable:
        return _dotted(node)

    def look_up(environment: Environment, run: Run) -> Value:
        try:
            return environment[variable]
        except KeyError:
            if builtin is None:
                run.warn(node, "there is no variable {name}", name=variable)
            return builtin

    return look_up


def _dotted(node: Name) -> Evaluator:
    """A name with dots (of an import, say): as such, or as a path."""
    first, *rest = node.name.split(".")

    def look_up(environment: Environment, run: Run) -> Value:
        if node.name in environment:
            return environment[node.name]
        value = environment.get(first)
        for part in rest:
            value = property_of(value, part, run)
        if value is None and first not in environment:
            run.warn(node, "there is no variable {name}", name=node.name)
        return value

    return look_up


@compiles(Path)
def path(node: Path, compiler: Compiler) -> Evaluator:
    """An entry or property; null with a warning when there is none."""
    source, part = compiler.compile(node.source), node.name

    def follow(environment: Environment, run: Run) -> Value:
        value = source(environment, run)
        if type(value) is dict and part in value:
            return value[part]
        found = property_of(value, part, run)
        if found is None and run.warnings is not None and not has_property(value, part):
            run.warn(node, "{kind} has no {name}", kind=type_of(value), name=part)
        return found

    return follow


@compiles(ListLiteral)
def list_literal(node: ListLiteral, compiler: Compiler) -> Evaluator:
    """A list of the items' values."""
    items = [compiler.compile(item) for item in node.items]
    return lambda environment, run: [item(environment, run) for item in items]


@compiles(ContextLiteral)
def context_literal(node: ContextLiteral, compiler: Compiler) -> Evaluator:
    """A context; each entry sees those before it. Two entries of one name: null."""
    entries = [(key, compiler.compile(value)) for key, value in node.entries]
    names = compiler.free_names(node)
    if len({key for key, _ in entries}) < len(entries):
        return lambda environment, run: run.warn(node, "two entries of the context have the same name")

    def build(environment: Environment, run: Run) -> Value:
        scope, context = narrowed(environment, names), {}
        for key, value in entries:
            scope[key] = context[key] = value(scope, run)
        return context

    return build


@compiles(RangeLiteral)
def range_literal(node: RangeLiteral, compiler: Compiler) -> Evaluator:
    """A range; null when an end is null, the ends do not compare, or stand the wrong way round."""
    low, high = compiler.compile(node.low), compiler.compile(node.high)

    def build(environment: Environment, run: Run) -> Value:
        start, end = low(environment, run), high(environment, run)
        made = make_range(start, end, node.low_included, node.high_included)
        return made if made is not None else _no_range(node, start, end, run)

    if isinstance(node.low, Literal) and isinstance(node.high, Literal):
        made = make_range(node.low.value, node.high.value, node.low_included, node.high_included)
        return build if made is None else constant(made)
    return build


def _no_range(node: Spot, start: Value, end: Value, run: Run) -> None:
    if run.warnings is not None:
        run.warn(
            node,
            "the ends of the range do not go together: {start} and {end}",
            start=type_of(start),
            end=type_of(end),
        )


@compiles(OperatorTest)
def operator_range(node: OperatorTest, compiler: Compiler) -> Evaluator:
    """``(> 5)`` as a value: a range open on one side."""
    endpoint, operator = compiler.compile(node.endpoint), node.operator

    def build(environment: Environment, run: Run) -> Value:
        value = endpoint(environment, run)
        if operator in ("=", "!="):
            included = operator == "="
            return Range(value, value, included, included, operator)
        if value is None:
            return run.warn(node, "the end of the range is null")
        if operator in ("<", "<="):
            return Range(None, value, False, operator == "<=", "")
        return Range(value, None, operator == ">=", False, "")

    return build


@compiles(If)
def condition(node: If, compiler: Compiler) -> Evaluator:
    """``then`` when the condition is true, ``else`` in every other case."""
    test, then, otherwise = (compiler.compile(part) for part in (node.condition, node.then, node.otherwise))

    def choose(environment: Environment, run: Run) -> Value:
        value = test(environment, run)
        if value is True:
            return then(environment, run)
        if value is not False:
            run.warn(node.condition, "the condition is {kind}, not true or false", kind=type_of(value))
        return otherwise(environment, run)

    return choose


@compiles(InstanceOf)
def instance_of(node: InstanceOf, compiler: Compiler) -> Evaluator:
    """Whether a value is of a type; null when the type is unknown."""
    value, wanted = compiler.compile(node.value), compiler.type(node.type)
    if wanted is None:
        return lambda environment, run: run.warn(node.type, "there is no type {name}", name=node.type.name)
    return lambda environment, run: wanted.is_instance(value(environment, run), run)


def item_at(items: list[Value], position: Decimal) -> Value:
    """The item at a position from 1, or from -1 at the end; None outside."""
    if position != position.to_integral_value() or abs(position) > len(items) or not position:
        return None
    index = int(position)
    return items[index - 1] if index > 0 else items[index]
