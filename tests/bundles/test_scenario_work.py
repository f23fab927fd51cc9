"""Stories in which programs do work: they find something out, meet an error of the matter, or give up."""

from __future__ import annotations

import pytest

from server.bundles.scenario_files import read_scenario
from server.bundles.scenarios import Played, play
from server.engine.load import load
from tests.bundles.test_scenarios import texts
from tests.engine.bpmn.diagrams import END, START, bpmn, task

PAY = (
    '<bpmn:serviceTask id="pay" name="付款" camunda:type="external" camunda:topic="bank">'
    '<bpmn:extensionElements><camunda:inputOutput><camunda:outputParameter name="fee">${raw * 2}'
    "</camunda:outputParameter></camunda:inputOutput></bpmn:extensionElements></bpmn:serviceTask>"
)
FILE = '<bpmn:serviceTask id="file" name="归档" camunda:type="external" camunda:topic="archive"/>'
SHORT = (
    '<bpmn:boundaryEvent id="short" attachedToRef="pay"><bpmn:errorEventDefinition errorRef="none" '
    'camunda:errorMessageVariable="why"/></bpmn:boundaryEvent>'
)
DRAWN = bpmn(
    START + PAY + FILE + SHORT + task("look", 'name="核对" camunda:candidateGroups="desk"') + END,
    "start>pay pay>file file>end short>look look>end",
    before='<bpmn:error id="none" errorCode="NO_FUNDS"/>',
    process="town.pay",
)


def told(*steps: str, end: str = "") -> Played:
    """The story with these steps, played."""
    written = "".join(f"\n  - {step}" for step in steps)
    text = f"process: town.pay\nsteps:{written}\n" + (f"end: {end}\n" if end else "")
    model, findings = load({"pay.bpmn": DRAWN})
    assert model is not None, [finding.text() for finding in findings]
    return play(read_scenario(text.encode(), "s.yaml"), model)


def test_a_program_finds_out_what_the_case_goes_on_with() -> None:
    found = told(
        "{expect: {work: [pay], open: []}}",
        "{external: bank, with: {receipt: R-7}, local: {raw: 2.5}, "
        "expect: {work: [file], variables: {receipt: R-7, fee: 5.0}}}",
        "{external: file}",
        end="end",
    )
    assert texts(found) == []
    assert {("town.pay", "pay"), ("town.pay", "file"), ("town.pay", "end")} <= found.elements


def test_an_error_of_the_matter_goes_where_the_diagram_catches_it() -> None:
    caught = "{external: bank, error: NO_FUNDS, reason: 余额不足, expect: {open: [look], variables: %s}}"
    assert texts(told(caught % "{why: 余额不足}")) == []
    (failure,) = texts(told("{external: bank, error: OTHER}"))
    assert failure.startswith("step 1: stands still at 付款 (pay): ")
    assert "OTHER" in failure


def test_what_a_program_gives_up_stands_still_until_it_is_tried_again() -> None:
    given_up = "{external: bank, failure: 银行接口无响应, expect: {work: [pay], open: []}}"
    assert texts(told(given_up)) == []
    assert (
        texts(told(given_up, given_up, "{external: bank, local: {raw: 1}}", "{external: archive}", end="end"))
        == []
    )
    assert texts(told(given_up, end="end")) == ["expected the end end, but these are open: 付款 (pay)."]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (["{external: post}"], "step 1: no work waits for post; waiting are: bank (pay)."),
        (["{expect: {work: []}}"], "step 1: work is [pay], expected []."),
        (
            ["{external: bank, local: {raw: 1}, expect: {variables: {fee: 3}}}"],
            "step 1: fee is 2, expected 3.",
        ),
    ],
)
def test_what_does_not_agree_is_told(steps: list[str], said: str) -> None:
    assert texts(told(*steps)) == [said]
