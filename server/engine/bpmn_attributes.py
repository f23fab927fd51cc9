"""What the camunda: attributes that a modeler writes say about an element, and how often it repeats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, cast

from server.engine.model import Assignment, DecisionCall, MultiInstance, VariableMapping
from server.engine.xml import Element, elements, local

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"

_FORM_KEY = re.compile(r"^(?:camunda-forms:(?:deployment|app):)?(?P<id>[^:]+?)(?:\.form)?$")
_MAP_RESULTS = ("singleEntry", "singleResult", "collectEntries", "resultList")


def feel(text: str | None) -> str:
    """FEEL text without its wrapping: `${…}`, `#{…}` or a leading `=`."""
    return marked_feel(text) if is_marked(text) else (text or "").strip()


def is_marked(text: str | None) -> bool:
    """Whether a text says of itself that it is FEEL and not a plain value."""
    text = (text or "").strip()
    return text.startswith("=") or (text[:2] in ("${", "#{") and text.endswith("}"))


def marked_feel(text: str | None) -> str:
    """The FEEL inside a text for which `is_marked` holds."""
    text = (text or "").strip()
    return text[1:].strip() if text.startswith("=") else text[2:-1].strip()


def camunda(element: Element, name: str) -> str:
    """A camunda: attribute of an element, "" where it is not given."""
    return (element.get(f"{{{CAMUNDA}}}{name}") or "").strip()


def child(element: Element, name: str) -> Element | None:
    """The first BPMN child of that name."""
    return element.find(f"{{{BPMN}}}{name}")


def child_text(element: Element, name: str) -> str:
    """The text of the first BPMN child of that name, "" where there is none."""
    return text_of(child(element, name))


def text_of(element: Element | None) -> str:
    """The stripped text of an element."""
    return (element.text or "").strip() if element is not None else ""


def documentation(element: Element) -> str:
    """The documentation texts of an element, a paragraph each."""
    texts = ("".join(d.itertext()).strip() for d in element.findall(f"{{{BPMN}}}documentation"))
    return "\n\n".join(text for text in texts if text)


def extensions(element: Element, name: str) -> Iterator[Element]:
    """The camunda: extension elements of that name."""
    holder = child(element, "extensionElements")
    if holder is not None:
        yield from holder.findall(f"{{{CAMUNDA}}}{name}")


def properties(element: Element) -> dict[str, str]:
    """The camunda:property values of an element, by name; of two with one name the last wins."""
    found: dict[str, str] = {}
    for group in extensions(element, "properties"):
        for entry in group.findall(f"{{{CAMUNDA}}}property"):
            found[entry.get("name") or entry.get("id") or ""] = entry.get("value") or ""
    return found


def regulation(values: Mapping[str, str]) -> tuple[str, ...]:
    """The citations of the property `regulation`, separated by blanks."""
    return tuple(values.get("regulation", "").split())


def split_list(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated attribute; commas inside brackets or quotes do not separate."""
    parts, depth, quoted, start = [], 0, False, 0
    for position, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth <= 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return tuple(part.strip() for part in parts if part.strip())


def candidates(text: str) -> tuple[str, ...]:
    """The candidates of a task: a list of names, or one FEEL text behind `=` (whose commas are its own)."""
    return (text.strip(),) if text.strip().startswith("=") else split_list(text)


def form_id(element: Element) -> str:
    """The form of a user task or start event: camunda:formRef, else what camunda:formKey names."""
    key = camunda(element, "formRef") or camunda(element, "formKey")
    match = _FORM_KEY.match(key)
    return match["id"] if match else key


def assignment(element: Element) -> Assignment:
    """Who may do a task and when, as modelled."""
    return Assignment(
        assignee=camunda(element, "assignee"),
        candidate_groups=candidates(camunda(element, "candidateGroups")),
        candidate_users=candidates(camunda(element, "candidateUsers")),
        form=form_id(element),
        due=camunda(element, "dueDate"),
        follow_up=camunda(element, "followUpDate"),
        priority=camunda(element, "priority"),
    )


def decision_call(element: Element) -> DecisionCall | None:
    """The decision of a business rule task, None where it names none."""
    decision = camunda(element, "decisionRef")
    if not decision:
        return None
    mapped = camunda(element, "mapDecisionResult")
    return DecisionCall(
        decision=decision,
        result_variable=camunda(element, "resultVariable"),
        map_result=cast(
            'Literal["singleEntry", "singleResult", "collectEntries", "resultList"]',
            mapped if mapped in _MAP_RESULTS else "resultList",
        ),
    )


def call_mappings(element: Element, name: Literal["in", "out"]) -> tuple[VariableMapping, ...]:
    """The camunda:in or camunda:out mappings of a call activity."""
    found = []
    for entry in extensions(element, name):
        if entry.get("variables") == "all":
            found.append(VariableMapping("*", "*"))
        elif entry.get("target"):
            expression = entry.get("source") or feel(entry.get("sourceExpression"))
            found.append(VariableMapping((entry.get("target") or "").strip(), expression.strip()))
    return tuple(found)


def parameters(
    element: Element, name: Literal["inputParameter", "outputParameter"]
) -> tuple[VariableMapping, ...]:
    """The camunda:inputOutput mappings of an activity or event; their text is FEEL."""
    found = []
    for group in extensions(element, "inputOutput"):
        for entry in group.findall(f"{{{CAMUNDA}}}{name}"):
            found.append(VariableMapping((entry.get("name") or "").strip(), feel(entry.text)))
    return tuple(found)


def multi_instance(element: Element) -> MultiInstance | None:
    """The repetition of an activity, None where it happens once."""
    loop = child(element, "multiInstanceLoopCharacteristics")
    if loop is None:
        return None
    values = {**properties(loop), **properties(element)}
    return MultiInstance(
        sequential=loop.get("isSequential") in ("true", "1"),
        collection=feel(camunda(loop, "collection") or child_text(loop, "loopDataInputRef")),
        element_variable=camunda(loop, "elementVariable") or _item(loop, "inputDataItem"),
        cardinality=feel(child_text(loop, "loopCardinality")),
        completion_condition=feel(child_text(loop, "completionCondition")),
        output_collection=(values.get("outputCollection") or child_text(loop, "loopDataOutputRef")).strip(),
        output_element=feel(values.get("outputElement") or _item(loop, "outputDataItem")),
        signer_item=feel(values.get("signerItem")),
    )


def _item(loop: Element, name: str) -> str:
    item = child(loop, name)
    return "" if item is None else (item.get("name") or item.get("id") or "").strip()


def children_named(element: Element, *names: str) -> Iterator[Element]:
    """The BPMN children that bear one of the names."""
    prefix = f"{{{BPMN}}}"
    return (c for c in elements(element) if str(c.tag).startswith(prefix) and local(c) in names)
