"""A table that must give an answer gives one for every value it declares."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject
from server.bundles.tables import columns_of, gap
from server.engine.dmn.model import DecisionTable
from server.engine.model import Finding

CODE = "table-has-no-gaps"
GAP = Rule(
    CODE,
    "No rule of {element} fires for {values}.",
    "Add a rule or a default output, or set the property nothingMatched to null if no answer is an answer.",
    level="warning",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Tables with values for which a case would stop."""
    for model in subject.loaded.decision_models:
        for identity, decision in model.decisions.items():
            table = decision.logic
            if not isinstance(table, DecisionTable) or not _must_answer(table):
                continue
            columns = columns_of(table)
            missing = None if columns is None else gap(columns, len(table.rules))
            if missing is not None:
                values = ", ".join(f"{name} = {value}" for name, value in missing.items()) or "any values"
                yield GAP.at(model.definitions.file, identity, table.line, values=values)


def _must_answer(table: DecisionTable) -> bool:
    defaults = any(output.default.text for output in table.outputs)
    return not (table.hit_policy.many or table.allow_no_match or defaults)
