"""Notices, copies, opinions asked for, reminders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Five tables, and when a task was last reminded of."""
    op.add_column("task", sa.Column("reminded_at", _MOMENT, nullable=True))
    op.create_table(
        "notice",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("read_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_notice_unread", "notice", ["tenant_id", "user_id", "read_at"])
    op.create_table(
        "notice_wishes",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("mail_address", sa.String(), nullable=False),
        sa.Column("hook_account", sa.String(), nullable=False),
        sa.Column("wishes", sa.Text(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("digest_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "user_id"),
    )
    _create_requests()
    _create_copies()
    op.create_table(
        "follow",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "instance_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_follow_case", "follow", ["tenant_id", "instance_id"])


def _create_requests() -> None:
    op.create_table(
        "opinion_request",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("task_name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_by_name", sa.String(), nullable=False),
        sa.Column("asked_of", sa.String(), nullable=False),
        sa.Column("asked_of_name", sa.String(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_opinion_request_of", "opinion_request", ["tenant_id", "asked_of", "ended_at"])
    op.create_index("ix_opinion_request_case", "opinion_request", ["tenant_id", "instance_id", "id"])


def _create_copies() -> None:
    op.create_table(
        "circular_copy",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sheet_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("circulation", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.Column("sent_by_name", sa.String(), nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("read_at", _MOMENT, nullable=True),
        sa.Column("remark", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_circular_copy_of", "circular_copy", ["tenant_id", "user_id", "read_at"])
    op.create_index("ix_circular_copy_case", "circular_copy", ["tenant_id", "instance_id", "id"])


def downgrade() -> None:
    """What people told each other is lost; the record of the cases keeps its lines."""
    for table in ("follow", "circular_copy", "opinion_request", "notice_wishes", "notice"):
        op.drop_table(table)
    op.drop_column("task", "reminded_at")
