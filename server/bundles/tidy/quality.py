"""How readable a drawn diagram is, measured on its interchange alone, whoever drew it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from lxml import etree

from server.bundles.tidy.graph import Box, Node, Plane, Point
from server.bundles.tidy.interchange import read_drawing
from server.bundles.tidy.labels import default_mark
from server.bundles.tidy.reading import parse, planes

A3_WIDTH, A3_HEIGHT = 2600, 1700
"""Larger than this and 12 px text prints below 5.5 pt, the smallest customary Chinese size, on A3."""
A4_WIDTH, A4_HEIGHT = 1710, 1170
"""The same on A4."""
FEW_CROSSINGS = 2
SLACK = 1.0
"""Boxes may share this many px: coordinates are rounded."""

Segment = tuple[Point, Point]


@dataclass(frozen=True, slots=True)
class DiagramQuality:
    """Counts of what disturbs a reader, and the size of the diagram in px."""

    shape_overlaps: int
    label_overlaps: int
    """Labels that meet a shape, another label or a flow."""
    flows_through_shapes: int
    crossings: int
    """Places where two flows cross or run along one line."""
    width: int
    height: int
    readable_at_a3: bool
    problems: tuple[str, ...]
    """One sentence each, naming the elements."""

    @property
    def good(self) -> bool:
        """Whether the diagram meets all demands: nothing overlaps, few crossings, readable on A3."""
        clean = not (self.shape_overlaps or self.label_overlaps or self.flows_through_shapes)
        return clean and self.crossings <= FEW_CROSSINGS and self.readable_at_a3 and not self.problems


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What one plane shows."""

    shapes: dict[str, Box]
    """Shapes of nodes, without pools and lanes."""
    frames: dict[str, Box]
    labels: dict[str, Box]
    lines: dict[str, list[Point]]
    missing: tuple[str, ...]
    above: dict[str, str]
    """The sub-process around a node."""
    ends: dict[str, tuple[str, str]]
    lanes: dict[str, str]
    hosts: dict[str, str]
    marks: dict[str, Box]
    """The slashes of default flows."""


def quality(xml: bytes) -> DiagramQuality:
    """Measure every diagram in a BPMN file. Raises TidyError when the file is no BPMN 2.0."""
    root = parse(xml)
    found = [_drawn(root, plane) for plane in planes(root)]
    overlaps, labels, through, crossings, missing = [], [], [], [], []
    for drawn in found:
        overlaps += list(_shape_overlaps(drawn))
        labels += list(_label_overlaps(drawn))
        through += list(_through_shapes(drawn))
        crossings += list(_crossings(drawn))
        missing += list(drawn.missing)
    width, height = _extent(found)
    readable = width <= A3_WIDTH and height <= A3_HEIGHT
    problems = overlaps + labels + through + missing
    if len(crossings) > FEW_CROSSINGS:
        problems += crossings
    if not readable:
        problems.append(
            f"The diagram is {width} x {height} px; on A3 {A3_WIDTH} x {A3_HEIGHT} px can be read."
        )
    return DiagramQuality(
        len(overlaps), len(labels), len(through), len(crossings), width, height, readable, tuple(problems)
    )


def _drawn(root: etree._Element, plane: Plane) -> _Drawn:
    old = read_drawing(root, plane)
    shapes, labels, lines = old.shapes, old.labels, old.edges
    nodes = {node.id: node for node in plane.nodes()}
    flows = list(plane.flows())
    named = {key for key, node in nodes.items() if node.labelled_outside}
    missing = [f"{key} is not drawn." for key in nodes if key not in shapes]
    missing += [f"Flow {flow.id} is not drawn." for flow in flows if flow.id not in lines]
    missing += [f"The label of {key} has no place." for key in sorted(named) if key not in labels]
    named |= {flow.id for flow in flows if flow.name}
    return _Drawn(
        {key: box for key, box in shapes.items() if key in nodes},
        {key: box for key, box in shapes.items() if key not in nodes},
        {key: box for key, box in labels.items() if key in named},
        lines,
        tuple(missing),
        _parents(nodes),
        {flow.id: (flow.source, flow.target) for flow in flows},
        {key: node.lane for key, node in nodes.items() if node.lane is not None},
        {key: node.host for key, node in nodes.items() if node.host is not None},
        {
            flow.id: default_mark(*lines[flow.id][:2])
            for flow in flows
            if flow.default and len(lines.get(flow.id, ())) > 1
        },
    )


def _parents(nodes: Mapping[str, Node]) -> dict[str, str]:
    return {child: node.id for node in nodes.values() if node.inner is not None for child in node.inner.nodes}


def _shape_overlaps(drawn: _Drawn) -> Iterator[str]:
    for (one, a), (two, b) in combinations(drawn.shapes.items(), 2):
        related = one in _around(two, drawn.above) or two in _around(one, drawn.above)
        attached = two == drawn.hosts.get(one) or one == drawn.hosts.get(two)
        if not related and not attached and a.grown(-SLACK).meets(b):
            yield f"{one} and {two} overlap."
    for key, lane in drawn.lanes.items():
        if (
            key in drawn.shapes
            and lane in drawn.frames
            and not drawn.frames[lane].grown(SLACK).holds(drawn.shapes[key])
        ):
            yield f"{key} is not inside its lane {lane}."


def _around(key: str, above: Mapping[str, str]) -> list[str]:
    """The sub-processes a node lies in, from the inside out."""
    found: list[str] = []
    while key in above:
        key = above[key]
        found.append(key)
    return found


def _label_overlaps(drawn: _Drawn) -> Iterator[str]:
    for key, label in drawn.labels.items():
        core = label.grown(-SLACK)
        for other, box in drawn.shapes.items():
            if core.meets(box) and not (other in drawn.above.values() and box.holds(label)):
                yield f"The label of {key} covers {other}."
        for other, box in drawn.frames.items():
            if core.meets(box) and not box.grown(SLACK).holds(label):
                yield f"The label of {key} lies across the border of {other}."
        yield from _on_flows(drawn, key, core)
    for (one, a), (two, b) in combinations(drawn.labels.items(), 2):
        if a.grown(-SLACK).meets(b):
            yield f"The labels of {one} and {two} overlap."


def _on_flows(drawn: _Drawn, key: str, core: Box) -> Iterator[str]:
    for flow, line in drawn.lines.items():
        if any(_enters(segment, core) for segment in pairwise(line)):
            yield f"The label of {key} lies on flow {flow}."
    for flow, mark in drawn.marks.items():
        if core.meets(mark):
            yield f"The label of {key} covers the slash of the default flow {flow}."


def _through_shapes(drawn: _Drawn) -> Iterator[str]:
    for flow, line in drawn.lines.items():
        ends = drawn.ends.get(flow, ("", ""))
        outside = {name for end in ends for name in _around(end, drawn.above)}
        for key, box in drawn.shapes.items():
            if key not in outside and any(
                _enters(segment, box.grown(-2 * SLACK)) for segment in pairwise(line)
            ):
                yield f"Flow {flow} runs through {key}."


def _enters(segment: Segment, box: Box) -> bool:
    """Whether part of the segment lies inside the box (clipping by Liang and Barsky)."""
    (x1, y1), (x2, y2) = segment
    start, end = 0.0, 1.0
    for delta, low, high in ((x2 - x1, box.x - x1, box.right - x1), (y2 - y1, box.y - y1, box.bottom - y1)):
        if delta == 0:
            if low >= 0 or high <= 0:
                return False
        else:
            near, far = sorted((low / delta, high / delta))
            start, end = max(start, near), min(end, far)
    return end - start > 1e-6


def _crossings(drawn: _Drawn) -> Iterator[str]:
    for (one, a), (two, b) in combinations(drawn.lines.items(), 2):
        joined = set(drawn.ends.get(one, ())) & set(drawn.ends.get(two, ()))
        for first in pairwise(a):
            for second in pairwise(b):
                if _cross(first, second):
                    yield f"Flows {one} and {two} cross."
                elif not joined and _along(first, second) > 2 * SLACK:
                    yield f"Flows {one} and {two} run along one line."


def _cross(first: Segment, second: Segment) -> bool:
    (a, b), (c, d) = first, second
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _along(first: Segment, second: Segment) -> float:
    """The length of the stretch two level or upright segments share."""
    for level, across in ((1, 0), (0, 1)):
        if len({point[level] for point in (*first, *second)}) == 1:
            low = max(min(p[across] for p in first), min(p[across] for p in second))
            high = min(max(p[across] for p in first), max(p[across] for p in second))
            return high - low
    return 0.0


def _extent(found: Sequence[_Drawn]) -> tuple[int, int]:
    """Width and height of the largest diagram."""
    width = height = 0.0
    for drawn in found:
        boxes = [*drawn.shapes.values(), *drawn.frames.values(), *drawn.labels.values()]
        points = [point for line in drawn.lines.values() for point in line]
        xs = [x for box in boxes for x in (box.x, box.right)] + [x for x, _ in points]
        ys = [y for box in boxes for y in (box.y, box.bottom)] + [y for _, y in points]
        if xs:
            width, height = max(width, max(xs) - min(xs)), max(height, max(ys) - min(ys))
    return round(width), round(height)
