"""Where a message goes that a case throws: to other cases of its project that wait for it, and into new
ones. Each target is a row of its own, written with the case; `deliveries` carries it there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from server.engine.model import Model, Thrown
from server.engine.model import Subscription as Awaited
from server.services import deployed, legal_status
from server.services.case import Case
from server.services.errors import NotFound
from server.services.wakeups import Wakeup, note
from server.store.columns import new_id
from server.store.runtime import Outgoing, ProcessInstance, Subscription

_subscriptions = Subscription.metadata.tables["subscription"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_outgoing = Outgoing.metadata.tables["outgoing"]

DELIVERY = "delivery"
"""The kind of an outgoing row that is a message on its way to one target in the house."""
RUNNING = ("running", "incident")
_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""When a rehearsal's messages are due: its clock says nothing about ours."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes: `case` with the case's id and the token that waits, or `start` with the process
    and its start event. `name` is what people know it by: a case's number, a process's name."""

    kind: str
    id: str
    place: str
    name: str

    @property
    def recipient(self) -> str:
        """As it stands in the row."""
        return f"{self.kind} {self.id} {self.place}"


def dispatch(case: Case, thrown: Thrown) -> None:
    """Write down a message that the case throws, one row for each target, and ask to be woken for each."""
    targets = [*_waiting(case, thrown.name), *_beginning(case, thrown.name)]
    names = [target.name for target in targets]
    node = case.deployed.node(thrown.element)
    said = node.name if node else ""
    case.record.add("message_thrown", thrown.element, name=thrown.name, title=said, to=names)
    due = _AT_ONCE if case.rehearsed else case.now
    payload = {"name": thrown.name, "element": thrown.element, "variables": dict(thrown.payload)}
    keys = {"tenant_id": case.row["tenant_id"], "instance_id": case.id, "kind": DELIVERY}
    rows: list[dict[str, Any]] = [
        {**keys, "id": new_id(case.now), "recipient": target.recipient, "payload": payload, "due_at": due}
        for target in targets
    ]
    for row in rows:
        case.session.execute(_outgoing.insert().values(**row, status="waiting", attempts=0, failure=""))
        note(case.session, Wakeup(DELIVERY, row["tenant_id"], row["id"], due))


def title(model: Model, waiting: Awaited) -> str:
    """What people call an event that waits: its own name, else that of its event sub-process."""
    nodes = model.processes[waiting.process].nodes
    node = nodes[waiting.element]
    around = nodes.get(node.scope)
    return node.name or (around.name if around is not None else "") or node.id


def _waiting(case: Case, message: str) -> Iterator[Target]:
    """The other cases of the same project that wait for the message; for a case of no project, those of no
    project. A rehearsal reaches rehearsals only."""
    s, i = _subscriptions.c, _instances.c
    project = case.row["project_id"]
    query = (
        sa.select(s.instance_id, s.token, i.business_key)
        .join(_instances, (i.tenant_id == s.tenant_id) & (i.id == s.instance_id))
        .where(
            s.tenant_id == case.row["tenant_id"], s.kind == "message", s.name == message,
            i.project_id == project if project is not None else i.project_id.is_(None),
            i.rehearsal_at.is_not(None) if case.rehearsed else i.rehearsal_at.is_(None),
            i.id != case.id, i.status.in_(RUNNING),
        )
        .order_by(s.instance_id, s.token)
    )  # fmt: skip
    for instance_id, token, number in case.session.execute(query):
        yield Target("case", instance_id, token, number)


def _beginning(case: Case, message: str) -> Iterator[Target]:
    """The processes of the active deployment that a message of this name begins, where the law lets a new
    case begin."""
    try:
        used = deployed.active(case.session, case.row["tenant_id"])
    except NotFound:
        return
    for definition, start in used.message_starts(message):
        entry = used.manifest.processes.get(definition.id) if used.manifest else None
        if entry is None:
            continue
        lawful = legal_status.may_begin(used, definition.id, legal_status.day_of(case.now))
        if case.rehearsed or lawful:
            yield Target("start", definition.id, start.id, definition.name)
