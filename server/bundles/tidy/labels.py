"""Where names stand outside shapes: in the cell of their node and clear of its flows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from server.bundles.tidy.graph import Box, Drawing, Flow, FlowKind, Node, NodeKind, Point
from server.bundles.tidy.grid import SIDE_STEP, Grid
from server.bundles.tidy.lattice import Route
from server.bundles.tidy.text import label_size

FAR = 400.0
NEAR = 4.0
LINE = 3.0
FLOW_LABEL_WIDTH, TIGHT_LABEL_WIDTH = 80, 58
ARROW = 10.0
"""How long renderers draw the arrow head at the end of a flow."""
MARK_FROM, MARK_TO, MARK_ACROSS = 4.0, 12.0, 7.0
"""Where renderers draw the slash of a default flow: px along its first stretch, and to either side of it."""


class CellLabels:
    """Labels of one cell, relative to the middle of its last column and its row."""

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.tails: dict[str, Box] = {}
        """Labels right of a shape that covers several columns; x counts from its right border."""
        self.obstacles: list[Box] = []

    @property
    def tail(self) -> float:
        """Room to leave right of such a shape."""
        return max((box.right + NEAR for box in self.tails.values()), default=0.0)

    def put(self, key: str, candidates: Sequence[Box]) -> None:
        """Take the first candidate that meets nothing, else the one that meets least."""
        chosen = min(candidates, key=lambda box: sum(box.grown(1).meets(other) for other in self.obstacles))
        self.boxes[key] = chosen
        self.obstacles.append(chosen)


def plan_labels(grid: Grid, flows: Sequence[Flow], routes: Mapping[str, Route]) -> dict[str, CellLabels]:
    """For every node of the grid the labels in its cell: its own, its boundary events', its flows'.

    A flow's label stands where the flow begins; where several begin as one line, at its own end.
    """
    leaving: dict[str, list[Flow]] = defaultdict(list)
    arriving: dict[str, list[Flow]] = defaultdict(list)
    lines: dict[str, list[Box]] = defaultdict(list)
    at_end = _told_at_end(grid, flows, routes)
    for flow in flows:
        route = routes[flow.id]
        if flow.id in at_end:
            arriving[flow.target].append(flow)
        elif flow.name and flow.kind is FlowKind.SEQUENCE:
            leaving[flow.source].append(flow)
        lines[flow.source].append(_line(grid, flow.source, route.source.side, route.source.anchor))
        if flow.default:
            lines[flow.source].append(_mark(grid, flow.source, route.source.side, route.source.anchor))
        lines[flow.target].append(_line(grid, flow.target, route.target.side, route.target.anchor))
    cells = {node_id: _cell(grid, node_id, leaving, lines, routes) for node_id in grid.placement.cell}
    for node_id, ending in arriving.items():
        shape = shape_in_cell(grid, grid.nodes[node_id])
        for flow in ending:
            port = routes[flow.id].target
            anchor = _offset(grid, grid.nodes[node_id], port.anchor)
            cells[node_id].put(flow.id, _beside_flow(grid, flow, port.side, shape, anchor, ARROW))
    return cells


def _told_at_end(grid: Grid, flows: Sequence[Flow], routes: Mapping[str, Route]) -> set[str]:
    """Named flows that leave by a port with others and enter their target by a port of their own."""
    ends = [(flow.target, routes[flow.id].target.side, routes[flow.id].target.anchor) for flow in flows]
    starts = [(flow.source, routes[flow.id].source.side, routes[flow.id].source.anchor) for flow in flows]
    both = Counter(starts), Counter(ends)
    return {
        flow.id
        for flow, start, end in zip(flows, starts, ends, strict=True)
        if flow.name and flow.kind is FlowKind.SEQUENCE and grid.placement.span.get(flow.target) == 1
        if both[0][start] > 1 and both[1][end] == 1 and end not in starts
    }


def _cell(
    grid: Grid,
    node_id: str,
    leaving: Mapping[str, list[Flow]],
    lines: Mapping[str, list[Box]],
    routes: Mapping[str, Route],
) -> CellLabels:
    cell = CellLabels()
    node = grid.nodes[node_id]
    members = [node] + [grid.nodes[event] for event in grid.placement.hosted.get(node_id, ())]
    for member in members:
        cell.obstacles.append(shape_in_cell(grid, member))
        cell.obstacles += lines.get(member.id, [])
    if grid.placement.span[node_id] > 1:
        members = members[1:]
        for flow in leaving.get(node_id, ()):
            anchor = _offset(grid, node, routes[flow.id].source.anchor)
            cell.tails[flow.id] = _beside_flow(grid, flow, "right", Box(0, 0, 0, 0), anchor)[0]
    for member in members:
        for flow in leaving.get(member.id, ()):
            shape = shape_in_cell(grid, member)
            anchor = _offset(grid, member, routes[flow.id].source.anchor)
            cell.put(flow.id, _beside_flow(grid, flow, routes[flow.id].source.side, shape, anchor))
    for member in members:
        if member.labelled_outside:
            cell.put(member.id, _beside_shape(member, shape_in_cell(grid, member)))
    return cell


def shape_in_cell(grid: Grid, node: Node) -> Box:
    """A node relative to the middle of its cell; a boundary event relative to its host's."""
    if node.host is None:
        return Box(-node.width / 2, -node.height / 2, node.width, node.height)
    host = grid.nodes[node.host]
    x, _ = _offset(grid, node, (grid.line_of[node.id], 0))
    return Box(x - node.width / 2, host.height / 2 - node.height / 2, node.width, node.height)


def _offset(grid: Grid, node: Node, anchor: tuple[int, int]) -> Point:
    column, row = grid.placement.cell[node.host or node.id]
    last = column + grid.placement.span[node.host or node.id] - 1
    ports = grid.port_x[last]
    x = (anchor[0] - ports[0] - (len(ports) - 1) / 2) * grid.step[last] if anchor[0] in ports else 0.0
    rows = grid.port_y[row]
    y = (anchor[1] - rows[0] - (len(rows) - 1) / 2) * SIDE_STEP if anchor[1] in rows else 0.0
    return x, y


def _line(grid: Grid, node_id: str, side: str, anchor: tuple[int, int]) -> Box:
    node = grid.nodes[node_id]
    shape = shape_in_cell(grid, node)
    x, y = _offset(grid, node, anchor)
    if side == "right":
        return Box(shape.right, y - LINE / 2, FAR, LINE)
    if side == "left":
        return Box(shape.x - FAR, y - LINE / 2, FAR, LINE)
    if side == "top":
        return Box(x - LINE / 2, shape.y - FAR, LINE, FAR)
    return Box(x - LINE / 2, shape.bottom, LINE, FAR)


def _mark(grid: Grid, node_id: str, side: str, anchor: tuple[int, int]) -> Box:
    shape = shape_in_cell(grid, grid.nodes[node_id])
    x, y = _offset(grid, grid.nodes[node_id], anchor)
    starts = {
        "right": (shape.right, y),
        "left": (shape.x, y),
        "top": (x, shape.y),
        "bottom": (x, shape.bottom),
    }
    dx, dy = {"right": (1, 0), "left": (-1, 0), "top": (0, -1), "bottom": (0, 1)}[side]
    start = starts[side]
    return default_mark(start, (start[0] + dx * FAR, start[1] + dy * FAR))


def default_mark(start: Point, towards: Point) -> Box:
    """The room of a default flow's slash, given the two ends of the flow's first stretch."""
    (x, y), (dx, dy) = start, (towards[0] - start[0], towards[1] - start[1])
    middle, half = (MARK_FROM + MARK_TO) / 2, (MARK_TO - MARK_FROM) / 2
    if abs(dx) >= abs(dy):
        x += middle if dx > 0 else -middle
        return Box(x - half, y - MARK_ACROSS, 2 * half, 2 * MARK_ACROSS)
    y += middle if dy > 0 else -middle
    return Box(x - MARK_ACROSS, y - half, 2 * MARK_ACROSS, 2 * half)


def _beside_flow(
    grid: Grid, flow: Flow, side: str, shape: Box, anchor: Point, arrow: float | None = None
) -> list[Box]:
    """Places beside an end of a flow: past the slash of a default flow or the arrow, or to its side."""
    width, height = label_size(flow.name, TIGHT_LABEL_WIDTH if grid.placement.tight else FLOW_LABEL_WIDTH)
    x, y = anchor
    if side in ("right", "left"):
        off = (arrow or (MARK_TO if flow.default else NEAR)) + 2
        left = shape.right + off if side == "right" else shape.x - off - width
        return [Box(left, y - NEAR - height, width, height), Box(left, y + NEAR, width, height)]
    off = (MARK_ACROSS if flow.default else NEAR) + 2
    top = shape.bottom + NEAR if side == "bottom" else shape.y - NEAR - height
    return [Box(x + off, top, width, height), Box(x - off - width, top, width, height)]


def _beside_shape(node: Node, shape: Box) -> list[Box]:
    width, height = label_size(node.name)
    above = Box(shape.cx - width / 2, shape.y - NEAR - height, width, height)
    below = Box(shape.cx - width / 2, shape.bottom + NEAR, width, height)
    left, right = shape.cx - NEAR - 2 - width, shape.cx + NEAR + 2
    corners = [
        Box(left, shape.y - NEAR - height + 2, width, height),
        Box(left, shape.bottom + 2, width, height),
        Box(right, shape.bottom + 2, width, height),
        Box(right, shape.y - NEAR - height + 2, width, height),
    ]
    if node.host is not None:
        return [corners[1], corners[2], *corners]
    higher = [above.moved(0, -15), above.moved(0, -30), below.moved(0, 15)]
    return (
        [above, below, *corners, *higher]
        if node.kind is NodeKind.GATEWAY
        else [below, above, *corners, *higher]
    )


def free_place(node: Node, drawing: Drawing, solid: Iterable[str]) -> Box:
    """The clearest place beside a shape for its own name."""
    boxes = [drawing.shapes[key] for key in solid if key in drawing.shapes] + list(drawing.labels.values())
    boxes += [box for line in drawing.edges.values() for box in as_boxes(line)]
    home = drawing.shapes[node.id]
    boxes = [box for box in boxes if not box.holds(home) or box == home]
    return min(_beside_shape(node, home), key=lambda box: sum(box.meets(other) for other in boxes))


def along_line(flow: Flow, points: Sequence[Point], drawing: Drawing, solid: Iterable[str]) -> Box:
    """The clearest place for a flow's name beside any of its stretches.

    `solid` names the shapes a label must not cover; pools and lanes are not among them.
    """
    width, height = label_size(flow.name)
    boxes = [drawing.shapes[key] for key in solid] + list(drawing.labels.values())
    if flow.default:
        boxes.append(default_mark(points[0], points[1]))
    edges = [box for line in drawing.edges.values() for box in as_boxes(line)]
    candidates = [
        box
        for (x1, y1), (x2, y2) in pairwise(points)
        for share in (0.5, 0.3, 0.7, 0.15, 0.85)
        for box in _sides(x1 + (x2 - x1) * share, y1 + (y2 - y1) * share, width, height, y1 == y2)
    ]
    return min(
        candidates,
        key=lambda box: sum(2 for o in boxes if o.meets(box)) + sum(1 for edge in edges if edge.meets(box)),
    )


def _sides(x: float, y: float, width: float, height: float, across: bool) -> list[Box]:
    if across:
        return [
            Box(x - width / 2, y - NEAR - height, width, height),
            Box(x - width / 2, y + NEAR, width, height),
        ]
    return [
        Box(x + NEAR + 1, y - height / 2, width, height),
        Box(x - NEAR - 1 - width, y - height / 2, width, height),
    ]


def as_boxes(line: Sequence[Point]) -> list[Box]:
    """The stretches of a flow as narrow rectangles."""
    return [_thick(a, b) for a, b in pairwise(line)]


def _thick(a: Point, b: Point) -> Box:
    return Box(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, abs(a[0] - b[0]) + 2, abs(a[1] - b[1]) + 2)
