"""A message carried to its target, once: into a case that waits for it, or as the beginning of a new one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.services import identity, recording
from server.services.authorization import system
from server.services.beginnings import Beginning, begin
from server.services.case import finish, hold
from server.services.clock import after_failure
from server.services.errors import NotFound
from server.services.messages import DELIVERY, RUNNING, title
from server.services.wakeups import Wakeup, note
from server.store.runtime import Outgoing, ProcessInstance

_outgoing = Outgoing.metadata.tables["outgoing"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_HEAD = ("id", "business_key", "title", "project_id", "unit_id", "started_by", "rehearsal_at")


def deliver(session: Session, tenant_id: str, delivery_id: str, now: datetime) -> bool:
    """Carry a message to its target; False if that was done already, is not due, or nobody waits there any
    more. Whatever cannot be carried raises: see `failed`."""
    row = _locked(session, tenant_id, delivery_id)
    if row is None or row["status"] != "waiting" or row["due_at"] > now:
        return False
    kind, target, place = row["recipient"].split(" ")
    sender = _sender(session, row)
    if kind == "case":
        reached = _into(session, row, sender, (target, place), now)
    else:
        reached = _as_beginning(session, row, sender, (target, place), now)
    done = {"status": "sent" if reached else "void", "sent_at": now, "failure": ""}
    session.execute(_outgoing.update().where(*_key(tenant_id, delivery_id)).values(done))
    return reached


def failed(session: Session, tenant_id: str, delivery_id: str, failure: str, now: datetime) -> None:
    """Note that a message could not be carried to its target: it is tried again later, and after five times
    waits for an admin. Other targets are not concerned."""
    row = _locked(session, tenant_id, delivery_id)
    if row is None or row["status"] != "waiting":
        return
    noted = after_failure(row["attempts"], failure, now)
    session.execute(_outgoing.update().where(*_key(tenant_id, delivery_id)).values(noted))
    if "due_at" in noted:
        note(session, Wakeup(DELIVERY, tenant_id, delivery_id, noted["due_at"]))


def pending(session: Session, tenant_id: str, now: datetime) -> list[str]:
    """The messages of a jurisdiction that are due and on their way, oldest first."""
    o = _outgoing.c
    where = (o.tenant_id == tenant_id, o.kind == DELIVERY, o.status == "waiting", o.due_at <= now)
    return list(session.execute(sa.select(o.id).where(*where).order_by(o.due_at, o.id)).scalars())


def _key(tenant_id: str, delivery_id: str) -> tuple[Any, ...]:
    o = _outgoing.c
    return o.tenant_id == tenant_id, o.id == delivery_id, o.kind == DELIVERY


def _locked(session: Session, tenant_id: str, delivery_id: str) -> dict[str, Any] | None:
    query = _outgoing.select().where(*_key(tenant_id, delivery_id)).with_for_update()
    row = session.execute(query).mappings().one_or_none()
    return dict(row) if row is not None else None


def _sender(session: Session, row: dict[str, Any]) -> dict[str, Any]:
    """The case that threw the message."""
    i = _instances.c
    query = sa.select(*(i[name] for name in _HEAD)).where(
        i.tenant_id == row["tenant_id"], i.id == row["instance_id"]
    )
    return dict(session.execute(query).mappings().one())


def _into(
    session: Session, row: dict[str, Any], sender: dict[str, Any], target: tuple[str, str], now: datetime
) -> bool:
    """Deliver into a case that waits; False if it has ended or waits no more."""
    instance_id, token = target
    try:
        case = hold(session, system(row["tenant_id"]), instance_id, now)
    except NotFound:
        return False
    if case.row["status"] not in RUNNING:
        return False
    waiting = {s.token: s for s in process.subscriptions(case.deployed.model, case.key, case.state)}
    found, message = waiting.get(token), row["payload"]["name"]
    if found is None or found.name != message:
        return False
    name = title(case.deployed.model, found)
    seq = case.record.add("message_received", found.element, name=message, title=name, sender=_told(sender))
    variables = row["payload"]["variables"]
    advance = process.deliver(case.deployed.model, case.key, case.state, token, variables, case.at)
    recording.write_down(case, advance, seq)
    finish(case)
    return True


def _as_beginning(
    session: Session, row: dict[str, Any], sender: dict[str, Any], target: tuple[str, str], now: datetime
) -> bool:
    """Begin a case of the same project with what the message carries. One that a rehearsal sets off is a
    rehearsal too, with the same leader and at the same moment."""
    tenant_id, (process_key, start_event) = row["tenant_id"], target
    rehearsal = None
    if sender["rehearsal_at"] is not None:
        leader = identity.person_by_account(session, tenant_id, sender["started_by"])
        rehearsal = (sender["rehearsal_at"], leader)
    beginning = Beginning(
        process_key,
        row["payload"]["variables"],
        sender["project_id"],
        sender["unit_id"],
        told={"message": row["payload"]["name"], "sender": _told(sender)},
        start_event=start_event,
        title=sender["title"],
        rehearsal=rehearsal,
    )
    begin(session, tenant_id, beginning, now)
    return True


def _told(sender: dict[str, Any]) -> dict[str, str]:
    return {"id": sender["id"], "number": sender["business_key"]}
