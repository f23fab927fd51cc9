"""What a modeler may attach to an element and the engine never runs: code, listeners, other dialects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from server.engine.bpmn_attributes import BPMN, CAMUNDA
from server.engine.bpmn_xml import Diagram
from server.engine.model import Finding
from server.engine.refusals.elements import owner, processes
from server.engine.refusals.refusal import Refusal
from server.engine.xml import Element, line_of, split

CODE = Refusal(
    "code-attached",
    "{element} calls code of another engine ({attribute}: {value}); it is never run here.",
    "Use a decision, an output mapping in FEEL, or an external task.",
)
LISTENER = Refusal(
    "listener",
    "{element} has a listener, which the engine does not run.",
    "Draw what it does as an element of its own.",
)
CONNECTOR = Refusal(
    "connector",
    "{element} has a connector, which the engine does not run.",
    "Use a message event or an external task.",
)
INLINE_SCRIPT = Refusal(
    "inline-script",
    "{element} holds a script; no script of a diagram is ever run.",
    "Write the value as FEEL.",
)
FORM_DATA = Refusal(
    "generated-form",
    "{element} describes its form in the diagram, which the engine does not show.",
    "Draw the form as a form-js file and name it in the form reference.",
)
WORKER_ERROR = Refusal(
    "worker-error-expression",
    "{element} turns failures of its worker into errors by expressions, which the engine does not evaluate.",
    "Let the worker report the error itself, with the code that the boundary event catches.",
)
LIST_OR_MAP = Refusal(
    "list-or-map",
    "{element} maps a list or map of Camunda, which the engine does not read.",
    "Write it as FEEL: a list [a, b] or a context {{a: 1}}.",
)
LANGUAGE = Refusal(
    "expression-language",
    "{element} is written in {language}; only FEEL is evaluated.",
    "Write the expression in FEEL and delete the language.",
)
BINDING = Refusal(
    "binding-not-deployment",
    "{element} binds {attribute} to “{value}”. An instance stays with the files it was deployed with.",
    "Choose the binding “deployment”.",
)
OTHER_DIALECT = Refusal(
    "other-dialect",
    "{element} carries attributes for another engine ({namespace}), which would be ignored.",
    "Open the diagram in a modeler for Camunda Platform 7 and set them again.",
)
BUSINESS_KEY = Refusal(
    "business-key-ignored",
    "{element} hands over a business key; a called process shares the one of its caller.",
    "Delete the business key mapping.",
    level="warning",
)

_CODE = (
    "class",
    "delegateExpression",
    "expression",
    "variableMappingClass",
    "variableMappingDelegateExpression",
)
_BINDINGS = ("formRefBinding", "decisionRefBinding", "calledElementBinding", "caseBinding")
_CHILDREN: Mapping[str, Refusal] = {
    "executionListener": LISTENER,
    "taskListener": LISTENER,
    "connector": CONNECTOR,
    "script": INLINE_SCRIPT,
    "formData": FORM_DATA,
    "list": LIST_OR_MAP,
    "map": LIST_OR_MAP,
    "errorEventDefinition": WORKER_ERROR,
}
_DIALECTS: Mapping[str, str] = {
    "http://camunda.org/schema/zeebe/1.0": "Camunda 8",
    "http://flowable.org/bpmn": "Flowable",
    "http://activiti.org/bpmn": "Activiti",
    "http://www.jboss.org/drools": "jBPM",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "SpiffWorkflow",
}


def check(diagram: Diagram) -> Iterator[Finding]:
    """Everything attached to the processes that would be ignored or that asks for code."""
    yield from _language(diagram.file, diagram.root, "expressionLanguage")
    for process in processes(diagram):
        told: set[tuple[str, str]] = set()
        for element in process.iter("{*}*"):
            yield from _attributes(diagram.file, element)
            yield from _child(diagram.file, element)
            for dialect in _dialects(element):
                if (owner(element), dialect) not in told:
                    told.add((owner(element), dialect))
                    yield OTHER_DIALECT.at(diagram.file, owner(element), line_of(element), namespace=dialect)


def _attributes(file: str, element: Element) -> Iterator[Finding]:
    space, tag = split(str(element.tag))
    for key, value in element.attrib.items():
        of, name = split(str(key))
        if of != CAMUNDA:
            continue
        where = file, owner(element), line_of(element)
        if name in _CODE and value and "Listener" not in tag:
            yield CODE.at(*where, attribute=name, value=value[:80])
        if name in _BINDINGS and value not in ("", "deployment"):
            yield BINDING.at(*where, attribute=name, value=str(value)[:40])
        if name == "resource" and value:
            yield INLINE_SCRIPT.at(*where)
    if space == BPMN and tag != "documentation":
        yield from _language(file, element, "language")


def _child(file: str, element: Element) -> Iterator[Finding]:
    space, name = split(str(element.tag))
    if space != CAMUNDA:
        return
    if name in _CHILDREN:
        yield _CHILDREN[name].at(file, owner(element), line_of(element))
    if name == "in" and element.get("businessKey"):
        yield BUSINESS_KEY.at(file, owner(element), line_of(element))


def _language(file: str, element: Element, attribute: str) -> Iterator[Finding]:
    value = (element.get(attribute) or "").strip()
    known = "feel" in value.lower() or not value
    # Modelers write the XPath default of BPMN 2.0 into the head of a file without meaning it.
    meant = attribute == "language" or "xpath" not in value.lower()
    if not known and meant:
        yield LANGUAGE.at(file, owner(element), line_of(element), language=value[:60])


def _dialects(element: Element) -> Iterator[str]:
    spaces = dict.fromkeys(split(str(name))[0] for name in (element.tag, *element.attrib))
    return (_DIALECTS[space] for space in spaces if space in _DIALECTS)
