"""In a table with hit policy UNIQUE no two rules fire for the same values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from server.bundles.checks.subject import Rule, Subject
from server.bundles.tables import columns_of, overlaps
from server.engine.dmn.model import DecisionTable, HitPolicy
from server.engine.model import Finding

CODE = "unique-rules-do-not-overlap"
MAX_TOLD = 20
OVERLAP = Rule(
    CODE,
    "Rules {first} and {second} of {element} both fire for {values}; the table is UNIQUE.",
    "Narrow one of them, or choose the hit policy FIRST if the order of the rows decides.",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Pairs of rules that would stop a case."""
    for model in subject.loaded.decision_models:
        for identity, decision in model.decisions.items():
            table = decision.logic
            if not isinstance(table, DecisionTable) or table.hit_policy is not HitPolicy.UNIQUE:
                continue
            columns = columns_of(table)
            if columns is None:
                continue
            for first, second, example in islice(overlaps(columns, len(table.rules)), MAX_TOLD):
                values = ", ".join(f"{name} = {value}" for name, value in example.items()) or "any values"
                line = table.rules[second - 1].line
                told = {"first": first, "second": second, "values": values}
                yield OVERLAP.at(model.definitions.file, identity, line, row=second, **told)
