"""What a decision reads, something in the process gives: a form, another decision, a mapping, the caller."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from server.bundles.checks.subject import Rule, Subject
from server.engine.model import Finding
from server.engine.refusals.variables import known_variables

CODE = "decision-inputs-are-set"
UNSET = Rule(
    CODE,
    "The decision {decision} reads {variable}, which nothing in the process gives to {name}.{suggestion}",
    "Ask for it in a form, map it, or declare it in the property “variables” of the process.",
    level="warning",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Inputs that would always be missing."""
    model = subject.loaded.model
    known = known_variables(model)
    for process, node in subject.nodes():
        decision = model.decisions.get(node.decision.decision) if node.decision else None
        if decision is None or node.decision is None:
            continue
        given = known[process.id] | {mapping.target for mapping in node.inputs}
        for name in decision.reads(node.decision.decision):
            if name.partition(".")[0] not in given:
                close = get_close_matches(name, sorted(given), 1)
                hint = f" ({close[0]}?)" if close else ""
                yield UNSET.on(process, node, decision=node.decision.decision, variable=name, suggestion=hint)
