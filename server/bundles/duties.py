"""Duties that time starts: what the schedule of a jurisdiction says begins on a day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, cast, get_args

from server.engine import decisions
from server.engine.business_calendar import ZONE
from server.engine.dmn.model import DecisionTable, Rule
from server.engine.model import Evaluation, Model, Value

Per = Literal["installation", "unit", "project"]
_LOOK_BACK = 366


class ScheduleUnclear(ValueError):
    """The schedule could not be evaluated for a day, or said what no duty can be; the text says which."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One case for each subject: `process` begins for `period`, once for the whole installation, for each
    unit, or for each project (that has the fact `requires`, if one is named)."""

    process: str
    period: str
    per: Per
    requires: str = ""

    def concerns(self, facts: Mapping[str, Any]) -> bool:
        """Whether a project with these facts has the duty."""
        return not self.requires or facts.get(self.requires) is True


def evaluate(model: Model, schedule: str, day: date) -> Evaluation:
    """Take the decision that is the schedule for a day. Raises ScheduleUnclear."""
    holder = model.decisions.get(schedule)
    if holder is None:
        raise ScheduleUnclear(f"there is no decision {schedule}")
    morning = datetime.combine(day, time(), ZONE)
    found = decisions.evaluate(holder, schedule, {"day": day.isoformat()}, now=morning)
    if found.findings:
        raise ScheduleUnclear(found.findings[0].text())
    return found


def duties(model: Model, schedule: str, day: date) -> tuple[Duty, ...]:
    """What begins on a day, each duty once, in the order of the rules. Raises ScheduleUnclear."""
    return read(evaluate(model, schedule, day))


def read(evaluation: Evaluation) -> tuple[Duty, ...]:
    """The duties that an evaluation of the schedule names. Raises ScheduleUnclear."""
    outputs = evaluation.outputs
    rows = outputs if isinstance(outputs, list) else [] if outputs is None else [outputs]
    return tuple(dict.fromkeys(_duty(row) for row in rows))


def latest(model: Model, schedule: str, process: str, day: date) -> Duty | None:
    """The duty of a process that the schedule named last, on a day or in the year before it; None where it
    named none or cannot be understood."""
    for number in range(_LOOK_BACK):
        try:
            named = duties(model, schedule, day - timedelta(days=number))
        except ScheduleUnclear:
            return None
        if found := [duty for duty in named if duty.process == process]:
            return found[-1]
    return None


def variables(duty: Duty, day: date) -> dict[str, Value]:
    """What a case knows of the duty that began it: the period, the year of the day, and the day itself."""
    return {"period": duty.period, "year": Decimal(day.year), "opened_on": day.isoformat()}


def scopes(model: Model, schedule: str, process: str) -> frozenset[str]:
    """For whom the schedule begins a process: installation, unit, project; nothing where it never does."""
    found = table(model, schedule)
    if found is None:
        return frozenset()
    named = zip(cells(found, "process"), cells(found, "per"), strict=False)
    return frozenset(per for (_, name), (_, per) in named if name == process and per)


def _duty(row: Value) -> Duty:
    said = row if isinstance(row, dict) else {}
    process, period, per = said.get("process"), said.get("period"), said.get("per")
    requires = said.get("requires")
    if not (isinstance(process, str) and process and isinstance(period, str) and period):
        raise ScheduleUnclear(f"process and period must be texts, not {process} and {period}")
    if per not in get_args(Per):
        raise ScheduleUnclear(f"per must be installation, unit or project, not {per}")
    if not isinstance(requires, str | None):
        raise ScheduleUnclear(f"requires must be the name of a fact or null, not {requires}")
    if requires and per != "project":
        raise ScheduleUnclear(f"requires ({requires}) needs per = project")
    return Duty(process, period, cast("Per", per), requires or "")


# --------------------------------------------------------------------------- what a schedule can say at all
_TEXT = re.compile(r'\s*"([^"\\]*)"\s*')


def table(model: Model, schedule: str) -> DecisionTable | None:
    """The table that is the schedule, None where there is none of this id."""
    holder = model.decisions.get(schedule)
    logic = holder.decisions[schedule].logic if holder else None
    return logic if isinstance(logic, DecisionTable) else None


def cells(found: DecisionTable, output: str) -> Iterator[tuple[Rule, str | None]]:
    """What each rule writes into an output as a plain text; None where it is computed or null."""
    names = [clause.name for clause in found.outputs]
    for rule in found.rules if output in names else ():
        text = _TEXT.fullmatch(rule.outputs[names.index(output)].text)
        yield rule, text[1] if text else None


def scheduled(model: Model, schedule: str) -> frozenset[str]:
    """The processes that a schedule begins."""
    found = table(model, schedule)
    return frozenset(name for _, name in cells(found, "process") if name) if found else frozenset()
