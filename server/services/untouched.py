"""Whether anybody has begun to act on what a command opened: then its sender takes nothing back any more."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.store.history import Draft, HistoryEvent
from server.store.runtime import Task

_tasks = Task.metadata.tables["task"]
_drafts = Draft.metadata.tables["draft"]
_events = HistoryEvent.metadata.tables["history_event"]


def _touched() -> sa.Select[tuple[int]]:
    t, d, e = _tasks.c, _drafts.c, _events.c
    typed = sa.exists().where(d.tenant_id == t.tenant_id, d.key == sa.literal("task:").concat(t.id))
    acted = sa.exists().where(
        e.tenant_id == t.tenant_id, e.instance_id == t.instance_id, e.seq > t.opened_seq,
        e.task_id == t.id, e.actor_id == t.assignee_id, e.kind != "task_opened",
    )  # fmt: skip
    return (
        sa.select(t.opened_seq)
        .distinct()
        .where(
            t.tenant_id == bindparam("of_tenant"), t.instance_id == bindparam("of_instance"),
            t.opened_seq.in_(bindparam("seqs", expanding=True)),
            t.claimed_at.is_not(None)
            | t.completed_by.is_not(None)
            | ((t.status == "open") & (typed | acted)),
        )
    )  # fmt: skip


_TOUCHED = _touched()


def touched(session: Session, tenant_id: str, instance_id: str, seqs: Collection[int]) -> set[int]:
    """Of these commands of a case, by the entries that record them, those after which somebody has claimed or
    done a task that was opened, typed something into it or otherwise acted on it. A task that goes to a
    person by name is not theirs to claim, so it is untouched until they do."""
    if not seqs:
        return set()
    of_case = {"of_tenant": tenant_id, "of_instance": instance_id, "seqs": list(seqs)}
    return set(session.execute(_TOUCHED, of_case).scalars())
