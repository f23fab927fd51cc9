"""What would happen next, in words: the engine's dry run as the check page tells it."""

from __future__ import annotations

from dataclasses import dataclass

from server.engine.model import Advance, Evaluation
from server.services import deployed
from server.web import vocabulary
from server.web.context import Visit
from server.web.vocabulary import Vocabulary
from server.web.words import Words


@dataclass(frozen=True, slots=True)
class Reason:
    """A decision on the way: its result in words, what it looked at, the rules and their articles."""

    name: str
    result: str
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
    names = vocabulary.of(used, visit.language)
    reasons = tuple(_reason(words, names, evaluation) for evaluation in advance.evaluations)
    findings = [incident.finding for incident in advance.incidents]
    problem = " ".join(visit.words.tell(f.message, f.params) for f in findings)
    return Upcoming(tuple(dict.fromkeys(tasks)), ended, reasons, problem)


def _reason(words: Words, names: Vocabulary, evaluation: Evaluation) -> Reason:
    told = [(name, value) for name, value in evaluation.inputs.items() if value is not None][:6]
    inputs = "，".join(f"{names.name(name)}：{names.value(name, value, words)}" for name, value in told)
    annotations = "；".join(
        dict.fromkeys(
            words.annotation(text) for rule in evaluation.matched for text in rule.annotations if text
        )
    )
    result = names.value(evaluation.name, evaluation.outputs, words)
    articles = tuple(dict.fromkeys(c for rule in evaluation.matched for c in rule.regulation))
    rows = "、".join(str(rule.row) for rule in evaluation.matched)
    return Reason(evaluation.name, annotations or result, inputs, rows, articles)
