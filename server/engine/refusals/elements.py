"""Elements of BPMN that the engine does not run: refused where they stand, never left out in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from server.engine.bpmn_attributes import BPMN, children_named
from server.engine.bpmn_events import DEFINITIONS, event_definitions
from server.engine.bpmn_xml import KINDS, Diagram
from server.engine.model import Finding
from server.engine.refusals.refusal import Refusal
from server.engine.xml import Element, elements, line_of, local, split

SCRIPT_TASK = Refusal(
    "script-task",
    "{element} is a script task; no script of a diagram is ever run.",
    "Make it a business rule task with a decision, or set the value in an output mapping (FEEL).",
)
COMPLEX_GATEWAY = Refusal(
    "complex-gateway",
    "{element} is a complex gateway, which the engine does not run.",
    "Use an inclusive gateway with conditions, or a multi-instance task with a completion condition.",
)
AD_HOC = Refusal(
    "ad-hoc-sub-process",
    "{element} is an ad hoc sub-process, which the engine does not run.",
    "Draw the order of its tasks, or put them behind a parallel gateway.",
)
TRANSACTION = Refusal(
    "transaction",
    "{element} is a transaction, which the engine does not run.",
    "Make it a sub-process with an error boundary event.",
)
NONE_TASK = Refusal(
    "none-task",
    "{element} is a task without a type; nobody could tell who does it.",
    "Make it a user task, a business rule task or a manual task.",
)
UNKNOWN_ELEMENT = Refusal(
    "unknown-element",
    "{element} is a {tag}, which the engine does not know.",
    "Draw it with the elements of BPMN 2.0 that are listed in the documentation.",
)
STANDARD_LOOP = Refusal(
    "standard-loop",
    "{element} repeats by a standard loop, which the engine does not run.",
    "Draw the loop with an exclusive gateway, or make it a sequential multi-instance.",
)
COMPENSATION = Refusal(
    "compensation",
    "{element} uses compensation, which the engine does not run.",
    "Draw what is to be undone as tasks of their own.",
)
CANCEL_EVENT = Refusal(
    "cancel-event",
    "{element} is a cancel event, which the engine does not run.",
    "Use an error end event and an error boundary event.",
)
SEVERAL_DEFINITIONS = Refusal(
    "several-event-definitions",
    "{element} waits for or throws more than one thing.",
    "Draw an event of its own for each.",
)
DATA_STORE = Refusal(
    "data-store-association",
    "{element} reads or writes a data store; the engine would not do it.",
    "Draw a plain association, or read the value by a form or a decision.",
)
DATA_ASSIGNMENT = Refusal(
    "data-assignment",
    "{element} moves data by an assignment or transformation of BPMN, which the engine does not do.",
    "Write it as an input or output mapping (FEEL).",
)

_BY_TAG: Mapping[str, Refusal] = {
    "scriptTask": SCRIPT_TASK,
    "complexGateway": COMPLEX_GATEWAY,
    "adHocSubProcess": AD_HOC,
    "transaction": TRANSACTION,
    "task": NONE_TASK,
}
_PASSIVE = frozenset(
    {
        "association",
        "auditing",
        "correlationSubscription",
        "dataInputAssociation",
        "dataObject",
        "dataObjectReference",
        "dataOutputAssociation",
        "dataStoreReference",
        "documentation",
        "extensionElements",
        "group",
        "incoming",
        "ioSpecification",
        "laneSet",
        "monitoring",
        "multiInstanceLoopCharacteristics",
        "outgoing",
        "performer",
        "potentialOwner",
        "humanPerformer",
        "property",
        "resourceRole",
        "sequenceFlow",
        "standardLoopCharacteristics",
        "supportedInterfaceRef",
        "supports",
        "textAnnotation",
        "ioBinding",
        "artifact",
        "rendering",
    }
)


def check(diagram: Diagram) -> Iterator[Finding]:
    """Every element inside the processes that the engine would run wrongly or not at all."""
    stores = {e.get("id") for e in diagram.root.iter(f"{{{BPMN}}}dataStoreReference")}
    for process in processes(diagram):
        for element in process.iter(f"{{{BPMN}}}*"):
            yield from _element(diagram.file, element)
            yield from _associations(diagram.file, element, stores)
        for parent in (process, *process.iter(f"{{{BPMN}}}subProcess")):
            yield from _unknown(diagram.file, parent)


def processes(diagram: Diagram) -> Iterator[Element]:
    """The `<process>` elements that were read."""
    wanted = {process.id for process in diagram.processes}
    return (e for e in diagram.root.findall(f"{{{BPMN}}}process") if (e.get("id") or "") in wanted)


def owner(element: Element) -> str:
    """The id of an element of BPMN, or of the nearest one around it: extensions have ids of their own, which
    no canvas shows."""
    node: Element | None = element
    while node is not None and not (node.get("id") and split(str(node.tag))[0] == BPMN):
        node = node.getparent()
    return "" if node is None else node.get("id") or ""


def _element(file: str, element: Element) -> Iterator[Finding]:
    tag = local(element)
    if tag in _BY_TAG:
        yield _BY_TAG[tag].at(file, owner(element), line_of(element))
    parent = element.getparent()
    holder = owner(parent) if parent is not None else ""
    if tag == "standardLoopCharacteristics":
        yield STANDARD_LOOP.at(file, holder, line_of(element))
    if tag == "compensateEventDefinition":
        yield COMPENSATION.at(file, holder, line_of(element))
    if element.get("isForCompensation") in ("true", "1"):
        yield COMPENSATION.at(file, owner(element), line_of(element))
    if tag == "cancelEventDefinition":
        yield CANCEL_EVENT.at(file, holder, line_of(element))
    if tag.endswith("Event"):
        yield from _definitions(file, element)


def _definitions(file: str, element: Element) -> Iterator[Finding]:
    found = [local(d) for d in event_definitions(element)]
    references = [r for r in children_named(element, "eventDefinitionRef")]
    if len(found) + len(references) > 1:
        yield SEVERAL_DEFINITIONS.at(file, owner(element), line_of(element))
    known = {*DEFINITIONS, "compensateEventDefinition", "cancelEventDefinition"}
    for tag in {*found} - known | ({"eventDefinitionRef"} if references else set()):
        yield UNKNOWN_ELEMENT.at(file, owner(element), line_of(element), tag=tag)


def _associations(file: str, element: Element, stores: set[str | None]) -> Iterator[Finding]:
    if local(element) not in ("dataInputAssociation", "dataOutputAssociation"):
        return
    parent = element.getparent()
    holder = owner(parent) if parent is not None else ""
    ends = {(e.text or "").strip() for e in children_named(element, "sourceRef", "targetRef")}
    if ends & stores:
        yield DATA_STORE.at(file, holder, line_of(element))
    if next(children_named(element, "assignment", "transformation"), None) is not None:
        yield DATA_ASSIGNMENT.at(file, holder, line_of(element))


def _unknown(file: str, parent: Element) -> Iterator[Finding]:
    for element in elements(parent):
        tag = local(element)
        if split(str(element.tag))[0] != BPMN or tag in _PASSIVE or tag in KINDS or tag in _BY_TAG:
            continue
        if not tag.endswith("EventDefinition"):
            yield UNKNOWN_ELEMENT.at(file, owner(element), line_of(element), tag=tag)
