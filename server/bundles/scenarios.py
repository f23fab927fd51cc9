"""Scenarios played: a process owner's story told to the engine, and what did not agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from server.bundles.manifest import Manifest
from server.bundles.scenario_agreement import Disagreement, agrees, shown
from server.bundles.scenario_case import Case
from server.bundles.scenario_files import Scenario, ScenarioRefused, read_scenario
from server.engine import decisions
from server.engine.business_calendar import BusinessCalendar
from server.engine.errors import EngineError
from server.engine.model import Evaluation, Finding, Model

Passed = tuple[str, str]
"""A flow or node that was passed (process, element), or a rule that fired (decision, row as text)."""


@dataclass(frozen=True, slots=True)
class Played:
    """How a scenario went: it holds where `failures` is empty. `elements` are the nodes and flows it passed,
    `rules` the rules of decision tables that fired."""

    scenario: Scenario
    failures: tuple[Finding, ...]
    elements: frozenset[Passed] = frozenset()
    rules: frozenset[Passed] = frozenset()

    @property
    def holds(self) -> bool:
        """Whether everything happened as told."""
        return not self.failures


def read_scenarios(files: Mapping[str, bytes]) -> tuple[tuple[Scenario, ...], tuple[Finding, ...]]:
    """The scenarios of a bundle (content by path), and findings for files that cannot be read."""
    scenarios, findings = [], []
    for path in sorted(files):
        try:
            scenarios.append(read_scenario(files[path], path))
        except ScenarioRefused as refused:
            findings.append(refused.finding)
    return tuple(scenarios), tuple(findings)


def play(
    scenario: Scenario,
    model: Model,
    manifest: Manifest | None = None,
    calendar: BusinessCalendar | None = None,
) -> Played:
    """Play one scenario. What does not agree stands in `failures`; nothing is raised for it."""
    if scenario.decision:
        return _play_decision(scenario, model)
    return _play_process(scenario, model, manifest, calendar or BusinessCalendar())


def play_all(
    scenarios: Iterable[Scenario],
    model: Model,
    manifest: Manifest | None = None,
    calendar: BusinessCalendar | None = None,
) -> Iterator[Played]:
    """Play scenarios one after the other."""
    days = calendar or BusinessCalendar()
    return (play(scenario, model, manifest, days) for scenario in scenarios)


def _play_process(
    scenario: Scenario, model: Model, manifest: Manifest | None, calendar: BusinessCalendar
) -> Played:
    case = Case(scenario, model, calendar)
    try:
        case.begin(manifest)
        for step in scenario.steps:
            case.step(step)
        case.finish()
    except Disagreement as problem:
        failures: tuple[Finding, ...] = (_failure(scenario, problem),)
    except EngineError as error:
        failures = (_failure(scenario, case.trouble(error)),)
    else:
        failures = ()
    return Played(scenario, failures, frozenset(case.elements), frozenset(case.rules))


def _play_decision(scenario: Scenario, model: Model) -> Played:
    decision = model.decisions.get(scenario.decision)
    if decision is None:
        missing = Disagreement("There is no decision {decision}.", {"decision": scenario.decision})
        return Played(scenario, (_failure(scenario, missing),))
    failures: list[Finding] = []
    rules: set[Passed] = set()
    for case in scenario.cases:
        told = decisions.evaluate(decision, scenario.decision, case.inputs, now=case.at)
        rules |= set(fired(told))
        problem = _disagreement(told, case.expect, case.rule, case.error)
        if problem is not None:
            numbered = Disagreement(
                "case {number}: {what}", {"number": case.number, "what": problem.quoted()}
            )
            numbered.line = case.line
            failures.append(_failure(scenario, numbered))
    return Played(scenario, tuple(failures), rules=frozenset(rules))


def fired(evaluation: Evaluation) -> Iterator[Passed]:
    """The rules that fired in an evaluation and in the decisions it required."""
    for rule in evaluation.matched:
        yield evaluation.decision, str(rule.row)
    for required in evaluation.required:
        yield from fired(required)


def _disagreement(told: Evaluation, expect: object, rule: str, error: str) -> Disagreement | None:
    errors = [finding for finding in told.findings if finding.level == "error"]
    rows = ", ".join(f"{r.row} ({r.id})" for r in told.matched) or "–"
    if error:
        if error in [e.code for e in errors]:
            return None
        return Disagreement(
            "expected the error {error}, got {found}.", {"error": error, "found": shown(told.outputs)}
        )
    if errors:
        return Disagreement("{problem}", {"problem": errors[0].quoted()})
    if not agrees(expect, told.outputs):
        params = {"expected": shown(expect), "found": shown(told.outputs), "rows": rows}
        return Disagreement("expected {expected}, got {found}; rules that fired: {rows}.", params)
    if rule and rule not in [name for r in told.matched for name in (str(r.row), r.id)]:
        return Disagreement("expected rule {rule} to fire, fired: {rows}.", {"rule": rule, "rows": rows})
    return None


def _failure(scenario: Scenario, problem: Disagreement) -> Finding:
    return Finding(
        level="error",
        code="scenario-fails",
        message=problem.message,
        params=problem.params,
        remedy="Correct the diagram or the table; or the scenario, if the regulation means something else.",
        file=scenario.path,
        element=problem.element,
        line=problem.line,
        family="house",
    )
