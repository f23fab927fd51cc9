"""A user task says who may do it."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject
from server.engine.model import Finding, Kind

CODE = "user-task-has-candidates"
NOBODY = Rule(
    CODE,
    "Nobody may do {name}: it has neither candidate groups nor candidate users nor an assignee.",
    "Enter the candidate group, an id of a [[group]] in jurisdiction.toml.",
)


def check(subject: Subject) -> Iterator[Finding]:
    """User tasks that would stand in nobody's worklist."""
    for process, node in subject.nodes():
        wanted = node.assignment
        someone = wanted.candidate_groups or wanted.candidate_users or wanted.assignee
        if node.kind is Kind.USER_TASK and not someone:
            yield NOBODY.on(process, node)
