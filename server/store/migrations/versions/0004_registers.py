"""Registers, and where each fact of a project came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows of registers with the orders in which they are read; facts with their case and day."""
    op.create_table(
        "register_row",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("register_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("business_key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=True),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("outcome_name", sa.String(), nullable=True),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "register_id", "instance_id"),
        sqlite_with_rowid=False,
    )
    for name, columns in (
        ("ix_register_at", ["tenant_id", "register_id", "at", "instance_id"]),
        ("ix_register_unit", ["tenant_id", "register_id", "unit_id", "at", "instance_id"]),
        ("ix_register_title", ["tenant_id", "register_id", "title", "instance_id"]),
        ("ix_register_outcome", ["tenant_id", "register_id", "outcome", "at", "instance_id"]),
        ("ix_register_project", ["tenant_id", "project_id", "at"]),
    ):
        op.create_index(name, "register_row", columns, unique=False)
    op.create_table(
        "project_fact",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "project_id", "name", "instance_id"),
    )


def downgrade() -> None:
    """Without them: registers can be written anew from the cases."""
    op.drop_table("project_fact")
    op.drop_table("register_row")
