"""What is entered of projects that were under way before: an audit chain of each jurisdiction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing has been entered yet."""
    op.add_column("jurisdiction", sa.Column("past_seq", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jurisdiction", sa.Column("past_head", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "past_event",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("actor_post", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq"),
    )
    op.create_index("ix_past_event_project", "past_event", ["tenant_id", "project_id", "seq"])


def downgrade() -> None:
    """The projects and their facts stay, without their sources."""
    op.drop_table("past_event")
    with op.batch_alter_table("jurisdiction") as batch:
        batch.drop_column("past_seq")
        batch.drop_column("past_head")
