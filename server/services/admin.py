"""What admins look after: steps that stand still, timers, messages and duties that failed for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.engine.errors import EngineError
from server.services import recording
from server.services.announcing import LETTER
from server.services.authorization import Person, may_administer
from server.services.case import finish, hold
from server.services.errors import NotFound, Refused
from server.services.messages import DELIVERY
from server.services.wakeups import Wakeup, duty_key, duty_of, note
from server.store.runtime import Incident, Outgoing, ProcessInstance, Timer
from server.store.schedule import Duty

_incidents = Incident.metadata.tables["incident"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_timers = Timer.metadata.tables["timer"]
_outgoing = Outgoing.metadata.tables["outgoing"]
_duties = Duty.metadata.tables["duty"]


@dataclass(frozen=True, slots=True)
class IncidentView:
    """A step that stands still: of which case, where, why, since when."""

    id: str
    instance_id: str
    business_key: str
    title: str
    element: str
    finding: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A timer, a message or a duty that failed for good; a duty has no case yet."""

    kind: str
    id: str
    instance_id: str
    what: str
    due_at: datetime
    attempts: int
    failure: str


def incidents(session: Session, person: Person) -> list[IncidentView]:
    """The open incidents of the jurisdiction, oldest first."""
    may_administer(person).require()
    n, i = _incidents.c, _instances.c
    query = (
        sa.select(n.id, n.instance_id, i.business_key, i.title, n.element, n.finding, n.created_at)
        .join(_instances, (i.tenant_id == n.tenant_id) & (i.id == n.instance_id))
        .where(n.tenant_id == person.tenant_id, n.resolved_at.is_(None))
        .order_by(n.id)
        .limit(500)
    )
    return [IncidentView(*row) for row in session.execute(query)]


def retry(session: Session, person: Person, incident_id: str, now: datetime) -> str:
    """Let a step that stands still try again; gives the instance's id."""
    may_administer(person).require()
    n = _incidents.c
    query = sa.select(n.instance_id, n.token, n.element).where(
        n.tenant_id == person.tenant_id, n.id == incident_id, n.resolved_at.is_(None)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("incident", incident_id)
    case = hold(session, person, row.instance_id, now)
    seq = case.record.add("incident_retried", row.element)
    try:
        advance = process.retry(case.deployed.model, case.key, case.state, row.token, case.at)
    except EngineError as error:
        raise Refused(error.finding) from error
    recording.write_down(case, advance, seq)
    finish(case)
    return str(row.instance_id)


def dead_letters(session: Session, person: Person) -> list[DeadLetter]:
    """Timers and messages that wait for an admin."""
    may_administer(person).require()
    t, o, d = _timers.c, _outgoing.c, _duties.c
    timers = _timers.select().where(t.tenant_id == person.tenant_id, t.failure != "")
    found = [
        DeadLetter(
            "timer", f"{r.instance_id} {r.token}", r.instance_id, r.element, r.due_at, r.attempts, r.failure
        )
        for r in session.execute(timers)
    ]
    messages = _outgoing.select().where(o.tenant_id == person.tenant_id, o.status == "dead", o.kind != LETTER)
    for r in session.execute(messages):
        kind, what = (DELIVERY, r.payload["name"]) if r.kind == DELIVERY else ("outgoing", r.kind)
        found.append(DeadLetter(kind, r.id, r.instance_id, what, r.due_at, r.attempts, r.failure))
    duties = _duties.select().where(d.tenant_id == person.tenant_id, d.status == "dead")
    for r in session.execute(duties):
        key, what = duty_key(r.process_key, r.subject, r.period), f"{r.process_key} {r.period}"
        found.append(DeadLetter("duty", key, "", what, r.due_at, r.attempts, r.failure))
    return found


def revive(session: Session, person: Person, kind: str, key: str, now: datetime) -> None:
    """Try a dead letter again."""
    may_administer(person).require()
    again = {"status": "waiting", "attempts": 0, "due_at": now}
    update: sa.Update
    if kind == "timer":
        instance_id, _, token = key.partition(" ")
        t = _timers.c
        update = _timers.update().where(t.instance_id == instance_id, t.token == token, t.failure != "")
        update = update.values(attempts=0, retry_at=None, failure="").where(t.tenant_id == person.tenant_id)
    elif kind == "duty":
        d, (process_key, subject, period) = _duties.c, duty_of(key)
        update = _duties.update().where(d.process_key == process_key, d.subject == subject)
        update = update.where(d.tenant_id == person.tenant_id, d.period == period, d.status == "dead")
        update = update.values(again)
    else:
        o = _outgoing.c
        update = _outgoing.update().where(o.tenant_id == person.tenant_id, o.id == key, o.status == "dead")
        update = update.values(again)
    result = session.execute(update)
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(kind, key)
    note(session, Wakeup(kind, person.tenant_id, key, now))
