"""Business rule tasks: from variables to a decision, and from its result to variables and deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from server.engine import decisions
from server.engine.errors import DecisionFailed, DecisionMissing, NotADeadline, ResultNotSingle
from server.engine.model import DecisionCall, Evaluation, FlowNode, Model, Moment, Value
from server.engine.schedule import CIVIL

DEADLINE = "deadlineVariable"
"""The property that names the variable into which the deadline of a decision is written."""

DEADLINE_FROM = "deadlineFrom"
"""The property that names the input from which a limit runs, where the decision has no output clock_start."""


def decide(model: Model, element: FlowNode, variables: Mapping[str, Value], at: Moment) -> Evaluation:
    """Take the decision that an element calls for. Raises DecisionMissing."""
    call = _call(element)
    holder = model.decisions.get(call.decision)
    if holder is None:
        raise DecisionMissing(element=element.id, decision=call.decision)
    return decisions.evaluate(holder, call.decision, variables, element.id, at.now.astimezone(CIVIL))


def variables(element: FlowNode, evaluation: Evaluation, at: Moment) -> dict[str, Value]:
    """The variables to set after a decision. Raises DecisionFailed, ResultNotSingle, NotADeadline."""
    call = _call(element)
    if evaluation.failed:
        reason = next(finding.quoted() for finding in evaluation.findings if finding.level == "error")
        raise DecisionFailed(element=element.id, decision=call.decision, reason=reason)
    found: dict[str, Value] = {}
    if call.result_variable:
        found[call.result_variable] = _mapped(call, element.id, evaluation.outputs)
    if name := element.properties.get(DEADLINE, ""):
        found[name] = _deadline(element, evaluation, at)
    return found


def _call(element: FlowNode) -> DecisionCall:
    if element.decision is None:
        raise DecisionMissing(element=element.id, decision="")
    return element.decision


def _mapped(call: DecisionCall, element: str, outputs: Value) -> Value:
    """The result as Camunda 7 maps it; a rule with one output counts as its value."""
    results = outputs if isinstance(outputs, list) else [] if outputs is None else [outputs]
    if call.map_result == "resultList":
        return results
    if call.map_result == "collectEntries":
        return [_entry(result, call, element) for result in results]
    if len(results) > 1:
        raise ResultNotSingle(element=element, decision=call.decision, count=len(results))
    if not results:
        return None
    return _entry(results[0], call, element) if call.map_result == "singleEntry" else results[0]


def _entry(result: Value, call: DecisionCall, element: str) -> Value:
    if not isinstance(result, dict):
        return result
    if len(result) != 1:
        raise ResultNotSingle(element=element, decision=call.decision, count=len(result))
    return next(iter(result.values()))


def _deadline(element: FlowNode, evaluation: Evaluation, at: Moment) -> str | None:
    """The end of the limit that a decision set, as ISO text; None while one of its four parts is null."""
    given = evaluation.inputs.get(element.properties.get(DEADLINE_FROM, ""))
    outputs = evaluation.outputs
    parts: dict[str, Any] = {"clock_start": given} | (outputs if isinstance(outputs, dict) else {})
    start, limit, unit, rule = (parts.get(name) for name in ("clock_start", "limit", "unit", "rule"))
    if start is None or limit is None or unit is None or rule is None:
        return None
    try:
        if isinstance(limit, bool) or not isinstance(limit, int | Decimal) or limit % 1:
            raise ValueError(f"limit {limit}")
        return at.calendar.deadline(date.fromisoformat(str(start)[:10]), int(limit), unit, rule).isoformat()
    except (ValueError, KeyError) as problem:
        raise NotADeadline(element=element.id, decision=evaluation.decision, reason=str(problem)) from problem
