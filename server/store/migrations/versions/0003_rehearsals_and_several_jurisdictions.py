"""Cases that are rehearsed, people with a post in several jurisdictions, and who made a deployment active."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Where a rehearsal's clock stands, whose copy a project is, as whom a task is done, and the log of
    switches."""
    op.add_column("process_instance", sa.Column("rehearsal_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("task", sa.Column("played", sa.String(), nullable=True))
    op.add_column("project", sa.Column("rehearsal", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("person", sa.Column("identity", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "activation",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("deployment_id", sa.String(), nullable=False),
        sa.Column("before_id", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )


def downgrade() -> None:
    """Without them: rehearsals must be gone before, for they would look like real cases."""
    op.drop_table("activation")
    op.drop_column("person", "identity")
    op.drop_column("project", "rehearsal")
    op.drop_column("task", "played")
    op.drop_column("process_instance", "rehearsal_at")
