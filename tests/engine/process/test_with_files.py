"""From files as modelers write them to a case that runs: diagram, table, FEEL and engine together."""

from __future__ import annotations

from decimal import Decimal

import pytest

from server.engine import process
from server.engine.load import load
from server.engine.model import Model

from .build import Case, at

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions id="d" targetNamespace="t" xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<bpmn:message id="m" name="documents received"/>
<bpmn:process id="case" isExecutable="true">
  <bpmn:startEvent id="begin"/>
  <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="tier"/>
  <bpmn:businessRuleTask id="tier" name="tier" camunda:decisionRef="tier" camunda:resultVariable="tier"
    camunda:mapDecisionResult="singleEntry"/>
  <bpmn:sequenceFlow id="f2" sourceRef="tier" targetRef="by_tier"/>
  <bpmn:exclusiveGateway id="by_tier" default="f_small"/>
  <bpmn:sequenceFlow id="f_large" sourceRef="by_tier" targetRef="panel">
    <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">${tier = "large"}</bpmn:conditionExpression>
  </bpmn:sequenceFlow>
  <bpmn:sequenceFlow id="f_small" sourceRef="by_tier" targetRef="sign"/>
  <bpmn:userTask id="panel" name="panel" camunda:assignee="${expert}">
    <bpmn:multiInstanceLoopCharacteristics camunda:collection="experts" camunda:elementVariable="expert">
      <bpmn:completionCondition>nrOfCompletedInstances &gt;= 2</bpmn:completionCondition>
    </bpmn:multiInstanceLoopCharacteristics>
  </bpmn:userTask>
  <bpmn:sequenceFlow id="f3" sourceRef="panel" targetRef="sign"/>
  <bpmn:userTask id="sign" name="sign" camunda:candidateGroups="heads" camunda:dueDate="${due}"/>
  <bpmn:boundaryEvent id="late" attachedToRef="sign">
    <bpmn:timerEventDefinition><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P5D</bpmn:timeDuration>
    </bpmn:timerEventDefinition>
  </bpmn:boundaryEvent>
  <bpmn:sequenceFlow id="f4" sourceRef="sign" targetRef="signed"/>
  <bpmn:sequenceFlow id="f5" sourceRef="late" targetRef="lapsed"/>
  <bpmn:endEvent id="signed"/>
  <bpmn:endEvent id="lapsed"/>
</bpmn:process></bpmn:definitions>"""

DMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions id="d" name="d" namespace="t" xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/">
<decision id="tier" name="tier"><decisionTable id="table" hitPolicy="UNIQUE">
  <input id="i"><inputExpression id="ie" typeRef="number"><text>amount</text></inputExpression></input>
  <output id="o" name="tier" typeRef="string"/>
  <rule id="r1"><inputEntry id="c1"><text>&gt;= 600000</text></inputEntry>
    <outputEntry id="a1"><text>"large"</text></outputEntry></rule>
  <rule id="r2"><inputEntry id="c2"><text>[0..600000)</text></inputEntry>
    <outputEntry id="a2"><text>"small"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


@pytest.fixture(scope="module")
def deployed() -> Model:
    model, findings = load({"bpmn/case.bpmn": BPMN.encode(), "dmn/tier.dmn": DMN.encode()})
    assert model is not None, [finding.text() for finding in findings]
    return model


def started(deployed: Model, **variables: object) -> Case:
    return Case(deployed, "case", process.start(deployed, "case", variables, at()), at())


@pytest.mark.parametrize(
    ("amount", "opened"), [("599999.99", ["sign"]), ("600000.00", ["panel", "panel", "panel"])]
)
def test_a_decision_table_routes_a_case(deployed: Model, amount: str, opened: list[str]) -> None:
    case = started(deployed, amount=Decimal(amount), experts=["li", "wu", "he"], due="2026-03-09")
    assert case.open == opened
    (evaluation,) = case.last.evaluations
    assert (evaluation.element, [rule.row for rule in evaluation.matched]) == (
        "tier",
        [1 if len(opened) > 1 else 2],
    )


def test_a_case_runs_through_panel_and_signature(deployed: Model) -> None:
    case = started(deployed, amount=Decimal(700000), experts=["li", "wu", "he"], due="2026-03-09")
    assert [task.assignee for task in case.last.opened] == ["li", "wu", "he"]
    case.do("panel", 3)
    case.do("panel", 1)
    task = case.task("sign")
    assert (task.candidate_groups, str(task.due)) == (("heads",), "2026-03-09 23:59:59+08:00")
    assert case.fire("late", days=5).ended is not None


def test_a_table_without_a_matching_rule_stops_the_case(deployed: Model) -> None:
    case = started(deployed, amount=Decimal(-1))
    assert [i.finding.code for i in case.last.incidents] == ["engine.decision_failed"]
    case.retry("tier", amount=Decimal(5), due=None)
    assert case.open == ["sign"]


def test_a_table_sees_the_time_of_the_command(deployed: Model) -> None:
    dated = DMN.replace("<text>amount</text>", "<text>today() - date(opened)</text>")
    dated = dated.replace("&gt;= 600000", '&gt;= duration("P30D")').replace(
        "[0..600000)", '&lt; duration("P30D")'
    )
    dated = dated.replace(' typeRef="number"><text>today', ' typeRef="days and time duration"><text>today')
    model, findings = load({"bpmn/case.bpmn": BPMN.encode(), "dmn/tier.dmn": dated.encode()})
    assert model is not None, [finding.text() for finding in findings]
    late = {"opened": "2026-01-31", "experts": ["li", "wu", "he"], "due": None}  # 30 days before 2 March
    assert started(model, **late).open == ["panel", "panel", "panel"]
    assert started(model, **late | {"opened": "2026-02-01"}).open == ["sign"]
