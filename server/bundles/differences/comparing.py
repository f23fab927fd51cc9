"""Compares two bundles file by file: each kind of file by its meaning, what cannot be read as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from server.bundles.differences import decisions, diagrams, forms, manifests, stories
from server.bundles.differences.decisions import Dmn
from server.bundles.differences.difference import Area, Change, Difference, Weight, quoted, said
from server.bundles.differences.elements import whole as whole_process
from server.bundles.differences.tables import TableComparison, alone, beside
from server.bundles.manifest import FILE, ManifestRefused, read_manifest
from server.bundles.scenario_files import Scenario, ScenarioRefused, read_scenario
from server.engine import dmn
from server.engine.bpmn_xml import Diagram, diagram_of
from server.engine.dmn import DmnError
from server.engine.dmn.model import DecisionTable
from server.engine.findings import mark
from server.engine.xml import XmlRefused, parse_xml

Files = Mapping[str, bytes]


class _Unreadable(Exception):
    """One of the two versions of a file cannot be read."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Ids of a diagram's elements and flows by what happened to them: `removed` are those of the diagram
    before (with the old ids of what changed), the others those of the diagram after."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    changed_before: tuple[str, ...] = ()


@dataclass(frozen=True)
class Differences:
    """All differences between two bundles, in the order of areas and files."""

    items: tuple[Difference, ...]

    def __bool__(self) -> bool:
        return bool(self.items)

    @cached_property
    def by_file(self) -> Mapping[str, tuple[Difference, ...]]:
        """The differences of each file that differs."""
        found: dict[str, list[Difference]] = {}
        for one in self.items:
            found.setdefault(one.file, []).append(one)
        return {file: tuple(items) for file, items in found.items()}

    @cached_property
    def telling(self) -> tuple[Difference, ...]:
        """Those that say something else, not only stand or are written elsewhere."""
        return tuple(d for d in self.items if d.weight not in (Weight.DRAWING, Weight.WRITING))

    def only_drawn(self, file: str) -> bool:
        """Whether of a file nothing but its drawing or its writing differs."""
        items = self.by_file.get(file, ())
        return bool(items) and all(d.weight in (Weight.DRAWING, Weight.WRITING) for d in items)

    def marks(self, file: str) -> Marks:
        """What to colour on the diagrams of a file."""
        items = [d for d in self.by_file.get(file, ()) if d.element and d.area is Area.PROCESS]
        changed = [d for d in items if d.change in (Change.CHANGED, Change.MOVED)]
        return Marks(
            added=_ids(d.element for d in items if d.change is Change.ADDED),
            removed=_ids(d.element for d in items if d.change is Change.REMOVED),
            changed=_ids(d.element for d in changed),
            changed_before=_ids(d.old_element or d.element for d in changed),
        )


def compare(before: Files, after: Files) -> Differences:
    """All differences between two bundles (content by path). Nothing is raised for files that cannot be read:
    they are compared as a whole."""
    found: list[Difference] = []
    for path in sorted({*before, *after}, key=_place):
        if before.get(path) != after.get(path):
            found.extend(_file(path, before.get(path), after.get(path), before, after))
    return Differences(tuple(found))


def tables(path: str, before: bytes | None, after: bytes | None) -> tuple[tuple[str, TableComparison], ...]:
    """The decision tables of a DMN file that differ, each with the label of its decision; one that only one
    side has stands alone. Nothing for what cannot be read or is no table."""
    try:
        old, new = (_dmn(path, data).decisions if data is not None else {} for data in (before, after))
    except _Unreadable:
        return ()
    found = []
    for identity in dict.fromkeys((*new, *old)):
        sides = [side[identity].logic if identity in side else None for side in (old, new)]
        first, second = (side if isinstance(side, DecisionTable) else None for side in sides)
        shown = beside(first, second) if first and second else alone(first or second)
        if shown is not None and (old.get(identity) != new.get(identity)):
            decision = new.get(identity) or old[identity]
            found.append((decision.label or decision.name, shown))
    return tuple(found)


def _ids(found: Iterator[str] | Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


_KINDS: tuple[tuple[str, Area], ...] = (
    (".bpmn", Area.PROCESS),
    (".dmn", Area.DECISION),
    (".form", Area.FORM),
    (FILE, Area.MANIFEST),
    (".yaml", Area.SCENARIO),
)


def _area(path: str) -> Area:
    return next((area for ending, area in _KINDS if path.endswith(ending)), Area.OTHER)


def _place(path: str) -> tuple[int, str]:
    return list(Area).index(_area(path)), path


def _file(
    path: str, before: bytes | None, after: bytes | None, olds: Files, news: Files
) -> Iterator[Difference]:
    if path.endswith(".outline.txt"):
        drawn = path.removesuffix(".outline.txt") + ".bpmn"
        if olds.get(drawn) != news.get(drawn):
            return  # the diagram itself is compared
    change = Change.ADDED if before is None else Change.REMOVED if after is None else Change.CHANGED
    try:
        if before is None or after is None:
            items = list(_WHOLE[_area(path)](path, (after if before is None else before) or b"", change))
        else:
            items = list(_BETWEEN[_area(path)](path, before, after))
    except _Unreadable as why:
        yield _plainly(path, change, Weight.EFFECT, str(why))
        return
    weight = Weight.WRITING if change is Change.CHANGED else Weight.EFFECT
    yield from items or [_plainly(path, change, weight)]


def _plainly(path: str, change: Change, weight: Weight, why: str = "") -> Difference:
    """A file as a whole."""
    if why:
        what = said(mark("the file {name}, which cannot be read ({why}),"), name=quoted(path), why=why)
    else:
        what = said(mark("the file {name}"), name=quoted(path))
    return Difference(_area(path), path, path, change, what, title=path, weight=weight)


# --------------------------------------------------------------------------- kinds of files
def _diagram(path: str, data: bytes) -> Diagram:
    try:
        return diagram_of(parse_xml(data, file=path), file=path)
    except XmlRefused as refused:
        raise _Unreadable(refused.finding().text()) from refused


def _processes(path: str, before: bytes, after: bytes) -> Iterator[Difference]:
    yield from diagrams.between(_diagram(path, before), _diagram(path, after))


def _whole_diagram(path: str, data: bytes, change: Change) -> Iterator[Difference]:
    for process in _diagram(path, data).processes:
        yield whole_process(process, change)


def _dmn(path: str, data: bytes) -> Dmn:
    try:
        root = parse_xml(data, file=path)
        return Dmn(path, root, dmn.read(root, path)[0])
    except XmlRefused as refused:
        raise _Unreadable(refused.finding().text()) from refused
    except DmnError as error:
        raise _Unreadable(str(error)) from error


def _decisions(path: str, before: bytes, after: bytes) -> Iterator[Difference]:
    yield from decisions.between(_dmn(path, before), _dmn(path, after))


def _whole_dmn(path: str, data: bytes, change: Change) -> Iterator[Difference]:
    for decision in _dmn(path, data).decisions.values():
        yield decisions.whole(path, decision, change)


def _form(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _Unreadable(str(error)) from error
    if not isinstance(found, dict):
        raise _Unreadable("no JSON object")
    return found


def _forms(path: str, before: bytes, after: bytes) -> Iterator[Difference]:
    yield from forms.between(path, _form(before), _form(after))


def _whole_form(path: str, data: bytes, change: Change) -> Iterator[Difference]:
    yield forms.whole(path, _form(data), change)


def _manifests(path: str, before: bytes, after: bytes) -> Iterator[Difference]:
    try:
        yield from manifests.between(read_manifest(before), read_manifest(after))
    except ManifestRefused as refused:
        raise _Unreadable(refused.finding.text()) from refused


def _scenario(path: str, data: bytes) -> Scenario:
    try:
        return read_scenario(data, path)
    except ScenarioRefused as refused:
        raise _Unreadable(refused.finding.text()) from refused


def _scenarios(path: str, before: bytes, after: bytes) -> Iterator[Difference]:
    yield from stories.between(_scenario(path, before), _scenario(path, after))


def _whole_scenario(path: str, data: bytes, change: Change) -> Iterator[Difference]:
    yield stories.whole(_scenario(path, data), change)


def _whole_file(path: str, data: bytes, change: Change) -> Iterator[Difference]:
    yield _plainly(path, change, Weight.EFFECT)


def _others(path: str, before: bytes, after: bytes) -> Iterator[Difference]:
    yield _plainly(path, Change.CHANGED, Weight.WORDS)


_BETWEEN: Mapping[Area, Callable[[str, bytes, bytes], Iterator[Difference]]] = {
    Area.PROCESS: _processes,
    Area.DECISION: _decisions,
    Area.FORM: _forms,
    Area.MANIFEST: _manifests,
    Area.SCENARIO: _scenarios,
    Area.OTHER: _others,
}
_WHOLE: Mapping[Area, Callable[[str, bytes, Change], Iterator[Difference]]] = {
    Area.PROCESS: _whole_diagram,
    Area.DECISION: _whole_dmn,
    Area.FORM: _whole_form,
    Area.MANIFEST: _whole_file,
    Area.SCENARIO: _whole_scenario,
    Area.OTHER: _whole_file,
}
