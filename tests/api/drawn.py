"""Diagrams for the tests of workers and modelers, as the desktop modeler writes them."""

from __future__ import annotations

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:modeler="http://camunda.org/schema/modeler/1.0" id="d" '
    'targetNamespace="http://bpmn.io/schema/bpmn" exporter="Camunda Modeler" exporterVersion="5.50.1" '
    'modeler:executionPlatform="Camunda Platform" modeler:executionPlatformVersion="7.24.0">'
)


def process(key: str, inner: str, flows: str, before: str = "") -> bytes:
    """A process with flows such as `a>b b>c`."""
    ends = [flow.split(">") for flow in flows.split()]
    drawn = "".join(
        f'<bpmn:sequenceFlow id="f{n}" sourceRef="{source}" targetRef="{target}"/>'
        for n, (source, target) in enumerate(ends)
    )
    head = f'<bpmn:process id="{key}" name="{key}" isExecutable="true">'
    return f"{HEAD}{before}{head}{inner}{drawn}</bpmn:process></bpmn:definitions>".encode()


def worked(key: str = "charging", topic: str = "charge", archive: str = "archive") -> bytes:
    """A worker charges; without funds a person looks at it; another worker archives."""
    return process(
        key,
        '<bpmn:startEvent id="begin"/>'
        f'<bpmn:serviceTask id="charge" name="Charge" camunda:type="external" camunda:topic="{topic}" '
        'camunda:taskPriority="${urgency}">'
        '<bpmn:extensionElements><camunda:properties><camunda:property name="bank" value="A"/>'
        "</camunda:properties></bpmn:extensionElements></bpmn:serviceTask>"
        '<bpmn:boundaryEvent id="empty" attachedToRef="charge">'
        '<bpmn:errorEventDefinition id="eed" errorRef="no_funds" camunda:errorMessageVariable="why"/>'
        "</bpmn:boundaryEvent>"
        '<bpmn:userTask id="look" name="Look" camunda:candidateGroups="desk"/>'
        f'<bpmn:serviceTask id="archive" name="Archive" camunda:type="external" camunda:topic="{archive}"/>'
        '<bpmn:endEvent id="done"/><bpmn:endEvent id="looked"/>',
        "begin>charge charge>archive archive>done empty>look look>looked",
        '<bpmn:error id="no_funds" name="No funds" errorCode="NO_FUNDS"/>',
    )


def asked(key: str = "asking") -> bytes:
    """A person fills a form, then a message is waited for."""
    return process(
        key,
        '<bpmn:startEvent id="begin"/>'
        '<bpmn:userTask id="ask" name="Ask" camunda:candidateGroups="desk" camunda:formRef="question" '
        'camunda:formRefBinding="deployment"/>'
        '<bpmn:intermediateCatchEvent id="wait"><bpmn:messageEventDefinition id="med" messageRef="paid"/>'
        '</bpmn:intermediateCatchEvent><bpmn:endEvent id="end"/>',
        "begin>ask ask>wait wait>end",
        '<bpmn:message id="paid" name="paid"/>',
    )


FORM = (
    b'{"type":"default","id":"question","schemaVersion":16,"components":[{"type":"textfield","key":"name",'
    b'"id":"Field_1","label":"Name","validate":{"required":true}}]}'
)
