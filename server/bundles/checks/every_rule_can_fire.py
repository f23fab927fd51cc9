"""No rule of a table is written in vain."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Subject
from server.engine.model import Finding

CODE = "every-rule-can-fire"


def check(subject: Subject) -> Iterator[Finding]:
    """Rules that other rules or the allowed values leave nothing to."""
    return subject.analysed(CODE, "dmn.unreachable", "dmn.empty_condition", "dmn.duplicate_rule")
