"""On which versions of a process cases run, where they stand, and how long each step takes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.services import deployed
from server.services.authorization import Person, may_deploy
from server.services.errors import NotFound
from server.store.definitions import Deployment, ProcessDefinition
from server.store.runtime import InstanceState, ProcessInstance, Task

_definitions = ProcessDefinition.metadata.tables["process_definition"]
_deployments = Deployment.metadata.tables["deployment"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_tasks = Task.metadata.tables["task"]
_states = InstanceState.metadata.tables["instance_state"]

_RUNNING = ("running", "incident")
_MOST_CASES = 5_000
"""Of how many running cases of a version the places are told."""
_LATEST_TASKS = 5_000
"""From how many of the latest finished tasks the usual time of a step is taken."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a process: `number` rises when its diagram changes; `deployment_id` is the newest
    deployment that holds it, `deployment_number` its number; `running` counts real cases; `current` tells
    whether new cases use it."""

    number: int
    deployment_id: str
    deployment_number: int
    deployed_at: datetime
    running: int
    current: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where cases stand on one element: `count` cases, `incidents` of them standing still. `usual` is
    the median time that finished tasks of it took, None where none was finished; `longest` how long the
    oldest waits now."""

    element: str
    name: str
    count: int
    incidents: int
    usual: timedelta | None
    longest: timedelta | None


@dataclass
class _Element:
    """What is gathered about an element."""

    standing: int = 0
    incidents: int = 0
    open: list[datetime] = field(default_factory=list)
    taken: list[timedelta] = field(default_factory=list)


def versions(session: Session, person: Person, key: str) -> list[Version]:
    """The versions of a process, newest first. Raises NotFound if it was never deployed."""
    may_deploy(person).require()
    p, d = _definitions.c, _deployments.c
    query = (
        sa.select(p.version, d.id, d.number, d.deployed_at)
        .join(_deployments, (d.tenant_id == p.tenant_id) & (d.id == p.deployment_id))
        .where(p.tenant_id == person.tenant_id, p.key == key)
        .order_by(d.number)
    )
    rows = session.execute(query).all()
    if not rows:
        raise NotFound("process", key)
    running = _running(session, person, key)
    current = deployed.active(session, person.tenant_id).deployment_id
    found: dict[int, Version] = {}
    for number, deployment_id, deployment_number, at in rows:
        before = found.get(number)
        found[number] = Version(
            number, deployment_id, deployment_number, at,
            running[deployment_id] + (before.running if before else 0),
            deployment_id == current or bool(before and before.current),
        )  # fmt: skip
    return sorted(found.values(), key=lambda version: -version.number)


def deployments_of(session: Session, person: Person, key: str, number: int) -> tuple[str, ...]:
    """The deployments that hold this version of a process, oldest first."""
    p, d = _definitions.c, _deployments.c
    query = (
        sa.select(d.id)
        .join(_deployments, (d.tenant_id == p.tenant_id) & (d.id == p.deployment_id))
        .where(p.tenant_id == person.tenant_id, p.key == key, p.version == number)
        .order_by(d.number)
    )
    return tuple(session.execute(query).scalars())


def running_cases(
    session: Session, person: Person, key: str, number: int, limit: int
) -> list[dict[str, Any]]:
    """The real cases that run on a version, oldest first: id, business_key, title, status, started_at,
    deployment_id."""
    may_deploy(person).require()
    i = _instances.c
    query = (
        sa.select(i.id, i.business_key, i.title, i.status, i.started_at, i.deployment_id)
        .where(*_of(person, key), i.deployment_id.in_(deployments_of(session, person, key, number)))
        .order_by(i.id)
        .limit(limit)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def standing(session: Session, person: Person, key: str, number: int, now: datetime) -> list[Standing]:
    """Where the cases of a version stand, in the order of the diagram; what stands in a called process is
    told at the call."""
    may_deploy(person).require()
    used_by = deployments_of(session, person, key, number)
    if not used_by:
        raise NotFound("process", key)
    found: dict[str, _Element] = defaultdict(_Element)
    cases = sa.select(_instances.c.id).where(
        _instances.c.tenant_id == person.tenant_id, _instances.c.status.in_(_RUNNING),
        _instances.c.rehearsal_at.is_(None), _instances.c.deployment_id.in_(used_by),
    )  # fmt: skip
    _gather_positions(session, person, key, used_by, found)
    _gather_waiting(session, person, key, cases, found)
    _gather_times(session, person, key, found)
    nodes = deployed.of(session, person.tenant_id, used_by[-1]).process(key).nodes
    return [
        Standing(
            element, node.name, seen.standing, seen.incidents, _median(seen.taken),
            now - min(seen.open) if seen.open else None,
        )
        for element, node in nodes.items()
        if (seen := found.get(element)) is not None
    ]  # fmt: skip


def _of(person: Person, key: str) -> tuple[sa.ColumnElement[bool], ...]:
    i = _instances.c
    return (
        i.tenant_id == person.tenant_id,
        i.process_key == key,
        i.status.in_(_RUNNING),
        i.rehearsal_at.is_(None),
    )


def _running(session: Session, person: Person, key: str) -> Counter[str]:
    i = _instances.c
    query = sa.select(i.deployment_id, sa.func.count()).where(*_of(person, key)).group_by(i.deployment_id)
    return Counter({deployment_id: count for deployment_id, count in session.execute(query)})


def _gather_positions(
    session: Session, person: Person, key: str, used_by: Sequence[str], found: dict[str, _Element]
) -> None:
    """Where each case stands, from its own state; what stands in a called process is told at the call."""
    i, s = _instances.c, _states.c
    query = (
        sa.select(i.deployment_id, s.state)
        .join(_states, (s.tenant_id == i.tenant_id) & (s.instance_id == i.id))
        .where(*_of(person, key), i.deployment_id.in_(used_by))
        .order_by(i.id)
        .limit(_MOST_CASES)
    )
    for deployment_id, state in session.execute(query):
        model = deployed.of(session, person.tenant_id, deployment_id).model
        places: dict[str, bool] = {}
        for place in process.positions(model, key, bytes(state)):
            element = place.element if place.process == key else place.path[0]
            places[element] = places.get(element, False) or place.incident
        for element, still in places.items():
            found[element].standing += 1
            found[element].incidents += still


def _gather_waiting(
    session: Session, person: Person, key: str, cases: sa.Select[Any], found: dict[str, _Element]
) -> None:
    t = _tasks.c
    query = sa.select(t.element, t.created_at).where(
        t.tenant_id == person.tenant_id, t.process_key == key, t.status == "open", t.instance_id.in_(cases)
    )
    for element, created_at in session.execute(query):
        found[element].open.append(created_at)


def _gather_times(session: Session, person: Person, key: str, found: dict[str, _Element]) -> None:
    t = _tasks.c
    query = (
        sa.select(t.element, t.created_at, t.completed_at)
        .where(t.tenant_id == person.tenant_id, t.process_key == key, t.status == "completed")
        .order_by(t.id.desc())
        .limit(_LATEST_TASKS)
    )
    for element, created_at, completed_at in session.execute(query):
        found[element].taken.append(completed_at - created_at)


def _median(taken: list[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(each.total_seconds() for each in taken)) if taken else None


def hottest(places: Iterable[Standing]) -> dict[str, int]:
    """How much time each step takes beside the longest one, from 1 to 4 (most), for the colours of a map."""
    times = {place.element: place.usual for place in places if place.usual}
    most = max(times.values(), default=timedelta())
    return {element: min(4, 1 + int(4 * taken / most)) if most else 0 for element, taken in times.items()}
