"""The outline beside a diagram, which reviewers read, says what the diagram does."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject
from server.bundles.outline import outlines
from server.engine.model import Finding

CODE = "outline-is-current"
OUTDATED = Rule(
    CODE, "The outline is not that of the diagram.", "Run “make outlines” and review what changed."
)
MISSING = Rule(
    CODE, "The diagram has no outline beside it.", "Run “make outlines” and review it.", level="warning"
)


def check(subject: Subject) -> Iterator[Finding]:
    """Outlines that are missing or out of date."""
    for path, text in outlines(subject.loaded.model.processes).items():
        kept = subject.bundle.files.get(path)
        if kept is None:
            yield MISSING.at(path)
        elif kept.decode("utf-8", "replace").replace("\r\n", "\n") != text:
            yield OUTDATED.at(path)
