"""What the clock does by itself: fires timers, sends what is due, finds what was missed. Once each,
and late rather than never."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.services import case_news, recording, stops
from server.services.announcing import LETTER
from server.services.authorization import system
from server.services.case import finish, hold
from server.services.messages import DELIVERY
from server.services.wakeups import Wakeup, duty_key, note
from server.store.columns import NEVER
from server.store.runtime import Outgoing, Timer
from server.store.schedule import Duty

_timers = Timer.metadata.tables["timer"]
_outgoing = Outgoing.metadata.tables["outgoing"]
_duties = Duty.metadata.tables["duty"]
BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
ATTEMPTS = len(BACKOFF) + 1

_RUNG_AS = {DELIVERY: DELIVERY, LETTER: "letters"}

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
    if row["failure"]:
        return False
    if case.row["suspended_at"] is not None or stops.holds(case, row["due_at"]):
        session.execute(_timers.update().where(*where).values(retry_at=NEVER))
        return False
    if (earliest := max(row["due_at"], row["retry_at"] or row["due_at"])) > now:
        later = earliest + timedelta(seconds=1)  # the wake-up that rang early is done: its moment is taken
        note(session, Wakeup("timer", tenant_id, f"{instance_id} {token}", later))
        return False
    seq = case.record.add("timer_fired", row["element"], due=row["due_at"].isoformat())
    advance = process.fire(case.deployed.model, case.key, case.state, token, case.at)
    recording.write_down(case, advance, seq)
    finish(case)
    return True


def timer_failed(
    session: Session, tenant_id: str, instance_id: str, token: str, failure: str, now: datetime
) -> None:
    """Note that a timer could not be fired: it is tried again later, and after five times waits for an
    admin. Nothing happens when it no longer stands."""
    t = _timers.c
    where = (t.tenant_id == tenant_id, t.instance_id == instance_id, t.token == token)
    row = session.execute(sa.select(t.attempts).where(*where).with_for_update()).one_or_none()
    if row is None:
        return
    attempts = row.attempts + 1
    if attempts >= ATTEMPTS:
        final = {"failure": failure[:500], "retry_at": None}
        session.execute(_timers.update().where(*where).values(attempts=attempts, **final))
        return
    retry_at = now + BACKOFF[attempts - 1]
    session.execute(_timers.update().where(*where).values(attempts=attempts, retry_at=retry_at))
    note(session, Wakeup("timer", tenant_id, f"{instance_id} {token}", retry_at))


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
        failed = after_failure(row["attempts"], f"{type(error).__name__}: {error}", now)
        if "due_at" in failed:
            note(session, Wakeup("outgoing", tenant_id, message_id, failed["due_at"]))
        session.execute(_outgoing.update().where(*where).values(failed))
        return False
    session.execute(_outgoing.update().where(*where).values(status="sent", sent_at=now, failure=""))
    case_news.tell_due(session, dict(row), now)
    return True


def after_failure(attempts: int, failure: str, now: datetime) -> dict[str, Any]:
    """The columns of a row that failed once more: when it is tried again, or that it waits for an admin."""
    noted: dict[str, Any] = {"attempts": attempts + 1, "failure": failure[:500]}
    if attempts + 1 >= ATTEMPTS:
        return noted | {"status": "dead"}
    return noted | {"due_at": now + BACKOFF[attempts]}


def missed(session: Session, now: datetime, limit: int = 1000) -> list[Wakeup]:
    """Timers, messages and duties that are due and still there: what a lost wake-up would leave behind."""
    t, o = _timers.c, _outgoing.c
    timers = sa.select(t.tenant_id, t.instance_id, t.token, t.due_at).where(
        t.due_at <= now, t.failure == "", sa.or_(t.retry_at.is_(None), t.retry_at <= now)
    )
    found = [
        Wakeup("timer", row.tenant_id, f"{row.instance_id} {row.token}", row.due_at)
        for row in session.execute(timers.order_by(t.due_at).limit(limit))
    ]
    messages = sa.select(o.tenant_id, o.id, o.kind, o.due_at).where(o.status == "waiting", o.due_at <= now)
    found += [
        Wakeup(_RUNG_AS.get(row.kind, "outgoing"), row.tenant_id, row.id, row.due_at)
        for row in session.execute(messages.order_by(o.due_at).limit(limit))
    ]
    d = _duties.c
    duties = sa.select(d.tenant_id, d.process_key, d.subject, d.period, d.due_at).where(
        d.status == "waiting", d.due_at <= now
    )
    found += [
        Wakeup("duty", row.tenant_id, duty_key(row.process_key, row.subject, row.period), row.due_at)
        for row in session.execute(duties.order_by(d.due_at).limit(limit))
    ]
    return found
