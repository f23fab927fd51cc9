"""What makes an event of a diagram happen: BPMN event definitions read into `Event`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from server.engine.bpmn_attributes import BPMN, camunda, child, child_text, feel, is_marked, text_of
from server.engine.model import Event, EventKind
from server.engine.xml import Element, elements, local

DEFINITIONS: dict[str, EventKind] = {
    "timerEventDefinition": EventKind.TIMER,
    "messageEventDefinition": EventKind.MESSAGE,
    "signalEventDefinition": EventKind.SIGNAL,
    "errorEventDefinition": EventKind.ERROR,
    "escalationEventDefinition": EventKind.ESCALATION,
    "conditionalEventDefinition": EventKind.CONDITIONAL,
    "linkEventDefinition": EventKind.LINK,
    "terminateEventDefinition": EventKind.TERMINATE,
}
"""The event definitions the engine knows; compensation and cancel are refused (see refusals)."""

TIMERS: dict[str, Literal["date", "duration", "cycle"]] = {
    "timeDate": "date",
    "timeDuration": "duration",
    "timeCycle": "cycle",
}

_DATE = r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?"
_DURATION = r"P(?!$)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?"
ISO_TIME = re.compile(rf"^(?:{_DATE}|{_DURATION}|R\d*/(?:{_DATE}/)?{_DURATION}(?:/{_DATE})?)$")
"""ISO 8601 as timers are written: a date, a duration, or a repetition of one."""


class Names:
    """The messages, signals, errors and escalations of a file, by the id that event definitions refer to."""

    def __init__(self, root: Element) -> None:
        self._names: dict[str, str] = {}
        for tag, attribute in (
            ("message", "name"),
            ("signal", "name"),
            ("error", "errorCode"),
            ("escalation", "escalationCode"),
        ):
            for element in root.findall(f"{{{BPMN}}}{tag}"):
                name = element.get(attribute) or element.get("name") or element.get("id") or ""
                self._names[element.get("id") or ""] = name.strip()

    def of(self, reference: str | None) -> str:
        """The name behind a reference (`messageRef` …), "" where it leads nowhere."""
        return self._names.get((reference or "").rpartition(":")[2], "") if reference else ""


def event_definitions(element: Element) -> Iterator[Element]:
    """All event definitions of an event, the unsupported ones included."""
    return (c for c in elements(element) if local(c).endswith("EventDefinition"))


def event_of(element: Element, names: Names) -> Event:
    """The event of a start, end, catch, throw or boundary event; the first known definition counts."""
    known = (d for d in event_definitions(element) if local(d) in DEFINITIONS)
    definition = next(known, None)
    kind = DEFINITIONS[local(definition)] if definition is not None else EventKind.NONE
    timer, expression = _timer(definition) if kind is EventKind.TIMER else ("", "")
    if kind is EventKind.CONDITIONAL and definition is not None:
        expression = feel(child_text(definition, "condition"))
    return Event(
        kind=kind,
        name=_name(kind, definition, names),
        timer=timer,
        expression=expression,
        interrupting=_interrupting(element),
        attached_to=element.get("attachedToRef"),
        code_variable=_kept_in(definition, "errorCodeVariable"),
        message_variable=_kept_in(definition, "errorMessageVariable"),
    )


def timer_text(definition: Element) -> tuple[str, str]:
    """The kind (`timeDate` …) and the text of a timer as written."""
    for tag in TIMERS:
        value = child(definition, tag)
        if value is not None:
            return tag, text_of(value)
    return "", ""


def _timer(definition: Element | None) -> tuple[Literal["", "date", "duration", "cycle"], str]:
    if definition is None:
        return "", ""
    tag, text = timer_text(definition)
    if not tag:
        return "", ""
    # A modeler writes PT1H bare; as FEEL that would be a name. It becomes the FEEL string "PT1H".
    if not is_marked(text) and ISO_TIME.match(text):
        return TIMERS[tag], f'"{text}"'
    return TIMERS[tag], feel(text)


def _name(kind: EventKind, definition: Element | None, names: Names) -> str:
    if definition is None:
        return ""
    if kind is EventKind.LINK:
        return (definition.get("name") or "").strip()
    return names.of(definition.get(f"{kind.value}Ref"))


def _kept_in(definition: Element | None, attribute: str) -> str:
    return camunda(definition, attribute) if definition is not None else ""


def _interrupting(element: Element) -> bool:
    attribute = "cancelActivity" if local(element) == "boundaryEvent" else "isInterrupting"
    return element.get(attribute, "true") not in ("false", "0")
