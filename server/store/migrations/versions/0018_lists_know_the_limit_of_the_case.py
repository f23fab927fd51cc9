"""Worklists are in the order of what is over first: the limit of the step, or that of its case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_LIST = sa.table("worklist", *map(sa.column, ("tenant_id", "task_id", "due_at")))
_TASK = sa.table("task", *map(sa.column, ("tenant_id", "id", "instance_id", "due_at")))
_CASE = sa.table("process_instance", *map(sa.column, ("tenant_id", "id", "due_at", "stopped_at")))


def _of_case() -> sa.Select[tuple[object]]:
    """The limit of the case of an entry's task, while its clock runs."""
    return (
        sa.select(_CASE.c.due_at)
        .join(_TASK, (_TASK.c.tenant_id == _CASE.c.tenant_id) & (_TASK.c.instance_id == _CASE.c.id))
        .where(
            _TASK.c.tenant_id == _LIST.c.tenant_id, _TASK.c.id == _LIST.c.task_id,
            _CASE.c.due_at.is_not(None), _CASE.c.stopped_at.is_(None),
        )
        .correlate(_LIST)
    )  # fmt: skip


def upgrade() -> None:
    """Entries of cases that are over before their step is move up."""
    earlier = _of_case().where(_CASE.c.due_at < _LIST.c.due_at)
    op.execute(_LIST.update().where(earlier.exists()).values(due_at=earlier.scalar_subquery()))


def downgrade() -> None:
    """Entries that stand where their case's limit put them go back to that of their step, where it has one;
    the others keep their place until the task changes hands."""
    step = (
        sa.select(_TASK.c.due_at)
        .where(
            _TASK.c.tenant_id == _LIST.c.tenant_id, _TASK.c.id == _LIST.c.task_id,
            _TASK.c.due_at > _LIST.c.due_at,
        )
        .correlate(_LIST)
    )  # fmt: skip
    op.execute(_LIST.update().where(step.exists()).values(due_at=step.scalar_subquery()))
