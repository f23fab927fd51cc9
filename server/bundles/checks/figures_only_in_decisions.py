"""Amounts, shares and counts stand in decision tables, where an article stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject
from server.engine.model import Finding
from server.engine.refusals.expressions import places

CODE = "figures-only-in-decisions"
FIGURE = Rule(
    CODE,
    "{element}: the figure {figure} stands in the diagram ({place}).",
    "Put it into a decision and use the decision's result here.",
)

_PLACES = ("condition", "completionCondition", "loopCardinality", "conditional")
"""Where a figure decides about the way of a case; in a mapping it may count characters."""

_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"')
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


def check(subject: Subject) -> Iterator[Finding]:
    """Numbers other than 0 and 1 in what a diagram makes a case depend on."""
    for process in subject.loaded.model.processes.values():
        for place in places(process):
            if place.place not in _PLACES:
                continue
            for figure in _NUMBER.findall(_STRINGS.sub("", place.text)):
                if figure not in ("0", "1"):
                    yield FIGURE.at(process.file, place.element, place.line, place=place.place, figure=figure)
