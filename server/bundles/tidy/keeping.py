"""Completing a diagram a person has drawn: what has a place stays, what is missing is added beside it."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from server.bundles.tidy.graph import Box, Drawing, Flow, FlowKind, Node, NodeKind, Plane, Scope
from server.bundles.tidy.interchange import read_drawing
from server.bundles.tidy.labels import along_line, as_boxes, free_place
from server.bundles.tidy.layout import lay_out, lay_out_inside
from server.bundles.tidy.wiring import connect

GAP_X, GAP_Y = 50, 30
TOUCH = 3
STEPS = 40
CLOSED_WIDTH = 200
"""A sub-process wider than this with nothing inside lost its contents; a smaller one is drawn closed."""


def complete(root: etree._Element, plane: Plane) -> Drawing:
    """The plane's own drawing with the missing shapes, flows and labels added.

    A plane of which nothing is drawn, or whose pools and lanes are not, is laid out afresh: there is no place
    of a person's to respect, or no frame to put things into.
    """
    old = read_drawing(root, plane)
    frames = [key for key in _frames(plane) if key not in old.shapes]
    if frames or not any(node.id in old.shapes for node in plane.nodes()):
        return lay_out(plane)
    _fold_collapsed(plane, old)
    placed = set(old.shapes)
    for pool in plane.pools:
        if pool.scope is not None:
            _place_missing(pool.scope, plane, old, pool.id)
    new = {node.id for node in plane.nodes()} - placed
    _grow_frames(plane, old)
    known = {flow.id: flow for flow in plane.flows()}
    lost = [flow for flow in known.values() if new & {flow.source, flow.target} or not _docks(flow, old)]
    for flow in lost:
        old.edges.pop(flow.id, None)
    old.edges = {key: line for key, line in old.edges.items() if key in known}
    connect(old, plane, sorted(lost, key=lambda flow: flow.kind is FlowKind.LINK))
    _label_missing(plane, old, {flow.id for flow in lost})
    return old


def _frames(plane: Plane) -> Iterator[str]:
    for pool in plane.pools:
        if pool.id is not None:
            yield pool.id
        for lane in pool.lanes:
            yield from (leaf.id for leaf in lane.leaves())


def _fold_collapsed(plane: Plane, old: Drawing) -> None:
    """A sub-process drawn closed stays closed."""
    for node in list(plane.nodes()):
        if node.inner is not None and node.id in old.shapes:
            box = old.shapes[node.id].grown(TOUCH)
            inside = any(child in old.shapes and box.holds(old.shapes[child]) for child in node.inner.nodes)
            if not inside and box.width <= CLOSED_WIDTH:
                node.inner, node.kind = None, NodeKind.TASK


def _place_missing(scope: Scope, plane: Plane, drawing: Drawing, frame: str | None) -> None:
    waiting = [node for node in scope.nodes.values() if node.id not in drawing.shapes]
    while waiting:
        node = next((n for n in waiting if _neighbour(n, scope, drawing) is not None), waiting[0])
        waiting.remove(node)
        inner = lay_out_inside(node)
        box = _place(node, scope, drawing, plane, frame)
        drawing.shapes[node.id] = box
        if inner is not None:
            drawing.add(inner, box.x, box.y)
    for node in scope.nodes.values():
        if node.inner is not None:
            _place_missing(node.inner, plane, drawing, node.id)


def _neighbour(node: Node, scope: Scope, drawing: Drawing) -> tuple[Box, int] | None:
    """The placed node this one belongs to, and where to stand: 1 right of it, -1 left, 0 on its border."""
    if node.host is not None:
        return (drawing.shapes[node.host], 0) if node.host in drawing.shapes else None
    for flow in scope.flows:
        if flow.target == node.id and flow.source in drawing.shapes:
            return drawing.shapes[flow.source], 1
    for flow in scope.flows:
        if flow.source == node.id and flow.target in drawing.shapes:
            return drawing.shapes[flow.target], -1
    return None


def _place(node: Node, scope: Scope, drawing: Drawing, plane: Plane, frame: str | None) -> Box:
    near = _neighbour(node, scope, drawing)
    home = drawing.shapes.get(node.lane or "") or drawing.shapes.get(frame or "")
    if near is not None and near[1] == 0:
        return _on_border(node, near[0], drawing)
    if near is None:
        x = home.x + 60 if home else max((box.right for box in drawing.shapes.values()), default=0) + GAP_X
        y, side = (home.cy if home else 100.0), 1
    else:
        box, side = near
        x = box.right + GAP_X if side == 1 else box.x - GAP_X - node.width
        y = box.cy
    if home is not None and not home.y + node.height / 2 < y < home.bottom - node.height / 2:
        y = home.cy
    start = Box(round(x), round(y - node.height / 2), node.width, node.height)
    solid = [drawing.shapes[n.id] for n in plane.nodes() if n.id in drawing.shapes and n.id != frame]
    solid += list(drawing.labels.values())
    own = {flow.id for flow in scope.flows if node.id in (flow.source, flow.target)}
    solid += [box for key, line in drawing.edges.items() if key not in own for box in as_boxes(line)]
    return _free(start, side, home, solid)


def _on_border(node: Node, host: Box, drawing: Drawing) -> Box:
    taken = list(drawing.shapes.values())
    places = [
        Box(
            round(host.x + host.width * share - node.width / 2),
            round(host.bottom - node.height / 2),
            node.width,
            node.height,
        )
        for share in (0.8, 0.2, 0.5)
    ]
    return next(
        (box for box in places if not any(box.meets(other) and other != host for other in taken)), places[0]
    )


def _free(start: Box, side: int, home: Box | None, solid: list[Box]) -> Box:
    """The free place nearest to the wished one, further along the flow rather than out of the lane."""
    for step in range(STEPS):
        for rise in (0, 1, -1, 2, -2, 3, -3):
            box = start.moved(side * step * 40, rise * (start.height + GAP_Y))
            if home is not None and not (home.y + 4 <= box.y and box.bottom + 4 <= home.bottom) and rise:
                continue
            if home is not None and box.x < home.x + 40:
                continue
            if not any(box.grown(GAP_Y / 2).meets(other) for other in solid):
                return box
    right = max(box.right for box in solid)
    return Box(right + GAP_X, start.y, start.width, start.height)


def _grow_frames(plane: Plane, drawing: Drawing) -> None:
    """Widen pools and lanes to hold what was added at their right."""
    for pool in plane.pools:
        if pool.scope is None:
            continue
        reach = max(
            (drawing.shapes[n.id].right for n in pool.scope.nodes.values() if n.id in drawing.shapes),
            default=0,
        )
        keys = [pool.id] if pool.id is not None else []
        keys += [lane_id for lane in pool.lanes for lane_id in lane.family()]
        for key in keys:
            box = drawing.shapes.get(key)
            if box is not None and box.right < reach + 20:
                drawing.shapes[key] = Box(box.x, box.y, reach + 30 - box.x, box.height)


def _docks(flow: Flow, drawing: Drawing) -> bool:
    """Whether the flow's line still starts and ends at its shapes."""
    line = drawing.edges.get(flow.id)
    if (
        line is None
        or len(line) < 2
        or flow.source not in drawing.shapes
        or flow.target not in drawing.shapes
    ):
        return False
    return all(
        _touches(point, drawing.shapes[end])
        for point, end in ((line[0], flow.source), (line[-1], flow.target))
    )


def _touches(point: tuple[float, float], box: Box) -> bool:
    outer = box.grown(TOUCH)
    return outer.x <= point[0] <= outer.right and outer.y <= point[1] <= outer.bottom


def _label_missing(plane: Plane, drawing: Drawing, rerouted: set[str]) -> None:
    for node in plane.nodes():
        if node.labelled_outside and node.id in drawing.shapes and node.id not in drawing.labels:
            drawing.labels[node.id] = free_place(node, drawing, [n.id for n in plane.nodes()])
    solid = [n.id for n in plane.nodes() if n.id in drawing.shapes and n.kind is not NodeKind.SUBPROCESS]
    for flow in plane.flows():
        if flow.name and flow.id in drawing.edges and (flow.id in rerouted or flow.id not in drawing.labels):
            drawing.labels.pop(flow.id, None)
            drawing.labels[flow.id] = along_line(flow, drawing.edges[flow.id], drawing, solid)
