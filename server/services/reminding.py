"""催办: asking those for whom a task waits to do it, once a day for each task."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.bundles.manifest import Manifest
from server.services import calendars, deployed, heads, rehearsal
from server.services.announcing import News, announce
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import Case, finish, hold_of_task
from server.services.deployed import Deployed
from server.services.errors import NotFound, NotPermitted, StaleTask
from server.store.history import HistoryEvent
from server.store.identity import User
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_events = HistoryEvent.metadata.tables["history_event"]
_people = User.metadata.tables["person"]
LONGEST = 500
"""Characters of a note."""
_TASK = (
    sa.select(
        *(_tasks.c[name] for name in (
            "id", "name", "element", "status", "assignee_id", "candidates", "due_at", "reminded_at",
            "completed_by", "completed_at", "outcome",
        ))
    )
    .where(_tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.id == bindparam("of_task"))
)  # fmt: skip
_REMIND = (
    _tasks.update()
    .where(_tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.id == bindparam("of_task"))
    .values(reminded_at=bindparam("at"))
)
_OPEN = (
    sa.select(
        _tasks.c.id, _tasks.c.instance_id, _tasks.c.name, _tasks.c.status, _tasks.c.candidates,
        _tasks.c.reminded_at, _instances.c.business_key, _instances.c.deployment_id, _instances.c.started_by,
        _instances.c.rehearsal_at, _people.c.name.label("holder"),
    )
    .join(
        _instances,
        (_instances.c.tenant_id == _tasks.c.tenant_id) & (_instances.c.id == _tasks.c.instance_id),
    )
    .join(
        _people,
        (_people.c.tenant_id == _tasks.c.tenant_id) & (_people.c.id == _tasks.c.assignee_id), isouter=True,
    )
)  # fmt: skip


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Reminded:
    """A task that was reminded of: its name, its case, and how many people were told at once."""

    task_id: str
    instance_id: str
    name: str
    business_key: str
    told: int


def may_remind(
    person: Person, started_by: str, candidates: Collection[str], manifest: Manifest | None
) -> Verdict:
    """A task is reminded of by whoever started its case, by a leader, by the head of a body for which it
    waits (a group whose manifest entry names that body as its parent), or by an admin."""
    if person.id == started_by or person.has("admin", "leader"):
        return ALLOWED
    if not set(candidates).isdisjoint(heads.led(person, manifest)):
        return ALLOWED
    return denied(
        "Only the person who started the case, a leader, the head of the body for which the task waits, or an"
        " administrator may remind.",
        ask=("admin",),
    )


def heads_of(candidates: Collection[str], manifest: Manifest | None) -> frozenset[str]:
    """The groups that lead one of the bodies among some candidates."""
    if manifest is None:
        return frozenset()
    bodies = {key[2:].partition("@")[0] for key in candidates if key.startswith("g:")}
    return frozenset(group.id for group in manifest.groups.values() if group.parent in bodies)


def remind(session: Session, person: Person, task_id: str, note: str, now: datetime) -> Reminded:
    """Remind those who hold or may claim an open task, with a note of at most 500 characters ("" for none):
    they are told, the task's row shows it, the record keeps it. NotPermitted for those who may not;
    StaleTask when the task has been done or was reminded of today already (`status` is then `reminded`)."""
    case = hold_of_task(session, person, task_id, now)
    row = _row(session, person, task_id)
    may_remind(person, case.row["started_by"], row["candidates"], case.deployed.manifest).require()
    if row["status"] != "open":
        raise StaleTask(task_id, row["status"], _name(session, person, row["completed_by"]),
                        row["completed_at"], row["outcome"], case.id)  # fmt: skip
    if row["reminded_at"] is not None and _day(row["reminded_at"]) == _day(case.now):
        who = _last_reminder(session, person, task_id)
        raise StaleTask(task_id, "reminded", who, row["reminded_at"], instance_id=case.id)
    note = note.strip()[:LONGEST]
    case.record.add("task_reminded", row["element"], task_id, name=row["name"], note=note)
    keys = {"of_tenant": person.tenant_id, "of_task": task_id}
    session.execute(_REMIND, {**keys, "at": case.now})
    told = _tell(case, row, note)
    finish(case)
    return Reminded(task_id, case.id, row["name"], case.row["business_key"], told)


@dataclass(frozen=True, slots=True)
class Tried:
    """One of many reminders: which step of which case, and why nobody was reminded of it ("": they were)."""

    about: str
    reason: str = ""
    params: dict[str, object] = field(default_factory=dict)


def remind_of_cases(
    session: Session, person: Person, cases: Iterable[str], note: str, now: datetime
) -> list[Tried]:
    """Remind of all that waits for others in some cases, each step by itself: what cannot be reminded of says
    why, the others are. Cases are locked in one order, so that two who do this never wait for each other."""
    return [
        _try(session, person, task, note, now)
        for case_id in sorted(set(cases))
        for task in of_case(session, person, case_id, now)
    ]


def _try(session: Session, person: Person, task: Remindable, note: str, now: datetime) -> Tried:
    about = f"{task.business_key} {task.name}"
    try:
        remind(session, person, task.id, note, now)
    except NotPermitted as refused:
        return Tried(about, refused.reason, refused.params)
    except StaleTask as stale:
        return Tried(about, *too_late(stale))
    return Tried(about)


def too_late(error: StaleTask) -> tuple[str, dict[str, object]]:
    """What is said to whoever was not the first: an English template and its values."""
    who: dict[str, object] = {"who": error.by or "—"}
    if error.status == "reminded":
        return _("{who} reminded of it today already. Try again tomorrow."), who
    return _("{who} was faster; nothing was done there."), who


@dataclass(frozen=True, slots=True)
class Remindable:
    """An open task as its reminder's page shows it: for whom it waits, and when it was reminded of last;
    `today` if that was on this day."""

    id: str
    instance_id: str
    business_key: str
    name: str
    waits_for: str
    reminded_at: datetime | None
    today: bool


def look(session: Session, person: Person, task_id: str, now: datetime) -> Remindable:
    """The task that would be reminded of. NotPermitted for those who may not; StaleTask once it is done."""
    t = _tasks.c
    query = _OPEN.where(t.tenant_id == person.tenant_id, t.id == task_id)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    may_remind(person, row["started_by"], row["candidates"], used.manifest).require()
    if row["status"] != "open":
        raise StaleTask(task_id, row["status"], instance_id=row["instance_id"])
    return _remindable(row, used, now)


def of_case(session: Session, person: Person, instance_id: str, now: datetime) -> list[Remindable]:
    """The open tasks of a case that the person may remind of and does not hold."""
    t = _tasks.c
    query = _OPEN.where(
        t.tenant_id == person.tenant_id, t.instance_id == instance_id, t.status == "open",
        sa.or_(t.assignee_id.is_(None), t.assignee_id != person.id),
    ).order_by(t.id)  # fmt: skip
    rows = session.execute(query).mappings().all()
    used = deployed.of(session, person.tenant_id, rows[0]["deployment_id"]) if rows else None
    return [
        _remindable(row, used, now)
        for row in rows
        if used and may_remind(person, row["started_by"], row["candidates"], used.manifest)
    ]


def _remindable(row: Any, used: Deployed, now: datetime) -> Remindable:
    now = rehearsal.clock(row, now)
    names = "、".join(used.principal_name(key) for key in row["candidates"])
    return Remindable(
        row["id"], row["instance_id"], row["business_key"], row["name"], row["holder"] or names,
        row["reminded_at"], reminded_today(row["reminded_at"], now),
    )  # fmt: skip


def reminded_today(reminded_at: datetime | None, now: datetime) -> bool:
    """Whether a task was reminded of on the day of this moment, on the clocks of the office."""
    return reminded_at is not None and _day(reminded_at) == _day(now)


def _tell(case: Case, row: dict[str, Any], note: str) -> int:
    """A rehearsal tells nobody: everybody in it is played."""
    if case.rehearsed:
        return 0
    told = {"by": case.person.name, "note": note, "name": row["name"]}
    about = {"number": case.row["business_key"], "title": case.row["title"], "due": _iso(row["due_at"])}
    news = News("task_reminded", _holders(row), case.id, row["id"], {**told, **about})
    return len(announce(case.session, case.person.tenant_id, [news], case.now, but=case.person.id))


def _holders(row: dict[str, Any]) -> tuple[str, ...]:
    holder = row["assignee_id"]
    return (f"u:{holder}",) if holder is not None else tuple(dict.fromkeys(_candidates(row)))


def _candidates(row: dict[str, Any]) -> Sequence[str]:
    found: list[str] = row["candidates"]
    return found


def _row(session: Session, person: Person, task_id: str) -> dict[str, Any]:
    found = session.execute(_TASK, {"of_tenant": person.tenant_id, "of_task": task_id}).mappings()
    row = found.one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    return dict(row)


def _last_reminder(session: Session, person: Person, task_id: str) -> str | None:
    e = _events.c
    query = sa.select(e.actor_name).where(
        e.tenant_id == person.tenant_id, e.kind == "task_reminded", e.task_id == task_id,
        e.instance_id == sa.select(_tasks.c.instance_id)
        .where(_tasks.c.tenant_id == person.tenant_id, _tasks.c.id == task_id)
        .scalar_subquery(),
    )  # fmt: skip
    return session.execute(query.order_by(e.seq.desc()).limit(1)).scalar_one_or_none()


def _name(session: Session, person: Person, user_id: str | None) -> str | None:
    query = sa.select(_people.c.name).where(_people.c.tenant_id == person.tenant_id, _people.c.id == user_id)
    return session.execute(query).scalar_one_or_none()


def _day(moment: datetime) -> date:
    return calendars.local(moment).date()


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
