"""From lattice lines to pixels: every column, row and gap gets the room its shapes, labels and flows need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil

from server.bundles.tidy.graph import Box, Drawing, Node, NodeKind, Point
from server.bundles.tidy.grid import SIDE_STEP, Grid, Strip
from server.bundles.tidy.labels import CellLabels, shape_in_cell
from server.bundles.tidy.lattice import Port, Route

COLUMN_GAP, TIGHT_GAP = 36, 26
ROW_GAP = 24
EDGE_GAP = 16
OPEN_GAP = 40
TRACK_GAP = 14
CLOSED_HEIGHT = 60


@dataclass(slots=True)
class Spread:
    """Positions of the lattice lines, and the borders of columns, rows and strips, all in px from 0."""

    x: dict[int, float] = field(default_factory=dict)
    y: dict[int, float] = field(default_factory=dict)
    left: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    rows: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Top and bottom of every row."""
    bands: list[tuple[float, float]] = field(default_factory=list)
    """Top and bottom of every band, with its padding."""
    width: float = 0
    cost: float = 0
    """Sum of the costs of all routes."""
    crossings: int = 0


def spread(
    grid: Grid, routes: Mapping[str, Route], labels: Mapping[str, CellLabels], least: Mapping[int, float]
) -> Spread:
    """Decide all positions. `least` is the height a band needs for its name."""
    used_x, used_y = _used(routes.values())
    found = Spread()
    _columns(grid, labels, used_x, found)
    _rows(grid, labels, used_y, least, found)
    return found


def _used(routes: Iterable[Route]) -> tuple[set[int], set[int]]:
    """Lines along which something runs."""
    down: set[int] = set()
    across: set[int] = set()
    for route in routes:
        for one, two in pairwise(route.points):
            (down if one[0] == two[0] else across).add(one[0] if one[0] == two[0] else one[1])
    return down, across


def _boxes(grid: Grid, node: Node, labels: Mapping[str, CellLabels]) -> list[Box]:
    events = [grid.nodes[event] for event in grid.placement.hosted.get(node.id, ())]
    return [shape_in_cell(grid, item) for item in [node, *events]] + list(labels[node.id].boxes.values())


def _columns(grid: Grid, labels: Mapping[str, CellLabels], used: set[int], found: Spread) -> None:
    count = grid.placement.columns
    left, right = [18.0] * count, [18.0] * count
    for node_id, (column, _) in grid.placement.cell.items():
        span, node = grid.placement.span[node_id], grid.nodes[node_id]
        if node.kind is NodeKind.BAND:
            continue
        last = column + span - 1
        if labels[node_id].tails:
            right[last] = max(right[last], labels[node_id].tail + grid.step[last] + 10)
        for number, box in enumerate(_boxes(grid, node, labels)):
            if number or span == 1:
                left[last] = max(left[last], ceil(-box.x))
                right[last] = max(right[last], ceil(box.right))
    for column, ports in enumerate(grid.port_x):
        half = (len(ports) - 1) / 2
        for line in used.intersection(ports):
            reach = abs(line - ports[0] - half) * grid.step[column] + 6
            left[column], right[column] = max(left[column], reach), max(right[column], reach)
    usual = TIGHT_GAP if grid.placement.tight else COLUMN_GAP
    gaps = [
        _gap(len(used.intersection(gap)), usual if 0 < n < count else 24) for n, gap in enumerate(grid.gap_x)
    ]
    _widen(grid, labels, left, right, gaps)
    at = 0.0
    for column in range(count + 1):
        _lay(grid.gap_x[column], used, at, at + gaps[column], found.x)
        at += gaps[column]
        if column < count:
            found.left.append(at)
            found.right.append(at + left[column] + right[column])
            _ports(grid.port_x[column], at + left[column], grid.step[column], found.x)
            at = found.right[-1]
    found.width = at


def _gap(tracks: int, least: float) -> float:
    return max(least, 2 * 18 + TRACK_GAP * (tracks - 1)) if tracks else least


def _widen(
    grid: Grid, labels: Mapping[str, CellLabels], left: list[float], right: list[float], gaps: list[float]
) -> None:
    """Give the columns under a wide sub-process, or a wide pool name, the missing room in equal parts."""
    for node_id, (column, _) in grid.placement.cell.items():
        span = grid.placement.span[node_id]
        if span > 1 and grid.nodes[node_id].kind is not NodeKind.BAND:
            columns = range(column, column + span)
            room = sum(left[c] + right[c] for c in columns) + sum(gaps[column + 1 : column + span])
            share = max(0, ceil((grid.nodes[node_id].width + labels[node_id].tail - room) / span / 2))
            for c in columns:
                left[c] += share
                right[c] += share


def _lay(lines: range, used: set[int], start: float, end: float, into: dict[int, float]) -> None:
    """Put the used lines of a gap at even distances around its middle; unused ones lie in the middle."""
    busy = [line for line in lines if line in used]
    first = (start + end) / 2 - TRACK_GAP * (len(busy) - 1) / 2
    for line in lines:
        into[line] = round((start + end) / 2)
    for number, line in enumerate(busy):
        into[line] = round(first + number * TRACK_GAP)


def _ports(lines: range, middle: float, step: float, into: dict[int, float]) -> None:
    for line in lines:
        into[line] = middle + (line - lines[0] - (len(lines) - 1) / 2) * step


def _rows(
    grid: Grid, labels: Mapping[str, CellLabels], used: set[int], least: Mapping[int, float], found: Spread
) -> None:
    up, down = _reach(grid, labels)
    band_of = {
        row: number
        for number, band in enumerate(grid.placement.bands)
        for row in range(band.first, band.first + band.rows)
    }
    heights = _band_heights(grid, used, up, down, band_of)
    extra = {number: max(0.0, least.get(number, 0) - height) for number, height in heights.items()}
    at = 0.0
    top = 0.0
    for number, item in enumerate(grid.strips):
        if isinstance(item, Strip):
            opens = item.place == "edge" and not _after_row(grid, number)
            height = _strip_height(item, used)
            if item.place == "edge":
                height += ceil(extra[band_of[_near_row(grid, number)]] / 2)
            if opens:
                top = at
            _lay(item.lines, used, at, at + height, found.y)
            at += height
            if item.place == "edge" and not opens:
                found.bands.append((top, at))
        else:
            closed = grid.placement.bands[band_of[item]].closed
            height = (
                max(up[item] + down[item], least.get(band_of[item], 0)) if closed else up[item] + down[item]
            )
            found.rows[item] = (at, at + height)
            _ports(grid.port_y[item], at + (height / 2 if closed else up[item]), SIDE_STEP, found.y)
            if closed:
                found.bands.append((at, at + height))
            at += height


def _after_row(grid: Grid, number: int) -> bool:
    """Whether the item follows a row; an edge strip that does closes its band, any other opens one."""
    return number > 0 and isinstance(grid.strips[number - 1], int)


def _near_row(grid: Grid, number: int) -> int:
    row = grid.strips[number - 1 if _after_row(grid, number) else number + 1]
    assert isinstance(row, int)
    return row


def _reach(grid: Grid, labels: Mapping[str, CellLabels]) -> tuple[dict[int, float], dict[int, float]]:
    up = dict.fromkeys(grid.port_y, 18.0)
    down = dict.fromkeys(grid.port_y, 18.0)
    for node_id, (_, row) in grid.placement.cell.items():
        for box in _boxes(grid, grid.nodes[node_id], labels):
            up[row] = max(up[row], ceil(-box.y))
            down[row] = max(down[row], ceil(box.bottom))
    return up, down


def _strip_height(strip: Strip, used: set[int]) -> float:
    tracks = len(used.intersection(strip.lines))
    if strip.place == "inner":
        return max(ROW_GAP, 2 * 15 + TRACK_GAP * (tracks - 1)) if tracks else ROW_GAP
    least = EDGE_GAP if strip.place == "edge" else OPEN_GAP
    return max(least, 2 * 14 + TRACK_GAP * (tracks - 1)) if tracks else least


def _band_heights(
    grid: Grid, used: set[int], up: Mapping[int, float], down: Mapping[int, float], band_of: Mapping[int, int]
) -> dict[int, float]:
    heights: dict[int, float] = {}
    for number, item in enumerate(grid.strips):
        if isinstance(item, int):
            heights[band_of[item]] = heights.get(band_of[item], 0) + up[item] + down[item]
        elif item.place != "open":
            row = _near_row(grid, number)
            heights[band_of[row]] = heights.get(band_of[row], 0) + _strip_height(item, used)
    return heights


def draw(grid: Grid, routes: Mapping[str, Route], labels: Mapping[str, CellLabels], found: Spread) -> Drawing:
    """Shapes, lines and labels of a grid at their places."""
    drawing = Drawing()
    for node_id, (column, row) in grid.placement.cell.items():
        node = grid.nodes[node_id]
        last = column + grid.placement.span[node_id] - 1
        shape = _shape(grid, node, column, row, found)
        drawing.shapes[node_id] = shape = replace(shape, width=shape.width - labels[node_id].tail)
        ports = grid.port_x[last]
        origin = (sum(found.x[line] for line in ports) / len(ports), _row_middle(grid, row, found))
        for event in grid.placement.hosted.get(node_id, ()):
            drawing.shapes[event] = _event(grid, grid.nodes[event], origin[1], found)
        for key, box in labels[node_id].boxes.items():
            drawing.labels[key] = _whole(box.moved(*origin))
        for key, box in labels[node_id].tails.items():
            drawing.labels[key] = _whole(box.moved(shape.right, origin[1]))
    for flow_id, route in routes.items():
        drawing.edges[flow_id] = _line(route, found)
    return drawing


def _row_middle(grid: Grid, row: int, found: Spread) -> float:
    lines = grid.port_y[row]
    return found.y[lines[len(lines) // 2]]


def _shape(grid: Grid, node: Node, column: int, row: int, found: Spread) -> Box:
    y = _row_middle(grid, row, found)
    last = column + grid.placement.span[node.id] - 1
    if node.kind is NodeKind.BAND:
        top, bottom = found.rows[row]
        return Box(0, top, found.width, bottom - top)
    if last > column:
        return Box(
            found.left[column], y - node.height / 2, found.right[last] - found.left[column], node.height
        )
    ports = grid.port_x[column]
    x = (found.x[ports[0]] + found.x[ports[-1]]) / 2
    return Box(x - node.width / 2, y - node.height / 2, node.width, node.height)


def _event(grid: Grid, node: Node, y: float, found: Spread) -> Box:
    host = grid.nodes[node.host or ""]
    x = found.x[grid.line_of[node.id]]
    return Box(x - node.width / 2, y + host.height / 2 - node.height / 2, node.width, node.height)


def _whole(box: Box) -> Box:
    return Box(round(box.x), round(box.y), ceil(box.width), ceil(box.height))


def _line(route: Route, found: Spread) -> list[Point]:
    """The route through the middles of its shapes; docking cuts it at their borders."""
    points = [_anchor(route.source, found)]
    points += [(found.x[ix], found.y[iy]) for ix, iy in route.points]
    points.append(_anchor(route.target, found))
    return points


def dock_event(points: list[Point], event: Box, first: bool) -> None:
    """A flow of a boundary event starts (or ends) in the event's middle, not in its host's."""
    points[0 if first else -1] = (event.cx, event.cy)


def _anchor(port: Port, found: Spread) -> Point:
    return found.x[port.anchor[0]], found.y[port.anchor[1]]


def docked(points: Sequence[Point], source: Box, target: Box) -> list[Point]:
    """An orthogonal line cut at the borders of the shapes it joins, without needless points."""
    line = _cut(list(points), source)
    line = _cut(line[::-1], target)[::-1]
    return straightened(line)


def _cut(line: list[Point], box: Box) -> list[Point]:
    """Drop what lies inside the box at the start of the line."""
    while len(line) > 2 and _inside(line[1], box):
        line.pop(0)
    (x1, y1), (x2, y2) = line[0], line[1]
    if _inside(line[0], box):
        if x1 == x2:
            y1 = box.bottom if y2 > y1 else box.y
        else:
            x1 = box.right if x2 > x1 else box.x
        line[0] = (x1, y1)
    return line


def _inside(point: Point, box: Box) -> bool:
    return box.x < point[0] < box.right and box.y < point[1] < box.bottom


def straightened(points: Sequence[Point]) -> list[Point]:
    """The line without repeated points and points on a straight stretch."""
    line: list[Point] = []
    for point in points:
        if line and line[-1] == point:
            continue
        if len(line) > 1 and (
            line[-2][0] == line[-1][0] == point[0] or line[-2][1] == line[-1][1] == point[1]
        ):
            line.pop()
        line.append(point)
    return line
