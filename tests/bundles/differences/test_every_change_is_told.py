"""Nothing changes in silence: one attribute, text, key or value of real files at a time, and it is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from server.bundles import archive
from server.bundles.differences import Weight, compare, english
from server.cli import house

JURISDICTIONS = ("hongshan", "huaian", "wuhai", "xinhua", "yunfu")
QUIET = (Weight.WRITING, Weight.DRAWING)
DRAWN = ("id", "schemaVersion", "row", "rowCount", "columns", "executionPlatform", "executionPlatformVersion")
"""Keys of forms that say how a form is drawn or by what, not what it asks."""
SAYS_NOTHING = re.compile(
    r"definitions@(id|exporter|exporterVersion|name|targetNamespace|\{.*)|(bpmn:)?(incoming|outgoing)#"
    r"|sequenceFlow@id|(laneSet|\w*EventDefinition|conditionExpression|timeDuration|timeDate|condition|participant"
    r"|multiInstanceLoopCharacteristics|loopCardinality|completionCondition|collaboration|timeCycle)@id"
    r"|(informationRequirement|variable|decisionTable|inputExpression|inputValues|inputEntry|outputEntry"
    r"|outputValues|literalExpression|rule|input|output|text|defaultOutputEntry|itemComponent|itemDefinition)@id"
    r"|(conditionExpression|timeDuration|timeDate|timeCycle|condition|loopCardinality|completionCondition)@\{.*"
    r"|\w+@preferredOrientation"
)
"""Leaves whose change is rightly told as another writing of the same: ids that nothing refers to, a way drawn
anew between the same ends, the tool that wrote the file."""


@cache
def files(jurisdiction: str) -> dict[str, bytes]:
    """A jurisdiction as the repository holds it."""
    return dict(archive.read_folder(house.ROOT, jurisdiction).files)


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_nothing_differs_from_itself(jurisdiction: str) -> None:
    copied = {path: bytes(bytearray(data)) for path, data in reversed(files(jurisdiction).items())}
    assert compare(files(jurisdiction), copied).items == ()


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_another_writing_of_the_same_is_told_as_that(jurisdiction: str) -> None:
    """Quotation marks, spaces and a comment: nothing else is made of them."""
    before = files(jurisdiction)
    after = {p: _rewritten(d) if p.endswith((".bpmn", ".dmn")) else d for p, d in before.items()}
    found = compare(before, after)
    assert {one.weight for one in found.items} == {Weight.WRITING}
    assert found.telling == ()
    assert len(found.by_file) == sum(p.endswith((".bpmn", ".dmn")) for p in before)


def _rewritten(data: bytes) -> bytes:
    root = etree.fromstring(data)
    root.append(etree.Comment("by hand"))
    etree.indent(root, "\t")
    return etree.tostring(root)


# --------------------------------------------------------------------------- one leaf at a time
def _leaves(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Every attribute and text outside of the drawing: the element and the attribute, "#" for its text."""
    for element in root.iter(etree.Element):
        if any("/DI" in str(a.tag) or "DMNDI" in str(a.tag) for a in (element, *element.iterancestors())):
            continue
        yield from ((element, str(name)) for name in element.attrib)
        if (element.text or "").strip():
            yield element, "#"


def _mutated(data: bytes, number: int) -> tuple[bytes, str]:
    """The file with one leaf changed, and which."""
    root = etree.fromstring(data)
    found = list(_leaves(root))
    element, name = found[number % len(found)]
    tag = etree.QName(element).localname
    if name == "#":
        element.text = _other(element.text or "")
        return etree.tostring(root), f"{tag}#"
    element.set(name, _other(str(element.get(name))))
    return etree.tostring(root), f"{tag}@{name}"


def _other(value: str) -> str:
    known = {"true": "false", "false": "true", "UNIQUE": "FIRST", "FIRST": "UNIQUE", "COLLECT": "FIRST"}
    return known.get(value, f"{value}9")


@pytest.mark.parametrize("ending", [".bpmn", ".dmn"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_leaf_of_a_diagram_or_table(ending: str, data: st.DataObject) -> None:
    before = files(data.draw(st.sampled_from(JURISDICTIONS)))
    path = data.draw(st.sampled_from(sorted(p for p in before if p.endswith(ending))))
    changed, leaf = _mutated(before[path], data.draw(st.integers(0, 5_000)))
    found = compare({path: before[path]}, {path: changed})
    told = [f"{one.weight}: {english(one)}" for one in found.items]
    assert told, leaf
    if not SAYS_NOTHING.fullmatch(leaf):
        assert [one for one in found.items if one.weight not in QUIET], (path, leaf, told)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_leaf_of_a_form(data: st.DataObject) -> None:
    before = files(data.draw(st.sampled_from(JURISDICTIONS)))
    path = data.draw(st.sampled_from(sorted(p for p in before if p.endswith(".form"))))
    form = json.loads(before[path])
    places = list(_places(form))
    holder, key = places[data.draw(st.integers(0, 5_000)) % len(places)]
    old = holder[key]
    holder[key] = (not old) if isinstance(old, bool) else (old + 1) if isinstance(old, int) else f"{old}9"
    found = compare(before, {**before, path: json.dumps(form).encode()})
    assert found.items, (path, key)
    if key not in DRAWN:
        assert [one for one in found.items if one.weight not in QUIET], (path, key)


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    entries = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in entries:
        if isinstance(value, dict | list):
            yield from _places(value)
        elif value is not None:
            yield part, key


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_value_of_a_manifest_or_a_scenario(data: st.DataObject) -> None:
    """A quoted text of the manifest; a word of a scenario. What cannot be read any more is told too."""
    before = files(data.draw(st.sampled_from(JURISDICTIONS)))
    path = data.draw(st.sampled_from(sorted(p for p in before if p.endswith((".toml", ".yaml")))))
    text = before[path].decode()
    values = list(
        re.finditer(r'(?<=")[^"\n#]+(?=")' if path.endswith(".toml") else r"(?<=: )[^\s{\[#]+", text)
    )
    if not values:
        return
    chosen = values[data.draw(st.integers(0, 2_000)) % len(values)]
    changed = f"{text[: chosen.end()]}9{text[chosen.end() :]}".encode()
    found = compare(before, {**before, path: changed})
    assert [one for one in found.items if one.weight not in QUIET], (path, chosen.group())


def test_every_file_taken_out_or_added() -> None:
    before = files("hongshan")
    for path in before:
        if path.endswith(".outline.txt"):
            continue
        without = {p: d for p, d in before.items() if p != path}
        assert compare(before, without).telling, path
        assert compare(without, before).telling, path
