"""Parts of a process joined by link events stand one under another as the links lead from one to the next."""

from __future__ import annotations

import pytest
from lxml import etree

from server.bundles.tidy import quality, tidy
from server.bundles.tidy.graph import Flow, FlowKind, Node, NodeKind
from server.bundles.tidy.sections import disorder, sections

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
CATCH, THROW = "intermediateCatchEvent", "intermediateThrowEvent"


def parted(ways: dict[str, list[str]]) -> tuple[dict[str, Node], list[Flow]]:
    """A part for each key, entered by a link of its name or by a start event, with its links onward."""
    nodes: dict[str, Node] = {}
    flows: list[Flow] = []
    for part, onward in ways.items():
        into = f"{part}_in"
        tag = "startEvent" if part == "start" else CATCH
        link = "" if part == "start" else part
        nodes[into] = Node(into, NodeKind.EVENT, tag=tag, link=link)
        for number, target in enumerate(onward):
            out = f"{part}_out_{number}"
            nodes[out] = Node(out, NodeKind.EVENT, tag=THROW, link=target)
            flows.append(Flow(f"to_{out}", FlowKind.SEQUENCE, into, out))
    return nodes, flows


def order(ways: dict[str, list[str]]) -> list[str]:
    """The parts as they are numbered."""
    found = sections(*parted(ways))
    return sorted(ways, key=lambda part: found[f"{part}_in"])


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ({"b": [], "a": ["b"], "start": ["a"]}, ["start", "a", "b"]),
        ({"b": ["c"], "c": [], "a": ["c"], "start": ["a", "b"]}, ["start", "a", "b", "c"]),
        ({"b": ["start_again"], "a": ["b"], "start": ["a"]}, ["start", "a", "b"]),
        ({"a": ["b"], "b": ["a"], "start": ["b"]}, ["start", "b", "a"]),
        ({"alone": [], "a": ["a"], "start": ["a"]}, ["start", "a", "alone"]),
    ],
    ids=[
        "a chain told backwards",
        "ways that meet again",
        "a link to nowhere",
        "a loop",
        "no way leads there",
    ],
)
def test_sections_are_numbered_as_the_links_lead(ways: dict[str, list[str]], expected: list[str]) -> None:
    assert order(ways) == expected


def test_a_link_back_into_a_part_makes_no_second_one() -> None:
    nodes, flows = parted({"start": ["again"], "again": []})
    flows.append(Flow("back", FlowKind.SEQUENCE, "again_in", "start_out_0"))
    assert set(sections(nodes, flows).values()) == {0}


def test_disorder_counts_sections_of_one_lane_and_the_start_twice() -> None:
    assert disorder([(0, 0, 0), (0, 1, 1), (1, 0, 5), (1, 1, 5)]) == 0
    assert disorder([(0, 0, 1), (0, 1, 0)]) == 2
    assert disorder([(0, 1, 1), (0, 2, 0), (0, 2, 2)]) == 0.5
    assert disorder([(0, 0, 9), (1, 1, 0)]) == 0


def part(name: str, onward: str, lane: dict[str, list[str]]) -> str:
    """A link, a check with a refusal, and a link onward or an end; told in the file as lanes want them."""
    start = f'<startEvent id="{name}_in"/>' if name == "start" else event(CATCH, f"{name}_in", name)
    end = event(THROW, f"{name}_out", onward) if onward else f'<endEvent id="{name}_out" name="办结"/>'
    lane["unit"] += [f"{name}_in", f"{name}_check"]
    lane["bureau"] += [f"{name}_gate", f"{name}_no", f"{name}_out"]
    steps = [("in", "check"), ("check", "gate"), ("gate", "no"), ("gate", "out")]
    return (
        f'{start}{end}<userTask id="{name}_check" name="审核材料"/><endEvent id="{name}_no" name="不予通过"/>'
        f'<exclusiveGateway id="{name}_gate" name="是否通过？"/>'
        + "".join(
            f'<sequenceFlow id="{name}_{one}_{two}" sourceRef="{name}_{one}" targetRef="{name}_{two}"/>'
            for one, two in steps
        )
    )


def event(tag: str, key: str, link: str) -> str:
    """A link event."""
    return f'<{tag} id="{key}" name="{link}"><linkEventDefinition id="{key}_link" name="{link}"/></{tag}>'


def test_a_diagram_reads_from_the_start_downwards_whatever_the_file_tells_first() -> None:
    lane: dict[str, list[str]] = {"unit": [], "bureau": []}
    told = part("批复", "", lane) + part("审批", "批复", lane) + part("start", "审批", lane)
    lanes = "".join(
        f'<lane id="{key}">' + "".join(f"<flowNodeRef>{node}</flowNodeRef>" for node in nodes) + "</lane>"
        for key, nodes in lane.items()
    )
    drawn = tidy(
        f'<definitions xmlns="{BPMN}"><process id="p"><laneSet id="s">{lanes}</laneSet>{told}</process>'
        "</definitions>".encode()
    )
    height = {
        shape.get("bpmnElement"): float(shape[0].get("y"))
        for shape in etree.fromstring(drawn).iter(f"{DI}BPMNShape")
    }
    assert height["start_check"] < height["审批_check"] < height["批复_check"]
    assert quality(drawn).problems == ()
