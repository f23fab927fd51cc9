"""What the leader of a rehearsal does beside what everybody does with tasks: play a post, let days pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.engine.errors import EngineError
from server.services import recording, rehearsal
from server.services.authorization import Person, denied
from server.services.case import Case, finish, hold, hold_of_task
from server.services.deployed import Deployed
from server.services.errors import Refused, StaleTask
from server.store.runtime import ProcessInstance, Task, Timer

_instances = ProcessInstance.metadata.tables["process_instance"]
_tasks = Task.metadata.tables["task"]
_timers = Timer.metadata.tables["timer"]
MOST = 200
"""Timers that one move of the clock may fire: a timer that repeats every minute would never end."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A timer that stands in a rehearsal: what it is called, and when it is due."""

    name: str
    due: datetime


def play(session: Session, person: Person, task_id: str, principal: str, now: datetime) -> None:
    """Take a task of a rehearsal as one of those whom it waits for; the record says as whom. Somebody who
    holds it already gives way."""
    case = hold_of_task(session, person, task_id, now)
    t = _tasks.c
    query = _tasks.select().where(t.tenant_id == person.tenant_id, t.id == task_id)
    row = dict(session.execute(query).mappings().one())
    rehearsal.may_lead(person, case.row).require()
    if row["status"] != "open":
        raise StaleTask(task_id, row["status"], instance_id=case.id)
    if principal not in row["candidates"]:
        denied("This task no longer waits for that post. Open the case again.").require()
    recording.assign(case, row, person, played=principal)
    case.record.actor = rehearsal.acting(person, {"played": principal}, case.deployed)
    case.record.add("task_claimed", row["element"], task_id, played=principal)
    finish(case)


def move_clock(session: Session, person: Person, instance_id: str, until: datetime, now: datetime) -> int:
    """Let time pass in a rehearsal until a moment: timers that fall due on the way fire, in their order and
    at their own moment. Gives how many fired."""
    case = hold(session, person, instance_id, now)
    rehearsal.may_lead(person, case.row).require()
    if until <= case.now:
        denied("The clock of a rehearsal only goes forward. Choose a later day.").require()
    if rehearsal.local_year(until) > rehearsal.LAST_YEAR:
        denied("Choose a day up to the year {year}.", year=rehearsal.LAST_YEAR).require()
    case.record.add("clock_moved", to=until.isoformat(), real=now.isoformat())
    fired = 0
    while (row := _next_timer(case, until)) is not None:
        if (fired := fired + 1) > MOST:
            denied("More than {n} timers fall due until then. Choose an earlier day.", n=MOST).require()
        _fire(case, row)
    case.move_clock(until)
    finish(case)
    return fired


def standing(session: Session, person: Person, instance_id: str) -> datetime | None:
    """Where the clock of a rehearsal stands; None for a real case."""
    i = _instances.c
    query = sa.select(i.rehearsal_at).where(i.tenant_id == person.tenant_id, i.id == instance_id)
    found: datetime | None = session.execute(query).scalar_one_or_none()
    return found


def awaited(session: Session, used: Deployed, row: Any) -> tuple[Awaited, ...]:
    """The timers that stand in a case, the next one first."""
    t = _timers.c
    query = (
        sa.select(t.process_key, t.element, t.due_at)
        .where(t.tenant_id == row["tenant_id"], t.instance_id == row["id"])
        .order_by(t.due_at)
    )
    found = []
    for key, element, due in session.execute(query):
        definition = used.model.processes.get(key)
        node = definition.nodes.get(element) if definition else None
        found.append(Awaited((node.name if node else "") or element, due))
    return tuple(found)


def _next_timer(case: Case, until: datetime) -> dict[str, Any] | None:
    t = _timers.c
    query = (
        _timers.select()
        .where(t.tenant_id == case.row["tenant_id"], t.instance_id == case.id, t.due_at <= until)
        .order_by(t.due_at, t.token)
        .limit(1)
    )
    row = case.session.execute(query).mappings().one_or_none()
    return dict(row) if row and case.row["status"] in ("running", "incident") else None


def _fire(case: Case, row: dict[str, Any]) -> None:
    """Fire a timer at the moment for which it was set, or now if that has passed."""
    case.move_clock(max(row["due_at"], case.now))
    seq = case.record.add("timer_fired", row["element"], due=row["due_at"].isoformat())
    try:
        advance = process.fire(case.deployed.model, case.key, case.state, row["token"], case.at)
    except EngineError as error:
        raise Refused(error.finding) from error
    recording.write_down(case, advance, seq)
