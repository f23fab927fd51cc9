"""What the schedule says on any day is a duty: a process that can begin so, a subject, a fact that exists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from server.bundles import duties
from server.bundles.checks.subject import Rule, Subject
from server.engine.dmn.model import DecisionTable, HitPolicy, InputData
from server.engine.dmn.model import Rule as Row
from server.engine.model import EventKind, Finding

CODE = "schedule-is-sound"
NO_DECISION = Rule(
    CODE,
    "The schedule {element} is not among the decision tables.",
    "Add the DMN file, or correct schedule in jurisdiction.toml.",
)
NOT_COLLECTED = Rule(
    CODE,
    "The schedule {element} has the hit policy {policy}; several duties may begin on a day.",
    "Make it COLLECT without aggregation.",
)
NO_DAY = Rule(
    CODE,
    "The schedule {element} has no input data “day” of type date.",
    "Add it and connect it with the decision.",
)
NO_OUTPUT = Rule(
    CODE, "The schedule {element} has no output {output}.", "It needs process, period, per and requires."
)
COMPUTED = Rule(
    CODE,
    "Row {number} of the schedule computes the process, so nobody can see what it begins.",
    "Write the id of the process as a text.",
)
NO_PROCESS = Rule(
    CODE,
    "Row {number} of the schedule begins {process}, which no diagram holds.",
    "Correct the id, or add the diagram.",
)
NO_PLAIN_START = Rule(
    CODE,
    "Row {number} of the schedule begins {process}, which has no plain start event or is called by others.",
    "Draw a plain start event without a form; take out called = true.",
)
NO_FACT = Rule(
    CODE,
    "Row {number} of the schedule requires {fact}, which no process of the manifest fixes for its project.",
    "Enter it in facts or outcome_facts of the process that fixes it, or correct the name.",
)
UNCLEAR = Rule(
    CODE, "On {day} the schedule says what is no duty: {reason}.", "Correct the row that matches on this day."
)
FIRST, LAST = date(2027, 1, 1), date(2028, 12, 31)
"""The days that are tried: an odd and an even year, with a leap day."""


def check(subject: Subject) -> Iterator[Finding]:
    """Mistakes in the schedule of the jurisdiction, if it has one."""
    schedule = subject.manifest.schedule
    if not schedule:
        return
    model = subject.loaded.model
    table = duties.table(model, schedule)
    if table is None:
        yield NO_DECISION.at("jurisdiction.toml", schedule)
        return
    file = model.decisions[schedule].definitions.file
    shape = list(_shape(subject, schedule, table, file))
    yield from shape
    for row, process in duties.cells(table, "process"):
        yield from _process(subject, file, row, process)
    facts = {n for e in subject.manifest.processes.values() for n in (*e.facts, *e.outcome_facts)}
    for row, fact in duties.cells(table, "requires"):
        if fact and fact not in facts:
            yield NO_FACT.at(file, row.id, row.line, row=row.row, number=row.row, fact=fact)
    if not shape:
        yield from _days(subject, schedule, file)


def _shape(subject: Subject, schedule: str, table: DecisionTable, file: str) -> Iterator[Finding]:
    if table.hit_policy is not HitPolicy.COLLECT or table.aggregation:
        policy = f"{table.hit_policy.value} {table.aggregation}".strip()
        yield NOT_COLLECTED.at(file, schedule, table.line, policy=policy)
    elements = subject.loaded.model.decisions[schedule].definitions.elements
    inputs = [e for e in elements if isinstance(e, InputData)]
    if not any(i.name == "day" and i.variable.type_ref == "date" for i in inputs):
        yield NO_DAY.at(file, schedule, table.line)
    for output in ("process", "period", "per", "requires"):
        if output not in [clause.name for clause in table.outputs]:
            yield NO_OUTPUT.at(file, schedule, table.line, output=output)


def _process(subject: Subject, file: str, row: Row, process: str | None) -> Iterator[Finding]:
    definition = subject.loaded.model.processes.get(process or "")
    entry = subject.manifest.processes.get(process or "")
    rule = COMPUTED if process is None else NO_PROCESS if definition is None or entry is None else None
    if rule is None and definition is not None and entry is not None:
        plain = any(start.event.kind is EventKind.NONE for start in definition.starts)
        rule = None if plain and not entry.called else NO_PLAIN_START
    if rule is not None:
        yield rule.at(file, row.id, row.line, row=row.row, number=row.row, process=process)


def _days(subject: Subject, schedule: str, file: str) -> Iterator[Finding]:
    """The first day of some years on which the schedule cannot be understood."""
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        try:
            duties.duties(subject.loaded.model, schedule, day)
        except duties.ScheduleUnclear as unclear:
            yield UNCLEAR.at(file, schedule, day=day.isoformat(), reason=str(unclear))
            return
