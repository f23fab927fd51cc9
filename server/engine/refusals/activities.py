"""Tasks, called processes and repetitions: that each says all the engine needs to carry it out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from server.engine.bpmn_attributes import BPMN, camunda, child, child_text, is_marked
from server.engine.bpmn_events import ISO_TIME
from server.engine.bpmn_xml import Diagram
from server.engine.model import EXTERNAL_KINDS, Finding, FlowNode, Kind, ProcessDefinition
from server.engine.refusals.refusal import Refusal
from server.engine.xml import Element, local

SERVICE_TASK = Refusal(
    "service-task-without-topic",
    "{name} is a service task that does not say who carries it out.",
    "Make it a business rule task, a user task or a call activity.",
)
EXTERNAL_TASK = Refusal(
    "external-task",
    "{name} names the topic {topic}; workers fetch service, send and business rule tasks only.",
    "Draw a service task with this topic in its place.",
)
TOPIC_EXPRESSION = Refusal(
    "topic-by-expression",
    "{name} computes its topic ({topic}); that could not be checked.",
    "Enter the topic itself; tell cases apart by variables.",
)
DECISION_AND_TOPIC = Refusal(
    "decision-and-topic",
    "{name} names both a decision and a topic ({topic}); only one of them would be asked.",
    "Keep one of them.",
)
SEND_TASK = Refusal(
    "send-task-without-message",
    "{name} does not say which message it sends.",
    "Choose or create the message in its properties.",
)
RECEIVE_TASK = Refusal(
    "receive-task-without-message",
    "{name} does not say which message it waits for.",
    "Choose or create the message in its properties.",
)
NO_DECISION = Refusal(
    "no-decision",
    "{name} does not say which decision it asks.",
    "Enter the id of the decision as decision reference.",
)
DECISION_EXPRESSION = Refusal(
    "decision-by-expression",
    "{name} computes which decision it asks ({decision}); that could not be checked.",
    "Enter the id of the decision itself.",
)
RESULT_LOST = Refusal(
    "decision-result-lost",
    "{name} keeps the result of its decision nowhere.",
    "Enter a result variable.",
)
MAP_RESULT = Refusal(
    "map-decision-result",
    "{name} maps its decision result in an unknown way ({value}).",
    "Choose singleEntry, singleResult, collectEntries or resultList.",
)
NO_CALLED_ELEMENT = Refusal(
    "no-called-element",
    "{name} does not say which process it calls.",
    "Enter the id of the process as called element.",
)
CALLED_EXPRESSION = Refusal(
    "called-element-by-expression",
    "{name} computes which process it calls ({called}); that could not be checked.",
    "Enter the id of the process itself.",
)
FORM_EXPRESSION = Refusal(
    "form-by-expression",
    "{name} computes which form it shows ({form}); that could not be checked.",
    "Enter the id of the form itself.",
)
FORM_FOREIGN = Refusal(
    "form-of-another-kind",
    "{name} shows a form that this server does not know how to show ({form}).",
    "Draw the form as a form-js file and enter its id as form reference.",
)
NOT_A_TIME = Refusal(
    "not-a-time",
    "{name}: {attribute} “{value}” is neither an ISO 8601 date or duration nor marked as FEEL.",
    "Write FEEL behind an equals sign, such as =approval_due.",
)
NOT_A_NUMBER = Refusal(
    "not-a-number",
    "{name}: {attribute} “{value}” is neither a whole number nor marked as FEEL.",
    "Write a number such as 50, or FEEL behind an equals sign.",
)
REPEATS_NOTHING = Refusal(
    "multi-instance-without-collection",
    "{name} is to be repeated but does not say for what or how often.",
    "Enter a collection with its element variable, or a cardinality.",
)
REPEATS_TWICE = Refusal(
    "multi-instance-with-both",
    "{name} has both a collection and a cardinality.",
    "Keep one of them.",
)
HALF_OUTPUT = Refusal(
    "multi-instance-output-incomplete",
    "{name} names only one of outputCollection and outputElement.",
    "Enter both properties or none.",
)
SHARED_OUTPUT = Refusal(
    "multi-instance-output-is-input",
    "{name} would collect its results in the collection it repeats for ({variable}).",
    "Choose another variable for outputCollection.",
)
REPEATS_EVENT_SUB_PROCESS = Refusal(
    "multi-instance-event-sub-process",
    "{name} is an event sub-process and cannot be repeated.",
    "Delete the repetition.",
)
MAPPING_NAMELESS = Refusal(
    "mapping-without-variable",
    "{name} has an input or output mapping without a variable or without a value.",
    "Fill in both, or delete the mapping.",
)

_PRIORITY = re.compile(r"\d{1,9}")
_FORM_ID = re.compile(r"[\w.-]{1,128}")


def check(process: ProcessDefinition) -> Iterator[Finding]:
    """Every activity of a process that does not say enough."""
    for node in process.nodes.values():
        match node.kind:
            case Kind.USER_TASK:
                yield from _user_task(process, node)
            case Kind.BUSINESS_RULE_TASK:
                yield from _business_rule_task(process, node)
            case Kind.CALL_ACTIVITY:
                yield from _call_activity(process, node)
            case Kind.SEND_TASK if not node.message and not node.topic:
                yield SEND_TASK.on(process, node)
            case Kind.RECEIVE_TASK if not node.message:
                yield RECEIVE_TASK.on(process, node)
            case Kind.SERVICE_TASK if not node.topic:
                yield SERVICE_TASK.on(process, node)
        if node.topic:
            yield from _external_task(process, node)
        yield from _repetition(process, node)
        if any(not m.target or not m.expression for m in (*node.inputs, *node.outputs)):
            yield MAPPING_NAMELESS.on(process, node)


def check_attributes(diagram: Diagram) -> Iterator[Finding]:
    """What the definition no longer shows because only a part of it is kept."""
    for process in diagram.processes:
        for element in diagram.root.iter(f"{{{BPMN}}}*"):
            node = process.nodes.get(element.get("id") or "")
            if node is None:
                continue
            value = camunda(element, "mapDecisionResult")
            if value not in ("", "singleEntry", "singleResult", "collectEntries", "resultList"):
                yield MAP_RESULT.on(process, node, value=value)
            if _half_mapped(element):
                yield MAPPING_NAMELESS.on(process, node)
            loop = child(element, "multiInstanceLoopCharacteristics")
            if loop is not None and camunda(loop, "collection") and child_text(loop, "loopCardinality"):
                yield REPEATS_TWICE.on(process, node)


def _half_mapped(element: Element) -> bool:
    holder = child(element, "extensionElements")
    if holder is None:
        return False
    mappings = (e for e in holder if isinstance(e.tag, str) and local(e) in ("in", "out"))
    return any(
        not (e.get("variables") or e.get("businessKey"))
        and not (e.get("target") and (e.get("source") or e.get("sourceExpression")))
        for e in mappings
    )


def _user_task(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    wanted = node.assignment
    if is_marked(wanted.form):
        yield FORM_EXPRESSION.on(process, node, form=wanted.form[:80])
    elif wanted.form and not _FORM_ID.fullmatch(wanted.form):
        yield FORM_FOREIGN.on(process, node, form=wanted.form[:80])
    for attribute, value in (("dueDate", wanted.due), ("followUpDate", wanted.follow_up)):
        if value and not is_marked(value) and not ISO_TIME.match(value):
            yield NOT_A_TIME.on(process, node, attribute=attribute, value=value[:80])
    if wanted.priority and not is_marked(wanted.priority) and not _PRIORITY.fullmatch(wanted.priority):
        yield NOT_A_NUMBER.on(process, node, attribute="priority", value=wanted.priority[:80])


def _business_rule_task(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    if node.decision is None:
        if not node.topic:
            yield NO_DECISION.on(process, node)
        return
    if is_marked(node.decision.decision):
        yield DECISION_EXPRESSION.on(process, node, decision=node.decision.decision[:80])
    if not node.decision.result_variable and not node.outputs:
        yield RESULT_LOST.on(process, node)


def _external_task(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    if node.kind not in EXTERNAL_KINDS:
        yield EXTERNAL_TASK.on(process, node, topic=node.topic[:80])
        return
    if is_marked(node.topic):
        yield TOPIC_EXPRESSION.on(process, node, topic=node.topic[:80])
    if node.decision is not None:
        yield DECISION_AND_TOPIC.on(process, node, topic=node.topic[:80])
    wanted = node.assignment.priority
    if wanted and not is_marked(wanted) and not _PRIORITY.fullmatch(wanted):
        yield NOT_A_NUMBER.on(process, node, attribute="taskPriority", value=wanted[:80])


def _call_activity(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    if not node.called_element:
        yield NO_CALLED_ELEMENT.on(process, node)
    elif is_marked(node.called_element):
        yield CALLED_EXPRESSION.on(process, node, called=node.called_element[:80])


def _repetition(process: ProcessDefinition, node: FlowNode) -> Iterator[Finding]:
    loop = node.multi_instance
    if loop is None:
        return
    if node.event_sub_process:
        yield REPEATS_EVENT_SUB_PROCESS.on(process, node)
    if not loop.collection and not loop.cardinality:
        yield REPEATS_NOTHING.on(process, node)
    if bool(loop.output_collection) != bool(loop.output_element):
        yield HALF_OUTPUT.on(process, node)
    elif loop.output_collection and loop.output_collection == loop.collection:
        yield SHARED_OUTPUT.on(process, node, variable=loop.collection)
