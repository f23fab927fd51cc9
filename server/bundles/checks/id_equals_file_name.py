"""One thing in each file, and the file bears its name."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject, stem
from server.engine.model import Finding

CODE = "id-equals-file-name"
WRONG_NAME = Rule(
    CODE,
    "The file holds {element}; by its name it should hold {expected}.",
    "Rename the file or correct the id.",
)
SEVERAL = Rule(
    CODE,
    "The file holds {count} processes.",
    "Write each process into a file of its own.",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Files whose names lead a reader astray: `bpmn/<id>/library_entry.bpmn` holds `<id>.library_entry`."""
    for diagram in subject.loaded.diagrams:
        if len(diagram.processes) > 1:
            yield SEVERAL.at(diagram.file, diagram.processes[1].id, count=len(diagram.processes))
        yield from _named(subject, diagram.file, ".", [p.id for p in diagram.processes[:1]])
    for model in subject.loaded.decision_models:
        yield from _named(subject, model.definitions.file, "_", list(model.decisions))
    for form in subject.loaded.model.forms.values():
        yield from _named(subject, form.file, ".", [form.id])


def _named(subject: Subject, file: str, separator: str, ids: list[str]) -> Iterator[Finding]:
    """A file may hold more (decisions that its own requires), but what it is named after must be there."""
    expected = f"{subject.owner(file)}{separator}{stem(file)}"
    if ids and expected not in ids:
        yield WRONG_NAME.at(file, ids[0], expected=expected)
