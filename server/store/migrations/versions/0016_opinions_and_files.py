"""Common phrases, versions of files, issued papers, materials that need not be given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OF_FILES = {"series": "", "version": "1", "replaced_by": "", "reason": "", "readers": "", "scan": ""}
"""Columns of a file and what holds for those that are there."""


def upgrade() -> None:
    """Files that are there are the first and only version of themselves, and no scanner saw them."""
    op.create_table(
        "phrase",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_phrase_owner", "phrase", ["tenant_id", "owner_id", "position"])
    for name, usual in _OF_FILES.items():
        kind = sa.Integer() if name == "version" else sa.String()
        op.add_column("attachment", sa.Column(name, kind, server_default=usual, nullable=False))
    op.create_table(
        "issued_paper",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("tenant_id", "instance_id", "document_id")
        ),
        sa.Column("serial", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("code", "title", "number", "day", "digest", "record_head")
        ),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_name", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "instance_id", "document_id", "serial"),
        sa.UniqueConstraint("code", name="uq_issued_paper_code"),
    )
    op.create_table(
        "waiver",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("tenant_id", "instance_id", "field", "reason", "waived_by", "waived_name")
        ),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "instance_id", "field"),
    )


def downgrade() -> None:
    """Papers that were issued cannot be verified any more, and all versions of a file look current."""
    op.drop_table("waiver")
    op.drop_table("issued_paper")
    with op.batch_alter_table("attachment") as attachment:
        for name in _OF_FILES:
            attachment.drop_column(name)
    op.drop_table("phrase")
