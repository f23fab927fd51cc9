"""What Camunda 7 knows of an element and this engine has no use for: told, so that nobody relies on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from server.engine.bpmn_attributes import CAMUNDA
from server.engine.bpmn_xml import Diagram
from server.engine.model import Finding
from server.engine.refusals.elements import owner, processes
from server.engine.refusals.refusal import Refusal
from server.engine.xml import Element, line_of, split

ATTRIBUTE = Refusal(
    "attribute-ignored",
    "{element} says {attribute} = “{value}”, which this engine does not use.",
    "Delete it, or draw what it stands for: a group of the manifest, a mapping, a condition.",
    level="warning",
)
EXTENSION = Refusal(
    "extension-ignored",
    "{element} holds the extension {tag}, which this engine does not use.",
    "Delete it, or draw what it stands for.",
    level="warning",
)

_USED = frozenset(
    {
        "assignee", "calledElementBinding", "candidateGroups", "candidateUsers", "caseBinding", "collection",
        "decisionRef", "decisionRefBinding", "dueDate", "elementVariable", "errorCodeVariable",
        "errorMessageVariable", "followUpDate", "formKey", "formRef", "formRefBinding", "mapDecisionResult",
        "priority", "resultVariable", "taskPriority", "topic", "type",
    }
)  # fmt: skip
"""Attributes that the engine reads."""

_REFUSED = frozenset(
    {"class", "delegateExpression", "expression", "resource", "variableMappingClass",
     "variableMappingDelegateExpression"}
)  # fmt: skip
"""Attributes that have refusals of their own (`extensions`)."""

_WITHOUT_EFFECT = frozenset(
    {
        "asyncAfter", "asyncBefore", "diagramRelationId", "exclusive", "historyTimeToLive",
        "isStartableInTasklist", "jobPriority", "modelerTemplate", "modelerTemplateIcon",
        "modelerTemplateVersion", "versionTag",
    }
)  # fmt: skip
"""Attributes about how another engine works inside: what a case does is the same without them."""

_KNOWN = _USED | _REFUSED | _WITHOUT_EFFECT

_CHILDREN = frozenset(
    {
        "connector", "connectorId", "constraint", "entry", "errorEventDefinition", "executionListener",
        "failedJobRetryTimeCycle", "field", "formData", "formField", "in", "inputOutput", "inputParameter",
        "list", "map", "out", "outputParameter", "properties", "property", "script", "string", "taskListener",
        "validation", "value",
    }
)  # fmt: skip
"""Extensions that are read, that have refusals of their own, or that stand inside such ones."""


def check(diagram: Diagram) -> Iterator[Finding]:
    """Attributes and extensions of Camunda 7 without use here, each once for an element."""
    for process in processes(diagram):
        told: set[tuple[str, str]] = set()
        for element in process.iter("{*}*"):
            for finding in (*_attributes(diagram.file, element), *_extension(diagram.file, element)):
                key = (finding.element, str(finding.params))
                if key not in told:
                    told.add(key)
                    yield finding


def _attributes(file: str, element: Element) -> Iterator[Finding]:
    for key, value in element.attrib.items():
        space, name = split(str(key))
        if space == CAMUNDA and name not in _KNOWN and str(value).strip():
            shown: dict[str, Any] = {"attribute": name[:60], "value": str(value)[:80]}
            yield ATTRIBUTE.at(file, owner(element), line_of(element), **shown)


def _extension(file: str, element: Element) -> Iterator[Finding]:
    space, name = split(str(element.tag))
    if space == CAMUNDA and name not in _CHILDREN:
        yield EXTENSION.at(file, owner(element), line_of(element), tag=name[:60])
