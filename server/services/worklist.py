"""Lists of one person: what waits for them, what they have done, what they have started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import absences, calendars, deployed, rehearsal
from server.services.authorization import Person, may_audit
from server.store import worklist as queries
from server.store.runtime import Outgoing, ProcessInstance
from server.store.worklist import Key, Lane

_instances = ProcessInstance.metadata.tables["process_instance"]
_outgoing = Outgoing.metadata.tables["outgoing"]
BADGE = 100


@dataclass(frozen=True, slots=True)
class Filters:
    """What the person wants to see: tasks of one process, only their own, only a group's, or with a
    text, or those of somebody for whom they act. Tasks of rehearsals lie apart: either they are seen, or the
    real ones."""

    process_key: str = ""
    mine: bool = False
    group: str = ""
    text: str = ""
    rehearsals: bool = False
    acting_for: str = ""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One line of the worklist. `light` is of this step, `instance_light` of the whole matter. A task of
    somebody who is away tells `acting_for` whom; one that was delegated to this person says so. `recused` is
    why this person must leave it to others, "" where they may act."""

    id: str
    instance_id: str
    name: str
    business_key: str
    title: str
    process_key: str
    sent_by: str | None
    created_at: datetime
    due: datetime | None
    instance_due: datetime | None
    light: str
    instance_light: str
    mine: bool
    groups: tuple[str, ...]
    working_days_left: int | None
    round: int | None
    rehearsed: bool = False
    reminded_at: datetime | None = None
    acting_for: str = ""
    delegated: bool = False
    recused: str = ""


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """A page of the worklist, in order of due date; `next` is where the next page starts. `total`
    and `overdue` are counted to 100."""

    rows: tuple[TaskRow, ...]
    next: Key | None
    total: int
    overdue: int


def page(
    session: Session,
    person: Person,
    filters: Filters,
    now: datetime,
    *,
    after: Key | None = None,
    limit: int = 50,
) -> WorklistPage:
    """待办: the tasks the person holds or may claim."""
    principals = _principals(person, filters)
    found, last = _filtered(session, person, principals, filters, after, limit)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    used = deployed.active(session, person.tenant_id)
    rows = tuple(_row(row, person, calendar, used, rehearsal.clock(row, now)) for row in found)
    everything = _principals(person, Filters(rehearsals=filters.rehearsals))
    total = queries.count(session, person.tenant_id, everything, BADGE)
    overdue = 0  # each rehearsal has a clock of its own, so they cannot be counted against one moment
    if not filters.rehearsals:
        overdue = queries.count(session, person.tenant_id, everything, BADGE, before=now)
    return WorklistPage(rows, last, total, overdue)


def count(session: Session, person: Person) -> int:
    """The number in the menu: that of the list it leads to, counted to 100."""
    return queries.count(session, person.tenant_id, absences.lanes(person), BADGE)


def rehearsals(session: Session, person: Person) -> int:
    """How many tasks of rehearsals the person could do, counted to 100."""
    return queries.count(session, person.tenant_id, rehearsal.lists(person.principals), BADGE)


def next_task(session: Session, person: Person) -> str | None:
    """The first task of the person's worklist: 办理下一项."""
    first = queries.keys(session, person.tenant_id, absences.lanes(person), 1)
    return first[0].task_id if first else None


def done(
    session: Session, person: Person, *, ended: bool, before: Key | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """已办 (running) or 办结 (ended): what the person did, newest first."""
    return queries.done(session, person.tenant_id, person.id, limit, before, ended)


def cases(
    session: Session, person: Person, *, everyone: bool = False, before: str | None = None, limit: int = 50,
    rehearsals: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
    """The instances the person started (我发起), newest first; with `everyone`, for auditors and admins, all
    of the jurisdiction. Rehearsals are listed by themselves."""
    i = _instances.c
    if everyone:
        may_audit(person).require()
    query = (
        sa.select(
            i.id,
            i.business_key,
            i.title,
            i.process_key,
            i.status,
            i.started_at,
            i.ended_at,
            i.outcome_name,
            i.due_at,
            i.rehearsal_at,
        )
        .where(
            i.tenant_id == person.tenant_id,
            i.rehearsal_at.is_not(None) if rehearsals else i.rehearsal_at.is_(None),
        )
        .order_by(i.id.desc())
        .limit(limit)
    )
    if not everyone:
        query = query.where(i.started_by == person.id)
    if before is not None:
        query = query.where(i.id < before)
    return [dict(row) for row in session.execute(query).mappings()]


def notices(session: Session, person: Person, limit: int = 20) -> list[dict[str, Any]]:
    """What the clock has told the person: reminders sent to one of their principals, newest first."""
    o = _outgoing.c
    query = (
        sa.select(o.id, o.kind, o.instance_id, o.payload, o.sent_at)
        .where(o.tenant_id == person.tenant_id, o.status == "sent", o.recipient.in_(person.principals))
        .order_by(o.sent_at.desc())
        .limit(limit)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def _principals(person: Person, filters: Filters) -> Sequence[str | Lane]:
    found = person.principals
    if filters.mine:
        found = (f"u:{person.id}",)
    elif filters.group:
        wanted = (f"g:{filters.group}", f"g:{filters.group}@{person.unit_id}")
        found = tuple(key for key in person.principals if key in wanted)
    elif not filters.rehearsals:
        return absences.lanes(person, filters.acting_for)
    return rehearsal.lists(found) if filters.rehearsals else found


def _filtered(
    session: Session,
    person: Person,
    principals: Sequence[str | Lane],
    filters: Filters,
    after: Key | None,
    limit: int,
) -> tuple[list[dict[str, Any]], Key | None]:
    """Pages are read until enough rows pass the filters, at most ten of them."""
    kept: list[dict[str, Any]] = []
    for _ in range(10):
        found = queries.keys(session, person.tenant_id, principals, limit + 1, after)
        by_id = queries.rows(session, person.tenant_id, person.id, [key.task_id for key in found[:limit]])
        for key in found[:limit]:
            row = by_id.get(key.task_id)
            if row is not None and _passes(row, person, filters):
                kept.append(row)
                if len(kept) == limit:
                    return kept, key if key is not found[-1] else None
        if len(found) <= limit:
            return kept, None
        after = found[limit - 1]
    return kept, after


def _passes(row: dict[str, Any], person: Person, filters: Filters) -> bool:
    if filters.rehearsals and filters.mine and row["assignee_id"] != person.id:
        return False  # the leader of a rehearsal has all its tasks on the list
    if filters.process_key and row["process_key"] != filters.process_key:
        return False
    text = filters.text.strip().lower()
    return not text or text in f"{row['business_key']} {row['title']} {row['name']}".lower()


def _row(row: dict[str, Any], person: Person, calendar: Any, used: Any, now: datetime) -> TaskRow:
    due, instance_due = row["due_at"], row["instance_due"]
    absent = None
    if person.stands_for:
        absent = absences.acting(person, {**row, "root_key": row["process_key"]}).acting_for
    return TaskRow(
        id=row["id"], instance_id=row["instance_id"], name=row["name"], business_key=row["business_key"],
        title=row["title"], process_key=row["process_key"], sent_by=row["sent_by"],
        created_at=row["created_at"], due=due, instance_due=instance_due,
        light=calendars.light(calendar, due, row, now),
        instance_light=calendars.light(calendar, instance_due, row, now),
        mine=row["assignee_id"] in (person.id, absent.id if absent else person.id),
        groups=tuple(used.principal_name(key) for key in row["candidates"]),
        working_days_left=calendar.working_days_left(now, due) if due else None, round=row["round"],
        rehearsed=row["rehearsal_at"] is not None, acting_for=absent.name if absent else "",
        delegated=row["delegation"] == "pending", reminded_at=row["reminded_at"],
        recused=row["recused"] or "",
    )  # fmt: skip
