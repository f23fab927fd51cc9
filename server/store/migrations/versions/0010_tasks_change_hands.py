"""Tasks that change hands: who works for whom, and who acts for whom while somebody is away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Open tasks belong to whoever holds them; nobody is away yet."""
    op.add_column("task", sa.Column("owner_id", sa.String(), nullable=True))
    op.add_column("task", sa.Column("delegation", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "substitution",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("absent_id", sa.String(), nullable=False),
        sa.Column("substitute_id", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("processes", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    for who in ("substitute", "absent"):
        columns = ["tenant_id", f"{who}_id", "last_day"]
        op.create_index(f"ix_substitution_{who}", "substitution", columns)


def downgrade() -> None:
    """Tasks that somebody works on for another stay with whoever holds them."""
    op.drop_table("substitution")
    op.drop_column("task", "delegation")
    op.drop_column("task", "owner_id")
