"""Which column a node stands in: longest path from the start, after loops back have been set aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrow:
    """`source` must not stand right of `target`; `span` columns lie between them at least."""

    source: str
    target: str
    span: int = 1


def backward(nodes: Sequence[str], arrows: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that close a loop when the nodes are visited depth first in the given order."""
    following: dict[str, list[str]] = {node: [] for node in nodes}
    entered: set[str] = set()
    for source, target in arrows:
        following[source].append(target)
        entered.add(target)
    closing: set[tuple[str, str]] = set()
    state: dict[str, int] = {}
    for root in sorted(nodes, key=lambda node: node in entered):
        _visit(root, following, state, closing)
    return closing


def _visit(
    root: str, following: Mapping[str, list[str]], state: dict[str, int], closing: set[tuple[str, str]]
) -> None:
    if root in state:
        return
    state[root] = 1
    stack = [(root, iter(following[root]))]
    while stack:
        node, rest = stack[-1]
        target = next(rest, None)
        if target is None:
            state[node] = 2
            stack.pop()
        elif target not in state:
            state[target] = 1
            stack.append((target, iter(following[target])))
        elif state[target] == 1:
            closing.add((node, target))


def returning(
    nodes: Sequence[str], arrows: Sequence[Arrow], closing: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """More arrows to set aside: late ones into nodes from which every way leads back.

    A correction asked for early and again late stands where it is asked for first; `arrows` are those that
    close no loop, `closing` those that do.
    """
    after: dict[str, list[str]] = defaultdict(list)
    before: dict[str, list[Arrow]] = defaultdict(list)
    for arrow in arrows:
        after[arrow.source].append(arrow.target)
        before[arrow.target].append(arrow)
    leads_back = {source for source, _ in closing}
    order = _topological(nodes, before, {n: [Arrow(n, t) for t in after[n]] for n in nodes})
    back: set[str] = set()
    for node in reversed(order):
        if (after[node] or node in leads_back) and back.issuperset(after[node]):
            back.add(node)
    column = columns(nodes, arrows)
    late: set[tuple[str, str]] = set()
    for node in sorted(back):
        first = min((column[arrow.source] for arrow in before[node]), default=0)
        late |= {(a.source, node) for a in before[node] if column[a.source] > first}
    return late


def columns(nodes: Sequence[str], arrows: Sequence[Arrow]) -> dict[str, int]:
    """Column of every node, counted from 0. `arrows` must hold no loop.

    Nodes stand as far left as their predecessors allow; then every node that can move without lengthening the
    diagram goes where its arrows are shortest, so that a second start stands next to what it starts.
    """
    before: dict[str, list[Arrow]] = defaultdict(list)
    after: dict[str, list[Arrow]] = defaultdict(list)
    for arrow in arrows:
        before[arrow.target].append(arrow)
        after[arrow.source].append(arrow)
    order = _topological(nodes, before, after)
    column: dict[str, int] = {}
    for node in order:
        column[node] = max((column[a.source] + a.span for a in before[node]), default=0)
    for _ in range(4):
        for node in reversed(order):
            column[node] = _settled(node, column, before[node], after[node])
    return column


def _topological(
    nodes: Sequence[str], before: Mapping[str, list[Arrow]], after: Mapping[str, list[Arrow]]
) -> list[str]:
    waiting = {node: len(before[node]) for node in nodes}
    ready = [node for node in nodes if not waiting[node]]
    order: list[str] = []
    while ready:
        node = ready.pop(0)
        order.append(node)
        for arrow in after[node]:
            waiting[arrow.target] -= 1
            if not waiting[arrow.target]:
                ready.append(arrow.target)
    return order


def _settled(node: str, column: Mapping[str, int], before: list[Arrow], after: list[Arrow]) -> int:
    lowest = max((column[a.source] + a.span for a in before), default=0)
    highest = min((column[a.target] - a.span for a in after), default=lowest)
    if highest <= lowest:
        return lowest
    pull = len(after) - len(before)
    return highest if pull > 0 or (pull == 0 and not before) else lowest


def main_path(nodes: Sequence[str], arrows: Sequence[Arrow], ends: set[str]) -> list[str]:
    """The longest chain of arrows to one of `ends`: what most cases go through, drawn straight."""
    before: dict[str, list[Arrow]] = defaultdict(list)
    after: dict[str, list[Arrow]] = defaultdict(list)
    for arrow in arrows:
        before[arrow.target].append(arrow)
        after[arrow.source].append(arrow)
    length: dict[str, int] = {}
    came: dict[str, str | None] = {}
    for node in _topological(nodes, before, after):
        best = max(before[node], key=lambda arrow: length[arrow.source], default=None)
        length[node] = 0 if best is None else length[best.source] + 1
        came[node] = None if best is None else best.source
    goals = [node for node in nodes if node in ends] or list(nodes)
    step: str | None = max(goals, key=lambda node: length[node], default=None)
    path: list[str] = []
    while step is not None:
        path.append(step)
        step = came[step]
    return path[::-1]
