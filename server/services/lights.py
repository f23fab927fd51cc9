"""Lights that turned: yellow and red leave a record, once for each limit, also when nobody was there to see
it; whoever works on the case and whoever leads them is told that a limit has passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import calendars, deployed
from server.services.announcing import News, announce
from server.services.authorization import system
from server.services.case import Case, finish, hold
from server.services.messages import RUNNING
from server.services.reminding import heads_of
from server.services.stops import open_tasks
from server.store.clocks import LightTurn
from server.store.identity import User
from server.store.runtime import ProcessInstance, Task

_turns = LightTurn.metadata.tables["light_turn"]
_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_people = User.metadata.tables["person"]
LIMIT = 500
"""Cases of one jurisdiction that one look takes on: the next one follows within a minute."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A case of which a light has turned and is not on record yet."""

    tenant_id: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class _Limit:
    """A limit whose light may have turned: of a task, or of the whole case (no task)."""

    subject: str
    due: datetime
    task: dict[str, Any] | None = None


def turned(session: Session, now: datetime) -> list[Turned]:
    """The cases in which a light has turned since the last look."""
    found: dict[Turned, None] = {}
    for tenant_id in deployed.in_use(session):
        until = calendars.of(session, tenant_id).warned_until(now)
        for query in (_steps(tenant_id, now, until), _cases(tenant_id, now, until)):
            for row in session.execute(query):
                found[Turned(tenant_id, row.instance_id)] = None
    return list(found)


def record(session: Session, found: Turned, now: datetime) -> int:
    """Put the lights of one case on record, in its chain too; gives how many there were."""
    case = hold(session, system(found.tenant_id), found.instance_id, now)
    if case.row["status"] not in RUNNING or case.row["stopped_at"] is not None or case.rehearsed:
        return 0
    tasks = open_tasks(case)
    limits = [_Limit(task["id"], task["due_at"], task) for task in tasks if task["due_at"]]
    if case.row["due_at"]:
        limits.append(_Limit(case.id, case.row["due_at"]))
    rows = [row for limit in limits for row in _new(case, limit)]
    if not rows:
        return 0
    session.execute(_turns.insert(), rows)
    for row in rows:
        told = {"light": row["light"], "step": row["step"], "holder": row["holder"]}
        case.record.add("light_turned", "", row["task_id"], due=row["due_at"].isoformat(), **told)
    _tell(case, {row["task_id"] for row in rows if row["light"] == "red"}, tasks)
    finish(case)
    return len(rows)


def _unrecorded(subject: Any, due: Any, now: datetime, tenant_id: str) -> sa.ColumnElement[bool]:
    u = _turns.c
    light = sa.case((due < now, "red"), else_="yellow")
    same = (u.tenant_id == tenant_id, u.subject == subject, u.due_at == due, u.light == light)
    return ~sa.exists().where(*same)


def _steps(tenant_id: str, now: datetime, until: datetime) -> sa.Select[Any]:
    t, i = _tasks.c, _instances.c
    return (
        sa.select(t.instance_id)
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .where(
            t.tenant_id == tenant_id, t.status == "open", t.due_at.is_not(None), t.due_at <= until,
            i.rehearsal_at.is_(None), i.stopped_at.is_(None), i.status.in_(RUNNING),
            _unrecorded(t.id, t.due_at, now, tenant_id),
        )
        .limit(LIMIT)
    )  # fmt: skip


def _cases(tenant_id: str, now: datetime, until: datetime) -> sa.Select[Any]:
    i = _instances.c
    return (
        sa.select(i.id.label("instance_id"))
        .where(
            i.tenant_id == tenant_id, i.ended_at.is_(None), i.due_at.is_not(None), i.due_at <= until,
            i.rehearsal_at.is_(None), i.stopped_at.is_(None), i.status.in_(RUNNING),
            _unrecorded(i.id, i.due_at, now, tenant_id),
        )
        .limit(LIMIT)
    )  # fmt: skip


def _new(case: Case, limit: _Limit) -> Iterator[dict[str, Any]]:
    """The rows to write of a limit: yellow when it has come near, red too when it has passed."""
    colour = case.calendar.light(limit.due, case.now)
    if colour == "green":
        return
    u = _turns.c
    where = (u.tenant_id == case.row["tenant_id"], u.subject == limit.subject, u.due_at == limit.due)
    known = set(case.session.execute(sa.select(u.light).where(*where)).scalars())
    turned_at = {"yellow": calendars.yellow_from(case.calendar, limit.due), "red": limit.due}
    for light in ("yellow", "red") if colour == "red" else ("yellow",):
        if light not in known:
            yield {
                "tenant_id": case.row["tenant_id"], "subject": limit.subject, "light": light,
                "due_at": limit.due, "instance_id": case.id, "recorded_at": case.now,
                "task_id": limit.task["id"] if limit.task else None,
                "step": limit.task["name"] if limit.task else "", "holder": _holder(case, limit.task),
                "turned_at": turned_at[light],
            }  # fmt: skip


def _holder(case: Case, task: dict[str, Any] | None) -> str:
    """Who had it then, in words: a person, else the bodies for which it waited."""
    if task is None:
        return ""
    if task["assignee_id"] is None:
        return "、".join(case.deployed.principal_name(key) for key in task["candidates"])
    p = _people.c
    query = sa.select(p.name).where(p.tenant_id == task["tenant_id"], p.id == task["assignee_id"])
    return case.session.execute(query).scalar_one_or_none() or ""


def _tell(case: Case, late: set[str | None], tasks: list[dict[str, Any]]) -> None:
    """Tell of steps that are over, each with the limit that has passed: those who have them, and those whom
    the manifest names or their heads. Of a case that is over and waits for nobody its starter is told."""
    manifest = case.deployed.manifest
    named = manifest.lights.overdue_told if manifest else ()
    news = []
    for task in tasks:
        if task["id"] not in late and None not in late:
            continue
        own = [f"u:{task['assignee_id']}"] if task["assignee_id"] else list(task["candidates"])
        leaders = [case.principal(g) for g in named or sorted(heads_of(task["candidates"], manifest))]
        due = task["due_at"] if task["id"] in late else case.row["due_at"]
        about = {"number": case.row["business_key"], "title": case.row["title"], "name": task["name"]}
        news.append(
            News("task_overdue", (*own, *leaders), case.id, task["id"], {**about, "due": due.isoformat()})
        )
    if None in late and not tasks:
        about = {"number": case.row["business_key"], "title": case.row["title"], "name": case.row["title"]}
        about["due"] = case.row["due_at"].isoformat()
        to = (f"u:{case.row['started_by']}", *(case.principal(group) for group in named))
        news.append(News("task_overdue", to, case.id, None, about))
    announce(case.session, case.row["tenant_id"], news, case.now)
