"""What the schedule has begun and what it will begin, for those who look after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.duties import Duty, ScheduleUnclear
from server.services import calendars, deployed, schedules
from server.services.authorization import Person, may_administer
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.store.identity import Unit
from server.store.runtime import ProcessInstance, Project
from server.store.schedule import Duty as DutyRow
from server.store.schedule import ScheduleCursor

_duties = DutyRow.metadata.tables["duty"]
_cursors = ScheduleCursor.metadata.tables["schedule_cursor"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_units = Unit.metadata.tables["unit"]
_projects = Project.metadata.tables["project"]
AHEAD = 60
"""How many days the look ahead reaches."""


@dataclass(frozen=True, slots=True)
class DutyView:
    """A duty that was due: for which day, of which process and period, for whom (the name of a unit or
    project, "" for the installation), and its case. `status` is waiting, begun or dead."""

    day: date
    process_key: str
    process_name: str
    period: str
    per: str
    subject: str
    status: str
    failure: str
    instance_id: str | None
    business_key: str | None


@dataclass(frozen=True, slots=True)
class Coming:
    """A duty that is to come; `count` is for how many subjects it would begin if it were today."""

    day: date
    process_key: str
    process_name: str
    period: str
    per: str
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """`schedule` is the decision, "" where there is none; it was read up to a day. `failure` says why it goes
    no further, `problem` why one can look no further ahead."""

    schedule: str
    read_up_to: date | None
    failure: str
    begun: tuple[DutyView, ...]
    coming: tuple[Coming, ...]
    problem: str = ""


def overview(session: Session, person: Person, now: datetime, limit: int = 200) -> Overview:
    """What began, newest first, and what comes within sixty days. Nothing is begun by looking."""
    may_administer(person).require()
    c = _cursors.c
    cursor = session.execute(sa.select(c.day, c.failure).where(c.tenant_id == person.tenant_id)).first()
    try:
        used = deployed.active(session, person.tenant_id)
    except NotFound:
        return Overview("", None, "", (), ())
    coming: list[Coming] = []
    problem = ""
    try:
        coming.extend(_coming(session, used, calendars.local(now).date(), cursor.day if cursor else None))
    except ScheduleUnclear as unclear:
        problem = str(unclear)
    return Overview(
        used.manifest.schedule if used.manifest else "",
        cursor.day if cursor else None,
        cursor.failure if cursor else "",
        tuple(_begun(session, used, limit)),
        tuple(coming),
        problem,
    )


def _begun(session: Session, used: Deployed, limit: int) -> Iterator[DutyView]:
    d, i = _duties.c, _instances.c
    query = (
        sa.select(*d, i.business_key, _units.c.name.label("unit"), _projects.c.name.label("project"))
        .join(_instances, (i.tenant_id == d.tenant_id) & (i.id == d.instance_id), isouter=True)
        .join(_units, (_units.c.tenant_id == d.tenant_id) & (_units.c.id == d.subject), isouter=True)
        .join(_projects, (_projects.c.tenant_id == d.tenant_id) & (_projects.c.id == d.subject), isouter=True)
        .where(d.tenant_id == used.tenant_id)
        .order_by(d.day.desc(), d.process_key, d.subject)
        .limit(limit)
    )
    for row in session.execute(query):
        subject = {"unit": row.unit, "project": row.project}.get(row.per) or row.subject
        yield DutyView(
            row.day, row.process_key, _name(used, row.process_key), row.period, row.per, subject,
            row.status, row.failure, row.instance_id, row.business_key,
        )  # fmt: skip


def _coming(session: Session, used: Deployed, today: date, read: date | None) -> Iterator[Coming]:
    """Each duty of the coming days on its first day, without those subjects for whom it has begun."""
    seen: set[tuple[str, str]] = set()
    known: set[tuple[str, str, str]] = set()
    d = _duties.c
    query = sa.select(d.process_key, d.period, d.subject).where(d.tenant_id == used.tenant_id)
    known.update((row[0], row[1], row[2]) for row in session.execute(query.where(d.day > today - _YEAR)))
    for number in range(0 if read is None or read < today else 1, AHEAD + 1):
        day = today + timedelta(days=number)
        for duty in schedules.on(used, day):
            if (duty.process, duty.period) not in seen:
                seen.add((duty.process, duty.period))
                subjects = schedules.subjects(session, used, duty)
                count = sum((duty.process, duty.period, subject) not in known for subject in subjects)
                if count or not subjects:
                    yield _view(used, duty, day, count)


_YEAR = timedelta(days=400)


def _view(used: Deployed, duty: Duty, day: date, count: int) -> Coming:
    return Coming(day, duty.process, _name(used, duty.process), duty.period, duty.per, count)


def _name(used: Deployed, process_key: str) -> str:
    definition = used.model.processes.get(process_key)
    return definition.name if definition else process_key
