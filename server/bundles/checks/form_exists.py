"""A user task shows a form, and so does the start of a process that only people start."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles import duties
from server.bundles.checks.subject import Rule, Subject
from server.engine.model import Finding, Kind

CODE = "form-exists"
NO_FORM = Rule(
    CODE,
    "{name} shows no form, so nothing could be filled in.",
    "Enter the id of a form as form reference.",
)
NO_START_FORM = Rule(
    CODE,
    "Process {started} is started by people but its start event {name} shows no form.",
    "Enter the id of a form as form reference of the start event.",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Tasks and starts without a form; forms that are named but missing are refused by the engine."""
    scheduled = duties.scheduled(subject.loaded.model, subject.manifest.schedule)
    for process, node in subject.nodes():
        if node.assignment.form:
            continue
        if node.kind is Kind.USER_TASK:
            yield NO_FORM.on(process, node)
        entry = subject.manifest.processes.get(process.id)
        by_people = (
            entry is not None and entry.started_by and not entry.called and process.id not in scheduled
        )
        if node.kind is Kind.START_EVENT and not node.scope and by_people and node.event.kind == "none":
            yield NO_START_FORM.on(process, node, started=process.id)
