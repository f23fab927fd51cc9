"""FEEL in diagrams: every text is compiled before a case meets it, and every name is looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from server.engine.bpmn_attributes import is_marked, marked_feel
from server.engine.bpmn_xml import Diagram
from server.engine.feel import Expression, FeelError, FeelSyntaxError, compile_expression
from server.engine.findings import quoted
from server.engine.model import Finding, FlowNode, Model, ProcessDefinition
from server.engine.refusals.refusal import Refusal
from server.engine.refusals.variables import known_variables

MAX_LENGTH = 4_000
MAX_UNKNOWN = 20

NOT_FEEL = Refusal(
    "feel-syntax",
    "{element}, {place}: `{text}` is not FEEL at character {position}: {reason}.{suggestion}",
    "Correct the expression.",
)
TOO_LONG = Refusal(
    "feel-too-long",
    "{element}, {place}: the expression has {length} characters; at most {limit} are read.",
    "Put it into a decision.",
)
UNKNOWN_NAME = Refusal(
    "feel-unknown-name",
    "{element}, {place}: nothing in the process gives a value to {variable}.{suggestion}",
    "Correct the name, or declare it in the property “variables” of the process.",
    level="warning",
)
EXTERNAL = Refusal(
    "feel-external-function",
    "{element}, {place}: an external function is defined; no code outside FEEL is ever run.",
    "Write the function in FEEL, or put it into a decision.",
)
TOO_MANY_NAMES = Refusal(
    "feel-too-many-unknown-names",
    "{element}, {place}: nothing in the process gives a value to more than {limit} of the names.",
    "Put it into a decision, with an input for each of them.",
)
UNKNOWN_FUNCTION = Refusal(
    "feel-unknown-function",
    "{element}, {place}: there is no function {variable} in FEEL.{suggestion}",
    "Use a function of FEEL.",
)

_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"')
_EXTERNAL = re.compile(r"\bexternal\b")
_HABITS = (
    ("&&", " Write `and` instead of `&&`."),
    ("||", " Write `or` instead of `||`."),
    ("==", " Write `=` instead of `==`."),
    ("${", " Write the expression without `${…}` inside."),
    ("import", " Code of programming languages is never run."),
    ("lambda", " Code of programming languages is never run."),
    ("'", " Texts stand in double quotes."),
)


SIGNER_ITEM = "signerItem"


@dataclass(frozen=True, slots=True)
class Place:
    """A FEEL text of a diagram and where it stands: `place` is the attribute as the modeler calls it."""

    element: str
    place: str
    text: str
    line: int = 0
    local: frozenset[str] = frozenset()


def places(process: ProcessDefinition) -> Iterator[Place]:
    """Every FEEL text of a process."""
    for flow in process.flows.values():
        source = process.nodes.get(flow.source)
        yield Place(flow.id, "condition", flow.condition, source.line if source else 0)
    for node in process.nodes.values():
        for place, text in _texts(node):
            yield Place(node.id, place, text, node.line, _local(process, node, place))


def check_texts(diagram: Diagram) -> Iterator[Finding]:
    """Every text of a diagram that is not FEEL, with its place."""
    for process in diagram.processes:
        for place in places(process):
            if place.text and place.text != "*":
                yield from _syntax(process, place)


def check_names(model: Model) -> Iterator[Finding]:
    """Every name in the texts of a model that nothing provides."""
    known = known_variables(model)
    for process in model.processes.values():
        for place in places(process):
            if place.text and place.text != "*" and len(place.text) <= MAX_LENGTH:
                yield from _names(process, place, known[process.id] | place.local)


def _texts(node: FlowNode) -> Iterator[tuple[str, str]]:
    yield str(node.event.kind), node.event.expression
    wanted = node.assignment
    marked = {
        "assignee": (wanted.assignee,),
        "candidateGroups": wanted.candidate_groups,
        "candidateUsers": wanted.candidate_users,
        "dueDate": (wanted.due,),
        "followUpDate": (wanted.follow_up,),
        "priority": (wanted.priority,),
    }
    for place, texts in marked.items():
        yield from ((place, marked_feel(text)) for text in texts if is_marked(text))
    for mapping in node.inputs:
        yield f"input mapping {mapping.target}", mapping.expression
    for mapping in node.outputs:
        if not node.called_element:
            yield f"output mapping {mapping.target}", mapping.expression
    if node.multi_instance:
        yield "collection", node.multi_instance.collection
        yield "loopCardinality", node.multi_instance.cardinality
        yield "completionCondition", node.multi_instance.completion_condition
        yield "outputElement", node.multi_instance.output_element
        yield SIGNER_ITEM, node.multi_instance.signer_item


def _local(process: ProcessDefinition, node: FlowNode, place: str) -> frozenset[str]:
    """What a decision task's own mappings see besides the process's variables; and of an added signer their
    item sees who it is."""
    if place == SIGNER_ITEM:
        return frozenset({"person", "group"})
    return frozenset({node.decision.result_variable}) if node.decision else frozenset()


def _syntax(process: ProcessDefinition, place: Place) -> Iterator[Finding]:
    params: dict[str, Any] = {"place": place.place, "text": place.text[:120]}
    if len(place.text) > MAX_LENGTH:
        length = len(place.text)
        yield TOO_LONG.at(process.file, place.element, place.line, length=length, limit=MAX_LENGTH, **params)
        return
    try:
        _compiled(place.text)
    except FeelSyntaxError as error:
        hint = f" ({error.suggestion}?)" if error.suggestion else _habit(place.text)
        params |= {"position": error.position + 1, "reason": quoted(error.told), "suggestion": hint}
    except (FeelError, RecursionError) as error:
        reason = quoted(error.told) if isinstance(error, FeelError) else str(error)
        params |= {"position": 1, "reason": reason, "suggestion": ""}
    else:
        if _EXTERNAL.search(_STRINGS.sub("", place.text)):
            yield EXTERNAL.at(process.file, place.element, place.line, place=place.place)
        return
    yield NOT_FEEL.at(process.file, place.element, place.line, **params)


@lru_cache(maxsize=4_096)
def _compiled(text: str) -> Expression:
    """A text is looked at alone and with the model it belongs to; it is compiled once for both."""
    return compile_expression(text)


def _habit(text: str) -> str:
    """A hint for those who come from another expression language."""
    return next((hint for sign, hint in _HABITS if sign in text), "")


def _names(process: ProcessDefinition, place: Place, known: frozenset[str]) -> Iterator[Finding]:
    try:
        compiled = _compiled(place.text)
    except (FeelError, RecursionError):
        return
    if sum(name.partition(".")[0] not in known for name in compiled.names) > MAX_UNKNOWN:
        yield TOO_MANY_NAMES.at(process.file, place.element, place.line, place=place.place, limit=MAX_UNKNOWN)
        return
    found = [(UNKNOWN_NAME, use) for use in compiled.unknown_names(known)]
    found += [(UNKNOWN_FUNCTION, use) for use in compiled.unknown_functions(known)]
    for refusal, use in found:
        hint = f" ({use.suggestion}?)" if use.suggestion else ""
        params: dict[str, Any] = {"place": place.place, "variable": use.name, "suggestion": hint}
        yield refusal.at(process.file, place.element, place.line, **params)
