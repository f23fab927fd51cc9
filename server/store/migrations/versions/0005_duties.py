"""Duties that time begins, and how far the schedule has been read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row for each process, period and subject; one cursor for each jurisdiction."""
    op.create_table(
        "duty",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("per", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "process_key", "period", "subject"),
    )
    op.create_index("ix_duty_due", "duty", ["status", "due_at"], unique=False)
    op.create_index("ix_duty_day", "duty", ["tenant_id", "day"], unique=False)
    op.create_table(
        "schedule_cursor",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("failure", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id"),
    )


def downgrade() -> None:
    """Without them: a schedule that is read again would begin its duties of today once more."""
    op.drop_table("schedule_cursor")
    op.drop_table("duty")
