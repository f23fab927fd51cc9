"""In a table with hit policy UNIQUE no two rules fire for the same values; with ANY they then agree."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Subject
from server.engine.model import Finding

CODE = "unique-rules-do-not-overlap"


def check(subject: Subject) -> Iterator[Finding]:
    """Pairs of rules that would stop a case."""
    return subject.analysed(CODE, "dmn.overlap", "dmn.overlap_any")
