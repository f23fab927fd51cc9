"""Built-in functions on lists."""

import functools
from decimal import Decimal

from server.engine.feel.compare import equal, order
from server.engine.feel.decimals import whole
from server.engine.feel.run import Run, Spot, Value
from server.engine.feel.tree import Node
from server.engine.feel.values import Function

from .signature import Undefined, builtin

_INSIDE: Spot = Node(0, 0)


def index_of_position(items: list[Value], position: Decimal) -> int:
    """The Python index of a position from 1, or from -1 at the end; ``Undefined`` outside."""
    number = whole(position)
    if number == 0 or abs(number) > len(items):
        raise Undefined("there is no position {number} in a list of {count}", number=number, count=len(items))
    return number - 1 if number > 0 else len(items) + number


@builtin("list contains", "list: list, element: any")
def list_contains(run: Run, items: list[Value], element: Value) -> bool:
    """Whether an item equals the element; null is found too."""
    return any(equal(item, element, run) for item in items)


@builtin("count", "list: list")
def count(items: list[Value]) -> Decimal:
    """How many items."""
    return Decimal(len(items))


@builtin("sublist", "list: list, start position: number, length?: number")
def sublist(items: list[Value], start: Decimal, length: Decimal | None = None) -> list[Value]:
    """So many items from a position on."""
    first = index_of_position(items, start)
    if length is None:
        return items[first:]
    if length < 0 or first + length > len(items):
        raise Undefined("the list is shorter than that")
    return items[first : first + whole(length)]


@builtin("append", "list: list, item...: any")
def append(items: list[Value], *added: Value) -> list[Value]:
    """The list with more items at its end."""
    return items + list(added)


builtin("append", "list: list, item: any")(append)


@builtin("concatenate", "list...: list")
def concatenate(*lists: list[Value]) -> list[Value]:
    """The items of all the lists."""
    return [item for items in lists for item in items]


@builtin("insert before", "list: list, position: number, newItem: any")
def insert_before(items: list[Value], position: Decimal, item: Value) -> list[Value]:
    """The list with one more item before a position."""
    index = index_of_position(items, position)
    return [*items[:index], item, *items[index:]]


@builtin("remove", "list: list, position: number")
def remove(items: list[Value], position: Decimal) -> list[Value]:
    """The list without the item at a position."""
    index = index_of_position(items, position)
    return items[:index] + items[index + 1 :]


@builtin("list replace", "list: list, position: number, newItem: any")
def replace_at(items: list[Value], position: Decimal, item: Value) -> list[Value]:
    """The list with another item at a position."""
    index = index_of_position(items, position)
    return [*items[:index], item, *items[index + 1 :]]


@builtin("list replace", "list: list, match: function, newItem: any")
def replace_matching(run: Run, items: list[Value], match: Function, new: Value) -> list[Value]:
    """The list with another item for each that the function, given it and the new one, finds."""
    replaced = []
    for item in items:
        found = match.invoke([item, new], run, _INSIDE)
        if type(found) is not bool:
            raise Undefined("the match function must give true or false")
        replaced.append(new if found else item)
    return replaced


@builtin("reverse", "list: list")
def reverse(items: list[Value]) -> list[Value]:
    """From last to first."""
    return items[::-1]


@builtin("index of", "list: list, match: any")
def index_of(run: Run, items: list[Value], match: Value) -> list[Decimal]:
    """All positions of an item."""
    return [Decimal(position) for position, item in enumerate(items, 1) if equal(item, match, run)]


@builtin("distinct values", "list: list")
def distinct_values(run: Run, items: list[Value]) -> list[Value]:
    """The list without repetitions."""
    distinct: list[Value] = []
    for item in items:
        run.spend(len(distinct) // 2)
        if not any(equal(item, other, run) for other in distinct):
            distinct.append(item)
    return distinct


@builtin("union", "list...: list")
def union(run: Run, *lists: list[Value]) -> list[Value]:
    """The items of all the lists without repetitions."""
    return distinct_values(run, concatenate(*lists))


@builtin("flatten", "list: list")
def flatten(run: Run, items: list[Value]) -> list[Value]:
    """All items of lists in lists, in one list."""
    flat: list[Value] = []
    for item in items:
        run.spend(2)
        flat.extend(flatten(run, item) if type(item) is list else [item])
    return flat


@builtin("sort", "list: list, precedes: function")
def sort_by(run: Run, items: list[Value], precedes: Function) -> list[Value]:
    """In the order in which the function says one item precedes another."""

    def compare(left: Value, right: Value) -> int:
        if precedes.invoke([left, right], run, _INSIDE) is True:
            return -1
        return 1 if precedes.invoke([right, left], run, _INSIDE) is True else 0

    return sorted(items, key=functools.cmp_to_key(compare))


@builtin("sort", "list: list")
def sort(run: Run, items: list[Value]) -> list[Value]:
    """In natural order."""
    if any(order(item, items[0]) is None for item in items):
        raise Undefined("the items have no order")
    run.spend(len(items) * 2)
    return sorted(items, key=functools.cmp_to_key(_natural))


def _natural(left: Value, right: Value) -> int:
    return order(left, right) or 0
