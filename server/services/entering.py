"""The row of a new case: its number, its place among the cases, held for writing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.bundles.manifest import ProcessEntry
from server.services import calendars, numbering, rehearsal
from server.services.authorization import Person
from server.services.case import Case
from server.services.deployed import Deployed
from server.services.history import Record
from server.store.columns import new_id
from server.store.runtime import InstanceState, ProcessInstance

_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a case is opened with: what it is called, of which project it is (None: of none), where its clock
    stands if it is a rehearsal, the unit it belongs to ("": the person's), and the id of the ended case that
    it takes up again, if any."""

    entry: ProcessEntry
    title: str
    project_id: str | None
    rehearsal_at: datetime | None = None
    unit_id: str = ""
    reopens: str | None = None


def enter(session: Session, person: Person, used: Deployed, opening: Opening, now: datetime) -> Case:
    """Enter a new case, begun by the person, under the next number of its process."""
    at = opening.rehearsal_at or now
    number = _number(session, person.tenant_id, opening, at)
    instance_id = new_id(now)
    row: dict[str, Any] = {
        "tenant_id": person.tenant_id, "id": instance_id, "deployment_id": used.deployment_id,
        "process_key": opening.entry.id, "business_key": number, "title": opening.title,
        "project_id": opening.project_id, "unit_id": opening.unit_id or person.unit_id,
        "status": "running", "revision": 0, "started_by": person.id, "started_at": at, "due_at": None,
        "ended_at": None, "outcome": None,
        "outcome_name": None, "history_seq": 0, "history_head": "", "rehearsal_at": opening.rehearsal_at,
        "stopped_at": None, "suspended_at": None, "reopens": opening.reopens,
    }  # fmt: skip
    session.execute(_instances.insert().values(row))
    session.execute(_states.insert().values(tenant_id=person.tenant_id, instance_id=instance_id, state=b""))
    record = Record(person.tenant_id, instance_id, 0, "", person, at)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    return Case(session, row, b"", used, person, at, calendar, record)


def _number(session: Session, tenant_id: str, opening: Opening, at: datetime) -> str:
    """The next number of the process; rehearsals have a series of their own, with a mark."""
    entry, rehearsed = opening.entry, opening.rehearsal_at is not None
    series, mark = (f"rehearsal:{entry.id}", rehearsal.MARK) if rehearsed else (entry.id, "")
    return numbering.next_number(session, tenant_id, series, mark + (entry.number or "{year}-{n}"), at)
