"""The drawing a file already carries: bounds, waypoints and labels of its diagram interchange."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from server.bundles.tidy.graph import Box, Drawing, Plane

DI_NAMESPACE = "http://www.omg.org/spec/BPMN/20100524/DI"
DC_NAMESPACE = "http://www.omg.org/spec/DD/20100524/DC"
DD_NAMESPACE = "http://www.omg.org/spec/DD/20100524/DI"
SHAPE, EDGE = f"{{{DI_NAMESPACE}}}BPMNShape", f"{{{DI_NAMESPACE}}}BPMNEdge"
LABEL, BOUNDS = f"{{{DI_NAMESPACE}}}BPMNLabel", f"{{{DC_NAMESPACE}}}Bounds"
DIAGRAM, PLANE = f"{{{DI_NAMESPACE}}}BPMNDiagram", f"{{{DI_NAMESPACE}}}BPMNPlane"
WAYPOINT = f"{{{DD_NAMESPACE}}}waypoint"


def read_drawing(root: etree._Element, plane: Plane) -> Drawing:
    """Everything drawn on a plane, by the ids of the elements."""
    drawing = Drawing()
    for item in _items(root, plane):
        key, bounds, label = (
            item.get("bpmnElement", "").split(":")[-1],
            item.find(BOUNDS),
            item.find(f"{LABEL}/{BOUNDS}"),
        )
        if item.tag == SHAPE and bounds is not None:
            drawing.shapes[key] = _box(bounds)
        elif item.tag == EDGE:
            drawing.edges[key] = [(_number(p, "x"), _number(p, "y")) for p in item.iterfind(WAYPOINT)]
        if label is not None:
            drawing.labels[key] = _box(label)
    return drawing


def _items(root: etree._Element, plane: Plane) -> Iterator[etree._Element]:
    for surface in root.iterfind(f"{DIAGRAM}/{PLANE}"):
        if surface.get("bpmnElement", "").split(":")[-1] == plane.id:
            yield from surface.iter(SHAPE, EDGE)


def _box(bounds: etree._Element) -> Box:
    return Box(*(_number(bounds, name) for name in ("x", "y", "width", "height")))


def _number(item: etree._Element, name: str) -> float:
    try:
        return float(item.get(name) or 0)
    except ValueError:
        return 0.0
