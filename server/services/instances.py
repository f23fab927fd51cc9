"""Instances (办件): starting and ending them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.engine import process
from server.engine.model import Moment
from server.services import calendars, deployed, numbering, projects, recording
from server.services.authorization import Person, may_start
from server.services.case import Case, finish
from server.services.history import Record
from server.store.columns import new_id
from server.store.runtime import InstanceState, ProcessInstance

_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]


@dataclass(frozen=True, slots=True)
class Started:
    """A new instance, and the first task its starter can do, if any."""

    instance_id: str
    business_key: str
    task_id: str | None


def start(
    session: Session, person: Person, process_key: str, now: datetime, *,
    project: projects.Choice, variables: Mapping[str, Any] | None = None,
) -> Started:  # fmt: skip
    """Start a process for a project of the person's unit (an existing one, or a new one by name)."""
    used = deployed.active(session, person.tenant_id)
    definition = used.process(process_key)
    entry = used.manifest.processes.get(process_key) if used.manifest else None
    if entry is not None:
        names = {group: used.group_name(group) for group in entry.started_by}
        may_start(person, entry.started_by, names).require()
    chosen = projects.choose(session, person, project, now)
    number = entry.number if entry and entry.number else "{year}-{n}"
    business_key = numbering.next_number(session, person.tenant_id, process_key, number, now)
    instance_id = new_id(now)
    row = {
        "tenant_id": person.tenant_id, "id": instance_id, "deployment_id": used.deployment_id,
        "process_key": process_key, "business_key": business_key,
        "title": f"{chosen.name} · {definition.name}", "project_id": chosen.id, "unit_id": person.unit_id,
        "status": "running", "revision": 0, "started_by": person.id, "started_at": now, "due_at": None,
        "ended_at": None, "outcome": None, "outcome_name": None, "history_seq": 0, "history_head": "",
    }  # fmt: skip
    session.execute(_instances.insert().values(row))
    session.execute(_states.insert().values(tenant_id=person.tenant_id, instance_id=instance_id, state=b""))
    record = Record(person.tenant_id, instance_id, 0, "", person, now)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    case = Case(session, row, b"", used, person, Moment(now, calendar), calendar, record)
    given = {**chosen.facts, **projects.header(chosen, person), "initiator": person.id, **(variables or {})}
    seq = record.add("instance_started", process=process_key, number=business_key, project=chosen.code)
    advance = process.start(used.model, process_key, given, case.at)
    opened = recording.write_down(case, advance, seq)
    mine = next((task for task in opened if recording.candidate(person, task)), None)
    if mine is not None:
        recording.assign(case, mine, person)
    finish(case)
    return Started(instance_id, business_key, mine["id"] if mine else None)
