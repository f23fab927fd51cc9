"""挂起: nothing moves in a case until an administrator lets it go on. Unlike a stopped clock it is no legal
ground: the limits run on, and the record says why the work stood still."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.services import faster
from server.services.authorization import Person, denied, may_administer
from server.services.case import Case, finish, hold
from server.services.messages import DELIVERY, RUNNING
from server.store.columns import NEVER
from server.store.runtime import Outgoing, Timer

_timers = Timer.metadata.tables["timer"]
_outgoing = Outgoing.metadata.tables["outgoing"]
LONGEST = 2000
"""Characters of a reason."""


def suspend(
    session: Session, person: Person, instance_id: str, reason: str, seen: int, now: datetime
) -> None:
    """Let nothing move in a running case. For admins; StaleTask when something happened since they looked."""
    case = _held(session, person, instance_id, reason, seen, now)
    if case.row["status"] not in RUNNING or case.row["suspended_at"] is not None:
        denied("Only a running case can be suspended.").require()
    case.row["suspended_at"] = case.now
    case.record.add("instance_suspended", reason=reason.strip()[:LONGEST])
    finish(case)


def resume(session: Session, person: Person, instance_id: str, reason: str, seen: int, now: datetime) -> None:
    """恢复: let the case go on; timers and messages that came meanwhile are looked at within a minute."""
    case = _held(session, person, instance_id, reason, seen, now)
    if case.row["suspended_at"] is None:
        raise faster.moved(session, person, instance_id)
    case.row["suspended_at"] = None
    case.record.add("instance_resumed", reason=reason.strip()[:LONGEST])
    _let_through(case)
    finish(case)


def _held(session: Session, person: Person, instance_id: str, reason: str, seen: int, now: datetime) -> Case:
    case = hold(session, person, instance_id, now)
    may_administer(person).require()
    if case.row["history_seq"] > seen:
        raise faster.moved(session, person, instance_id)
    if not reason.strip():
        denied("Say why.").require()
    return case


def _let_through(case: Case) -> None:
    """Timers that were put aside are looked at again, messages that could not be delivered are sent again."""
    t, o, tenant = _timers.c, _outgoing.c, case.row["tenant_id"]
    if not case.rehearsed and case.row["stopped_at"] is None:
        aside = (t.tenant_id == tenant, t.instance_id == case.id, t.retry_at == NEVER)
        case.session.execute(_timers.update().where(*aside).values(retry_at=None))
    late = (t.tenant_id == tenant, t.instance_id == case.id, t.failure != "")
    case.session.execute(_timers.update().where(*late).values(failure="", attempts=0, retry_at=None))
    missed = (
        o.tenant_id == tenant, o.kind == DELIVERY, o.status.in_(("waiting", "dead")),
        sa.func.substr(o.recipient, 1, len(case.id) + 6) == f"case {case.id} ",
    )  # fmt: skip
    again = {"status": "waiting", "attempts": 0, "due_at": case.now}
    case.session.execute(_outgoing.update().where(*missed).values(again))
