"""Giving work to workers: tasks of the topics they ask for, each to one worker at a time, under a lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.services import deployed
from server.services.authorization import Person, denied
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.services.handed_out import Work, reached, with_case
from server.services.messages import RUNNING
from server.store.machines import ExternalTask
from server.store.runtime import InstanceState, ProcessInstance

_work = ExternalTask.metadata.tables["external_task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]

LONGEST_LOCK = timedelta(days=7)
MOST = 100
"""How many tasks one request gets at most."""
_SEARCHED = 1000
"""How many tasks are looked at where a worker asks for values of variables."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a worker asks for: tasks of one topic, held for `lock`, of the cases that all filters admit. None
    and empty filters admit every case. `variables` are those wanted, None for all. No
    process has a version tag, so a `tagged` one finds nothing."""

    name: str
    lock: timedelta
    variables: tuple[str, ...] | None = None
    business_key: str | None = None
    definitions: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    properties: bool = False
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """A request for work: who asks under which name, for what, how much, and what comes first."""

    worker: str
    topics: tuple[Topic, ...]
    limit: int
    urgent_first: bool = False
    by_age: Literal["", "asc", "desc"] = ""


# --------------------------------------------------------------------------- asking for work
def fetch(session: Session, actors: Sequence[Person], wish: Wish, now: datetime) -> list[Work]:
    """Give a worker tasks and hold them for it: no other gets them until their lock has passed. `actors` are
    the person in each jurisdiction asked for. Rehearsals are never handed out."""
    by_name = {topic.name: topic for topic in wish.topics}
    wanted = sa.or_(*(_asked_for(topic, actors) for topic in wish.topics)) if wish.topics else sa.false()
    query = with_case().where(wanted, *_free(now)).order_by(*_order(wish))
    some_values = any(topic.values for topic in wish.topics)
    query = query.limit(_SEARCHED if some_values else wish.limit)
    rows = session.execute(query.with_for_update(of=_work, skip_locked=True)).all()
    found = list(_chosen(session, (Work(*row) for row in rows), by_name, wish.limit))
    for topic in wish.topics:
        _lock(session, [work for work in found if work.topic == topic.name], wish.worker, now + topic.lock)
    return [_held(work, wish.worker, now + by_name[work.topic].lock) for work in found]


def waiting(session: Session, actors: Sequence[Person], wish: Wish, now: datetime) -> bool:
    """Whether a request for work would find some, but for values of variables."""
    if not wish.topics or not wish.limit:
        return False
    wanted = sa.or_(*(_asked_for(topic, actors) for topic in wish.topics))
    query = with_case().where(wanted, *_free(now)).limit(1)
    return session.execute(query).first() is not None


def offered(session: Session, now: datetime) -> frozenset[tuple[str, str]]:
    """Jurisdictions and topics in which something could be fetched now."""
    w, i = _work.c, _instances.c
    query = sa.select(w.tenant_id, w.topic).join(
        _instances, (i.tenant_id == w.tenant_id) & (i.id == w.instance_id)
    )
    return frozenset(
        (row.tenant_id, row.topic) for row in session.execute(query.where(*_free(now)).distinct())
    )


def require_topic(session: Session, actor: Person, topic: str) -> None:
    """Refuse a person whose programs would wait for this topic in vain: none of the steps with it, in the
    deployment in use, is theirs."""
    try:
        used = deployed.active(session, actor.tenant_id)
    except NotFound:
        return
    nodes = [
        node
        for found in used.model.processes.values()
        for node in found.nodes.values()
        if node.topic == topic
    ]
    groups = {group for node in nodes for group in node.worked_by}
    if nodes and not actor.has("admin", *groups):
        names = "、".join(sorted(used.group_name(group) for group in groups | {"admin"}))
        denied("Work on topic {topic} is for programs of {groups}.", topic=topic, groups=names).require()


def _asked_for(topic: Topic, actors: Sequence[Person]) -> sa.ColumnElement[bool]:
    w, i = _work.c, _instances.c
    where = [w.topic == topic.name, sa.or_(*(reached(actor) for actor in actors), sa.false())]
    if topic.business_key is not None:
        where.append(i.business_key == topic.business_key)
    if topic.definitions:
        keys = [identity.rpartition(":")[0].rpartition(":")[0] for identity in topic.definitions]
        deployments = [identity.rpartition(":")[2] for identity in topic.definitions]
        pairs = zip(keys, deployments, strict=True)
        where.append(sa.or_(*((w.process_key == k) & (i.deployment_id == d) for k, d in pairs)))
    if topic.keys:
        where.append(w.process_key.in_(topic.keys))
    if topic.tagged:
        where.append(sa.false())
    if topic.tenants:
        where.append(w.tenant_id.in_(topic.tenants))
    return sa.and_(*where)


def _free(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    w, i = _work.c, _instances.c
    return (
        sa.or_(w.locked_until.is_(None), w.locked_until <= now),
        sa.or_(w.retries.is_(None), w.retries > 0),
        i.status.in_(RUNNING),
        i.rehearsal_at.is_(None),
    )


def _order(wish: Wish) -> Iterator[Any]:
    if wish.urgent_first:
        yield _work.c.priority.desc()
    yield _work.c.id.desc() if wish.by_age == "desc" else _work.c.id


def _chosen(
    session: Session, rows: Iterable[Work], topics: Mapping[str, Topic], limit: int
) -> Iterator[Work]:
    """Those whose variables have the values asked for, with what their worker gets to see."""
    cases: dict[tuple[str, str], tuple[Deployed, dict[str, Mapping[str, Any]]]] = {}
    count = 0
    for work in rows:
        if count == limit:
            return
        key = (work.tenant_id, work.instance_id)
        if key not in cases:
            cases[key] = _seen(session, *key)
        used, by_token = cases[key]
        topic, visible = topics[work.topic], by_token.get(work.token, {})
        if all(name in visible and visible[name] == value for name, value in topic.values.items()):
            count += 1
            yield _told(work, topic, visible, used)


def _seen(
    session: Session, tenant_id: str, instance_id: str
) -> tuple[Deployed, dict[str, Mapping[str, Any]]]:
    """The variables that each task of a case sees, by token."""
    i, s = _instances.c, _states.c
    query = (
        sa.select(i.deployment_id, i.process_key, s.state)
        .join(_states, (s.tenant_id == i.tenant_id) & (s.instance_id == i.id))
        .where(i.tenant_id == tenant_id, i.id == instance_id)
    )
    row = session.execute(query).one()
    used = deployed.of(session, tenant_id, row.deployment_id)
    found = process.external_tasks(used.model, row.process_key, bytes(row.state))
    return used, {task.token: task.variables for task in found}


def _told(work: Work, topic: Topic, visible: Mapping[str, Any], used: Deployed) -> Work:
    wanted = visible if topic.variables is None else {n: visible[n] for n in topic.variables if n in visible}
    node = used.model.processes[work.process_key].nodes[work.element]
    return _changed(
        work, variables=dict(wanted), properties=dict(node.properties) if topic.properties else {}
    )


def _lock(session: Session, works: Sequence[Work], worker: str, until: datetime) -> None:
    if works:
        keys = sa.tuple_(_work.c.tenant_id, _work.c.id).in_([(work.tenant_id, work.id) for work in works])
        session.execute(_work.update().where(keys).values(worker_id=worker, locked_until=until))


def _held(work: Work, worker: str, until: datetime) -> Work:
    return _changed(work, worker_id=worker, locked_until=until)


def _changed(work: Work, **values: Any) -> Work:
    return Work(**{name: values.get(name, getattr(work, name)) for name in Work.__slots__})
