"""Boxed expressions, compiled to functions of the names in scope; each kind has one function here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from server.engine.feel import Date, Function, FunctionValue, Range, Type
from server.engine.feel.compare import fits

from . import model as m
from .evaluation import Evaluation, show
from .guards import guard
from .problems import Problem
from .scope import Evaluator, Scope, null
from .tables import Table

Environment = Mapping[str, Any]


class _Spot:
    """FEEL tells where a call stands by characters of a text; a boxed call has none."""

    start = end = 0


_SPOT = _Spot()


def compile_boxed(expression: m.Expression | None, scope: Scope, name: str) -> Evaluator:
    """A boxed expression as a function of the names in scope. `name` is what it defines, for messages."""
    if expression is None:
        return null
    compiler = cast("Callable[[Any, Scope, str], Evaluator]", _COMPILERS[type(expression)])
    return typed(compiler(expression, scope, name), expression.type_ref, scope, name)


def typed(evaluate: Evaluator, type_ref: str, scope: Scope, name: str) -> Evaluator:
    """The same, its value made to conform to a type: null, with a problem, when it does not."""
    place = Problem("", decision=scope.decision, element=scope.decision)
    kind = scope.types.get(type_ref, place)
    if kind is None:
        return evaluate
    take = guard(kind, name, place).coerce
    return lambda env, run: take(evaluate(env, run), run)


def _literal(expression: m.LiteralExpression, scope: Scope, name: str) -> Evaluator:
    source = expression.source
    place = Problem("", decision=scope.decision, element=source.id, cell=source.text, line=source.line)
    return scope.expression(source, place)


def _table(table: m.DecisionTable, scope: Scope, name: str) -> Evaluator:
    return Table(table, name, scope)


def _context(context: m.Context, scope: Scope, name: str) -> Evaluator:
    """Entries see those above them; an entry without a name is the value of the whole."""
    entries: list[tuple[str, Evaluator]] = []
    for entry in context.entries:
        own = entry.variable.name
        value = compile_boxed(entry.value, scope, own or name)
        entries.append((own, typed(value, entry.variable.type_ref, scope, own)))
        if own:
            scope = scope.inside(own)

    def evaluate(env: Environment, run: Evaluation) -> Any:
        seen, result = dict(env), {}
        for own, value in entries:
            found = value(seen, run)
            if not own:
                return found
            seen[own] = result[own] = found
        return result

    return evaluate


def _invocation(call: m.Invocation, scope: Scope, name: str) -> Evaluator:
    function = compile_boxed(call.function, scope, name)
    arguments = {b.parameter: compile_boxed(b.value, scope, b.parameter) for b in call.bindings}

    def evaluate(env: Environment, run: Evaluation) -> Any:
        called = function(env, run)
        given = {parameter: value(env, run) for parameter, value in arguments.items()}
        if not isinstance(called, Function):
            return None
        return called.invoke_named(given, run, _SPOT)

    return evaluate


def _list(boxed: m.BoxedList, scope: Scope, name: str) -> Evaluator:
    items = [compile_boxed(item, scope, name) for item in boxed.items]
    return lambda env, run: [item(env, run) for item in items]


def _relation(relation: m.Relation, scope: Scope, name: str) -> Evaluator:
    columns = [(c.name, c.type_ref) for c in relation.columns]
    rows = [
        [
            (column, typed(compile_boxed(cell, scope, column), type_ref, scope, column))
            for (column, type_ref), cell in zip(columns, row, strict=False)
        ]
        for row in relation.rows
    ]
    return lambda env, run: [{column: cell(env, run) for column, cell in row} for row in rows]


def function_parts(
    function: m.FunctionDefinition, scope: Scope, name: str
) -> tuple[list[tuple[str, Type | None]], Evaluator]:
    """The typed parameters and the compiled body of a boxed function."""
    place = Problem("", decision=scope.decision, element=scope.decision)
    parameters = [(p.name, scope.types.get(p.type_ref, place)) for p in function.parameters]
    if function.kind != "FEEL":
        return parameters, null
    inside = scope.inside(*(p.name for p in function.parameters))
    return parameters, compile_boxed(function.body, inside, name)


def _function(function: m.FunctionDefinition, scope: Scope, name: str) -> Evaluator:
    parameters, body = function_parts(function, scope, name)
    return lambda env, run: FunctionValue(parameters, cast("Any", body), env, None, name)


def _conditional(boxed: m.Conditional, scope: Scope, name: str) -> Evaluator:
    condition = compile_boxed(boxed.condition, scope, name)
    consequence = compile_boxed(boxed.consequence, scope, name)
    alternative = compile_boxed(boxed.alternative, scope, name)
    place = Problem("", decision=scope.decision, element=scope.decision)

    def evaluate(env: Environment, run: Evaluation) -> Any:
        held = condition(env, run)
        if type(held) is not bool:
            run.report(replace(place, code="dmn.not_boolean", params={"cell": "if", "value": show(held)}))
        if held is True:
            return consequence(env, run)
        return alternative(env, run) if held is False or held is None else None

    return evaluate


def _filter(boxed: m.Filter, scope: Scope, name: str) -> Evaluator:
    source = compile_boxed(boxed.source, scope, name)
    match = compile_boxed(boxed.match, scope.inside("item"), name)

    def evaluate(env: Environment, run: Evaluation) -> Any:
        items = source(env, run)
        items = items if type(items) is list else [] if items is None else [items]
        kept = []
        for item in items:
            run.spend(1)
            members = item if type(item) is dict else {}
            held = match({**env, "item": item, **members}, run)
            if type(held) is Decimal:
                return _at(items, held)
            if held is True:
                kept.append(item)
            elif held is not False and held is not None:
                return None
        return kept

    return evaluate


def _at(items: list[Any], position: Decimal) -> Any:
    """The item at a position from 1, or from -1 at the end."""
    if position != position.to_integral_value() or not 1 <= abs(position) <= len(items):
        return None
    return items[int(position) - 1 if position > 0 else int(position)]


def _iterator(boxed: m.Iterator, scope: Scope, name: str) -> Evaluator:
    variable = boxed.variable.name
    source = compile_boxed(boxed.source, scope, name)
    body = compile_boxed(boxed.body, scope.inside(variable, "partial"), name)
    conclude = _QUANTIFIERS.get(boxed.kind)

    def evaluate(env: Environment, run: Evaluation) -> Any:
        items = _items(source(env, run), run)
        if items is None:
            return None
        results: list[Any] = []
        for item in items:
            run.spend(1)
            inside = {**env, variable: item}
            if conclude is None:
                inside["partial"] = results.copy()
            results.append(body(inside, run))
        return results if conclude is None else conclude(results)

    return evaluate


def _items(value: Any, run: Evaluation) -> list[Any] | None:
    """What an iterator walks over: the items of a list, the steps of a range, or one value."""
    if type(value) is Range:
        return _steps(value, run)
    return value if type(value) is list or value is None else [value]


def _steps(limits: Range, run: Evaluation) -> list[Any] | None:
    """The whole numbers or days of a range, from its start to its end; None when it has none."""
    start, end = limits.start, limits.end
    if type(start) is Decimal and type(end) is Decimal:
        first, last = int(start), int(end)
        run.spend(abs(last - first) + 1)
        steps: list[Any] = [Decimal(number) for number in range(first, last + 1)]
    elif type(start) is Date and type(end) is Date:
        run.spend(abs(end.days - start.days) + 1)
        steps = [Date.from_days(day) for day in range(start.days, end.days + 1)]
    else:
        return None
    return [step for step in steps if fits(step, limits, run) is True]


def _some(results: list[Any]) -> bool | None:
    if any(type(result) is not bool and result is not None for result in results):
        return None
    if True in results:
        return True
    return None if None in results else False


def _every(results: list[Any]) -> bool | None:
    if any(type(result) is not bool and result is not None for result in results):
        return None
    if False in results:
        return False
    return None if None in results else True


_QUANTIFIERS: Mapping[str, Callable[[list[Any]], bool | None]] = {"some": _some, "every": _every}

_COMPILERS: Mapping[type, Any] = {
    m.LiteralExpression: _literal,
    m.DecisionTable: _table,
    m.Context: _context,
    m.Invocation: _invocation,
    m.BoxedList: _list,
    m.Relation: _relation,
    m.FunctionDefinition: _function,
    m.Conditional: _conditional,
    m.Filter: _filter,
    m.Iterator: _iterator,
}
