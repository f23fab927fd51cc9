"""Closures of for, some, every and filters: what repeats pays for each turn."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from .compare import in_range
from .compile_values import item_at
from .compiler import Compiler, compiles, narrowed
from .decimals import whole
from .run import Run, Value
from .temporal import Date
from .tree import Filter, For, Literal, Node, Quantified, Span
from .values import Environment, Evaluator, Range, type_of

_Iterators = Sequence[tuple[str, Node, Evaluator]]
_Visit = Callable[[dict[str, Value]], None]


@compiles(Span)
def span(node: Span, compiler: Compiler) -> Evaluator:
    """``first..last``: the whole numbers or days from one to the other, up or down."""
    first, last = compiler.compile(node.first), compiler.compile(node.last)

    def count(environment: Environment, run: Run) -> Value:
        start, end = first(environment, run), last(environment, run)
        items = _counted(start, end, run)
        if items is None:
            run.warn(node, "cannot count from {first} to {last}", first=type_of(start), last=type_of(end))
        return items

    return count


def _counted(first: Value, last: Value, run: Run) -> list[Value] | None:
    if type(first) is Decimal and type(last) is Decimal:
        return [Decimal(number) for number in _steps(_bound(first, run), _bound(last, run), run)]
    if type(first) is Date and type(last) is Date:
        return [Date.from_days(day) for day in _steps(first.days, last.days, run)]
    return None


def _bound(number: Decimal, run: Run) -> int:
    if number.adjusted() >= 20:
        run.spend(run.limits.steps + 1)  # nobody counts that far
    return whole(number)


def _steps(first: int, last: int, run: Run) -> range:
    run.spend(abs(last - first) + 1)
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def _items(value: Value, run: Run) -> list[Value] | None:
    """What an iteration goes through: a list's items, a range's numbers or days, a value by itself."""
    if type(value) is list:
        return value
    if type(value) is Range:
        counted = _counted(value.start, value.end, run)
        return None if counted is None else [item for item in counted if in_range(item, value)]
    return None if value is None else [value]


def _iterate(iterators: _Iterators, position: int, scope: dict[str, Value], run: Run, visit: _Visit) -> bool:
    """Visit every combination; False when a source is nothing to iterate over."""
    if position == len(iterators):
        visit(scope)
        return True
    name, node, source = iterators[position]
    value = source(scope, run)
    items = _items(value, run)
    if items is None:
        run.warn(node, "{kind} is nothing to iterate over", kind=type_of(value))
        return False
    for item in items:
        run.spend(1)
        if not _iterate(iterators, position + 1, {**scope, name: item}, run, visit):
            return False
    return True


def _compiled(iterators: Sequence[tuple[str, Node]], compiler: Compiler) -> _Iterators:
    return [(name, source, compiler.compile(source)) for name, source in iterators]


@compiles(For)
def for_loop(node: For, compiler: Compiler) -> Evaluator:
    """The list of the body's values; ``partial`` is the list so far."""
    iterators, body = _compiled(node.iterators, compiler), compiler.compile(node.body)
    names, weight = compiler.free_names(node), compiler.weight(node.body)
    wants_partial = "partial" in compiler.free_names(node.body)

    def loop(environment: Environment, run: Run) -> Value:
        results: list[Value] = []

        def visit(scope: dict[str, Value]) -> None:
            run.spend(weight)
            if wants_partial:
                run.spend(len(results) // 16)
                scope = {**scope, "partial": list(results)}
            results.append(body(scope, run))

        completed = _iterate(iterators, 0, narrowed(environment, names), run, visit)
        return results if completed else None

    return loop


@compiles(Quantified)
def quantified(node: Quantified, compiler: Compiler) -> Evaluator:
    """``some``: true if any is true; ``every``: false if any is false; else null if any is neither."""
    iterators, body = _compiled(node.iterators, compiler), compiler.compile(node.body)
    names, weight = compiler.free_names(node), compiler.weight(node.body)
    decisive = not node.universal

    def loop(environment: Environment, run: Run) -> bool | None:
        results: list[Value] = []

        def visit(scope: dict[str, Value]) -> None:
            run.spend(weight)
            results.append(body(scope, run))

        if not _iterate(iterators, 0, narrowed(environment, names), run, visit):
            return None
        if any(result is decisive for result in results):
            return decisive
        return (
            None
            if any(result is decisive or type(result) is not bool for result in results)
            else not decisive
        )

    return loop


@compiles(Filter)
def filtering(node: Filter, compiler: Compiler) -> Evaluator:
    """The items for which the condition holds, or the item at a position."""
    if isinstance(node.condition, Literal) and type(node.condition.value) is Decimal:
        return _at_position(node, node.condition.value, compiler)
    source, condition = compiler.compile(node.source), compiler.compile(node.condition)
    names, weight = compiler.free_names(node.condition) | {"item"}, compiler.weight(node.condition)

    def select(environment: Environment, run: Run) -> Value:
        items = _listed(source(environment, run))
        base = narrowed(environment, names)
        if not items:
            return None if type(condition({**base, "item": None}, run)) is Decimal else []
        selected = []
        for item in items:
            run.spend(weight)
            result = condition(_item_scope(base, item, names), run)
            if result is True:
                selected.append(item)
            elif type(result) is Decimal:
                return _positioned(node, items, condition(environment, run), run)
            elif result is not False and result is not None:
                return run.warn(node.condition, "{kind} is no condition of a filter", kind=type_of(result))
        return selected

    return select


def _item_scope(base: dict[str, Value], item: Value, names: frozenset[str]) -> dict[str, Value]:
    """What a condition sees: the fields of the item, the item, and what is around."""
    if type(item) is not dict:
        return {**base, "item": item}
    return {**base, "item": item, **{name: item[name] for name in names if name in item}}


def _at_position(node: Filter, position: Decimal, compiler: Compiler) -> Evaluator:
    source = compiler.compile(node.source)
    return lambda environment, run: _positioned(node, _listed(source(environment, run)), position, run)


def _positioned(node: Filter, items: list[Value], position: Value, run: Run) -> Value:
    if type(position) is not Decimal:
        return None
    found = item_at(items, position)
    if found is None and abs(position) > len(items):
        run.warn(
            node, "there is no item {position} in a list of {count}", position=position, count=len(items)
        )
    return found


def _listed(value: Value) -> list[Value]:
    if type(value) is list:
        return value
    return [] if value is None else [value]
