"""Flows between shapes that already have their places: a lattice through and around them, on real pixels."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from server.bundles.tidy.coordinates import docked
from server.bundles.tidy.graph import Box, Drawing, Flow, FlowKind, Node, NodeKind, Plane, Point
from server.bundles.tidy.grid import priced
from server.bundles.tidy.lattice import ACROSS, DOWN, Lattice, Port

CLEAR = 16
"""Distance in px at which flows pass shapes."""
MERGE = 40.0


def connect(drawing: Drawing, plane: Plane, flows: Iterable[Flow]) -> None:
    """Add lines for `flows` to the drawing, around its shapes and labels and clear of the lines it has."""
    nodes = {node.id: node for node in plane.nodes()}
    nodes |= {
        p.id: Node(p.id, NodeKind.BAND) for p in plane.pools if p.id is not None and p.id in drawing.shapes
    }
    around = {child: node.id for node in nodes.values() if node.inner for child in node.inner.nodes}
    for flow in flows:
        if flow.source in drawing.shapes and flow.target in drawing.shapes:
            line = _line(drawing, nodes, around, flow, labels=True) or _line(
                drawing, nodes, around, flow, labels=False
            )
            ends = drawing.shapes[flow.source], drawing.shapes[flow.target]
            drawing.edges[flow.id] = line or _direct(*ends)


def _line(
    drawing: Drawing, nodes: Mapping[str, Node], around: Mapping[str, str], flow: Flow, labels: bool
) -> list[Point] | None:
    obstacles = _obstacles(drawing, nodes, around, flow)
    solid = [*obstacles.values(), *(drawing.labels.values() if labels else ())]
    used = [point for line in drawing.edges.values() for point in line]
    ends = [drawing.shapes[flow.source], drawing.shapes[flow.target]]
    xs = _lines([*solid, *ends], [x for x, _ in used], across=True)
    ys = _lines([*solid, *ends], [y for _, y in used], across=False)
    lattice = Lattice(xs, ys, [0.0] * len(xs), [0.0] * len(ys))
    for box in [*solid, *ends]:
        _block(lattice, box)
    for line in drawing.edges.values():
        _claim(lattice, line)
    back = ends[1].cx < ends[0].cx
    sources = _ports(lattice, nodes[flow.source], flow, ends, True, back, drawing)
    targets = _ports(lattice, nodes[flow.target], flow, ends[::-1], False, back, drawing)
    route = lattice.route(sources, targets) if sources and targets else None
    if route is None:
        return None
    points = [(xs[ix], ys[iy]) for ix, iy in route.points]
    start = _border(route.source, ends[0], points[0])
    end = _border(route.target, ends[1], points[-1])
    return docked([start, *points, end], *ends)


def _obstacles(
    drawing: Drawing, nodes: Mapping[str, Node], around: Mapping[str, str], flow: Flow
) -> dict[str, Box]:
    """Shapes a flow has to pass by: neither its ends, nor sub-processes around them, nor open pools."""
    open_to: set[str] = {flow.source, flow.target}
    for end in (flow.source, flow.target):
        while end in around:
            end = around[end]
            open_to.add(end)
    return {
        key: drawing.shapes[key]
        for key, node in nodes.items()
        if key in drawing.shapes and key not in open_to and node.kind is not NodeKind.BAND
    }


def _lines(boxes: Sequence[Box], used: Iterable[float], across: bool) -> list[float]:
    marks: set[float] = set(used)
    for box in boxes:
        low, high = (box.x, box.right) if across else (box.y, box.bottom)
        marks |= {low - CLEAR, (low + high) / 2, high + CLEAR}
    ordered = sorted(marks)
    middles = {round((a + b) / 2) for a, b in pairwise(ordered) if b - a > CLEAR}
    return sorted(marks | middles | {ordered[0] - CLEAR, ordered[-1] + CLEAR})


def _block(lattice: Lattice, box: Box) -> None:
    near = box.grown(CLEAR / 2)
    columns = range(bisect_left(lattice.xs, near.x), bisect_left(lattice.xs, near.right))
    rows = range(bisect_left(lattice.ys, near.y), bisect_left(lattice.ys, near.bottom))
    lattice.blocked.update((ix, iy) for ix in columns for iy in rows)


def _claim(lattice: Lattice, line: Sequence[Point]) -> None:
    for (x1, y1), (x2, y2) in pairwise(line):
        if y1 == y2:
            iy = bisect_left(lattice.ys, y1)
            for ix in range(bisect_left(lattice.xs, min(x1, x2)), bisect_left(lattice.xs, max(x1, x2)) + 1):
                lattice.claimed[ACROSS][ix, iy] += 1
        elif x1 == x2:
            ix = bisect_left(lattice.xs, x1)
            for iy in range(bisect_left(lattice.ys, min(y1, y2)), bisect_left(lattice.ys, max(y1, y2)) + 1):
                lattice.claimed[DOWN][ix, iy] += 1


def _ports(
    lattice: Lattice, node: Node, flow: Flow, ends: Sequence[Box], leaving: bool, back: bool, drawing: Drawing
) -> list[Port]:
    box, other = ends
    x, y = box.cx, box.cy
    if node.kind is NodeKind.BAND:
        x = other.cx
    places = {
        "right": (box.right + CLEAR, y),
        "left": (box.x - CLEAR, y),
        "top": (x, box.y - CLEAR),
        "bottom": (x, box.bottom + CLEAR),
    }
    sides = ("top", "bottom") if node.kind is NodeKind.BAND else tuple(places)
    if node.host is not None and flow.kind is FlowKind.SEQUENCE:
        sides = ("bottom",)
    found: list[Port] = []
    for side in sides:
        ix, iy = bisect_left(lattice.xs, places[side][0]), bisect_left(lattice.ys, places[side][1])
        if (ix, iy) not in lattice.blocked:
            found.append(Port(ix, iy, side, (ix, iy)))
    taken = _taken(drawing, box)
    return [
        replace(port, cost=price + MERGE * taken.get(port.side, 0))
        for port, price in priced(found, node, flow, leaving, back)
    ]


def _taken(drawing: Drawing, box: Box) -> dict[str, int]:
    """How many lines already end in the middle of each side."""
    taken: dict[str, int] = {}
    middles = {
        "right": (box.right, box.cy),
        "left": (box.x, box.cy),
        "top": (box.cx, box.y),
        "bottom": (box.cx, box.bottom),
    }
    for line in drawing.edges.values():
        for x, y in (line[0], line[-1]):
            for side, (mx, my) in middles.items():
                if abs(x - mx) < 3 and abs(y - my) < 3:
                    taken[side] = taken.get(side, 0) + 1
    return taken


def _border(port: Port, box: Box, outside: Point) -> Point:
    x, y = outside
    return {"right": (box.right, y), "left": (box.x, y), "top": (x, box.y), "bottom": (x, box.bottom)}[
        port.side
    ]


def _direct(source: Box, target: Box) -> list[Point]:
    """A straight line between two borders, when there is no other way."""
    start = (source.right, source.cy) if target.cx >= source.cx else (source.x, source.cy)
    end = (target.x, target.cy) if target.cx >= source.cx else (target.right, target.cy)
    return [start, end]
