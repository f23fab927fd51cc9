"""A whole plane laid out: sub-processes first, several arrangements tried, pools and lanes drawn around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from server.bundles.tidy.coordinates import Spread, dock_event, docked, draw, spread
from server.bundles.tidy.graph import Box, Drawing, Lane, Node, NodeKind, Plane, Pool, Scope
from server.bundles.tidy.grid import Grid, Placement, event_step
from server.bundles.tidy.labels import along_line, plan_labels
from server.bundles.tidy.lattice import CROSSING, Route, crossings
from server.bundles.tidy.ordering import Prices
from server.bundles.tidy.placement import Choice, Placed, Placer, flow_names
from server.bundles.tidy.quality import A3_HEIGHT, A3_WIDTH, A4_HEIGHT, A4_WIDTH, FEW_CROSSINGS
from server.bundles.tidy.routing import route_all
from server.bundles.tidy.text import EVENT_SIZE, INSIDE_FONT, text_width
from server.bundles.tidy.wiring import connect

ORIGIN = (160, 80)
HEADER = 30
SUBPROCESS_HEAD = 28
SUBPROCESS_PADDING = 12
MARKER_ROOM = 20
SPINE_BEND = 40.0
MANY_CROSSINGS = 400.0
DEAR_CROSSING = 150.0
"""What a crossing costs when the clearest picture is drawn once more, with longer ways round."""
DISORDER = 260.0
"""Two sections of a lane that stand the wrong way round: as bad as three crossings."""
DISORDERS = (0.0, 80.0)
"""The order of sections given up, and insisted on: which is clearer is seen when the flows are drawn."""
FIRST_CHOICES = (
    Choice(),
    Choice(prices=Prices(row=2.0)),
    Choice(side=-1),
    Choice(prices=Prices(crossing=12.0)),
    Choice(side=-1, prices=Prices(row=2.0)),
    Choice(prices=Prices(row=2.0, crossing=12.0)),
    Choice(side=-1, prices=Prices(row=9.0, crossing=12.0)),
)
"""Which prices give the clearer picture is seen only when the flows are drawn."""
SOME_NODES, MANY_NODES = 50, 90
"""Beyond these fewer arrangements are tried, for the time they take."""
ONE_LINE = 200
"""Two lines of a lane's name touch its frame: only names longer than this, in px, are broken."""
TRACKS = (3, 5, 8)
"""Lattice lines per gap: more are tried when flows had to share one."""


@dataclass(slots=True)
class Picture:
    """One finished arrangement and how bad it looks."""

    drawing: Drawing
    width: float
    height: float
    cost: float
    crossings: int


def lay_out(plane: Plane) -> Drawing:
    """Places for everything on a plane, with pools and lanes; the upper left corner lies near (160, 80)."""
    picture = _best(plane)
    drawing = Drawing()
    drawing.add(picture.drawing, *ORIGIN)
    outside = [flow for flow in plane.crossing if flow.id not in drawing.edges]
    connect(drawing, plane, outside)
    solid = [node.id for node in plane.nodes() if node.kind is not NodeKind.SUBPROCESS]
    for flow in outside:
        if flow.name and flow.id in drawing.edges:
            drawing.labels[flow.id] = along_line(flow, drawing.edges[flow.id], drawing, solid)
    return drawing


def lay_out_inside(node: Node) -> Drawing | None:
    """What an expanded sub-process contains, from its upper left corner; its size is set. Else None."""
    picture = _inside(node)
    if picture is None:
        return None
    drawing = Drawing()
    drawing.add(picture.drawing, round((node.width - picture.width) / 2), SUBPROCESS_HEAD)
    return drawing


def _best(plane: Plane) -> Picture:
    """The clearest of several arrangements: rows first, then what else may help, from the best so far."""
    trial = _Trial(plane)
    nodes = sum(1 for _ in plane.nodes())
    enough = 1 if nodes > MANY_NODES else 2 if nodes > SOME_NODES else 3
    for number, choice in enumerate(FIRST_CHOICES):
        if number < enough or trial.pictures[trial.best].crossings > FEW_CROSSINGS:
            trial.draw(choice)
    if any(node.host is not None for pool in plane.pools for node in _own(pool)):
        trial.draw(replace(trial.best, hang=True))
    if trial.placed[trial.best].sections > 1:
        for price in DISORDERS:
            trial.draw(replace(trial.best, prices=replace(trial.best.prices, disorder=price)))
    for narrower in ({"tight": True}, {"fold": 1}):
        if trial.pictures[trial.best].width > A4_WIDTH:
            trial.draw(replace(trial.best, **narrower))
    picture = trial.pictures[trial.best]
    if not picture.crossings:
        return picture
    return min(picture, trial.drawn_round(trial.best), key=lambda one: one.crossings)


class _Trial:
    """Pictures of one plane by the choices that led to them."""

    def __init__(self, plane: Plane) -> None:
        _widen_hosts(plane)
        self.plane = plane
        self.inner = {node.id: _inside(node) for pool in plane.pools for node in _own(pool)}
        self.pictures: dict[Choice, Picture] = {}
        self.placed: dict[Choice, Placed] = {}

    @property
    def best(self) -> Choice:
        """The choice that led to the clearest picture; the first one if several did."""
        return min(self.pictures, key=lambda choice: self.pictures[choice].cost)

    def draw(self, choice: Choice) -> None:
        """Add the picture of a choice; one that comes to the rows of another is not drawn again."""
        loose = replace(choice, tight=False)
        if loose not in self.placed:
            self.placed[loose] = Placer(self.plane, choice).place()
        placed = self._as_chosen(choice)
        same = (other for other in self.pictures if other.tight == choice.tight)
        for other in same:
            if self.placed[replace(other, tight=False)].placement.cell == placed.placement.cell:
                return
        self.pictures[choice] = self._assembled(placed)

    def drawn_round(self, choice: Choice) -> Picture:
        """A choice with flows that go farther round each other; its cost compares with no other's."""
        return self._assembled(self._as_chosen(choice), DEAR_CROSSING)

    def _as_chosen(self, choice: Choice) -> Placed:
        placed = self.placed[replace(choice, tight=False)]
        placed.placement.tight = choice.tight
        return placed

    def _assembled(self, placed: Placed, crossing: float = CROSSING) -> Picture:
        drawing, found = _drawn(self.plane, placed, crossing)
        for key, picture in self.inner.items():
            if picture is not None:
                box = drawing.shapes[key]
                left = box.x + round((box.width - picture.width) / 2)
                drawing.add(picture.drawing, left, box.y + SUBPROCESS_HEAD)
        found.cost += DISORDER * placed.disorder
        return _framed(self.plane, placed.placement, drawing, found)


def _own(pool: Pool) -> Iterator[Node]:
    if pool.scope is not None:
        yield from pool.scope.nodes.values()


def _inside(node: Node) -> Picture | None:
    """Lay out a sub-process and give its node the size it needs."""
    if node.inner is None:
        return None
    scope = Scope(node.inner.id, node.inner.nodes, node.inner.flows)
    picture = _best(Plane(node.inner.id, [Pool(None, "", [], scope)]))
    title = text_width(node.name, INSIDE_FONT) + 2 * 20
    node.width = ceil(max(picture.width + 2 * SUBPROCESS_PADDING, title, 160))
    node.height = ceil(picture.height + SUBPROCESS_HEAD + MARKER_ROOM + 4)
    return picture


def _widen_hosts(plane: Plane) -> None:
    """Activities with several boundary events grow until these hang clear of each other."""
    for pool in plane.pools:
        nodes = {node.id: node for node in _own(pool)}
        named = flow_names(nodes, pool.scope.flows) if pool.scope is not None else {}
        for host in nodes.values():
            events = [node for node in nodes.values() if node.host == host.id]
            if len(events) > 1:
                steps = max(2, len(events) - 1)
                host.width = max(host.width, steps * event_step(events, named) + EVENT_SIZE + 4)


def _drawn(plane: Plane, placed: Placed, crossing: float) -> tuple[Drawing, Spread]:
    for tracks in TRACKS:
        grid = Grid(placed.placement, placed.nodes, tracks)
        grid.lattice.crossing = crossing
        routes = route_all(grid, placed.flows, placed.spine, placed.backwards)
        if not grid.lattice.shared(routes.values()):
            break
    cost = sum(route.cost for route in routes.values()) + _bent(placed, routes)
    crossed = crossings(routes.values())
    cost += MANY_CROSSINGS * max(0, crossed - FEW_CROSSINGS)
    labels = plan_labels(grid, placed.flows, routes)
    found = spread(grid, routes, labels, _least_heights(plane, placed.placement))
    drawing = draw(grid, routes, labels, found)
    for flow in placed.flows:
        ends = drawing.shapes[flow.source], drawing.shapes[flow.target]
        for first, end in ((True, flow.source), (False, flow.target)):
            if placed.nodes[end].host is not None:
                dock_event(drawing.edges[flow.id], drawing.shapes[end], first)
        drawing.edges[flow.id] = docked(drawing.edges[flow.id], *ends)
    solid = [key for key, node in placed.nodes.items() if node.kind is not NodeKind.BAND]
    for flow in placed.flows:
        if flow.name and flow.id not in drawing.labels:
            drawing.labels[flow.id] = along_line(flow, drawing.edges[flow.id], drawing, solid)
    found.cost, found.crossings = cost, crossed
    return drawing, found


def _bent(placed: Placed, routes: Mapping[str, Route]) -> float:
    """The price of bends on the main path within a lane, and of detours from boundary events."""
    steps = set(pairwise(placed.spine))
    band = {key: placed.placement.band_of(row).first for key, (_, row) in placed.placement.cell.items()}
    straight = [
        flow
        for flow in placed.flows
        if (flow.source, flow.target) in steps and band[flow.source] == band[flow.target]
    ]
    hanging = [flow for flow in placed.flows if placed.nodes[flow.source].host is not None]
    turns = sum(routes[flow.id].bends for flow in straight)
    return SPINE_BEND * (turns + sum(max(0, routes[flow.id].bends - 1) for flow in hanging))


def _least_heights(plane: Plane, placement: Placement) -> dict[int, float]:
    """Height each band needs so that its own name fits on one line, a long one and the pool's in two."""
    names: dict[str | None, str] = {}
    for pool in plane.pools:
        names[pool.id] = pool.name
        names.update((leaf.id, leaf.name) for lane in pool.lanes for leaf in lane.leaves())
    least: dict[int, float] = {}
    for number, band in enumerate(placement.bands):
        length = text_width(names.get(band.id) or "", INSIDE_FONT)
        least[number] = max(60, length + 16 if length <= ONE_LINE else length / 2 + 40)
    for pool_number, pool in enumerate(plane.pools):
        mine = [number for number, band in enumerate(placement.bands) if band.pool == pool_number]
        share = (text_width(pool.name, INSIDE_FONT) / 2 + 40) / len(mine)
        for number in mine:
            least[number] = max(least[number], share)
    return least


def _framed(plane: Plane, placement: Placement, drawing: Drawing, found: Spread) -> Picture:
    """Draw pools and lanes around the bands, move all to the right of their names."""
    depth = max(
        sum((max((lane.depth for lane in pool.lanes), default=0), pool.id is not None))
        for pool in plane.pools
    )
    left = depth * HEADER
    framed = Drawing()
    framed.add(drawing, left, 0)
    extents = dict(zip((band.id for band in placement.bands), found.bands, strict=True))
    right = left + found.width
    for number, pool in enumerate(plane.pools):
        mine = [found.bands[n] for n, band in enumerate(placement.bands) if band.pool == number]
        if pool.id is not None:
            framed.shapes[pool.id] = Box(0, mine[0][0], right, mine[-1][1] - mine[0][0])
        start = HEADER if pool.id is not None else 0
        for lane in pool.lanes:
            _frame_lane(lane, start, right, extents, framed)
    height = found.bands[-1][1]
    over = max(0, right - A3_WIDTH) + max(0, height - A3_HEIGHT)
    small = max(0, right - A4_WIDTH) + max(0, height - A4_HEIGHT)
    cost = found.cost + 4 * over + small + 0.3 * height + 0.1 * right
    return Picture(framed, right, height, cost, found.crossings)


def _frame_lane(
    lane: Lane, x: float, right: float, extents: dict[str | None, tuple[float, float]], framed: Drawing
) -> tuple[float, float]:
    if lane.children:
        inner = [_frame_lane(child, x + HEADER, right, extents, framed) for child in lane.children]
        top, bottom = inner[0][0], inner[-1][1]
    else:
        top, bottom = extents[lane.id]
    framed.shapes[lane.id] = Box(x, top, right - x, bottom - top)
    return top, bottom
