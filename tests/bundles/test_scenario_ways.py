"""A story that expected something else is told how the case came to where it is."""

from __future__ import annotations

import pytest

from server.bundles.scenario_files import read_scenario
from server.bundles.scenarios import play
from server.engine.load import load
from tests.bundles.test_scenarios import texts
from tests.engine.bpmn.diagrams import END, START, bpmn, task

GATE = (
    '<bpmn:exclusiveGateway id="is_built" name="已建成？" default="no"/>'
    '<bpmn:endEvent id="not_built" name="尚未建成"/>'
    '<bpmn:sequenceFlow id="no" sourceRef="is_built" targetRef="not_built"/>'
    '<bpmn:sequenceFlow id="yes" sourceRef="is_built" targetRef="rest">'
    "<bpmn:conditionExpression>=built = true</bpmn:conditionExpression></bpmn:sequenceFlow>"
)
REST = (
    '<bpmn:intermediateCatchEvent id="rest" name="试运行"><bpmn:timerEventDefinition><bpmn:timeDate>'
    '=date and time("2026-06-02T00:00:00@Asia/Shanghai")</bpmn:timeDate></bpmn:timerEventDefinition>'
    "</bpmn:intermediateCatchEvent>"
)
NEWS = (
    '<bpmn:intermediateCatchEvent id="news" name="等通知"><bpmn:messageEventDefinition messageRef="m"/>'
    "</bpmn:intermediateCatchEvent>"
)
DRAWN = bpmn(
    START + GATE + REST + NEWS + task("look", 'name="核对" camunda:candidateGroups="desk"') + END,
    "start>is_built rest>news news>look look>end",
    before='<bpmn:message id="m" name="town.news"/>',
    process="town.trial",
)
CHOICE = "尚未建成 (not_built) [not_built] ← 已建成？ (is_built): built = true → rest; otherwise → not_built"
ENDED = f"the case has ended with {CHOICE}"


def told(*steps: str, built: str = "false", end: str = "") -> list[str]:
    written = "".join(f"\n  - {step}" for step in steps)
    text = f"process: town.trial\nstart: {{with: {{built: {built}}}}}\nsteps:{written}\n"
    model, findings = load({"trial.bpmn": DRAWN})
    assert model is not None, [finding.text() for finding in findings]
    return texts(play(read_scenario((text + (f"end: {end}\n" if end else "")).encode(), "s.yaml"), model))


@pytest.mark.parametrize(
    ("steps", "end", "sentence"),
    [
        (["{task: look, by: desk}"], "", f"step 1: expected task 核对 (look): {ENDED}."),
        (["{decision: town_level}"], "", f"step 1: decision town_level was not taken: {ENDED}."),
        ([], "end", f"expected the end end, but it ended with {CHOICE}."),
    ],
)  # fmt: skip
def test_what_decided_stands_beside_an_end_that_was_not_expected(
    steps: list[str], end: str, sentence: str
) -> None:
    assert told(*steps, end=end) == [sentence]


def test_what_a_case_waits_for_is_told_where_no_task_is_open() -> None:
    early = told("{task: look, by: desk}", built="true")
    assert early == ["step 1: expected task 核对 (look), open: 试运行 (rest) [2026-06-02 00:00]."]
    late = told("{wait: until 2026-06-02}", "{task: look, by: desk}", built="true")
    assert late == ["step 2: expected task 核对 (look), open: 等通知 (news) [message town.news]."]


def test_an_element_is_named_as_in_the_diagram_the_story_is_about() -> None:
    other = bpmn(
        START + task("look", 'name="别处的核对"') + END, "start>look look>end", process="town.another"
    )
    model, findings = load({"another.bpmn": other, "trial.bpmn": DRAWN})
    assert model is not None, [finding.text() for finding in findings]
    story = read_scenario(b"process: town.trial\nsteps:\n  - {task: look}\n", "s.yaml")
    assert texts(play(story, model))[0].startswith("step 1: expected task 核对 (look): ")
