"""How a story begins: by somebody's hand, by a message, or by the schedule of the jurisdiction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.bundles import duties
from server.bundles.manifest import Manifest
from server.bundles.scenario_agreement import Disagreement
from server.bundles.scenario_files import Scenario
from server.engine.business_calendar import ZONE
from server.engine.model import Evaluation, EventKind, Model, ProcessDefinition, Value


@dataclass(frozen=True, slots=True)
class Beginning:
    """`values` are there before anybody fills in anything; `form` is to be filled with `answers`, if there is
    one. `event` is the start event, None for the plain one; `schedule` the decision that began the case."""

    values: Mapping[str, Value]
    form: str = ""
    answers: Mapping[str, Value] = field(default_factory=dict)
    event: str | None = None
    schedule: Evaluation | None = None


def beginning(scenario: Scenario, model: Model, manifest: Manifest | None) -> Beginning:
    """How the case of a scenario begins. Raises Disagreement where it could not begin so."""
    definition = model.processes.get(scenario.process)
    if definition is None:
        raise Disagreement("There is no process {process}.", {"process": scenario.process})
    if scenario.message:
        return Beginning(scenario.start, event=_message_start(definition, scenario.message))
    if scenario.duty:
        return _duty(scenario, model, manifest)
    _may_start(scenario, manifest)
    return _by_hand(scenario, model, definition)


def _message_start(definition: ProcessDefinition, message: str) -> str:
    starts = [n for n in definition.starts if n.event.kind is EventKind.MESSAGE]
    found = next((n.id for n in starts if n.event.name == message), None)
    if found is None:
        names = ", ".join(n.event.name for n in starts) or "–"
        raise Disagreement(
            "{process} has no start event that waits for the message {message}; awaited are: {names}.",
            {"process": definition.id, "message": message, "names": names},
        )
    return found


def _duty(scenario: Scenario, model: Model, manifest: Manifest | None) -> Beginning:
    """The schedule must begin the process on that day for that period, and the project have what it
    requires. Without a manifest there is no schedule to ask."""
    day = scenario.at.astimezone(ZONE).date()
    if manifest is None:
        found = duties.Duty(scenario.process, scenario.duty, "project")
        return Beginning({**scenario.start, **duties.variables(found, day)})
    try:
        taken = duties.evaluate(model, manifest.schedule, day)
        named = duties.read(taken)
    except duties.ScheduleUnclear as unclear:
        raise Disagreement("the schedule cannot be read: {reason}.", {"reason": str(unclear)}) from None
    wanted = (scenario.process, scenario.duty)
    duty = next((d for d in named if (d.process, d.period) == wanted), None)
    if duty is None:
        told = ", ".join(f"{d.process} {d.period}" for d in named) or "–"
        raise Disagreement(
            "the schedule does not begin {process} for {period} on {day}; it begins: {told}.",
            {"process": wanted[0], "period": wanted[1], "day": day.isoformat(), "told": told},
        )
    if not duty.concerns(scenario.start):
        raise Disagreement(
            "the schedule begins this for projects with the fact {fact}; the story's project lacks it.",
            {"fact": duty.requires},
        )
    return Beginning({**scenario.start, **duties.variables(duty, day)}, schedule=taken)


def _may_start(scenario: Scenario, manifest: Manifest | None) -> None:
    entry = manifest.processes.get(scenario.process) if manifest else None
    if entry and entry.started_by and scenario.by and scenario.by not in entry.started_by:
        raise Disagreement(
            "{by} may not start this process; {allowed} may.",
            {"by": scenario.by, "allowed": ", ".join(entry.started_by)},
        )


def _by_hand(scenario: Scenario, model: Model, definition: ProcessDefinition) -> Beginning:
    """What a case begins with: the answers to the start form, and what its project is known for."""
    told = scenario.start
    form_id = next((n.assignment.form for n in definition.starts if n.event.kind is EventKind.NONE), "")
    form = model.forms.get(form_id)
    if form is None:
        return Beginning(told)
    answers = {name: value for name, value in told.items() if name in form.keys}
    return Beginning(told, form_id, answers)
