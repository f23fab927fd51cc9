"""Cases that begin by themselves: for a message that another case threw, or for a duty of the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process
from server.engine.model import Value
from server.services import deployed, legal_status, projects, recording
from server.services.authorization import Person, system
from server.services.case import finish
from server.services.entering import Opening, enter
from server.services.errors import NotFound
from server.services.projects import ProjectView
from server.store.identity import Unit

_units = Unit.metadata.tables["unit"]


@dataclass(frozen=True, slots=True)
class Beginning:
    """A case to begin: of which process, by which start event (None: the plain one), for a project or, where
    there is none, for a unit. `told` is kept in the record: why it began. `title` names a case without a
    project. `rehearsal` is where the clock of a rehearsal stands and who leads it."""

    process_key: str
    variables: Mapping[str, Value]
    project_id: str | None
    unit_id: str
    told: Mapping[str, Any] = field(default_factory=dict)
    start_event: str | None = None
    title: str = ""
    rehearsal: tuple[datetime, Person] | None = None


def begin(session: Session, tenant_id: str, beginning: Beginning, now: datetime) -> str:
    """Begin a case in the name of the system, in the unit of its project; gives the case's id. Raises
    NotFound, EngineError."""
    used = deployed.active(session, tenant_id)
    definition = used.process(beginning.process_key)
    entry = used.manifest.processes.get(beginning.process_key) if used.manifest else None
    if entry is None:
        raise NotFound("process", beginning.process_key)
    project = projects.by_id(session, tenant_id, beginning.project_id) if beginning.project_id else None
    at, leader = beginning.rehearsal or (None, system(tenant_id))
    actor = _in_unit(session, leader, project.unit_id if project else beginning.unit_id)
    opening = Opening(entry, project.name if project else beginning.title, beginning.project_id, at)
    case = enter(session, actor, used, opening, now)
    told = {"process": definition.id, "name": definition.name, "number": case.row["business_key"]}
    if not beginning.rehearsal:
        told |= legal_status.exception_of(used, definition.id, legal_status.day_of(now))
    seq = case.record.add("instance_started", values=dict(beginning.variables), **told, **beginning.told)
    variables = {**_known(project, actor), **beginning.variables}
    start = beginning.start_event
    advance = process.start(used.model, definition.id, variables, case.at, start_event=start)
    recording.write_down(case, advance, seq)
    finish(case)
    return case.id


def _in_unit(session: Session, person: Person, unit_id: str) -> Person:
    """The person as if they sat in a unit: the case belongs there."""
    u = _units.c
    query = sa.select(u.name).where(u.tenant_id == person.tenant_id, u.id == unit_id)
    name = session.execute(query).scalar_one_or_none() or ""
    return replace(person, unit_id=unit_id, unit_name=name)


def _known(project: ProjectView | None, person: Person) -> dict[str, Any]:
    if project is not None:
        return projects.known(project, person)
    return projects.unit_of(person)
