"""Messages that programs send: into the one case that waits for it, or in the sandbox as a beginning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process, state
from server.engine.errors import EngineError
from server.engine.model import FlowNode
from server.engine.model import Subscription as Awaited
from server.services import participants, recording, sandbox, sandbox_cases
from server.services.authorization import ALLOWED, Person, Verdict, denied, may_deliver, may_see_instance
from server.services.case import Case, finish, hold
from server.services.errors import NotCorrelated, NotFound, Refused, StaleTask
from server.services.hand_delivery import DELIVERED
from server.services.messages import RUNNING, title
from server.store.runtime import InstanceState, ProcessInstance, Subscription

_subscriptions = Subscription.metadata.tables["subscription"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a program sends: its name, which case it is for (what is None admits every one), what it
    carries, and whether it goes to all that match instead of exactly one."""

    name: str
    business_key: str | None = None
    instance_id: str | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    to_all: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a message went: into a case, or as the beginning of one (`began`)."""

    tenant_id: str
    instance_id: str
    began: bool = False


def correlate(session: Session, actor: Person, sent: Sent, now: datetime) -> list[Reached]:
    """Carry a message to its target in the actor's jurisdiction. NotCorrelated tells that nothing waits for
    it, or more than one case; NotPermitted that its delivery is for others."""
    waiting = _waiting(session, actor, sent)
    if len({instance_id for instance_id, _ in waiting}) > 1 and not sent.to_all:
        raise NotCorrelated(sent.name, len(waiting))
    if waiting:
        return [_deliver(session, actor, sent, *place, now) for place in waiting]
    return [_begin(session, actor, sent, now)]


def _waiting(session: Session, actor: Person, sent: Sent) -> list[tuple[str, str]]:
    """Case and token of what waits for it, among the cases that the actor may see."""
    s, i = _subscriptions.c, _instances.c
    where = [
        s.tenant_id == actor.tenant_id, s.kind == "message", s.name == sent.name, i.status.in_(RUNNING),
        i.rehearsal_at.is_(None),
    ]  # fmt: skip
    where += [i.business_key == sent.business_key] if sent.business_key is not None else []
    where += [i.id == sent.instance_id] if sent.instance_id is not None else []
    query = (
        sa.select(s.instance_id, s.token)
        .join(_instances, (i.tenant_id == s.tenant_id) & (i.id == s.instance_id))
        .where(*where)
        .order_by(s.instance_id, s.token)
        .limit(1000)
    )
    found = []
    for instance_id, token in session.execute(query):
        who = participants.of_instance(session, actor.tenant_id, instance_id)
        if may_see_instance(actor, who) and _matches(session, actor, instance_id, sent.keys):
            found.append((instance_id, token))
    return found


def _matches(session: Session, actor: Person, instance_id: str, keys: Mapping[str, Any]) -> bool:
    if not keys:
        return True
    s = _states.c
    query = sa.select(s.state).where(s.tenant_id == actor.tenant_id, s.instance_id == instance_id)
    variables = state.variables(bytes(session.execute(query).scalar_one()))
    return all(name in variables and variables[name] == value for name, value in keys.items())


def _deliver(
    session: Session, actor: Person, sent: Sent, instance_id: str, token: str, now: datetime
) -> Reached:
    case = hold(session, actor, instance_id, now)
    waiting = process.subscriptions(case.deployed.model, case.key, case.state)
    found = next((w for w in waiting if w.token == token and w.name == sent.name), None)
    if found is None:
        raise StaleTask("", "moved", instance_id=instance_id)
    node = case.deployed.model.processes[found.process].nodes[found.element]
    _may(actor, case, node).require()
    seq = _recorded(case, found, node, sent)
    try:
        advance = process.deliver(case.deployed.model, case.key, case.state, token, sent.variables, case.at)
    except EngineError as error:
        raise Refused(error.finding) from error
    recording.write_down(case, advance, seq)
    finish(case)
    return Reached(actor.tenant_id, instance_id)


def _recorded(case: Case, waiting: Awaited, node: FlowNode, sent: Sent) -> int:
    name = title(case.deployed.model, waiting)
    return case.record.add(DELIVERED, node.id, name=sent.name, title=name, values=dict(sent.variables))


def _may(actor: Person, case: Case, node: FlowNode) -> Verdict:
    """The people of the element's groups, as on the page of the case; in the sandbox everybody."""
    if actor.tenant_id == sandbox.TENANT:
        return ALLOWED
    if not node.delivered_by:
        return denied("This message comes from other cases only: the diagram names nobody who delivers it.")
    groups = {group: case.deployed.scope_of(group) for group in node.delivered_by}
    names = "、".join(case.deployed.group_name(group) for group in groups)
    return may_deliver(actor, groups, case.row["unit_id"], names)


def _begin(session: Session, actor: Person, sent: Sent, now: datetime) -> Reached:
    """In the sandbox a message begins a case; elsewhere only one that another case threw does."""
    if actor.tenant_id != sandbox.TENANT or sent.instance_id is not None:
        raise NotCorrelated(sent.name, 0)
    try:
        used = sandbox.starting(session, sent.name)
    except NotFound:
        raise NotCorrelated(sent.name, 0) from None
    definition, event = next(used.message_starts(sent.name))
    began = sandbox_cases.start(
        session, actor, used, definition.id, sent.variables, now, start_event=event.id,
        title=sent.business_key or "",
    )  # fmt: skip
    return Reached(actor.tenant_id, began.instance_id, began=True)
