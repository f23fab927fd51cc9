"""Which label belongs to which branch of a gateway, and that none touches the slash of the default flow."""

from __future__ import annotations

import pytest
from lxml import etree

from server.bundles.tidy import quality, tidy
from server.bundles.tidy.graph import Box
from server.bundles.tidy.labels import default_mark

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"


def fork(branches: int) -> bytes:
    """A gateway with so many named branches, each to an end of its own; the last one is the default."""
    ends = [f"end_{number}" for number in range(branches)]
    nodes = "".join(f'<endEvent id="{end}" name="{end}"/>' for end in ends)
    flows = "".join(
        f'<sequenceFlow id="to_{end}" name="第{number}种" sourceRef="gate" targetRef="{end}"/>'
        for number, end in enumerate(ends)
    )
    return (
        f'<definitions xmlns="{BPMN}"><process id="p"><startEvent id="start"/>'
        f'<exclusiveGateway id="gate" name="哪一种？" default="to_{ends[-1]}"/>{nodes}'
        f'<sequenceFlow id="in" sourceRef="start" targetRef="gate"/>{flows}</process></definitions>'
    ).encode()


def edge(drawn: bytes, flow: str) -> etree._Element:
    """The drawn line of a flow."""
    (found,) = etree.fromstring(drawn).iterfind(f".//{DI}BPMNEdge[@bpmnElement='{flow}']")
    return found


def label(drawn: bytes, flow: str) -> Box:
    """Where the name of a flow stands."""
    return _box(edge(drawn, flow).find(f"{DI}BPMNLabel")[0])


def waypoints(drawn: bytes, flow: str) -> list[tuple[float, float]]:
    """The corners of a flow."""
    return [(float(p.get("x")), float(p.get("y"))) for p in edge(drawn, flow).iterfind("{*}waypoint")]


def _box(element: etree._Element) -> Box:
    return Box(*(float(element.get(name, "0")) for name in ("x", "y", "width", "height")))


@pytest.mark.parametrize("branches", [2, 3, 4, 5])
def test_no_label_touches_the_slash_of_the_default_flow(branches: int) -> None:
    drawn = tidy(fork(branches))
    slash = default_mark(*waypoints(drawn, f"to_end_{branches - 1}")[:2])
    assert not any(label(drawn, f"to_end_{number}").meets(slash) for number in range(branches))
    assert quality(drawn).good
    assert quality(drawn).crossings == 0, "the branch to the farther end takes the corner"
    assert tidy(drawn) == drawn


def test_quality_sees_a_label_on_the_slash() -> None:
    drawn = tidy(fork(2))
    flow = "to_end_1"
    slash = default_mark(*waypoints(drawn, flow)[:2])
    root = etree.fromstring(drawn)
    bounds = root.find(f".//{DI}BPMNEdge[@bpmnElement='{flow}']/{DI}BPMNLabel")[0]
    bounds.set("x", str(round(slash.x)))
    bounds.set("y", str(round(slash.y)))
    problems = quality(etree.tostring(root)).problems
    assert f"The label of {flow} covers the slash of the default flow {flow}." in problems


def test_branches_that_leave_as_one_line_are_told_apart_at_their_ends() -> None:
    drawn = tidy(fork(4))
    starts = {key: waypoints(drawn, key)[0] for key in (f"to_end_{number}" for number in range(4))}
    shared = [key for key, start in starts.items() if [*starts.values()].count(start) > 1]
    assert len(shared) == 2, "a gateway entered from the left has three corners for four branches"
    for key in shared:
        last, end = waypoints(drawn, key)[-2:]
        assert abs(label(drawn, key).cx - end[0]) < abs(label(drawn, key).cx - starts[key][0])
        assert min(last[0], end[0]) - 1 <= label(drawn, key).cx
