"""Limits come from decisions and are counted by the business calendar; a diagram holds none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject
from server.engine.bpmn_attributes import is_marked
from server.engine.model import EventKind, Finding

CODE = "due-dates-in-working-days"
IN_DIAGRAM = Rule(
    CODE,
    "{name}: the limit {value} stands in the diagram ({attribute}); no article and no calendar reach it.",
    "Let a decision give limit, unit and rule, and name its result here.",
)

_VALUE = r"(?:R\d*/)?(?:P[^\"]*|\d{4}-\d{2}[^\"]*)"
_WRITTEN = re.compile(rf'"(?P<value>{_VALUE})"|(?:duration|date)\("(?P<call>[^"]*)"\)')


def check(subject: Subject) -> Iterator[Finding]:
    """Dates and durations that are written into due dates, follow-up dates and timers."""
    for process, node in subject.nodes():
        wanted = node.assignment
        texts = {"dueDate": wanted.due, "followUpDate": wanted.follow_up}
        if node.event.kind is EventKind.TIMER:
            texts["timer"] = node.event.expression
        for attribute, text in texts.items():
            found = _WRITTEN.search(text)
            if found is not None:
                value = found["value"] or found["call"]
                yield IN_DIAGRAM.on(process, node, attribute=attribute, value=value)
            elif text and attribute != "timer" and not is_marked(text):
                yield IN_DIAGRAM.on(process, node, attribute=attribute, value=text)
