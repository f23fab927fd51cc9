"""The worklist's queries: a few rows off the front of each of a person's lists, merged by due date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.store.columns import UtcDateTime
from server.store.people import Recusal
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_recusals = Recusal.metadata.tables["recusal"]


def _list_rows() -> sa.Select[Any]:
    """What a list shows of some tasks, put together once; `recused` is why the person `of_person` must not
    act on the case, NULL where they may."""
    t, i, r = _tasks.c, _instances.c, _recusals.c
    recused = (
        sa.select(r.reason)
        .where(
            r.tenant_id == t.tenant_id, r.user_id == bindparam("of_person"), r.lifted_at.is_(None),
            r.subject_id.in_((t.instance_id, i.project_id)), i.rehearsal_at.is_(None),
        )
        .limit(1)
        .correlate(_tasks, _instances)
        .scalar_subquery()
    )  # fmt: skip
    return (
        sa.select(
            t.id, t.instance_id, t.element, t.name, t.assignee_id, t.candidates, t.created_at, t.due_at,
            t.follow_up_at, t.priority, t.sent_by, t.round, t.delegation, i.business_key, i.title,
            i.process_key, i.due_at.label("instance_due"), i.status, i.rehearsal_at, i.stopped_at,
            t.reminded_at, recused.label("recused"),
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .where(t.tenant_id == bindparam("of_tenant"), t.id.in_(bindparam("task_ids", expanding=True)))
    )  # fmt: skip


_ROWS = _list_rows()


class Key(NamedTuple):
    """Where a page of the worklist ends: the next one starts behind it."""

    due_at: datetime
    task_id: str


class Lane(NamedTuple):
    """A principal's list, of which only the tasks of some processes count, or those that wait for some
    candidates."""

    principal: str
    processes: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


def keys(
    session: Session, tenant_id: str, principals: Sequence[str | Lane], limit: int, after: Key | None = None
) -> list[Key]:
    """The first `limit` task keys of the given principals behind `after`, in order of due date.

    Each principal's rows lie sorted in the primary key, so only `limit` rows of each are read,
    however long the lists are.
    """
    if not principals:
        return []
    values = _values(tenant_id, principals) | {"n": limit}
    if after is not None:
        values |= {"due_at": after.due_at, "task_id": after.task_id}
    return [Key(*row) for row in session.execute(_keys_query(_shape(principals), after is not None), values)]


def count(
    session: Session,
    tenant_id: str,
    principals: Sequence[str | Lane],
    cap: int,
    before: datetime | None = None,
) -> int:
    """How many tasks wait for the principals, counted to `cap` only: a badge says 99+."""
    if not principals:
        return 0
    values = _values(tenant_id, principals) | {"n": cap}
    if before is not None:
        values["before"] = before
    return int(session.execute(_count_query(_shape(principals), before is not None), values).scalar_one())


_Shape: TypeAlias = tuple[tuple[int, int], ...]
"""For each list how many processes and how many candidates narrow it: usually none."""


def _shape(principals: Sequence[str | Lane]) -> _Shape:
    return tuple(
        [(len(p.processes), len(p.candidates)) if isinstance(p, Lane) else (0, 0) for p in principals]
    )


def _values(tenant_id: str, principals: Sequence[str | Lane]) -> dict[str, Any]:
    values = {"tenant": tenant_id}
    for n, lane in enumerate(principals):
        if isinstance(lane, str):
            values[f"p{n}"] = lane
            continue
        values[f"p{n}"] = lane.principal
        values |= {f"p{n}k{k}": process for k, process in enumerate(lane.processes)}
        values |= {f"p{n}c{c}": _quoted(candidate) for c, candidate in enumerate(lane.candidates)}
    return values


def _quoted(candidate: str) -> str:
    """A candidate as it stands in the text of a list, ready for LIKE."""
    text = candidate.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f'%"{text}"%'


def _only(n: int, processes: int, candidates: int) -> str:
    """What narrows a list, "" for nothing."""
    conditions = []
    if processes:
        conditions.append(f"i.process_key IN ({', '.join(f':p{n}k{k}' for k in range(processes))})")
    if candidates:
        likes = (f"t.candidates LIKE :p{n}c{c} ESCAPE '!'" for c in range(candidates))
        conditions.append(f"({' OR '.join(likes)})")
    if not conditions:
        return ""
    return (
        " AND EXISTS (SELECT 1 FROM task AS t JOIN process_instance AS i"
        " ON i.tenant_id = t.tenant_id AND i.id = t.instance_id"
        " WHERE t.tenant_id = worklist.tenant_id AND t.id = worklist.task_id"
        f" AND {' AND '.join(conditions)})"
    )


@lru_cache(maxsize=256)
def _keys_query(shape: _Shape, behind: bool) -> sa.sql.expression.TextualSelect:
    """Written out once for each number of lists: putting the same query together again and again costs
    more than running it."""
    more = " AND (due_at, task_id) > (:due_at, :task_id)" if behind else ""
    parts = " UNION ".join(
        f"SELECT * FROM (SELECT due_at, task_id FROM worklist"
        f" WHERE tenant_id = :tenant AND principal = :p{n}{more}{_only(n, *narrow)}"
        f" ORDER BY due_at, task_id LIMIT :n) AS list{n}"
        for n, narrow in enumerate(shape)
    )
    query = sa.text(f"SELECT due_at, task_id FROM ({parts}) AS merged ORDER BY due_at, task_id LIMIT :n")
    if behind:
        query = query.bindparams(sa.bindparam("due_at", type_=UtcDateTime))
    return query.columns(due_at=UtcDateTime, task_id=sa.String)


@lru_cache(maxsize=256)
def _count_query(shape: _Shape, overdue: bool) -> sa.sql.expression.TextualSelect:
    more = " AND due_at < :before" if overdue else ""
    parts = " UNION ".join(
        f"SELECT * FROM (SELECT task_id FROM worklist WHERE tenant_id = :tenant AND principal = :p{n}{more}"
        f"{_only(n, *narrow)} ORDER BY due_at LIMIT :n) AS list{n}"
        for n, narrow in enumerate(shape)
    )
    query = sa.text(f"SELECT count(*) AS n FROM (SELECT task_id FROM ({parts}) AS merged LIMIT :n) AS capped")
    if overdue:
        query = query.bindparams(sa.bindparam("before", type_=UtcDateTime))
    return query.columns(n=sa.Integer)


def rows(
    session: Session, tenant_id: str, user_id: str, task_ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """What a person's list shows of each task, by task id."""
    values = {"of_tenant": tenant_id, "of_person": user_id, "task_ids": task_ids}
    found = session.execute(_ROWS, values).mappings()
    return {row["id"]: dict(row) for row in found}


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
            i.rehearsal_at,
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .where(t.tenant_id == tenant_id, t.completed_by == user_id, t.status != "withdrawn")
        .where(i.status.in_(("ended", "cancelled")) if ended else i.status.in_(("running", "incident")))
        .order_by(t.completed_at.desc(), t.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        behind = sa.tuple_(sa.literal(before.due_at, UtcDateTime), sa.literal(before.task_id))
        query = query.where(sa.tuple_(t.completed_at, t.id) < behind)
    return [dict(row) for row in session.execute(query).mappings()]
