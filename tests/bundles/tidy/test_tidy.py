"""The layouter: good pictures, stable bytes, no change of meaning, respect for what a person has placed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from server.bundles.tidy import TidyError, layout, quality, tidy
from server.bundles.tidy.lattice import CROSSING
from tests.bundles.tidy.processes import processes

HERE = Path(__file__).parent
DIAGRAMS = sorted((HERE / "diagrams").glob("*.bpmn"))
MIWG = sorted((HERE.parents[2] / ".." / "shared" / "conformance" / "bpmn-miwg").resolve().glob("*.bpmn"))
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"


def meaning(xml: bytes) -> list[tuple[str, tuple[tuple[str, str], ...], str]]:
    """Every element outside the diagram with its attributes and text, without incoming and outgoing."""
    root = etree.fromstring(xml)
    for diagram in root.findall(f"{DI}BPMNDiagram"):
        root.remove(diagram)
    for reference in [*root.iter(f"{BPMN}incoming", f"{BPMN}outgoing")]:
        reference.getparent().remove(reference)
    return [
        (str(item.tag), tuple(item.attrib.items()), item.text or "" if (item.text or "").strip() else "")
        for item in root.iter()
    ]


def shape(xml: bytes, key: str) -> dict[str, str]:
    """The bounds of one shape."""
    root = etree.fromstring(xml)
    (found,) = root.iterfind(f".//{DI}BPMNShape[@bpmnElement='{key}']")
    return dict(found[0].attrib)


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_realistic_processes_are_drawn_well_and_as_before(path: Path) -> None:
    drawn = tidy(path.read_bytes())
    found = quality(drawn)
    assert found.problems == ()
    assert found.good
    golden = HERE / "golden" / path.name
    assert drawn == golden.read_bytes(), f"The picture changed: look at it, then copy it to {golden}."
    assert tidy(drawn) == drawn


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)
def test_flows_read_from_left_to_right_and_lanes_from_top_to_bottom(path: Path) -> None:
    drawn = tidy(path.read_bytes())
    root = etree.fromstring(drawn)
    lanes = [shape(drawn, lane.get("id", "")) for lane in root.iter(f"{BPMN}lane")]
    tops = [int(lane["y"]) for lane in lanes]
    assert tops == sorted(tops)
    assert len({(lane["x"], lane["width"]) for lane in lanes}) == 1
    (start,) = root.iterfind(f"{BPMN}process/{BPMN}startEvent")
    others = [
        float(box.get("x", "0")) for box in root.iterfind(f".//{DI}BPMNShape/*") if box.get("width") == "100"
    ]
    assert float(shape(drawn, start.get("id", ""))["x"]) < min(others)


@pytest.mark.parametrize("path", MIWG, ids=lambda path: path.stem)
def test_foreign_diagrams_keep_their_meaning(path: Path) -> None:
    xml = path.read_bytes()
    drawn = tidy(xml)
    assert meaning(drawn) == meaning(xml)
    found = quality(drawn)
    assert (found.shape_overlaps, found.flows_through_shapes) == (0, 0)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(processes())
def test_any_structured_process_is_clean_stable_and_unchanged_in_meaning(xml: bytes) -> None:
    drawn = tidy(xml)
    found = quality(drawn)
    assert (found.shape_overlaps, found.flows_through_shapes, found.label_overlaps) == (0, 0, 0)
    assert tidy(drawn) == drawn
    assert meaning(drawn) == meaning(xml)


def test_a_flow_goes_the_longer_way_round_rather_than_across(monkeypatch: pytest.MonkeyPatch) -> None:
    """A return that would cross the way to the next lane turns back below it; with one price it crosses."""
    plan = (HERE.parents[2] / "bpmn" / "hongshan" / "annual_plan.bpmn").read_bytes()
    round_it = tidy(plan)
    assert quality(round_it).crossings == 0
    assert tidy(round_it) == round_it
    monkeypatch.setattr(layout, "DEAR_CROSSING", CROSSING)
    assert quality(tidy(plan)).crossings == 1


def test_nodes_list_their_flows_in_the_place_the_schema_wants() -> None:
    drawn = tidy((HERE / "diagrams" / "library_entry.bpmn").read_bytes())
    gateway = next(item for item in etree.fromstring(drawn).iter(f"{BPMN}exclusiveGateway"))
    assert [etree.QName(child).localname for child in gateway] == ["incoming", "outgoing", "outgoing"]
    assert gateway[0].text == "check_docs_to_gw_docs"


def test_keep_leaves_a_good_drawing_alone() -> None:
    golden = (HERE / "golden" / "library_entry.bpmn").read_bytes()
    assert tidy(golden, keep=True) == golden


def test_keep_adds_what_is_missing_and_moves_nothing() -> None:
    golden = (HERE / "golden" / "library_entry.bpmn").read_text(encoding="utf-8")
    moved = golden.replace(*_moved_start(golden))
    without = re.sub(
        r'\n *<bpmndi:BPMNShape id="chase_di".*?</bpmndi:BPMNShape>', "", moved, count=1, flags=re.S
    )
    without = re.sub(
        r'\n *<bpmndi:BPMNEdge id="gw_pre_to_refuse_di".*?</bpmndi:BPMNEdge>', "", without, flags=re.S
    )
    assert 'id="chase_di"' not in without
    assert 'id="gw_pre_to_refuse_di"' not in without
    kept = tidy(without.encode(), keep=True)
    assert tidy(kept, keep=True) == kept
    assert shape(kept, "start") == shape(moved.encode(), "start")
    assert shape(kept, "apply") == shape(golden.encode(), "apply")
    found = quality(kept)
    assert (found.shape_overlaps, found.flows_through_shapes) == (0, 0)
    assert not [problem for problem in found.problems if "not drawn" in problem]


def _moved_start(golden: str) -> tuple[str, str]:
    bounds = re.search(r'bpmnElement="start">\s*<dc:Bounds x="\d+" y="(\d+)"', golden)
    assert bounds is not None
    y = int(bounds[1])
    return bounds[0], bounds[0].replace(f'y="{y}"', f'y="{y - 7}"')


def test_colours_a_person_gave_stay() -> None:
    golden = (HERE / "golden" / "library_entry.bpmn").read_text(encoding="utf-8")
    colour = 'xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" bioc:stroke="#831311"'
    coloured = golden.replace('bpmnElement="start">', f'bpmnElement="start" {colour}>')
    assert b'bioc:stroke="#831311"' in tidy(coloured.encode())


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (b"<a", "well-formed"),
        (b"<a/>", "BPMN"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE"),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "no process"),
    ],
)
def test_what_cannot_be_laid_out_is_refused_in_words(xml: bytes, words: str) -> None:
    with pytest.raises(TidyError, match=words):
        tidy(xml)


def test_a_flow_into_nothing_is_named() -> None:
    broken = (
        (HERE / "diagrams" / "library_entry.bpmn")
        .read_bytes()
        .replace(b'targetRef="done"', b'targetRef="gone"')
    )
    with pytest.raises(TidyError, match="publish_to_done refers to gone"):
        tidy(broken)


def test_quality_sees_what_is_wrong() -> None:
    golden = (HERE / "golden" / "library_entry.bpmn").read_text(encoding="utf-8")
    apply, fix = (
        re.search(rf'bpmnElement="{key}">\s*(<dc:Bounds [^/]*/>)', golden) for key in ("apply", "pre_review")
    )
    assert apply is not None
    assert fix is not None
    found = quality(golden.replace(apply[1], fix[1]).encode())
    assert found.shape_overlaps >= 1
    assert not found.good
    assert any("apply and pre_review overlap" in problem for problem in found.problems)
