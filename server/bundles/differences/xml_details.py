"""What a diagram or decision file says beyond what is compared by meaning: every other attribute and text, so
that nothing changes in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from server.engine.xml import Element, elements, local

_PREFIXES = {
    "http://www.omg.org/spec/BPMN/20100524/MODEL": "",
    "http://camunda.org/schema/1.0/bpmn": "camunda:",
    "http://camunda.org/schema/1.0/dmn": "camunda:",
    "http://camunda.org/schema/modeler/1.0": "modeler:",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi:",
    "http://bpmn.io/schema/dmn/biodi/2.0": "biodi:",
    "http://bpmn.io/schema/dmn/biodi/1.0": "biodi:",
}
_KEYED = {
    "property": "name",
    "inputParameter": "name",
    "outputParameter": "name",
    "in": "target",
    "out": "target",
}
"""Extension elements that are known by an attribute rather than by their place."""


@dataclass(slots=True)
class Owner:
    """An element that bears an id and stands where elements stand: its tag, its name, and its leaves as text
    by path. `tags` gives for each path the same without keys and numbers: what it is a leaf of."""

    tag: str
    name: str
    leaves: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def owners(root: Element, holders: frozenset[str], passed_over: frozenset[str]) -> Mapping[str, Owner]:
    """The owners of a file by id, the root itself among them under "". An owner is a child of one of the
    `holders` (tags) that has an id; what has none belongs to the owner around it. `passed_over` are tags that
    are not looked into, such as the drawing's."""
    found = {"": Owner(local(root), "")}
    _read(root, found[""], "", "", _Reading(holders, passed_over, found))
    return found


def canonical(element: Element | None) -> str:
    """A part of a file as text in which spaces between elements, prefixes and the order of attributes make no
    difference."""
    return "" if element is None else "".join(_canonical(element))


@dataclass(frozen=True, slots=True)
class _Reading:
    holders: frozenset[str]
    passed_over: frozenset[str]
    found: dict[str, Owner]


def _read(element: Element, owner: Owner, path: str, tags: str, reading: _Reading) -> None:
    for name, value in element.attrib.items():
        _keep(owner, f"{path}@{_named(str(name))}", f"{tags}@{_named(str(name))}", str(value).strip())
    _keep(owner, f"{path}#", f"{tags}#", " ".join((element.text or "").split()))
    seen: dict[str, int] = {}
    for child in elements(element):
        tag = local(child)
        if tag in reading.passed_over:
            continue
        identity = child.get("id") or ""
        if identity and local(element) in reading.holders and identity not in reading.found:
            mine = reading.found[identity] = Owner(tag, (child.get("name") or "").strip())
            _read(child, mine, "", "", reading)
            continue
        step = f"{tag}[{_key(child, tag, seen)}]"
        _read(child, owner, f"{path}/{step}", f"{tags}/{tag}", reading)


def _key(child: Element, tag: str, seen: dict[str, int]) -> str:
    given = (child.get(_KEYED[tag]) or "") if tag in _KEYED else (child.get("id") or "")
    seen[f"{tag} {given}"] = number = seen.get(f"{tag} {given}", 0) + 1
    return given if given and number == 1 else f"{given}{number}"


def _keep(owner: Owner, path: str, tags: str, value: str) -> None:
    if value:
        owner.leaves[path], owner.tags[path] = value, tags


def _named(name: str) -> str:
    """An attribute's name with the prefix people know it by."""
    if not name.startswith("{"):
        return name
    space, _, plain = name[1:].partition("}")
    return _PREFIXES.get(space, "other:") + plain


def _canonical(element: Element) -> Iterator[str]:
    yield f"<{element.tag!s}"
    for name, value in sorted((str(name), str(value)) for name, value in element.attrib.items()):
        yield f" {name}={value!r}"
    yield ">" + (element.text or "").strip()
    for child in elements(element):
        yield from _canonical(child)
        yield (child.tail or "").strip()
    yield "</>"
