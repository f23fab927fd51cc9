"""Orthogonal routes on a lattice of lines: cheapest path by length, bends, crossings and shared stretches.

The lines may be virtual (the layouter decides later where they lie) or real (when shapes have places).
Shapes block lattice points; a flow claims the points it passes, separately across and down, so that a later
one pays for crossing it and pays much more for running along it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise

BEND = 18.0
CROSSING = 90.0
OVERLAP = 700.0

ACROSS, DOWN = 0, 1

LatticePoint = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Port:
    """A place where a flow leaves or enters a shape: the lattice point just outside it."""

    ix: int
    iy: int
    side: str
    """left, right, top or bottom of the shape."""
    anchor: tuple[int, int]
    """The lattice lines that carry the port: (x line, y line)."""
    cost: float = 0.0

    @property
    def axis(self) -> int:
        """Whether the flow stands ACROSS or DOWN when it meets the shape."""
        return ACROSS if self.side in ("left", "right") else DOWN


@dataclass(frozen=True, slots=True)
class Route:
    """A flow's way: the ports at both ends and every lattice point between them."""

    source: Port
    target: Port
    points: tuple[LatticePoint, ...]
    cost: float = 0.0

    @property
    def bends(self) -> int:
        """How often the flow turns."""
        steps = zip(self.points, self.points[1:], strict=False)
        axes = [self.source.axis, *(ACROSS if a[1] == b[1] else DOWN for a, b in steps), self.target.axis]
        return sum(one != two for one, two in pairwise(axes))

    def straight(self) -> Iterator[tuple[int, LatticePoint]]:
        """The (axis, point) pairs the flow passes without turning."""
        axes = [ACROSS if a[1] == b[1] else DOWN for a, b in pairwise(self.points)]
        axes = [self.source.axis, *axes, self.target.axis]
        for point, (one, two) in zip(self.points, pairwise(axes), strict=True):
            if one == two:
                yield one, point

    def claims(self) -> list[tuple[int, LatticePoint]]:
        """The (axis, point) pairs the flow occupies."""
        found = [(self.source.axis, self.points[0]), (self.target.axis, self.points[-1])]
        for one, two in zip(self.points, self.points[1:], strict=False):
            axis = ACROSS if one[1] == two[1] else DOWN
            found += [(axis, one), (axis, two)]
        return list(dict.fromkeys(found))


def crossings(routes: Iterable[Route]) -> int:
    """In how many points flows cross each other."""
    passed = Counter(pair for route in routes for pair in route.straight())
    return sum(min(count, passed[DOWN, point]) for (axis, point), count in passed.items() if axis == ACROSS)


@dataclass(slots=True)
class Lattice:
    """Lines at `xs` and `ys` (px, ascending) with what stands on their crossings."""

    xs: Sequence[float]
    ys: Sequence[float]
    toll_x: Sequence[float]
    """Extra cost per px of running down along a line of `xs`."""
    toll_y: Sequence[float]
    crossing: float = CROSSING
    """What it costs a flow to cross another: the px it would rather go round."""
    blocked: set[LatticePoint] = field(default_factory=set)
    claimed: tuple[Counter[LatticePoint], Counter[LatticePoint]] = field(
        default_factory=lambda: (Counter(), Counter())
    )

    def claim(self, route: Route, times: int = 1) -> None:
        """Occupy the points of a route; `times` = -1 frees them."""
        for axis, point in route.claims():
            self.claimed[axis][point] += times
            if not self.claimed[axis][point]:
                del self.claimed[axis][point]

    def shared(self, routes: Iterable[Route]) -> int:
        """How many points two flows run along together, arrivals at one port apart."""
        ends = {(port.axis, (port.ix, port.iy)) for route in routes for port in (route.source, route.target)}
        return sum(
            count - 1
            for axis in (ACROSS, DOWN)
            for point, count in self.claimed[axis].items()
            if count > 1 and (axis, point) not in ends
        )

    def route(
        self, sources: Sequence[Port], targets: Sequence[Port], within: tuple[int, int] | None = None
    ) -> Route | None:
        """The cheapest route from one of the sources to one of the targets; None when shapes shut them in.

        `within` limits the lines of `ys` that may be used.
        """
        return _Search(self, targets, within or (0, len(self.ys) - 1)).run(sources)


class _Search:
    """One A* run; a state is a lattice point and the axis on which it was reached, packed into one number."""

    def __init__(self, lattice: Lattice, targets: Sequence[Port], within: tuple[int, int]) -> None:
        self.lattice = lattice
        self.width = len(lattice.xs)
        self.low, self.high = within
        self.goals: dict[int, list[Port]] = {}
        for port in targets:
            self.goals.setdefault(self._pack(port.ix, port.iy, 0), []).append(port)
        self._aim(targets)
        self.best: dict[int, float] = {}
        self.came: dict[int, int] = {}
        self.start: dict[int, Port] = {}
        self.heap: list[tuple[float, int, float, int, Port | None]] = []
        self.count = 0

    def _pack(self, ix: int, iy: int, axis: int) -> int:
        return (iy * self.width + ix) * 2 + axis

    def _aim(self, targets: Sequence[Port]) -> None:
        """Distances of every line to the targets' box, so that the estimate ahead is two look-ups."""
        xs, ys = [self.lattice.xs[p.ix] for p in targets], [self.lattice.ys[p.iy] for p in targets]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        self.far_x = [max(left - x, 0.0, x - right) for x in self.lattice.xs]
        self.far_y = [max(top - y, 0.0, y - bottom) for y in self.lattice.ys]

    def run(self, sources: Sequence[Port]) -> Route | None:
        for port in sources:
            state = self._pack(port.ix, port.iy, port.axis)
            if port.cost < self.best.get(state, float("inf")):
                self.best[state], self.start[state] = port.cost, port
                self._push(port.cost + self.far_x[port.ix] + self.far_y[port.iy], port.cost, state, None)
        while self.heap:
            _, _, cost, state, goal = heappop(self.heap)
            if goal is not None:
                return self._route(cost, state, goal)
            if cost <= self.best[state]:
                if state & ~1 in self.goals:
                    self._finish(state, cost)
                self._expand(state, cost)
        return None

    def _push(self, rank: float, cost: float, state: int, port: Port | None) -> None:
        self.count += 1
        heappush(self.heap, (rank, self.count, cost, state, port))

    def _finish(self, state: int, cost: float) -> None:
        axis = state & 1
        point = (state // 2 % self.width, state // 2 // self.width)
        for port in self.goals[state & ~1]:
            met = self.lattice.claimed[1 - axis].get(point, 0)
            total = cost + port.cost + (BEND if port.axis != axis else self.lattice.crossing * met)
            self._push(total, total, state, port)

    def _expand(self, state: int, cost: float) -> None:
        lattice, axis = self.lattice, state & 1
        iy, ix = divmod(state >> 1, self.width)
        here = (ix, iy)
        for heading in (ACROSS, DOWN):
            mine = lattice.claimed[heading]
            if heading == axis:
                start = cost + lattice.crossing * lattice.claimed[1 - axis].get(here, 0)
            else:
                start = cost + BEND + (OVERLAP if here in mine else 0.0)
            toll = 1 + (lattice.toll_y[iy] if heading == ACROSS else lattice.toll_x[ix])
            for step in (-1, 1):
                there = (ix + step, iy) if heading == ACROSS else (ix, iy + step)
                if there in lattice.blocked or not self._inside(there):
                    continue
                gap = lattice.xs[there[0]] - lattice.xs[ix] + lattice.ys[there[1]] - lattice.ys[iy]
                total = start + abs(gap) * toll + (OVERLAP if there in mine else 0.0)
                self._better(self._pack(*there, heading), there, total, state)

    def _inside(self, point: LatticePoint) -> bool:
        return 0 <= point[0] < self.width and self.low <= point[1] <= self.high

    def _better(self, state: int, point: LatticePoint, total: float, previous: int) -> None:
        known = self.best.get(state)
        if known is None or total < known:
            self.best[state], self.came[state] = total, previous
            ahead = self.far_x[point[0]] + self.far_y[point[1]]
            self.count += 1
            heappush(self.heap, (total + ahead, self.count, total, state, None))

    def _route(self, cost: float, last: int, port: Port) -> Route:
        points: list[LatticePoint] = []
        state = last
        while True:
            iy, ix = divmod(state >> 1, self.width)
            points.append((ix, iy))
            if state not in self.came:
                return Route(self.start[state], port, tuple(points[::-1]), cost)
            state = self.came[state]
