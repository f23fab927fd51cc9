"""Work that cases hand to programs outside, as it is stored: who may do it, and how it is found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services.authorization import Person
from server.services.errors import NotFound
from server.store.definitions import ProcessDefinition
from server.store.machines import ExternalTask
from server.store.runtime import ProcessInstance

_work = ExternalTask.metadata.tables["external_task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_definitions = ProcessDefinition.metadata.tables["process_definition"]


@dataclass(frozen=True, slots=True)
class Work:
    """A task for a worker, with the case it belongs to; `variables` and `properties` only once fetched."""

    tenant_id: str
    id: str
    instance_id: str
    token: str
    process_key: str
    element: str
    topic: str
    priority: int
    worker_id: str | None
    locked_until: datetime | None
    retries: int | None
    error_message: str
    error_details: str
    created_at: datetime
    business_key: str
    definition_id: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


def _columns() -> list[Any]:
    w, i, d = _work.c, _instances.c, _definitions.c
    definition = (
        w.process_key + ":" + sa.cast(sa.func.coalesce(d.version, 1), sa.String) + ":" + i.deployment_id
    )
    return [
        w.tenant_id, w.id, w.instance_id, w.token, w.process_key, w.element, w.topic, w.priority, w.worker_id,
        w.locked_until, w.retries, w.error_message, w.error_details, w.created_at, i.business_key,
        definition.label("definition_id"),
    ]  # fmt: skip


def with_case() -> sa.Select[Any]:
    w, i, d = _work.c, _instances.c, _definitions.c
    own_definition = (d.tenant_id == w.tenant_id) & (d.deployment_id == i.deployment_id)
    return (
        sa.select(*_columns())
        .select_from(_work)
        .join(_instances, (i.tenant_id == w.tenant_id) & (i.id == w.instance_id))
        .join(_definitions, own_definition & (d.key == w.process_key), isouter=True)
    )


def one(session: Session, actors: Sequence[Person], task_id: str) -> Work:
    """One task that the person's programs may do. Raises NotFound."""
    return find(session, actors, with_case().where(_work.c.id == task_id), task_id)


COLUMNS = {
    "id": _work.c.id,
    "createTime": _work.c.created_at,
    "lockExpirationTime": _work.c.locked_until,
    "processInstanceId": _work.c.instance_id,
    "processDefinitionKey": _work.c.process_key,
    "taskPriority": _work.c.priority,
    "tenantId": _work.c.tenant_id,
}
"""What lists can be sorted by."""


def listing(actors: Collection[Person], conditions: Iterable[sa.ColumnElement[bool]] = ()) -> sa.Select[Any]:
    """The query of all tasks that the person's programs may do, rehearsals left out; rows are those of
    `Work`."""
    mine = sa.or_(*(reached(actor) for actor in actors), sa.false())
    return with_case().where(mine, _instances.c.rehearsal_at.is_(None), *conditions)


def where(name: str, value: Any) -> sa.ColumnElement[bool]:
    """A condition on tasks: a field that is one of some values, a state at a moment, a bound."""
    w = _work.c
    fields: dict[str, Any] = {
        "id": w.id, "topic": w.topic, "worker": w.worker_id, "instance": w.instance_id,
        "process_key": w.process_key, "element": w.element, "tenant": w.tenant_id,
    }  # fmt: skip
    if name in fields:
        return sa.type_coerce(fields[name].in_(value), sa.Boolean)
    made: dict[str, Callable[[], sa.ColumnElement[bool]]] = {
        "locked": lambda: w.locked_until > value,
        "notLocked": lambda: sa.or_(w.locked_until.is_(None), w.locked_until <= value),
        "withRetriesLeft": lambda: sa.or_(w.retries.is_(None), w.retries > 0),
        "noRetriesLeft": lambda: w.retries == 0,
        "lockExpirationBefore": lambda: w.locked_until < value,
        "lockExpirationAfter": lambda: w.locked_until > value,
        "priorityHigherThanOrEquals": lambda: w.priority >= value,
        "priorityLowerThanOrEquals": lambda: w.priority <= value,
    }
    return made[name]()


def of_case(session: Session, tenant_id: str, instance_id: str) -> list[Work]:
    """What a case has handed out, oldest first."""
    w = _work.c
    query = with_case().where(w.tenant_id == tenant_id, w.instance_id == instance_id).order_by(w.id)
    return [Work(*row) for row in session.execute(query)]


def find(session: Session, actors: Collection[Person], query: sa.Select[Any], task_id: str) -> Work:
    mine = sa.or_(*(reached(actor) for actor in actors), sa.false())
    row = session.execute(query.where(mine)).one_or_none()
    if row is None:
        raise NotFound("external task", task_id)
    return Work(*row)


def reached(actor: Person) -> sa.ColumnElement[bool]:
    """The tasks that a person's programs may fetch."""
    mine = sa.or_(*(_work.c.workers.contains(f" {key} ", autoescape=True) for key in actor.principals))
    return (_work.c.tenant_id == actor.tenant_id) & mine
