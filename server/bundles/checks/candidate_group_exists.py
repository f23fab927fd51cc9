"""A candidate group, and one whose programs may do a step, is one of those in the manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from server.bundles.checks.subject import Rule, Subject
from server.engine.bpmn_attributes import is_marked
from server.engine.model import Finding

CODE = "candidate-group-exists"
UNKNOWN = Rule(
    CODE,
    "The candidate group {group} of {name} does not stand in jurisdiction.toml.{suggestion}",
    "Correct it, or add a [[group]].",
)
NO_WORKERS = Rule(
    CODE,
    "The group {group}, whose programs may do {name}, does not stand in jurisdiction.toml.{suggestion}",
    "Correct the property workedBy, or add a [[group]].",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Candidate groups that no installation could have. Groups given by FEEL are known only in a case."""
    groups = subject.manifest.groups
    for process, node in subject.nodes():
        for group in node.assignment.candidate_groups:
            if not is_marked(group) and group not in groups:
                yield UNKNOWN.on(process, node, group=group[:80], suggestion=_hint(group, groups))
        for group in node.worked_by:
            if group not in groups:
                yield NO_WORKERS.on(process, node, group=group[:80], suggestion=_hint(group, groups))


def _hint(group: str, groups: Iterable[str]) -> str:
    """The group that may be meant, if one is called much the same."""
    close = get_close_matches(group, list(groups), 1)
    return f" ({close[0]}?)" if close else ""
