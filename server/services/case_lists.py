"""Cases, what happened in them and what was decided, as machines ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.model import FlowNode, Kind
from server.services import instance_views
from server.services.authorization import Person
from server.services.deployed import Deployed
from server.services.errors import NotFound, NotPermitted
from server.services.task_lists import seen
from server.store.definitions import Deployment, ProcessDefinition
from server.store.history import DecisionEvaluation, HistoryEvent
from server.store.patterns import like
from server.store.runtime import ProcessInstance, Task

_instances = ProcessInstance.metadata.tables["process_instance"]
_definitions = ProcessDefinition.metadata.tables["process_definition"]
_deployments = Deployment.metadata.tables["deployment"]
_events = HistoryEvent.metadata.tables["history_event"]
_evaluations = DecisionEvaluation.metadata.tables["decision_evaluation"]
_tasks = Task.metadata.tables["task"]
RUNNING = ("running", "incident")


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case of a list."""

    tenant_id: str
    id: str
    business_key: str
    process_key: str
    definition_id: str
    status: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Activity:
    """One passing of an element. Work of people and programs has a beginning and an end, all else takes no
    time; `canceled` where it was ended from outside."""

    id: str
    element: str
    name: str
    kind: str
    process_key: str
    begun: datetime
    ended: datetime | None
    assignee: str | None = None
    task_id: str | None = None
    canceled: bool = False


CASE_COLUMNS = {
    "instanceId": _instances.c.id,
    "definitionKey": _instances.c.process_key,
    "businessKey": _instances.c.business_key,
    "tenantId": _instances.c.tenant_id,
}
DECISION_COLUMNS = {
    "evaluationTime": _evaluations.c.at,
    "tenantId": _evaluations.c.tenant_id,
}


def cases(actors: Sequence[Person], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The query of the cases these people may see; rows are those of `CaseRow`."""
    i, d = _instances.c, _definitions.c
    version = sa.cast(sa.func.coalesce(d.version, 1), sa.String)
    definition = i.process_key + ":" + version + ":" + i.deployment_id
    same = (d.tenant_id == i.tenant_id) & (d.deployment_id == i.deployment_id) & (d.key == i.process_key)
    return (
        sa.select(
            i.tenant_id, i.id, i.business_key, i.process_key, definition.label("definition_id"), i.status,
            i.started_at, i.ended_at,
        )
        .select_from(_instances)
        .join(_definitions, same, isouter=True)
        .where(seen(actors), *where)
    )  # fmt: skip


def case(session: Session, actors: Sequence[Person], instance_id: str) -> CaseRow:
    """One case. Raises NotFound."""
    row = session.execute(cases(actors, _instances.c.id == instance_id)).one_or_none()
    if row is None:
        raise NotFound("process instance", instance_id)
    return CaseRow(*row)


def look(
    session: Session, actors: Sequence[Person], instance_id: str
) -> tuple[Person, dict[str, Any], Deployed]:
    """A case with its state and its deployment, and the one of the actors who may see it."""
    for actor in actors:
        try:
            row, used = instance_views.see(session, actor, instance_id)
        except (NotFound, NotPermitted):
            continue
        return actor, row, used
    raise NotFound("process instance", instance_id)


# --------------------------------------------------------------------------- what happened
def activities(session: Session, actors: Sequence[Person], instance_id: str) -> list[Activity]:
    """What a case passed, in order: tasks of people from their own rows, all else from the record."""
    actor, row, used = look(session, actors, instance_id)
    return sorted(
        [*_of_people(session, actor.tenant_id, instance_id, used), *_of_record(session, row, used)],
        key=lambda activity: (activity.begun, activity.ended != activity.begun, activity.id),
    )


def _of_people(session: Session, tenant_id: str, instance_id: str, used: Deployed) -> Iterator[Activity]:
    t = _tasks.c
    query = _tasks.select().where(t.tenant_id == tenant_id, t.instance_id == instance_id)
    for row in session.execute(query).mappings():
        who = row["completed_by"] or row["assignee_id"]
        yield Activity(
            f"{row['element']}:{row['id']}", row["element"], row["name"], "userTask", row["process_key"],
            row["created_at"], row["completed_at"], who, row["id"],
            row["status"] in ("cancelled", "returned", "withdrawn"),
        )  # fmt: skip


def _of_record(session: Session, row: Mapping[str, Any], used: Deployed) -> Iterator[Activity]:
    """From the steps and from what was handed out: work ends with the entry that says so, or the case."""
    e = _events.c
    query = (
        sa.select(e.seq, e.at, e.kind, e.element, e.payload)
        .where(e.tenant_id == row["tenant_id"], e.instance_id == row["id"])
        .where(e.kind.in_(("steps_taken", "work_handed_out", *_ENDS)))
        .order_by(e.seq)
    )
    waiting: dict[str, list[Activity]] = {}
    for event in session.execute(query):
        if event.kind == "steps_taken":
            yield from _passed(event, used)
        elif event.kind == "work_handed_out":
            node = used.node(event.element)
            key = next((k for k, d in used.model.processes.items() if event.element in d.nodes), "")
            kind = node.kind.value if node else "serviceTask"
            begun = Activity(
                f"{event.element}:{event.seq}", event.element, node.name if node else "", kind, key,
                event.at, None,
            )  # fmt: skip
            waiting.setdefault(event.element, []).append(begun)
        elif waiting.get(event.element):
            yield _ended(waiting[event.element].pop(0), event.at, canceled=event.kind != "work_done")
    for left in (activity for found in waiting.values() for activity in found):
        yield _ended(left, row["ended_at"], canceled=row["ended_at"] is not None)


_ENDS = ("work_done", "error_reported")


def _ended(activity: Activity, at: datetime | None, *, canceled: bool) -> Activity:
    values = {name: getattr(activity, name) for name in Activity.__slots__}
    return Activity(**{**values, "ended": at, "canceled": canceled})


def _passed(event: Any, used: Deployed) -> Iterator[Activity]:
    for number, (process_key, element) in enumerate(event.payload["steps"]):
        definition = used.model.processes.get(process_key)
        node = definition.nodes.get(element) if definition else None
        if node is not None and not _has_rows(node):
            yield Activity(
                f"{element}:{event.seq}.{number:03}", element, node.name, node.kind.value, process_key,
                event.at, event.at,
            )  # fmt: skip


def _has_rows(node: FlowNode) -> bool:
    """Whether its passings are told otherwise: by tasks of people, or as work of programs."""
    return node.kind is Kind.USER_TASK or bool(node.topic)


# --------------------------------------------------------------------------- what was decided
def decisions(actors: Sequence[Person], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The query of the decisions taken in cases that these people may see."""
    v, i = _evaluations.c, _instances.c
    return (
        sa.select(*v, i.process_key, i.business_key, _deployments.c.number)
        .join(_instances, (i.tenant_id == v.tenant_id) & (i.id == v.instance_id))
        .join(
            _deployments, (_deployments.c.tenant_id == v.tenant_id) & (_deployments.c.id == v.deployment_id)
        )
        .where(seen(actors), *where)
    )


def decision_where(field: str, value: Any) -> sa.ColumnElement[bool]:
    """A condition on decisions: key, instance, seq, element, after, before, process_key,
    tenants."""
    v = _evaluations.c
    made: dict[str, Callable[[], sa.ColumnElement[bool]]] = {
        "key": lambda: v.decision_id == value,
        "instance": lambda: v.instance_id == value,
        "element": lambda: v.element == value,
        "after": lambda: v.at >= value,
        "before": lambda: v.at <= value,
        "process_key": lambda: _instances.c.process_key == value,
        "tenants": lambda: v.tenant_id.in_(value),
        "seq": lambda: v.seq == value,
    }
    return made[field]()


def case_where(field: str, value: Any) -> sa.ColumnElement[bool]:
    """A condition on cases: ids, keys, business_key, tenants, running, ended, incident, deployment."""
    i = _instances.c
    made: dict[str, Callable[[], sa.ColumnElement[bool]]] = {
        "ids": lambda: i.id.in_(value),
        "keys": lambda: i.process_key.in_(value),
        "business_key": lambda: i.business_key == value,
        "business_key_like": lambda: like(i.business_key, value),
        "tenants": lambda: i.tenant_id.in_(value),
        "deployment": lambda: i.deployment_id == value,
        "running": lambda: i.status.in_(RUNNING),
        "incident": lambda: i.status == "incident",
    }
    return made[field]()
