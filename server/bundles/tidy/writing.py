"""A drawing back into the file: diagram interchange, incoming and outgoing, in bytes that stay the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from math import floor

from lxml import etree

from server.bundles.tidy.graph import Box, Drawing, Lane, NodeKind, Plane, Scope
from server.bundles.tidy.interchange import (
    BOUNDS,
    DC_NAMESPACE,
    DD_NAMESPACE,
    DI_NAMESPACE,
    DIAGRAM,
    EDGE,
    LABEL,
    PLANE,
    SHAPE,
    WAYPOINT,
)
from server.bundles.tidy.reading import FLOW_NODES, bpmn, local

NEEDED = {"bpmndi": DI_NAMESPACE, "dc": DC_NAMESPACE, "di": DD_NAMESPACE}
BEFORE_FLOWS = ("documentation", "extensionElements", "auditing", "monitoring", "categoryValueRef")


def write(root: etree._Element, drawn: Sequence[tuple[Plane, Drawing]], others: bool = False) -> bytes:
    """The file with its diagrams replaced by the drawn ones; `root` is changed.

    With `others` the diagrams of planes that are not drawn here, such as closed sub-processes, stay.
    """
    root = _with_namespaces(root)
    _write_flow_references(root)
    old = {item.get("bpmnElement", "").split(":")[-1]: item for item in root.iter(SHAPE, EDGE)}
    diagrams = list(root.iterfind(DIAGRAM))
    place = root.index(diagrams[0]) if diagrams else _end_of_elements(root)
    mine = {plane.id for plane, _ in drawn}
    for diagram in diagrams:
        plane_of = diagram.find(PLANE)
        if not others or plane_of is None or plane_of.get("bpmnElement", "").split(":")[-1] in mine:
            root.remove(diagram)
    names = _Names({item.get("id", "") for item in root.iter(etree.Element) if item.get("id")})
    for number, (plane, drawing) in enumerate(drawn):
        root.insert(place + number, _diagram(plane, drawing, old, names, number + 1))
    _indent(root, 0)
    head, tail = _around(root)
    body = etree.tostring(root, encoding="unicode", with_tail=False)
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + head + body + "\n" + tail).encode()


class _Names:
    """Ids for the diagram that no element of the process has."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def new(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name


def _around(root: etree._Element) -> tuple[str, str]:
    """Comments and instructions before and after the root element."""
    before = [
        etree.tostring(item, encoding="unicode", with_tail=False) + "\n"
        for item in root.itersiblings(preceding=True)
    ]
    after = [etree.tostring(item, encoding="unicode", with_tail=False) + "\n" for item in root.itersiblings()]
    return "".join(before[::-1]), "".join(after)


def _with_namespaces(root: etree._Element) -> etree._Element:
    """The root element with the diagram namespaces declared, under the file's own prefixes if it has them."""
    missing = {prefix: uri for prefix, uri in NEEDED.items() if uri not in root.nsmap.values()}
    if not missing:
        return root
    free = {_free_prefix(prefix, root.nsmap): uri for prefix, uri in missing.items()}
    declared = dict(root.nsmap)
    declared.update(free)
    fresh = etree.Element(root.tag, attrib=None, nsmap=declared)
    for key, value in root.attrib.items():
        fresh.set(key, value)
    fresh.text = root.text
    for item in list(root.itersiblings(preceding=True))[::-1]:
        fresh.addprevious(deepcopy(item))
    for item in list(root.itersiblings())[::-1]:
        fresh.addnext(deepcopy(item))
    fresh.extend(list(root))
    return fresh


def _free_prefix(wanted: str, taken: Mapping[str | None, str]) -> str:
    prefix, number = wanted, 1
    while prefix in taken:
        number += 1
        prefix = f"{wanted}{number}"
    return prefix


def _end_of_elements(root: etree._Element) -> int:
    relationships = root.find(bpmn("relationship"))
    return len(root) if relationships is None else root.index(relationships)


def _write_flow_references(root: etree._Element) -> None:
    """Give every node its `incoming` and `outgoing`: those it lists stay in order, missing ones follow."""
    ends: dict[tuple[str, str], list[str]] = {}
    for flow in root.iter(bpmn("sequenceFlow")):
        for tag, attribute in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
            ends.setdefault((tag, (flow.get(attribute) or "").split(":")[-1]), []).append(flow.get("id", ""))
    for node in root.iter(*(bpmn(tag) for tag in FLOW_NODES)):
        prefix = _reference_prefix(node)
        place = _first_place(node)
        for tag in ("incoming", "outgoing"):
            true = ends.get((tag, node.get("id", "")), [])
            listed = [(child.text or "").strip().split(":")[-1] for child in node.iterfind(bpmn(tag))]
            for child in list(node.iterfind(bpmn(tag))):
                node.remove(child)
            order = list(dict.fromkeys([flow for flow in listed if flow in true] + true))
            for flow_id in order:
                child = etree.Element(bpmn(tag))
                child.text = prefix + flow_id
                node.insert(place, child)
                place += 1


def _reference_prefix(node: etree._Element) -> str:
    """Files whose references are qualified names keep their prefix."""
    for tag in ("incoming", "outgoing"):
        child = node.find(bpmn(tag))
        text = (child.text or "").strip() if child is not None else ""
        if ":" in text:
            return text.rsplit(":", 1)[0] + ":"
    return ""


def _first_place(node: etree._Element) -> int:
    """Where the schema wants the references: after documentation and extensions."""
    place = 0
    for number, child in enumerate(node):
        if local(child) in BEFORE_FLOWS:
            place = number + 1
    return place


def _diagram(
    plane: Plane, drawing: Drawing, old: Mapping[str, etree._Element], names: _Names, number: int
) -> etree._Element:
    diagram = etree.Element(DIAGRAM, id=names.new(f"BPMNDiagram_{number}"))
    surface = etree.SubElement(diagram, PLANE, id=names.new(f"BPMNPlane_{number}"), bpmnElement=plane.id)
    for key, flags in _shape_order(plane):
        if key in drawing.shapes:
            surface.append(_shape(key, flags, drawing, old.get(key), names))
    for key in (flow.id for flow in plane.flows()):
        if key in drawing.edges:
            surface.append(_edge(key, drawing, old.get(key), names))
    return diagram


def _shape_order(plane: Plane) -> Iterator[tuple[str, dict[str, str]]]:
    for pool in plane.pools:
        if pool.id is not None:
            yield pool.id, {"isHorizontal": "true"}
        for lane in pool.lanes:
            yield from _lane_order(lane)
        if pool.scope is not None:
            yield from _node_order(pool.scope)


def _lane_order(lane: Lane) -> Iterator[tuple[str, dict[str, str]]]:
    yield lane.id, {"isHorizontal": "true"}
    for child in lane.children:
        yield from _lane_order(child)


def _node_order(scope: Scope) -> Iterator[tuple[str, dict[str, str]]]:
    for node in scope.nodes.values():
        flags = {"isExpanded": "true"} if node.kind is NodeKind.SUBPROCESS else {}
        if node.tag == "exclusiveGateway":
            flags = {"isMarkerVisible": "true"}
        yield node.id, flags
        if node.inner is not None:
            yield from _node_order(node.inner)


def _shape(
    key: str, flags: Mapping[str, str], drawing: Drawing, old: etree._Element | None, names: _Names
) -> etree._Element:
    shape = etree.Element(SHAPE, nsmap=_prefixes(old), id=names.new(_own_id(old, key)), bpmnElement=key)
    for name, value in flags.items():
        shape.set(name, value)
    _carry_over(shape, old)
    shape.append(_bounds(drawing.shapes[key]))
    _label(shape, drawing.labels.get(key))
    return shape


def _edge(key: str, drawing: Drawing, old: etree._Element | None, names: _Names) -> etree._Element:
    edge = etree.Element(EDGE, nsmap=_prefixes(old), id=names.new(_own_id(old, key)), bpmnElement=key)
    _carry_over(edge, old)
    for x, y in drawing.edges[key]:
        etree.SubElement(edge, WAYPOINT, x=_number(x), y=_number(y))
    _label(edge, drawing.labels.get(key))
    return edge


def _own_id(old: etree._Element | None, key: str) -> str:
    return (old.get("id") if old is not None else None) or f"{key}_di"


def _prefixes(old: etree._Element | None) -> dict[str | None, str]:
    """The file's own prefixes for the attributes that are carried over."""
    if old is None:
        return {}
    used = {etree.QName(name).namespace for name in old.attrib if str(name).startswith("{")}
    return {prefix: uri for prefix, uri in old.nsmap.items() if uri in used}


def _carry_over(item: etree._Element, old: etree._Element | None) -> None:
    """Colours and other attributes of other tools stay."""
    if old is not None:
        for name, value in old.attrib.items():
            if name.startswith("{"):
                item.set(name, value)


def _label(item: etree._Element, box: Box | None) -> None:
    if box is not None:
        etree.SubElement(item, LABEL).append(_bounds(box))


def _bounds(box: Box) -> etree._Element:
    values = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
    return etree.Element(BOUNDS, {name: _number(value) for name, value in values.items()})


def _number(value: float) -> str:
    return str(floor(value + 0.5))


def _indent(element: etree._Element, level: int) -> None:
    """Two blanks a level where the file has only white space between elements; other text stays."""
    if not len(element) or element.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve":
        return
    texts = [element.text, *(child.tail for child in element)]
    if any(text and text.strip() for text in texts):
        return
    element.text = "\n" + "  " * (level + 1)
    for child in element:
        child.tail = element.text
        _indent(child, level + 1)
    element[-1].tail = "\n" + "  " * level
