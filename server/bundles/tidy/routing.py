"""Routes for all flows of a grid: straight ones first, then again until no flow finds a cheaper way."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from server.bundles.tidy.graph import Flow, FlowKind, NodeKind, TidyError
from server.bundles.tidy.grid import Grid, priced
from server.bundles.tidy.lattice import Port, Route

PASSES = 4
MERGE = 36.0
"""Price of arriving where another flow arrives already."""
FORK = 420.0
"""Price of leaving where another flow leaves or arrives: hard to read, so only when nothing else is left."""

PortKey = tuple[tuple[int, int], str]


@dataclass(slots=True)
class Routing:
    """The routes found so far and who uses which port."""

    grid: Grid
    backwards: set[str]
    routes: dict[str, Route] = field(default_factory=dict)
    leaving: dict[PortKey, set[str]] = field(default_factory=lambda: defaultdict(set))
    arriving: dict[PortKey, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, flow: Flow) -> None:
        """Find the cheapest way for a flow and occupy it."""
        nodes = self.grid.nodes
        sources = self._ports(flow, leaving=True)
        targets = self._ports(flow, leaving=False)
        within = self._limits(flow)
        route = self.grid.lattice.route(sources, targets, within)
        if route is None:
            raise TidyError(
                f"No way was found for {flow.id} from {nodes[flow.source].name or flow.source} to "
                f"{nodes[flow.target].name or flow.target}. Please report the diagram."
            )
        self.take(flow, route)

    def take(self, flow: Flow, route: Route) -> None:
        """Occupy a way for a flow."""
        self.routes[flow.id] = route
        self.grid.lattice.claim(route)
        self.leaving[_key(route.source)].add(flow.id)
        self.arriving[_key(route.target)].add(flow.id)

    def remove(self, flow: Flow) -> Route:
        """Free a flow's way."""
        route = self.routes.pop(flow.id)
        self.grid.lattice.claim(route, -1)
        self.leaving[_key(route.source)].discard(flow.id)
        self.arriving[_key(route.target)].discard(flow.id)
        return route

    def swap(self, first: Flow, second: Flow) -> bool:
        """Let the second of two flows choose its way before the first; whether that was cheaper for both."""
        old = self.routes[first.id], self.routes[second.id]
        self.remove(first)
        self.remove(second)
        self.add(second)
        self.add(first)
        new = self.routes[first.id], self.routes[second.id]
        if sum(route.cost for route in new) < sum(route.cost for route in old) - 1e-9:
            return True
        self.remove(first)
        self.remove(second)
        self.take(first, old[0])
        self.take(second, old[1])
        return False

    def _limits(self, flow: Flow) -> tuple[int, int] | None:
        if flow.kind is FlowKind.MESSAGE:
            return None
        node = self.grid.nodes[flow.source]
        row = self.grid.placement.cell[node.host or node.id][1]
        band = self.grid.placement.band_of(row)
        return None if band.closed else self.grid.rows_of_pool(band.pool)

    def _ports(self, flow: Flow, leaving: bool) -> list[Port]:
        node = self.grid.nodes[flow.source if leaving else flow.target]
        ports = self.grid.ports(node)
        if leaving and flow.name and node.kind is NodeKind.SUBPROCESS:
            ports = [port for port in ports if port.side == "right"]
        offers = priced(ports, node, flow, leaving, flow.id in self.backwards)
        return [replace(port, cost=price + self._sharing(port, flow, leaving)) for port, price in offers]

    def _sharing(self, port: Port, flow: Flow, leaving: bool) -> float:
        key = _key(port)
        same, other = (self.leaving, self.arriving) if leaving else (self.arriving, self.leaving)
        if flow.kind is FlowKind.LINK:
            return MERGE * (len(same[key]) + len(other[key]))
        return (FORK if leaving else MERGE) * len(same[key]) + FORK * len(other[key])


def _key(port: Port) -> PortKey:
    return port.anchor, port.side


def route_all(
    grid: Grid, flows: Sequence[Flow], spine: Sequence[str], backwards: Iterable[str]
) -> dict[str, Route]:
    """A route for every flow, by its id. `backwards` are the ids of flows that close a loop."""
    routing = Routing(grid, set(backwards))
    steps = set(itertools.pairwise(spine))
    order = sorted(flows, key=lambda flow: _rank(grid, flow, steps, routing.backwards))
    links = [flow for flow in order if flow.kind is FlowKind.LINK]
    order = order[: len(order) - len(links)]
    for flow in order:
        routing.add(flow)
    for _ in range(PASSES):
        changed = False
        for flow in order:
            if routing.routes[flow.id].bends == 0:
                continue
            old = routing.remove(flow)
            routing.add(flow)
            changed |= routing.routes[flow.id].points != old.points
        if not changed:
            break
    for first, second in _contending(routing, order):
        routing.swap(first, second)
    for flow in links:
        routing.add(flow)
    return routing.routes


def _contending(routing: Routing, flows: Sequence[Flow]) -> list[tuple[Flow, Flow]]:
    """Pairs of flows of one gateway of which one has to leave with another: each could choose first."""
    gates: dict[str, list[Flow]] = defaultdict(list)
    for flow in flows:
        if routing.grid.nodes[flow.source].kind is NodeKind.GATEWAY:
            gates[flow.source].append(flow)
    crowded = [mine for mine in gates.values() if any(routing.routes[f.id].cost > FORK for f in mine)]
    return [pair for mine in crowded for pair in itertools.permutations(mine, 2)]


def _clear(grid: Grid, left: str, right: str) -> bool:
    """Whether nothing stands between two nodes of one row."""
    (start, row), (end, _) = grid.placement.cell[left], grid.placement.cell[right]
    lines = range(grid.gap_x[start + grid.placement.span[left]][0], grid.gap_x[end][-1] + 1)
    middle = grid.port_y[row][len(grid.port_y[row]) // 2]
    return not any((line, middle) in grid.lattice.blocked for line in lines)


def _rank(grid: Grid, flow: Flow, spine: set[tuple[str, str]], backwards: set[str]) -> tuple[int, int, int]:
    kinds = {FlowKind.SEQUENCE: 0, FlowKind.MESSAGE: 3, FlowKind.LINK: 4}
    level = kinds[flow.kind] + (flow.id in backwards) * 2
    ends = [grid.nodes[node].host or node for node in (flow.source, flow.target)]
    (c1, r1), (c2, r2) = (grid.placement.cell[node] for node in ends)
    if flow.kind is FlowKind.SEQUENCE and r1 == r2 and c1 < c2 and _clear(grid, ends[0], ends[1]):
        return (-2, c2 - c1, c1)
    if (flow.source, flow.target) in spine:
        return (-1, 0, c1)
    return (level, abs(c1 - c2) + 2 * abs(r1 - r2), c1)
