"""Columns and rows of all nodes of a plane: ranking and ordering with pools, lanes and boundary events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from server.bundles.tidy.graph import Flow, FlowKind, Node, NodeKind, Plane
from server.bundles.tidy.grid import Band, Placement
from server.bundles.tidy.ordering import Link, Prices, Seat, seat_rows
from server.bundles.tidy.ranking import Arrow, backward, columns, main_path, returning
from server.bundles.tidy.sections import disorder, sections

PITCH = 136
"""Width of a usual column with its gap; a wider sub-process covers several columns."""
SPINE_WEIGHT = 12.0
FLOW_WEIGHT = 2.0
LINK_WEIGHT = 1.0
BACK_WEIGHT = 0.5
ARTIFACTS = (NodeKind.DATA, NodeKind.ANNOTATION)


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to arrange a plane; the layouter tries several and keeps the best picture."""

    side: int = 1
    """Where the first branch goes: 1 below the main path, -1 above it."""
    fold: int = 0
    """How often in a row a step into another lane may stay in its column, to make the diagram narrower."""
    hang: bool = False
    """Whether what a boundary event leads to stands straight below it."""
    prices: Prices = field(default_factory=Prices)
    tight: bool = False
    """Whether columns stand closer together and names of flows are broken earlier."""


@dataclass(slots=True)
class Placed:
    """A placement with what routing wants to know about it."""

    placement: Placement
    nodes: dict[str, Node]
    flows: list[Flow]
    spine: list[str]
    backwards: set[str] = field(default_factory=set)
    sections: int = 1
    """How many parts link events join."""
    disorder: float = 0.0
    """How far these stand from the order of the way."""


class Placer:
    """Places the nodes of one plane."""

    def __init__(self, plane: Plane, choice: Choice) -> None:
        self.choice = choice
        self.nodes: dict[str, Node] = {}
        self.flows: list[Flow] = []
        self.bands: list[tuple[str | None, int, bool]] = []
        self.band: dict[str, int] = {}
        for number, pool in enumerate(plane.pools):
            leaves = [leaf.id for lane in pool.lanes for leaf in lane.leaves()]
            first = len(self.bands)
            self.bands += [(leaf, number, False) for leaf in leaves] or [
                (pool.id, number, pool.scope is None)
            ]
            if pool.scope is None:
                self.nodes[pool.id or ""] = Node(pool.id or "", NodeKind.BAND, pool.name)
                self.band[pool.id or ""] = first
                continue
            self.flows += pool.scope.flows
            for node in pool.scope.nodes.values():
                self.nodes[node.id] = node
                self.band[node.id] = first + (leaves.index(node.lane) if node.lane in leaves else 0)
        self.flows += [
            flow for flow in plane.crossing if flow.source in self.nodes and flow.target in self.nodes
        ]
        self.span = {key: self._span(node) for key, node in self.nodes.items()}
        self.section = sections(self.nodes, self.flows)

    @staticmethod
    def _span(node: Node) -> int:
        return max(1, round((node.width + 36) / PITCH)) if node.kind is NodeKind.SUBPROCESS else 1

    def seat(self, node_id: str) -> str:
        """The node whose cell this one shares: the host of a boundary event, else itself."""
        return self.nodes[node_id].host or node_id

    def place(self) -> Placed:
        """Columns first, then rows."""
        core = [
            k for k, n in self.nodes.items() if n.host is None and not n.apart and n.kind not in ARTIFACTS
        ]
        core = [key for key in core if self.nodes[key].kind is not NodeKind.BAND]
        arrows, closing = self._arrows(core)
        column = columns(core, arrows)
        backwards = {key for key, (one, two) in closing.items() if column[one] >= column[two]}
        spine = self._spine(core, [arrow for arrow in arrows if arrow.span])
        count = max((column[key] + self.span[key] for key in core), default=1)
        count = max(count, self._aside(column))
        placement = self._rows(column, count, spine, backwards)
        parts = len(set(self.section.values()))
        return Placed(placement, self.nodes, self.flows, spine, backwards, parts, self._disorder(placement))

    def _spine(self, core: Sequence[str], arrows: Sequence[Arrow]) -> list[str]:
        """The main path of every section in turn: the longest to an end, or on into a later section."""
        caught = {n.link: self.section[key] for key, n in self.nodes.items() if n.link and n.catches}
        spine: list[str] = []
        for number in sorted(set(self.section.values())):
            mine = [key for key in core if self.section[key] == number]
            inside = [arrow for arrow in arrows if self.section[arrow.source] == number]
            onward = {key for key in mine if caught.get(self.nodes[key].link, 0) > number}
            ends = {key for key in mine if self.nodes[key].tag == "endEvent"}
            onward_first = sorted(mine, key=lambda key: key not in onward)
            spine += main_path(onward_first, inside, onward | ends)
        return spine

    def _disorder(self, placement: Placement) -> float:
        cells = {key: cell for key, cell in placement.cell.items() if not self.nodes[key].apart}
        return disorder([(self.band[key], self.section[key], row) for key, (_, row) in cells.items()])

    def _arrows(self, core: Sequence[str]) -> tuple[list[Arrow], dict[str, tuple[str, str]]]:
        """The arrows that decide the columns, and the flows set aside with the nodes they join."""
        ranked = set(core)
        sequence = [flow for flow in self.flows if flow.kind is FlowKind.SEQUENCE]
        sequence = [f for f in sequence if self.seat(f.source) in ranked and self.seat(f.target) in ranked]
        pairs = [(self.seat(flow.source), self.seat(flow.target)) for flow in sequence]
        closing = backward(core, pairs)
        forward = [Arrow(*pair) for pair in dict.fromkeys(pairs) if pair not in closing]
        closing |= returning(core, forward, closing)
        hanging = self._hanging(sequence)
        folded = self._folded([pair for pair in dict.fromkeys(pairs) if pair not in closing])
        arrows = [
            Arrow(*pair, 0 if pair[1] in hanging or pair in folded else self.span[pair[0]])
            for pair in dict.fromkeys(pairs)
            if pair not in closing
        ]
        aside = {flow.id: pair for flow, pair in zip(sequence, pairs, strict=True) if pair in closing}
        return arrows + self._messages(core, arrows), aside

    def _hanging(self, sequence: Sequence[Flow]) -> set[str]:
        """Nodes only a boundary event of their own lane leads to; they may hang straight below it."""
        if not self.choice.hang:
            return set()
        entered = Counter(flow.target for flow in sequence)
        hosts = Counter(
            self.seat(flow.source) for flow in sequence if self.nodes[flow.source].host is not None
        )
        return {
            flow.target
            for flow in sequence
            if self.nodes[flow.source].host is not None
            and entered[flow.target] == 1
            and hosts[self.seat(flow.source)] == 1
            and self.band[flow.target] == self.band[self.seat(flow.source)]
            and self.nodes[flow.target].kind is NodeKind.TASK
            and self.nodes[self.seat(flow.source)].kind is NodeKind.TASK
        }

    def _folded(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Steps into the next lane that stay in their column; many in a row do not read left to right.

        Under an activity with boundary events there is no room for them.
        """
        folded: set[tuple[str, str]] = set()
        touched: Counter[str] = Counter()
        hosts = {node.host for node in self.nodes.values()}
        for source, target in pairs:
            kinds = (self.nodes[source].kind, self.nodes[target].kind)
            near = abs(self.band[source] - self.band[target]) == 1
            fits = NodeKind.SUBPROCESS not in kinds and self.nodes[source].tag != "startEvent"
            upper = source if self.band[source] < self.band[target] else target
            fits = fits and upper not in hosts
            if near and fits and max(touched[source], touched[target]) < self.choice.fold:
                folded.add((source, target))
                touched.update((source, target))
        return folded

    def _messages(self, core: Sequence[str], arrows: Sequence[Arrow]) -> list[Arrow]:
        """Messages pull pools into step where that makes no loop."""
        known = set(core)
        following: dict[str, set[str]] = defaultdict(set)
        for arrow in arrows:
            following[arrow.source].add(arrow.target)
        extra: list[Arrow] = []
        for flow in self.flows:
            ends = (self.seat(flow.source), self.seat(flow.target))
            if (
                flow.kind is FlowKind.MESSAGE
                and known.issuperset(ends)
                and not _reaches(following, ends[1], ends[0])
            ):
                following[ends[0]].add(ends[1])
                extra.append(Arrow(*ends, 0))
        return extra

    def _aside(self, column: dict[str, int]) -> int:
        """Columns of what no sequence flow reaches: artifacts at their activity, event sub-processes left."""
        for flow in self.flows:
            if flow.kind is FlowKind.LINK:
                for one, other in ((flow.source, flow.target), (flow.target, flow.source)):
                    if self.nodes[one].kind in ARTIFACTS and one not in column and self.seat(other) in column:
                        column[one] = column[self.seat(other)]
        following: dict[int, int] = defaultdict(int)
        for key, node in self.nodes.items():
            if node.apart and key not in column:
                column[key] = following[self.band[key]]
                following[self.band[key]] += self.span[key]
            column.setdefault(self.seat(key), 0)
        return max(column[self.seat(key)] + self.span[self.seat(key)] for key in self.nodes)

    def _rows(
        self, column: Mapping[str, int], count: int, spine: Sequence[str], backwards: set[str]
    ) -> Placement:
        seats = {
            key: Seat(
                self.band[key],
                column[key],
                self.span[key],
                self._apart(key),
                node.kind is NodeKind.GATEWAY,
                self.section[key],
            )
            for key, node in self.nodes.items()
            if node.host is None
        }
        for key, node in self.nodes.items():
            if node.kind is NodeKind.BAND:
                seats[key] = Seat(self.band[key], 0, count)
                self.span[key] = count
        row = seat_rows(seats, self._links(spine, backwards), spine, self.choice.side, self.choice.prices)
        return self._placement(seats, row, count)

    def _apart(self, key: str) -> int:
        """Event sub-processes lie where no flow passes: on top of the first lane, else below their own."""
        if not self.nodes[key].apart:
            return 0
        pool = self.bands[self.band[key]][1]
        first = next(number for number, band in enumerate(self.bands) if band[1] == pool)
        several = sum(band[1] == pool for band in self.bands) > 1
        return -1 if several and self.band[key] == first else 1

    def _lean(self, flow: Flow) -> int:
        """Annotations stand above their activity, data and what a boundary event leads to below."""
        wish = {NodeKind.ANNOTATION: -1, NodeKind.DATA: 1}
        source, target = self.nodes[flow.source], self.nodes[flow.target]
        if flow.kind is FlowKind.LINK:
            return wish.get(target.kind, 0) or -wish.get(source.kind, 0)
        return 1 if source.host is not None else 0

    def _links(self, spine: Sequence[str], backwards: set[str]) -> list[Link]:
        steps = set(pairwise(spine))
        links: list[Link] = []
        for flow in self.flows:
            ends = (self.seat(flow.source), self.seat(flow.target))
            if ends[0] == ends[1]:
                continue
            weight = SPINE_WEIGHT if ends in steps else FLOW_WEIGHT
            if self.nodes[flow.source].host is not None:
                weight = LINK_WEIGHT
            if flow.kind is not FlowKind.SEQUENCE:
                weight = LINK_WEIGHT
            links.append(Link(*ends, BACK_WEIGHT if flow.id in backwards else weight, self._lean(flow)))
        for band in range(len(self.bands)):
            mine = [node for node in spine if self.band[node] == band]
            links += [
                Link(*pair, SPINE_WEIGHT / 4, soft=True)
                for pair in pairwise(mine)
                if pair not in steps and self.section[pair[0]] == self.section[pair[1]]
            ]
        return links

    def _placement(self, seats: Mapping[str, Seat], row: Mapping[str, int], count: int) -> Placement:
        height: dict[int, int] = defaultdict(lambda: 1)
        for key, seat in seats.items():
            height[seat.band] = max(height[seat.band], row[key] + 1)
        bands: list[Band] = []
        first = 0
        for number, (identity, pool, closed) in enumerate(self.bands):
            bands.append(Band(identity, pool, first, height[number], closed))
            first += height[number]
        cell = {key: (seat.column, bands[seat.band].first + row[key]) for key, seat in seats.items()}
        named = flow_names(self.nodes, self.flows)
        return Placement(count, bands, cell, self.span, self._hosted(cell), named, self.choice.tight)

    def _hosted(self, cell: Mapping[str, tuple[int, int]]) -> dict[str, list[str]]:
        """Boundary events from left to right: the one whose flow goes deepest hangs leftmost."""
        depth: dict[str, tuple[int, int]] = {}
        for flow in self.flows:
            if self.nodes[flow.source].host is not None:
                column, row = cell[self.seat(flow.target)]
                depth[flow.source] = max(depth.get(flow.source, (0, 0)), (row, -column))
        hosted: dict[str, list[str]] = defaultdict(list)
        for key, node in self.nodes.items():
            if node.host is not None:
                hosted[node.host].append(key)
        return {
            host: sorted(events, key=lambda e: depth.get(e, (0, 0)), reverse=True)
            for host, events in hosted.items()
        }


def flow_names(nodes: Mapping[str, Node], flows: Sequence[Flow]) -> dict[str, str]:
    """The longest name among the flows that leave each boundary event."""
    named = [flow for flow in flows if flow.name and nodes[flow.source].host is not None]
    return {flow.source: flow.name for flow in sorted(named, key=lambda flow: len(flow.name))}


def _reaches(following: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen, stack = {start}, [start]
    while stack:
        node = stack.pop()
        if node == goal:
            return True
        new = following.get(node, set()) - seen
        seen |= new
        stack.extend(new)
    return False
