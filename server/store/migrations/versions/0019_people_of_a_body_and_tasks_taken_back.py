"""The people of a body are found by the body; a task that its sender has taken back is not completed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TASK = sa.table("task", *map(sa.column, ("tenant_id", "id", "instance_id", "status")))
_EVENT = sa.table("history_event", *map(sa.column, ("tenant_id", "instance_id", "kind", "task_id")))


def upgrade() -> None:
    """An index of memberships; what the record tells was taken back becomes withdrawn."""
    op.create_index("ix_membership_group", "membership", ["tenant_id", "group_id", "user_id"])
    taken_back = sa.select(_EVENT.c.task_id).where(
        _EVENT.c.tenant_id == _TASK.c.tenant_id, _EVENT.c.instance_id == _TASK.c.instance_id,
        _EVENT.c.kind == "task_withdrawn", _EVENT.c.task_id == _TASK.c.id,
    )  # fmt: skip
    completed = _TASK.c.status == "completed"
    op.execute(_TASK.update().where(completed, taken_back.exists()).values(status="withdrawn"))


def downgrade() -> None:
    """What was taken back counts as completed again."""
    op.execute(_TASK.update().where(_TASK.c.status == "withdrawn").values(status="completed"))
    op.drop_index("ix_membership_group", "membership")
