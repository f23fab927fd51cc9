"""Every step and every rule names its article, and the article stands in the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from server.bundles.checks.subject import Rule, Subject, is_shared
from server.bundles.traceability import citations
from server.engine import dmn
from server.engine.dmn.model import DecisionTable
from server.engine.model import Finding, Kind

CODE = "regulation-resolves"
UNCITED = Rule(
    CODE,
    "{name} names no article.",
    "Enter it in the property “regulation”, such as {jurisdiction}#12.1.",
)
UNCITED_RULE = Rule(
    CODE,
    "Rule {number} of {element} names no article.",
    "Write it into the rule's annotation, such as {jurisdiction}#12.1.",
)
UNKNOWN = Rule(
    CODE,
    "{name} names {citation}, which does not stand in jurisdiction.toml.{suggestion}",
    "Correct it, or add the article to the [[regulation]].",
)

_CITED = (Kind.USER_TASK, Kind.BUSINESS_RULE_TASK, Kind.CALL_ACTIVITY, Kind.SERVICE_TASK)


def check(subject: Subject) -> Iterator[Finding]:
    """Steps and rules without an article, and articles that do not exist. Shared files serve several
    regulations, so they need not name one."""
    for process, node in subject.nodes(own=True):
        if node.kind in _CITED and not node.regulation:
            yield UNCITED.on(process, node, jurisdiction=subject.manifest.id)
    yield from _rules(subject)
    yield from _unknown(subject)


def _rules(subject: Subject) -> Iterator[Finding]:
    prefix = subject.manifest.id
    for model in subject.loaded.decision_models:
        file = model.definitions.file
        for identity, decision in model.decisions.items():
            if is_shared(file) or decision.regulation or not isinstance(decision.logic, DecisionTable):
                continue
            for rule in decision.logic.rules:
                if not dmn.citations(rule.description, *rule.annotations):
                    yield UNCITED_RULE.at(
                        file,
                        identity,
                        rule.line,
                        row=rule.row,
                        number=rule.row,
                        jurisdiction=prefix,
                    )


def _unknown(subject: Subject) -> Iterator[Finding]:
    manifest, model = subject.manifest, subject.loaded.model
    known = [f"{r.id}#{a.id}" for r in manifest.regulations.values() for a in r.articles]
    for citation, place in citations(model):
        if manifest.article(citation) is not None:
            continue
        close = get_close_matches(citation, known, 1)
        hint = f" ({close[0]}?)" if close else ""
        file, line = _file(subject, place.kind, place.container, place.element)
        name = place.name or place.element or place.container
        element = place.element or place.container
        params = {"name": name[:80], "citation": citation[:80], "suggestion": hint}
        yield UNKNOWN.at(file, element, line, row=place.row, **params)


def _file(subject: Subject, kind: str, container: str, element: str) -> tuple[str, int]:
    model = subject.loaded.model
    if kind in ("process", "element"):
        process = model.processes[container]
        node = process.nodes.get(element)
        return process.file, node.line if node else 0
    if kind == "form":
        return model.forms[container].file, 0
    return model.decisions[container].definitions.file, 0
