"""Open tasks as machines ask for them: of the cases somebody may see, by the usual criteria."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.services import deployed
from server.services.authorization import Person
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.store.definitions import ProcessDefinition
from server.store.patterns import like
from server.store.runtime import InstanceState, Participant, ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]
_definitions = ProcessDefinition.metadata.tables["process_definition"]
_participants = Participant.metadata.tables["participant"]


@dataclass(frozen=True, slots=True)
class Listed:
    """An open task of a list."""

    tenant_id: str
    id: str
    instance_id: str
    business_key: str
    process_key: str
    definition_id: str
    deployment_id: str
    element: str
    name: str
    form_id: str
    assignee_id: str | None
    candidates: list[str]
    priority: int
    revision: int
    created_at: datetime
    claimed_at: datetime | None
    due_at: datetime | None
    follow_up_at: datetime | None
    owner_id: str | None
    delegation: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition on tasks: a field, how it is compared (eq, in, like, before, after, set, unset), and the
    value."""

    field: str
    how: str
    value: Any = None


COLUMNS = {
    "id": _tasks.c.id,
    "name": _tasks.c.name,
    "element": _tasks.c.element,
    "assignee": _tasks.c.assignee_id,
    "priority": _tasks.c.priority,
    "created": _tasks.c.created_at,
    "due": _tasks.c.due_at,
    "follow_up": _tasks.c.follow_up_at,
    "process_key": _tasks.c.process_key,
    "instance": _tasks.c.instance_id,
    "business_key": _instances.c.business_key,
    "deployment": _instances.c.deployment_id,
    "tenant": _tasks.c.tenant_id,
}
"""What tasks can be found and sorted by."""


def seen(actors: Sequence[Person]) -> sa.ColumnElement[bool]:
    """The real cases that these people may see: those they had to do with, for auditors and admins all."""
    i, p = _instances.c, _participants.c
    found: list[sa.ColumnElement[bool]] = [sa.false()]
    for actor in actors:
        if actor.has("admin", "auditor"):
            found.append(i.tenant_id == actor.tenant_id)
            continue
        had_to_do = sa.exists().where(
            p.tenant_id == i.tenant_id, p.instance_id == i.id, p.principal.in_(actor.principals)
        )
        found.append((i.tenant_id == actor.tenant_id) & had_to_do)
    return i.rehearsal_at.is_(None) & sa.or_(*found)


def listing(actors: Sequence[Person], criteria: Sequence[Criterion]) -> sa.Select[Any]:
    """The query of open tasks; rows are those of `Listed`. Criteria are met all together."""
    t, i, d = _tasks.c, _instances.c, _definitions.c
    version = sa.cast(sa.func.coalesce(d.version, 1), sa.String)
    definition = t.process_key + ":" + version + ":" + i.deployment_id
    same = (d.tenant_id == t.tenant_id) & (d.deployment_id == i.deployment_id) & (d.key == t.process_key)
    return (
        sa.select(
            t.tenant_id, t.id, t.instance_id, i.business_key, t.process_key, definition, i.deployment_id,
            t.element, t.name, t.form_id, t.assignee_id, t.candidates, t.priority, t.revision, t.created_at,
            t.claimed_at, t.due_at, t.follow_up_at, t.owner_id, t.delegation,
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .join(_definitions, same, isouter=True)
        .where(t.status == "open", seen(actors), *(_holds(criterion) for criterion in criteria))
    )  # fmt: skip


def candidate(principals: Sequence[str], *, also_held: bool) -> sa.ColumnElement[bool]:
    """Tasks that wait for one of these principals (`g:clerk@` for that post in any unit); those that somebody
    holds already only if `also_held`."""
    t = _tasks.c
    texts = [f'"{key}' if key.endswith("@") else f'"{key}"' for key in principals]
    named = sa.or_(*(t.candidates.cast(sa.Text).contains(text, autoescape=True) for text in texts))
    return named if also_held else named & t.assignee_id.is_(None)


def one(session: Session, actors: Sequence[Person], task_id: str) -> Listed:
    """An open task. Raises NotFound."""
    row = session.execute(listing(actors, [Criterion("id", "eq", task_id)])).one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    return Listed(*row)


def variables(session: Session, task: Listed) -> dict[str, Any]:
    """What a task sees."""
    s, i = _states.c, _instances.c
    query = (
        sa.select(i.process_key, s.state, _tasks.c.token)
        .join(_states, (s.tenant_id == i.tenant_id) & (s.instance_id == i.id))
        .join(_tasks, (_tasks.c.tenant_id == i.tenant_id) & (_tasks.c.instance_id == i.id))
        .where(_tasks.c.tenant_id == task.tenant_id, _tasks.c.id == task.id)
    )
    row = session.execute(query).one()
    used = deployment_of(session, task)
    open_tasks = process.open_tasks(used.model, row.process_key, bytes(row.state))
    return next((dict(found.variables) for found in open_tasks if found.token == row.token), {})


def deployment_of(session: Session, task: Listed) -> Deployed:
    """The deployment of a task's case."""
    return deployed.of(session, task.tenant_id, task.deployment_id)


def _holds(criterion: Criterion) -> sa.ColumnElement[bool]:
    if criterion.field == "candidate":
        return candidate(criterion.value, also_held=criterion.how == "also_held")
    column: Any = COLUMNS[criterion.field]
    match criterion.how:
        case "eq":
            found = column == criterion.value
        case "in":
            found = column.in_(criterion.value)
        case "like":
            found = like(column, criterion.value)
        case "before":
            found = column < criterion.value
        case "after":
            found = column > criterion.value
        case "set":
            found = column.is_not(None)
        case _:
            found = column.is_(None)
    return sa.type_coerce(found, sa.Boolean)
