"""Messages that people deliver: what has happened, told by a button to a case that waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.engine.model import FlowNode, Subscription
from server.services import heads, instance_views, recording, rehearsal, separation
from server.services.authorization import Person, Verdict, may_deliver
from server.services.case import Case, finish, hold
from server.services.deployed import Deployed
from server.services.errors import StaleTask
from server.services.messages import RUNNING, title
from server.store.history import HistoryEvent

_events = HistoryEvent.metadata.tables["history_event"]
DELIVERED = "message_delivered"


@dataclass(frozen=True, slots=True)
class Deliverable:
    """What a person can tell a case: the element that waits, by its name, and its message. `seen` is how far
    the record went when the page was made, so that sending it twice does it once."""

    token: str
    element: str
    name: str
    message: str
    documentation: str
    regulation: tuple[str, ...]
    seen: int


def of_case(session: Session, person: Person, instance_id: str) -> tuple[Deliverable, ...]:
    """What this person can tell a case now, in the order in which it stands."""
    row, used = instance_views.see(session, person, instance_id)
    if row["status"] not in RUNNING:
        return ()
    return tuple(
        Deliverable(
            waiting.token, node.id, title(used.model, waiting), waiting.name, node.documentation,
            node.regulation, row["history_seq"],
        )
        for waiting, node in _waiting(used, row)
        if _may(person, used, row, node)
    )  # fmt: skip


def deliver(
    session: Session, person: Person, instance_id: str, token: str, seen: int, now: datetime
) -> str | None:
    """Tell a case that what it waits for has happened; gives the task that the person can go on with, if any:
    it is given to them. StaleTask when the case waits no more, or was told the same since the page was
    made."""
    case = hold(session, person, instance_id, now)
    heads.may_read(session, person, instance_id).require()
    found = next(((w, n) for w, n in _waiting(case.deployed, _seen(case)) if w.token == token), None)
    if found is None or case.row["status"] not in RUNNING:
        raise StaleTask("", "moved", instance_id=instance_id)
    waiting, node = found
    _may(person, case.deployed, case.row, node).require()
    if (told := _told_since(session, case, node, seen)) is not None:
        raise StaleTask("", "moved", by=told.actor_name, at=told.at, instance_id=instance_id)
    name = title(case.deployed.model, waiting)
    seq = case.record.add(DELIVERED, node.id, name=waiting.name, title=name)
    advance = process.deliver(case.deployed.model, case.key, case.state, token, {}, case.at)
    opened = recording.write_down(case, advance, seq)
    mine = next((task for task in opened if recording.candidate(person, task)), None)
    if mine is not None and not separation.may_take(case, person, mine):
        mine = None
    if mine is not None:
        recording.assign(case, mine, person)
    finish(case)
    return str(mine["id"]) if mine is not None else None


def _seen(case: Case) -> Mapping[str, Any]:
    return {**case.row, "state": case.state}


def _waiting(used: Deployed, row: Mapping[str, Any]) -> Iterator[tuple[Subscription, FlowNode]]:
    """What waits in a case for a message that people deliver."""
    if not used.waits_for_messages(row["process_key"]) or not row["state"]:
        return
    for waiting in process.subscriptions(used.model, row["process_key"], row["state"]):
        node = used.model.processes[waiting.process].nodes[waiting.element]
        if node.delivered_by:
            yield waiting, node


def _may(person: Person, used: Deployed, row: Mapping[str, Any], node: FlowNode) -> Verdict:
    """The people of the element's groups, and who leads a rehearsal."""
    groups = {group: used.scope_of(group) for group in node.delivered_by}
    names = "、".join(used.group_name(group) for group in groups)
    leads = rehearsal.may_lead(person, row)
    return leads or may_deliver(person, groups, row["unit_id"], names)


def _told_since(session: Session, case: Case, node: FlowNode, seen: int) -> Any:
    """The entry by which the case was told the same after a page was made, if there is one."""
    e = _events.c
    query = sa.select(e.actor_name, e.at).where(
        e.tenant_id == case.row["tenant_id"], e.instance_id == case.id, e.seq > seen,
        e.kind == DELIVERED, e.element == node.id,
    )  # fmt: skip
    return session.execute(query.order_by(e.seq).limit(1)).one_or_none()
