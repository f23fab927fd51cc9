"""What would happen next, in words: the engine's dry run as the check page tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.engine.model import Advance, Evaluation
from server.services import deployed
from server.web.context import Visit
from server.web.words import Words


@dataclass(frozen=True, slots=True)
class Reason:
    """A decision on the way: its result, what it looked at, the rules and their articles."""

    name: str
    outputs: str
    inputs: str
    rows: str
    regulation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next steps (name, who), how the case would end, why, and what would go wrong."""

    tasks: tuple[tuple[str, str], ...] = ()
    ended: str = ""
    reasons: tuple[Reason, ...] = ()
    problem: str = ""


def upcoming(visit: Visit, advance: Advance) -> Upcoming:
    """Tell what a dry run did."""
    used = deployed.active(visit.session, visit.person.tenant_id)
    words = Words(visit.words)
    tasks = tuple(
        (task.name, "、".join(used.group_name(group) for group in task.candidate_groups))
        for task in advance.opened
    )
    ended = (advance.ended.name or visit.words.gettext("ended")) if advance.ended else ""
    reasons = tuple(_reason(words, evaluation) for evaluation in advance.evaluations)
    findings = [incident.finding for incident in advance.incidents]
    problem = " ".join(visit.words.tell(f.message, f.params) for f in findings)
    return Upcoming(tuple(dict.fromkeys(tasks)), ended, reasons, problem)


def _reason(words: Words, evaluation: Evaluation) -> Reason:
    inputs = "，".join(f"{name} = {words.value(value)}" for name, value in _told(evaluation.inputs).items())
    rows = "、".join(str(rule.row) for rule in evaluation.matched)
    articles = tuple(dict.fromkeys(c for rule in evaluation.matched for c in rule.regulation))
    return Reason(evaluation.name, words.value(evaluation.outputs), inputs, rows, articles)


def _told(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that hold something, the first six: the rest stands in the record."""
    return dict([(name, value) for name, value in inputs.items() if value is not None][:6])
