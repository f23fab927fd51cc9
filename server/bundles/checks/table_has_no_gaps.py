"""A table that must give an answer gives one for every value it declares."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Subject
from server.engine.model import Finding

CODE = "table-has-no-gaps"


def check(subject: Subject) -> Iterator[Finding]:
    """Tables with values for which a case would stop."""
    return subject.analysed(CODE, "dmn.gap")
