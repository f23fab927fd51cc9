"""Two versions of a BPMN file: processes by meaning, everything else by its attributes, and the drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from server.bundles.differences import elements
from server.bundles.differences.difference import Area, Change, Difference, Weight, quoted, said
from server.bundles.differences.plain import changed
from server.bundles.differences.xml_details import Owner, canonical, owners
from server.engine.bpmn_xml import Diagram
from server.engine.findings import mark
from server.engine.model import Kind, ProcessDefinition

_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram"
_HOLDERS = frozenset(
    {"definitions", "process", "subProcess", "transaction", "adHocSubProcess", "collaboration", "laneSet"}
    | {"lane", "childLaneSet", "category"}
)
_NODES = frozenset(kind.value for kind in Kind)
_WORDS = frozenset({"textAnnotation", "association", "group", "participant", "category"})
_OF_ANY = (
    r"@id|#|@name|/documentation.*|/incoming.*|/outgoing.*"
    r"|/extensionElements(/properties(/property(@(name|id|value))?)?)?#?"
    r"|/extensionElements/(inputOutput(/(inputParameter|outputParameter)(@name|#)?)?|(in|out)"
    r"@(source|sourceExpression|target|variables))"
    r"|/multiInstanceLoopCharacteristics(@(id|isSequential|camunda:(collection|elementVariable)))?#?"
    r"|/multiInstanceLoopCharacteristics/(loopCardinality|completionCondition|loopData\w+Ref|inputDataItem"
    r"|outputDataItem)(#|@(xsi:type|id|name|language))"
    r"|/multiInstanceLoopCharacteristics/extensionElements/properties/property@(name|value)"
)
_OF_EVENTS = (
    r"|@(isInterrupting|cancelActivity|attachedToRef)|/\w+EventDefinition(@(id|name|\w+Ref|camunda:topic)|#)?"
    r"|/timerEventDefinition/time\w+(#|@(xsi:type|id))|/conditionalEventDefinition/condition(#|@(xsi:type|id))"
)
_ASSIGNED = (
    r"|@camunda:(assignee|candidateGroups|candidateUsers|formRef|formKey|dueDate|followUpDate|priority)"
)
_COMPARED: Mapping[str, str] = {
    "userTask": _OF_ANY + r"|@default" + _ASSIGNED,
    "startEvent": _OF_ANY + _OF_EVENTS + _ASSIGNED,
    "endEvent": _OF_ANY + _OF_EVENTS,
    "intermediateCatchEvent": _OF_ANY + _OF_EVENTS,
    "intermediateThrowEvent": _OF_ANY + _OF_EVENTS,
    "boundaryEvent": _OF_ANY + _OF_EVENTS,
    "businessRuleTask": _OF_ANY + r"|@default|@camunda:(decisionRef|resultVariable|mapDecisionResult)",
    "callActivity": _OF_ANY + r"|@default|@calledElement",
    "sendTask": _OF_ANY + r"|@default|@messageRef|@camunda:topic",
    "receiveTask": _OF_ANY + r"|@default|@messageRef",
    "serviceTask": _OF_ANY + r"|@default|@camunda:topic",
    "manualTask": _OF_ANY + r"|@default",
    "subProcess": _OF_ANY + r"|@default|@triggeredByEvent",
    "exclusiveGateway": _OF_ANY + r"|@default",
    "inclusiveGateway": _OF_ANY + r"|@default",
    "parallelGateway": _OF_ANY,
    "eventBasedGateway": _OF_ANY,
    "sequenceFlow": r"@(id|name|sourceRef|targetRef)|#|/conditionExpression(#|@(xsi:type|id|language))",
    "process": r"@(id|name)|#|/documentation.*|/extensionElements(/properties(/property@(name|value))?)?#?",
    "laneSet": r"@id|#",
    "childLaneSet": r"@id|#",
    "lane": r"@(id|name)|#|/flowNodeRef#",
    "message": r"@(id|name)",
    "signal": r"@(id|name)",
    "error": r"@(id|name|errorCode)",
    "escalation": r"@(id|name|escalationCode)",
    "definitions": r"@(id|exporter|exporterVersion|modeler:\w+|name|targetNamespace)|#",
}
"""What is compared by meaning already, or says nothing: leaves by the tag of the owner."""

_KNOWN = {tag: re.compile(pattern) for tag, pattern in _COMPARED.items()}
_TOLD_WHOLE = _NODES | {"sequenceFlow", "process", "lane", "laneSet", "childLaneSet"}
"""Owners whose coming and going is told by meaning, or is no news."""


def between(before: Diagram, after: Diagram) -> Iterator[Difference]:
    """All that differs between two versions of a BPMN file."""
    old = {process.id: process for process in before.processes}
    new = {process.id: process for process in after.processes}
    for identity, process in new.items():
        if identity in old:
            yield from elements.between(old[identity], process)
        else:
            yield elements.whole(process, Change.ADDED)
    for identity, process in old.items():
        if identity not in new:
            yield elements.whole(process, Change.REMOVED)
    yield from _details(before, after, next(iter(new.values()), None))
    if _drawing(before) != _drawing(after):
        what, weight = said(mark("the drawing")), Weight.DRAWING
        yield _told(after, next(iter(new.values()), None), Change.CHANGED, what, weight)


def _details(before: Diagram, after: Diagram, process: ProcessDefinition | None) -> Iterator[Difference]:
    passed_over = frozenset({"BPMNDiagram"})
    old, new = (owners(diagram.root, _HOLDERS, passed_over) for diagram in (before, after))
    for identity, owner in new.items():
        if identity in old:
            yield from _leaves(after, process, identity, old[identity], owner)
        elif owner.tag not in _TOLD_WHOLE:
            yield _told(after, process, Change.ADDED, _what(owner, identity), _weight(owner), identity)
    for identity, owner in old.items():
        if identity not in new and owner.tag not in _TOLD_WHOLE:
            yield _told(after, process, Change.REMOVED, _what(owner, identity), _weight(owner), identity)


def _leaves(
    after: Diagram, process: ProcessDefinition | None, identity: str, old: Owner, new: Owner
) -> Iterator[Difference]:
    known = _KNOWN.get(new.tag)
    tags = {**old.tags, **new.tags}
    for path, first, second in changed(old.leaves, new.leaves):
        if known is None or not known.fullmatch(tags[path]):
            aspect = said(mark("entry {name}"), name=quoted(path.lstrip("/@").removesuffix("#") or "text"))
            yield _told(
                after, process, Change.CHANGED, _what(new, identity), _weight(new), identity, aspect,
                (first, second),
            )  # fmt: skip


def _what(owner: Owner, identity: str) -> dict[str, object]:
    if not identity:
        return said(mark("the file"))
    return said(mark("{kind} {name}"), kind=owner.tag, name=quoted(owner.name or identity))


def _weight(owner: Owner) -> Weight:
    return Weight.WORDS if owner.tag in _WORDS else Weight.EFFECT


def _told(
    after: Diagram, process: ProcessDefinition | None, change: Change, what: dict[str, object],
    weight: Weight, element: str = "", aspect: dict[str, object] | str = "",
    values: tuple[str, str] = ("", ""),
) -> Difference:  # fmt: skip
    identity, name = (process.id, process.name) if process else (after.file, "")
    return Difference(
        Area.PROCESS, after.file, identity, change, what, title=name or identity, weight=weight,
        element=element, aspect=aspect, before=values[0], after=values[1],
    )  # fmt: skip


def _drawing(diagram: Diagram) -> str:
    """Where shapes stand, and in which colours."""
    return "".join(canonical(child) for child in diagram.root if child.tag == _DI)
