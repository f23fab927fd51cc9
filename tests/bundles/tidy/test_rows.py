"""Branches find a corner of their own, steps share rows where they can, wide pages are drawn closer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from lxml import etree

from server.bundles.tidy import quality, tidy
from server.bundles.tidy.corners import ABOVE, BELOW, BESIDE, ROUND, cornered
from server.bundles.tidy.ordering import Link, Prices, Seat, seat_rows
from server.bundles.tidy.quality import A4_WIDTH

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
OUT, IN, RIGHT, LEFT = True, False, True, False


@pytest.mark.parametrize(
    ("meetings", "lost"),
    [
        ([(IN, LEFT, BESIDE), (OUT, RIGHT, ABOVE), (OUT, RIGHT, BESIDE), (OUT, RIGHT, BELOW)], (0, 0, 0)),
        ([(IN, LEFT, BESIDE), (OUT, RIGHT, ABOVE), (OUT, RIGHT, ABOVE)], (0, 0, 0)),
        ([(IN, LEFT, BESIDE), (OUT, RIGHT, ABOVE), (OUT, RIGHT, ABOVE), (OUT, RIGHT, BESIDE)], (1, 0, 0)),
        ([(OUT, RIGHT, ROUND), (OUT, RIGHT, BESIDE), (OUT, RIGHT, BELOW), (OUT, RIGHT, ABOVE)], (1, 0, 0)),
        ([(IN, LEFT, BESIDE), (IN, LEFT, BESIDE), (OUT, RIGHT, BESIDE)], (0, 1, 0)),
        ([(IN, LEFT, BESIDE), (IN, RIGHT, ABOVE), (OUT, RIGHT, ABOVE)], (0, 0, 1)),
    ],
    ids=["three ways", "two up", "three to two corners", "round and up and down", "two arrive", "crossing"],
)
def test_flows_of_a_gateway_without_a_corner_are_counted(
    meetings: list[tuple[bool, bool, int]], lost: tuple[int, int, int]
) -> None:
    assert cornered(tuple(sorted(meetings))) == lost


def test_a_third_branch_goes_below_when_one_goes_to_the_lane_above() -> None:
    """Above stands another lane's task, beside the way on: an end above would have to turn back."""
    seats = {
        "check": Seat(1, 0),
        "gate": Seat(1, 1, gateway=True),
        "passed": Seat(1, 2),
        "refused": Seat(1, 2),
        "amend": Seat(0, 2),
    }
    links = [Link("check", "gate", 12), Link("gate", "passed", 12)]
    links += [Link("gate", "amend", 2), Link("gate", "refused", 2)]
    row = seat_rows(seats, links, ["check", "gate", "passed"], -1, Prices())
    assert row["check"] == row["gate"] == row["passed"] == 0
    assert row["refused"] == 1


def test_steps_far_apart_in_time_share_a_row() -> None:
    """A correction late in the process stands beside the first step of its lane, not under it."""
    seats = {
        "submit": Seat(0, 1),
        "correct": Seat(0, 5),
        "join": Seat(1, 2, gateway=True),
        "receive": Seat(1, 3),
        "gate": Seat(1, 4, gateway=True),
        "remind": Seat(1, 2),
        "done": Seat(1, 5),
    }
    spine = ["submit", "join", "receive", "gate", "done"]
    links = [Link(one, two, 12) for one, two in pairwise(spine)]
    links += [Link("gate", "correct", 2), Link("correct", "join", 0.5), Link("submit", "remind", 1, lean=1)]
    row = seat_rows(seats, links, spine, 1, Prices())
    assert row["submit"] == row["correct"] == 0
    assert row["remind"] == 1


def chain(tasks: int) -> bytes:
    """A process of so many checks in a row, each with a named way on and one to an end."""
    nodes, flows, before = '<startEvent id="start"/>', "", "start"
    for number in range(tasks):
        nodes += (
            f'<userTask id="check_{number}" name="审核材料"/><endEvent id="no_{number}" name="不予通过"/>'
            f'<exclusiveGateway id="gate_{number}" name="是否通过？" default="to_no_{number}"/>'
        )
        flows += (
            f'<sequenceFlow id="to_check_{number}" name="符合全部要求" sourceRef="{before}" '
            f'targetRef="check_{number}"/>'
            f'<sequenceFlow id="to_gate_{number}" sourceRef="check_{number}" targetRef="gate_{number}"/>'
            f'<sequenceFlow id="to_no_{number}" name="否" sourceRef="gate_{number}" targetRef="no_{number}"/>'
        )
        before = f"gate_{number}"
    nodes += '<endEvent id="end"/>'
    flows += f'<sequenceFlow id="to_end" sourceRef="{before}" targetRef="end"/>'
    return (f'<definitions xmlns="{BPMN}"><process id="p">{nodes}{flows}</process></definitions>').encode()


def gaps(drawn: bytes) -> list[float]:
    """The room between each check and the gateway behind it."""
    boxes = {shape.get("bpmnElement"): shape[0] for shape in etree.fromstring(drawn).iter(f"{DI}BPMNShape")}
    found = []
    for key, box in boxes.items():
        if key.startswith("check_"):
            gate = boxes[key.replace("check", "gate")]
            found.append(float(gate.get("x")) - float(box.get("x")) - float(box.get("width")))
    return found


def test_only_a_page_too_wide_for_a4_is_drawn_closer_together() -> None:
    short, long = tidy(chain(3)), tidy(chain(6))
    assert quality(short).width < A4_WIDTH
    assert quality(short).good
    assert quality(long).good
    assert max(gaps(long)) < min(gaps(short))
    assert quality(long).width < 2 * quality(short).width - 100
