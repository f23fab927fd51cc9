"""BPMN with Camunda 7 attributes is read as modelers write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.engine.bpmn_xml import read_bpmn
from server.engine.load import load
from server.engine.model import EventKind, FlowNode, Kind, MultiInstance, VariableMapping
from server.engine.xml import XmlRefused
from tests.engine.bpmn.diagrams import END, START, arrows, bpmn, extension, line, properties, task

MIWG = Path(__file__).parents[3].parent / "shared" / "conformance" / "bpmn-miwg"


def node(data: bytes, identity: str) -> FlowNode:
    return read_bpmn(data, file="p.bpmn").processes[0].nodes[identity]


def test_user_task_keeps_every_attribute() -> None:
    attributes = (
        'name="财政审核" camunda:assignee="${officer}" camunda:candidateGroups="finance_bureau, data_bureau"'
        ' camunda:candidateUsers="=experts[1, 2]"'
        ' camunda:formRef="hongshan.f_review" camunda:formRefBinding="deployment"'
        ' camunda:dueDate="${approval_due}" camunda:followUpDate="2026-03-01" camunda:priority="50"'
    )
    inner = "<bpmn:documentation>按第9条</bpmn:documentation>" + properties(
        regulation="hongshan#9  hongshan#11", returnTo="apply, check"
    )
    review = node(line(task("review", attributes, inner)), "review")
    assert review.name == "财政审核"
    assert review.assignment.assignee == "${officer}"
    assert review.assignment.candidate_groups == ("finance_bureau", "data_bureau")
    assert review.assignment.candidate_users == ("=experts[1, 2]",)
    assert review.assignment.form == "hongshan.f_review"
    assert (review.assignment.due, review.assignment.follow_up) == ("${approval_due}", "2026-03-01")
    assert review.assignment.priority == "50"
    assert review.documentation == "按第9条"
    assert review.regulation == ("hongshan#9", "hongshan#11")
    assert review.return_to == ("apply", "check")
    assert review.line == 2


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ('camunda:formKey="f_review"', "f_review"),
        ('camunda:formKey="camunda-forms:deployment:f_review.form"', "f_review"),
        ('camunda:formKey="camunda-forms:app:f_review.form"', "f_review"),
        ('camunda:formKey="hongshan.f_review"', "hongshan.f_review"),
        ('camunda:formRef="a" camunda:formKey="b"', "a"),
        ("", ""),
    ],
)
def test_form_is_named_by_ref_or_key(written: str, form: str) -> None:
    assert node(line(task("t", written)), "t").assignment.form == form


def test_business_rule_task() -> None:
    written = 'camunda:decisionRef="d" camunda:resultVariable="tier" camunda:mapDecisionResult="singleEntry"'
    decision = node(line(task("r", written, kind="businessRuleTask")), "r").decision
    assert decision is not None
    assert (decision.decision, decision.result_variable, decision.map_result) == (
        "d",
        "tier",
        "singleEntry",
    )
    plain = node(line(task("r", 'camunda:decisionRef="x"', kind="businessRuleTask")), "r").decision
    assert plain is not None
    assert plain.map_result == "resultList"


def test_call_activity_maps_in_and_out() -> None:
    inner = extension(
        '<camunda:in source="total" target="amount"/>'
        '<camunda:in sourceExpression="${total * 2}" target="twice"/>'
        '<camunda:out variables="all"/>'
    )
    call = node(line(task("c", 'calledElement="shared.panel"', inner, "callActivity")), "c")
    assert call.called_element == "shared.panel"
    assert call.inputs == (VariableMapping("amount", "total"), VariableMapping("twice", "total * 2"))
    assert call.outputs == (VariableMapping("*", "*"),)


def test_input_and_output_mappings_are_feel() -> None:
    inner = extension(
        '<camunda:inputOutput><camunda:inputParameter name="a">= 1 + 1</camunda:inputParameter>'
        '<camunda:outputParameter name="b">${verdict}</camunda:outputParameter></camunda:inputOutput>'
    )
    found = node(line(task("t", "", inner)), "t")
    assert found.inputs == (VariableMapping("a", "1 + 1"),)
    assert found.outputs == (VariableMapping("b", "verdict"),)


def test_multi_instance_with_camunda_attributes() -> None:
    loop = (
        '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${experts}"'
        ' camunda:elementVariable="expert">'
        "<bpmn:completionCondition>${nrOfCompletedInstances &gt;= 3}</bpmn:completionCondition>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    inner = properties(outputCollection="verdicts", outputElement="verdict") + loop
    assert node(line(task("t", "", inner)), "t").multi_instance == MultiInstance(
        sequential=False,
        collection="experts",
        element_variable="expert",
        completion_condition="nrOfCompletedInstances >= 3",
        output_collection="verdicts",
        output_element="verdict",
    )


def test_multi_instance_as_bpmn_writes_it() -> None:
    loop = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="true">'
        "<bpmn:loopDataInputRef>experts</bpmn:loopDataInputRef>"
        "<bpmn:loopDataOutputRef>verdicts</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="i" name="expert"/><bpmn:outputDataItem id="verdict"/>'
        "<bpmn:loopCardinality>5</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
    assert node(line(task("t", "", loop)), "t").multi_instance == MultiInstance(
        sequential=True,
        collection="experts",
        element_variable="expert",
        cardinality="5",
        output_collection="verdicts",
        output_element="verdict",
    )


@pytest.mark.parametrize(
    ("written", "kind", "expression"),
    [
        ("<bpmn:timeDuration>PT1H</bpmn:timeDuration>", "duration", '"PT1H"'),
        ('<bpmn:timeDuration>"PT1H"</bpmn:timeDuration>', "duration", '"PT1H"'),
        ("<bpmn:timeDuration>=wait</bpmn:timeDuration>", "duration", "wait"),
        ("<bpmn:timeDate>${approval_due}</bpmn:timeDate>", "date", "approval_due"),
        ("<bpmn:timeDate>2026-03-01T09:00:00+08:00</bpmn:timeDate>", "date", '"2026-03-01T09:00:00+08:00"'),
        ("<bpmn:timeCycle>R3/PT24H</bpmn:timeCycle>", "cycle", '"R3/PT24H"'),
        ("<bpmn:timeDate>P</bpmn:timeDate>", "date", "P"),
    ],
)
def test_timers_bare_or_as_feel(written: str, kind: str, expression: str) -> None:
    timer = f"<bpmn:timerEventDefinition>{written}</bpmn:timerEventDefinition>"
    event = node(line(task("w", "", timer, "intermediateCatchEvent")), "w").event
    assert (event.kind, event.timer, event.expression) == (EventKind.TIMER, kind, expression)


@pytest.mark.parametrize(
    ("definition", "before", "kind", "name"),
    [
        ("message", '<bpmn:message id="x" name="意见已出"/>', EventKind.MESSAGE, "意见已出"),
        ("signal", '<bpmn:signal id="x" name="planned"/>', EventKind.SIGNAL, "planned"),
        ("error", '<bpmn:error id="x" name="拒绝" errorCode="refused"/>', EventKind.ERROR, "refused"),
        (
            "escalation",
            '<bpmn:escalation id="x" name="e" escalationCode="late"/>',
            EventKind.ESCALATION,
            "late",
        ),
    ],
)
def test_event_names(definition: str, before: str, kind: EventKind, name: str) -> None:
    end = f'<bpmn:endEvent id="e"><bpmn:{definition}EventDefinition {definition}Ref="x"/></bpmn:endEvent>'
    event = node(bpmn(START + end, "start>e", before=before), "e").event
    assert (event.kind, event.name) == (kind, name)


def test_boundary_and_event_sub_process() -> None:
    body = (
        START
        + task("a")
        + END
        + '<bpmn:boundaryEvent id="b" attachedToRef="a" cancelActivity="false"><bpmn:timerEventDefinition>'
        "<bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
        '<bpmn:subProcess id="s" triggeredByEvent="true"><bpmn:startEvent id="s1" isInterrupting="false">'
        '<bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent><bpmn:endEvent id="s2"/>'
        + arrows("s1>s2")
        + "</bpmn:subProcess>"
    )
    process = read_bpmn(
        bpmn(body, "start>a a>end b>end", before='<bpmn:message id="m" name="withdraw"/>'), file="p.bpmn"
    ).processes[0]
    assert process.nodes["b"].event.attached_to == "a"
    assert not process.nodes["b"].event.interrupting
    assert process.boundary_events("a") == (process.nodes["b"],)
    assert process.nodes["s"].event_sub_process
    assert not process.nodes["s1"].event.interrupting
    assert [n.id for n in process.children("s")] == ["s1", "s2"]
    assert process.nodes["s1"].outgoing == ("s1_s2",)


def test_inner_lane_wins_and_sub_processes_inherit() -> None:
    lanes = (
        '<bpmn:laneSet><bpmn:lane id="outer" name="区政数局"><bpmn:flowNodeRef>a</bpmn:flowNodeRef>'
        "<bpmn:flowNodeRef>s</bpmn:flowNodeRef><bpmn:childLaneSet>"
        '<bpmn:lane id="inner" name="负责人"><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane>'
        "</bpmn:childLaneSet></bpmn:lane></bpmn:laneSet>"
    )
    sub = task("s", "", '<bpmn:startEvent id="s1"/>', "subProcess")
    process = read_bpmn(bpmn(lanes + START + task("a") + sub + END, "start>a a>s s>end"), file="p").processes[
        0
    ]
    assert process.lanes == {"outer": "区政数局", "inner": "负责人"}
    assert process.nodes["a"].lane == "inner"
    assert process.nodes["s1"].lane == "outer"


def test_conditions_and_default_flow() -> None:
    body = START + '<bpmn:exclusiveGateway id="g" default="no"/>' + task("a") + END
    process = read_bpmn(bpmn(body, 'start>g yes:g>a[${level = "head"}] no:g>end a>end'), file="p").processes[
        0
    ]
    assert process.flows["yes"].condition == 'level = "head"'
    assert process.flows["no"].default
    assert process.nodes["g"].outgoing == ("yes", "no")
    assert process.nodes["end"].incoming == ("no", "a_end")


def test_only_executable_processes_are_read() -> None:
    other = '<bpmn:process id="black_box" isExecutable="false"/>'
    assert [p.id for p in read_bpmn(bpmn(START + END, before=other), file="p").processes] == ["p"]
    drawn = read_bpmn(bpmn(START + END, executable="false"), file="p")
    assert [p.id for p in drawn.processes] == ["p"]
    assert [f.code for f in drawn.findings] == ["no-executable-process"]


def test_what_is_not_bpmn_is_refused() -> None:
    with pytest.raises(XmlRefused) as refused:
        read_bpmn(b"<html/>", file="page.bpmn")
    assert refused.value.finding().text() == "The file is not a BPMN 2.0 diagram: it begins with html."
    assert refused.value.finding().file == "page.bpmn"


def test_every_kind_of_node_is_read() -> None:
    tasks = [kind for kind in Kind if kind not in (Kind.START_EVENT, Kind.END_EVENT)]
    body = "".join(task(f"n{i}", "", "", kind) for i, kind in enumerate(tasks))
    process = read_bpmn(bpmn(body), file="p").processes[0]
    assert [n.kind for n in process.nodes.values()] == tasks


@pytest.mark.skipif(not MIWG.is_dir(), reason="not run: the BPMN reference diagrams are not here")
def test_reference_diagrams_are_read() -> None:
    """All 21 diagrams of the BPMN Model Interchange Working Group; none runs as it is, each says why."""
    files = sorted(MIWG.glob("*.bpmn"))
    assert len(files) == 21
    for file in files:
        diagram = read_bpmn(file.read_bytes(), file=file.name)
        assert sum(len(p.nodes) for p in diagram.processes) >= 2, file.name
        model, findings = load({file.name: file.read_bytes()})
        assert model is None
        assert all(f.text() and "{" not in f.text() for f in findings), file.name
        assert all(f.element or f.line or f.code == "no-executable-process" for f in findings), file.name
