"""What the clock does by itself: fires timers, sends what is due, finds what was missed. Once each,
and late rather than never."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.services import recording
from server.services.authorization import system
from server.services.case import finish, hold
from server.services.wakeups import Wakeup, note
from server.store.runtime import Outgoing, Timer

_timers = Timer.metadata.tables["timer"]
_outgoing = Outgoing.metadata.tables["outgoing"]
ATTEMPTS = 5

Transport = Callable[[dict[str, Any]], None]
"""Carries one outgoing row (its columns by name) to its recipient; raises when it could not."""


def fire(session: Session, tenant_id: str, instance_id: str, token: str, now: datetime) -> bool:
    """Fire a timer that is due; False if it no longer stands or is not due yet: a second wake-up
    does nothing."""
    t = _timers.c
    where = (t.tenant_id == tenant_id, t.instance_id == instance_id, t.token == token)
    case = hold(session, system(tenant_id), instance_id, now)
    row = session.execute(_timers.select().where(*where)).mappings().one_or_none()
    if row is None or case.row["status"] not in ("running", "incident"):
        return False
    if row["due_at"] > now:
        note(session, Wakeup("timer", tenant_id, f"{instance_id} {token}", row["due_at"]))
        return False
    seq = case.record.add("timer_fired", row["element"], due=row["due_at"].isoformat())
    advance = process.fire(case.deployed.model, case.key, case.state, token, case.at)
    recording.write_down(case, advance, seq)
    finish(case)
    return True


def timer_failed(session: Session, tenant_id: str, instance_id: str, token: str, failure: str) -> int:
    """Note that a timer could not be fired; after five times it waits for an admin. Gives the
    number of failures."""
    t = _timers.c
    where = (t.tenant_id == tenant_id, t.instance_id == instance_id, t.token == token)
    attempts = session.execute(sa.select(t.attempts).where(*where)).scalar_one_or_none() or 0
    attempts += 1
    final = failure[:500] if attempts >= ATTEMPTS else ""
    session.execute(_timers.update().where(*where).values(attempts=attempts, failure=final))
    return attempts


def send(session: Session, tenant_id: str, message_id: str, transport: Transport, now: datetime) -> bool:
    """Send an outgoing message that is due; False if it was sent, withdrawn or is not due. A
    failure is counted and tried again later; after five times it is dead and waits for an admin."""
    o = _outgoing.c
    where = (o.tenant_id == tenant_id, o.id == message_id)
    row = session.execute(_outgoing.select().where(*where).with_for_update()).mappings().one_or_none()
    if row is None or row["status"] != "waiting" or row["due_at"] > now:
        return False
    try:
        transport(dict(row))
    except Exception as error:
        attempts = row["attempts"] + 1
        status = "dead" if attempts >= ATTEMPTS else "waiting"
        failure = f"{type(error).__name__}: {error}"[:500]
        session.execute(
            _outgoing.update().where(*where).values(attempts=attempts, status=status, failure=failure)
        )
        return False
    session.execute(_outgoing.update().where(*where).values(status="sent", sent_at=now, failure=""))
    return True


def missed(session: Session, now: datetime, limit: int = 1000) -> list[Wakeup]:
    """Timers and messages that are due and still there: what a lost wake-up would leave behind."""
    t, o = _timers.c, _outgoing.c
    timers = sa.select(t.tenant_id, t.instance_id, t.token, t.due_at).where(t.due_at <= now, t.failure == "")
    found = [
        Wakeup("timer", row.tenant_id, f"{row.instance_id} {row.token}", row.due_at)
        for row in session.execute(timers.order_by(t.due_at).limit(limit))
    ]
    messages = sa.select(o.tenant_id, o.id, o.due_at).where(o.status == "waiting", o.due_at <= now)
    found += [
        Wakeup("outgoing", row.tenant_id, row.id, row.due_at)
        for row in session.execute(messages.order_by(o.due_at).limit(limit))
    ]
    return found
