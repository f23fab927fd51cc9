"""Decisions as the engine speaks of them: DMN models evaluated over process variables, told as findings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from server.engine import dmn
from server.engine.dmn.model import DecisionTable
from server.engine.feel import FunctionValue, Shape, to_json
from server.engine.findings import quoted
from server.engine.model import Evaluation, Finding, MatchedRule, MissedRule, Value

_PLAIN = frozenset({Decimal, str, bool, type(None)})


def evaluate(
    model: dmn.DecisionModel,
    decision: str,
    variables: Mapping[str, Value],
    element: str = "",
    now: datetime | None = None,
) -> Evaluation:
    """Take a decision (by id or name) and keep how it was taken.

    `outputs` is the value DMN prescribes, as process variables are: dates as ISO text, numbers as Decimal.
    A case must stop where `failed` holds: a table was violated, nothing matched, a value had the wrong type
    or was not among the allowed ones. `element` is the diagram element that asks; `now` is what `now()` and
    `today()` tell.
    """
    try:
        result = model.evaluate(decision, variables, now)
    except dmn.DmnError as error:
        problem = finding(error.problem, model.definitions.file)
        return Evaluation(decision, decision, {}, None, findings=(problem,), element=element)
    return told(result, model, element)


def told(result: dmn.DecisionResult, model: dmn.DecisionModel, element: str = "") -> Evaluation:
    """What a decision of a model gave, as it is kept."""
    findings = tuple(finding(problem, model.definitions.file) for problem in result.problems)
    return _told(result.trace, findings, element)


def _told(trace: dmn.DecisionTrace, findings: tuple[Finding, ...], element: str) -> Evaluation:
    """A trace as it is kept; the findings of required decisions stand with the one that was asked for."""
    table = trace.table
    return Evaluation(
        decision=trace.decision.id,
        name=trace.decision.label or trace.decision.name,
        inputs=_inputs(trace, table),
        outputs=to_json(trace.value),
        matched=() if table is None else tuple([MatchedRule(*match) for match in table.matches()]),
        missed=() if table is None else _missed(table),
        findings=findings,
        hit_policy="" if table is None else _policy(table.table),
        element=element,
        required=tuple(_told(required, (), element) for required in trace.required),
    )


def _inputs(trace: dmn.DecisionTrace, table: dmn.TableTrace | None) -> dict[str, Value]:
    """What the decision saw: its variables and requirements by name, its columns by their expressions."""
    seen = dict(trace.environment)
    if table is not None:
        seen |= table.inputs()
    return {
        name: value if type(value) in _PLAIN else to_json(value)
        for name, value in seen.items()
        if type(value) is not FunctionValue
    }


def _missed(table: dmn.TableTrace) -> tuple[MissedRule, ...]:
    texts = table.texts()
    return tuple([MissedRule(*stop, texts[column]) for stop, column in table.missed])


def _policy(table: DecisionTable) -> str:
    return f"{table.hit_policy.value} {table.aggregation}".strip()


# --------------------------------------------------------------------------- at deployment
def problems(model: dmn.DecisionModel, file: str = "") -> tuple[Finding, ...]:
    """What is wrong with a DMN file and where: decision, row, column; errors forbid its deployment."""
    return tuple(finding(problem, file or model.definitions.file) for problem in model.problems)


def analyse(model: dmn.DecisionModel, decision: str) -> tuple[Finding, ...]:
    """Overlapping rules, inputs that no rule covers, and rules that can never fire, in a decision's table; a
    note where a cell says more than the analysis understands. Nothing for a decision without a table."""
    return tuple(finding(problem, model.definitions.file) for problem in dmn.analyse(model, decision))


def mistaken(
    model: dmn.DecisionModel, decision: str, shapes: Mapping[str, Shape] | None = None
) -> tuple[Finding, ...]:
    """Cells of a decision that can never match and expressions that can never make sense, by the types and
    values of what they read; `shapes` are those of process variables."""
    return tuple(finding(p, model.definitions.file) for p in dmn.mistaken(model, decision, shapes))


AUTHORING = frozenset({"dmn.duplicate_id"})
"""Errors of a file that runs rightly all the same: it is not deployed, but a deployment of earlier days that
has one goes on."""


def finding(problem: dmn.Problem, file: str) -> Finding:
    """What the decision library reports, as a finding about a file."""
    return Finding(
        level=problem.level,
        code=problem.code,
        message=problem.message,
        params={"cell": problem.cell} | {name: quoted(value) for name, value in problem.params.items()},
        remedy=problem.remedy,
        file=file,
        element=problem.element or problem.decision,
        row=problem.row,
        column=problem.column,
        line=problem.line,
        family="house" if problem.code in AUTHORING else "executability",
    )
