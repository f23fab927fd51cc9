"""The worklist's queries: a few rows off the front of each of a person's lists, merged by due date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from server.store.runtime import ProcessInstance, Task, WorklistEntry

_worklist = WorklistEntry.metadata.tables["worklist"]
_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]


class Key(NamedTuple):
    """Where a page of the worklist ends: the next one starts behind it."""

    due_at: datetime
    task_id: str


def keys(
    session: Session, tenant_id: str, principals: Sequence[str], limit: int, after: Key | None = None
) -> list[Key]:
    """The first `limit` task keys of the given principals behind `after`, in order of due date.
    Each principal's rows lie sorted in the primary key, so only `limit` rows of each are read,
    however long the lists are."""
    w = _worklist.c
    parts = []
    for principal in principals:
        part = sa.select(w.due_at, w.task_id).where(w.tenant_id == tenant_id, w.principal == principal)
        if after is not None:
            part = part.where(sa.tuple_(w.due_at, w.task_id) > sa.tuple_(*after))
        limited = part.order_by(w.due_at, w.task_id).limit(limit).subquery()
        parts.append(sa.select(limited.c.due_at, limited.c.task_id))
    if not parts:
        return []
    merged = sa.union(*parts).subquery()
    query = (
        sa.select(merged.c.due_at, merged.c.task_id).order_by(merged.c.due_at, merged.c.task_id).limit(limit)
    )
    return [Key(*row) for row in session.execute(query)]


def count(
    session: Session, tenant_id: str, principals: Sequence[str], cap: int, before: datetime | None = None
) -> int:
    """How many tasks wait for the principals, counted to `cap` only: a badge says 99+."""
    w = _worklist.c
    parts = []
    for principal in principals:
        part = sa.select(w.task_id).where(w.tenant_id == tenant_id, w.principal == principal)
        if before is not None:
            part = part.where(w.due_at < before)
        parts.append(sa.select(part.limit(cap).subquery().c.task_id))
    if not parts:
        return 0
    merged = sa.select(sa.union(*parts).subquery().c.task_id).limit(cap).subquery()
    return int(session.execute(sa.select(sa.func.count()).select_from(merged)).scalar_one())


def rows(session: Session, tenant_id: str, task_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What a list shows of each task, by task id."""
    t, i = _tasks.c, _instances.c
    query = (
        sa.select(
            t.id, t.instance_id, t.element, t.name, t.assignee_id, t.candidates, t.created_at, t.due_at,
            t.follow_up_at, t.priority, t.sent_by, t.round, i.business_key, i.title, i.process_key,
            i.due_at.label("instance_due"), i.status,
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .where(t.tenant_id == tenant_id, t.id.in_(task_ids))
    )  # fmt: skip
    return {row["id"]: dict(row) for row in session.execute(query).mappings()}


def done(
    session: Session, tenant_id: str, user_id: str, limit: int, before: Key | None = None, ended: bool = False
) -> list[dict[str, Any]]:
    """The tasks a person has done, newest first: of cases still running (已办), or of ended ones
    (办结)."""
    t, i = _tasks.c, _instances.c
    query = (
        sa.select(
            t.id, t.instance_id, t.name, t.status.label("task_status"), t.outcome, t.completed_at,
            i.business_key, i.title, i.process_key, i.status, i.outcome_name, i.due_at.label("instance_due"),
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .where(t.tenant_id == tenant_id, t.completed_by == user_id)
        .where(i.status.in_(("ended", "cancelled")) if ended else i.status.in_(("running", "incident")))
        .order_by(t.completed_at.desc(), t.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        query = query.where(sa.tuple_(t.completed_at, t.id) < sa.tuple_(*before))
    return [dict(row) for row in session.execute(query).mappings()]
