"""Drafts of bundles, locks of their files, releases, and the audit chain of a jurisdiction's bundles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Beside the new tables: which release made a deployment active, the head of the chain, and an index by
    content, so that what nobody names any more can be let go."""
    _drafts()
    _locks()
    _releases()
    _events()
    op.add_column("activation", sa.Column("release_id", sa.String(), nullable=True))
    op.add_column("jurisdiction", sa.Column("bundle_seq", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jurisdiction", sa.Column("bundle_head", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_deployment_file_digest", "deployment_file", ["tenant_id", "digest"], unique=False)


def _drafts() -> None:
    op.create_table(
        "bundle_draft",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("based_on", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_bundle_draft_status", "bundle_draft", ["tenant_id", "status", "id"], unique=False)
    op.create_table(
        "bundle_draft_file",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("saved_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "draft_id", "path"),
    )
    op.create_index("ix_bundle_draft_file_digest", "bundle_draft_file", ["tenant_id", "digest"], unique=False)


def _locks() -> None:
    op.create_table(
        "file_lock",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("taken_at", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("broken_from", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "draft_id", "path"),
    )


def _releases() -> None:
    op.create_table(
        "bundle_release",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("draft_id", sa.String(), nullable=True),
        sa.Column("deployment_id", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("effective_at", _MOMENT, nullable=True),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", _MOMENT, nullable=True),
        sa.Column("failure", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_bundle_release_status", "bundle_release", ["status", "effective_at"], unique=False)


def _events() -> None:
    op.create_table(
        "bundle_event",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("actor_post", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq"),
    )


def downgrade() -> None:
    """Without them: drafts are gone, and a release that waits for its day never comes."""
    op.drop_index("ix_deployment_file_digest", "deployment_file")
    op.drop_column("jurisdiction", "bundle_head")
    op.drop_column("jurisdiction", "bundle_seq")
    op.drop_column("activation", "release_id")
    for table in ("bundle_event", "bundle_release", "file_lock", "bundle_draft_file", "bundle_draft"):
        op.drop_table(table)
