"""Duties that time begins: the schedule read day by day, and one case for each duty, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import duties
from server.bundles.duties import ScheduleUnclear
from server.services import calendars, deployed, legal_status
from server.services.beginnings import Beginning, begin
from server.services.clock import after_failure
from server.services.deployed import Deployed
from server.services.wakeups import Wakeup, duty_key, note
from server.store.conflicts import Entering
from server.store.identity import Jurisdiction, Membership, User
from server.store.runtime import Project
from server.store.schedule import Duty, ScheduleCursor

_duties = Duty.metadata.tables["duty"]
_cursors = ScheduleCursor.metadata.tables["schedule_cursor"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_people = User.metadata.tables["person"]
_memberships = Membership.metadata.tables["membership"]
_projects = Project.metadata.tables["project"]
_ADD_DUTIES = Entering(_duties)
_ADD_CURSOR = Entering(_cursors)
_ONE = timedelta(days=1)


# --------------------------------------------------------------------------- reading the schedule
def behind(session: Session, now: datetime) -> list[str]:
    """The jurisdictions whose schedule has not been read up to today."""
    j, c = _jurisdictions.c, _cursors.c
    query = (
        sa.select(j.tenant_id)
        .join(_cursors, c.tenant_id == j.tenant_id, isouter=True)
        .where(j.deployment_id.is_not(None), sa.or_(c.day.is_(None), c.day < calendars.local(now).date()))
    )
    return list(session.execute(query.order_by(j.tenant_id)).scalars())


def read(session: Session, tenant_id: str, now: datetime) -> int:
    """Read the schedule from the day after the last one that was read up to today, and enter what is due.
    Gives how many days were read. A new jurisdiction begins with today. Where a day cannot be understood it
    goes no further until the schedule is mended: no duty is lost."""
    today = calendars.local(now).date()
    _ADD_CURSOR.enter(session, {"tenant_id": tenant_id, "day": today - _ONE, "failure": ""})
    where = _cursors.c.tenant_id == tenant_id
    last: date = session.execute(sa.select(_cursors.c.day).where(where).with_for_update()).scalar_one()
    used, day, failure = deployed.active(session, tenant_id), last, ""
    while day < today and not failure:
        try:
            _enter(session, used, day + _ONE, now)
            day += _ONE
        except ScheduleUnclear as unclear:
            failure = f"{day + _ONE}: {unclear}"[:500]
    session.execute(_cursors.update().where(where).values(day=day, failure=failure))
    return (day - last).days


def _enter(session: Session, used: Deployed, day: date, now: datetime) -> None:
    """Enter the duties of a day, each for all of its subjects, and ask to be woken for each."""
    for duty in on(used, day):
        keys = {"tenant_id": used.tenant_id, "process_key": duty.process, "period": duty.period}
        rows: list[dict[str, Any]] = [
            {**keys, "subject": subject, "per": duty.per, "day": day, "status": "waiting", "due_at": now,
             "attempts": 0, "failure": ""}
            for subject in subjects(session, used, duty)
        ]  # fmt: skip
        if rows:
            _ADD_DUTIES.enter(session, *rows)
        for row in rows:
            key = duty_key(duty.process, row["subject"], duty.period)
            note(session, Wakeup("duty", used.tenant_id, key, now))


def on(used: Deployed, day: date) -> Iterator[duties.Duty]:
    """What the schedule of a deployment begins on a day, as far as the law then lets it. Raises
    ScheduleUnclear."""
    schedule = used.manifest.schedule if used.manifest else ""
    if not schedule:
        return
    for duty in duties.duties(used.model, schedule, day):
        if legal_status.may_begin(used, duty.process, day):
            yield duty


def subjects(session: Session, used: Deployed, duty: duties.Duty) -> list[str]:
    """For whom a duty begins now: "" for the installation, the units with people who could begin it by hand,
    or the projects that it concerns."""
    if duty.per == "installation":
        return [""]
    if duty.per == "unit":
        return _units_of(session, used, duty.process)
    p = _projects.c
    query = sa.select(p.id, p.facts).where(p.tenant_id == used.tenant_id, p.rehearsal.is_(sa.false()))
    return [row.id for row in session.execute(query.order_by(p.id)) if duty.concerns(row.facts)]


def _units_of(session: Session, used: Deployed, process_key: str) -> list[str]:
    entry = used.manifest.processes.get(process_key) if used.manifest else None
    p, m = _people.c, _memberships.c
    query = (
        sa.select(p.unit_id)
        .join(_memberships, (m.tenant_id == p.tenant_id) & (m.user_id == p.id))
        .where(p.tenant_id == used.tenant_id, p.active)
    )
    if entry is not None and entry.started_by:
        query = query.where(m.group_id.in_(entry.started_by))
    return list(session.execute(query.distinct().order_by(p.unit_id)).scalars())


# --------------------------------------------------------------------------- beginning a case
def perform(session: Session, tenant_id: str, duty: tuple[str, str, str], now: datetime) -> bool:
    """Begin the case of a duty (process, subject, period); False if that was done or is not due. Whatever
    goes wrong raises: see `failed`."""
    row = _locked(session, tenant_id, duty)
    if row is None or row["status"] != "waiting" or row["due_at"] > now:
        return False
    instance_id = begin(session, tenant_id, _beginning(session, row), now)
    done = {"status": "begun", "instance_id": instance_id, "begun_at": now, "failure": ""}
    session.execute(_duties.update().where(*_key(tenant_id, duty)).values(done))
    return True


def failed(session: Session, tenant_id: str, duty: tuple[str, str, str], failure: str, now: datetime) -> None:
    """Note that the case of a duty could not begin: it is tried again later, and after five times waits for
    an admin. Other duties are not concerned."""
    row = _locked(session, tenant_id, duty)
    if row is None or row["status"] != "waiting":
        return
    noted = after_failure(row["attempts"], failure, now)
    session.execute(_duties.update().where(*_key(tenant_id, duty)).values(noted))
    if "due_at" in noted:
        note(session, Wakeup("duty", tenant_id, duty_key(*duty), noted["due_at"]))


def needs_project(used: Deployed, process_key: str) -> bool:
    """Whether a case of the process is about a project: all are, but for duties of a unit or of the whole
    installation."""
    scopes = duties.scopes(used.model, used.manifest.schedule if used.manifest else "", process_key)
    return not scopes or "project" in scopes


def by_hand(used: Deployed, process_key: str, now: datetime) -> Mapping[str, Any]:
    """What a case knows of a duty that somebody begins by hand: the period that the schedule named last
    within a year, else the year; nothing for a process that time does not begin."""
    schedule = used.manifest.schedule if used.manifest else ""
    if process_key not in duties.scheduled(used.model, schedule):
        return {}
    today = calendars.local(now).date()
    found = duties.latest(used.model, schedule, process_key, today)
    return duties.variables(found or duties.Duty(process_key, str(today.year), "installation"), today)


def _beginning(session: Session, row: Mapping[str, Any]) -> Beginning:
    used = deployed.active(session, row["tenant_id"])
    name = used.process(row["process_key"]).name
    duty = duties.Duty(row["process_key"], row["period"], row["per"])
    project_id = row["subject"] if row["per"] == "project" else None
    unit_id = row["subject"] if row["per"] == "unit" else ""
    if row["per"] == "installation":
        unit_id = next(iter(_units_of(session, used, row["process_key"])), "")
    told = {"period": row["period"], "day": row["day"].isoformat()}
    return Beginning(
        duty.process, duties.variables(duty, row["day"]), project_id, unit_id, told,
        title=f"{name} {duty.period}",
    )  # fmt: skip


def _key(tenant_id: str, duty: tuple[str, str, str]) -> tuple[Any, ...]:
    d, (process_key, subject, period) = _duties.c, duty
    return (
        d.tenant_id == tenant_id, d.process_key == process_key, d.subject == subject, d.period == period,
    )  # fmt: skip


def _locked(session: Session, tenant_id: str, duty: tuple[str, str, str]) -> dict[str, Any] | None:
    query = _duties.select().where(*_key(tenant_id, duty)).with_for_update()
    row = session.execute(query).mappings().one_or_none()
    return dict(row) if row is not None else None
