"""Changes of people's rights as an audit chain, recusals, second factors, accounts elsewhere, and what a
session knows of its browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OF_SESSIONS = ("pending", "method", "address", "agent")


def upgrade() -> None:
    """Nothing is known of earlier changes; sessions that are open stay open."""
    op.add_column("jurisdiction", sa.Column("rights_seq", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jurisdiction", sa.Column("rights_head", sa.String(), nullable=False, server_default=""))
    initial: sa.Column[bool] = sa.Column(
        "initial_password", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("person", initial)
    for name in _OF_SESSIONS:
        op.add_column("sign_in_session", sa.Column(name, sa.String(), nullable=False, server_default=""))
    _rights()
    op.create_table(
        "recusal",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("declared_by", sa.String(), nullable=False),
        sa.Column("declared_at", _MOMENT, nullable=False),
        sa.Column("lifted_by", sa.String(), nullable=False),
        sa.Column("lifted_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_recusal_person", "recusal", ["tenant_id", "user_id", "subject_id"])
    op.create_index("ix_recusal_subject", "recusal", ["tenant_id", "subject_id"])
    _accounts()


def _rights() -> None:
    op.create_table(
        "right_event",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("actor_post", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq"),
    )
    op.create_index("ix_right_event_person", "right_event", ["tenant_id", "user_id", "seq"])


def _accounts() -> None:
    op.create_table(
        "second_factor",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("sealed_secret", sa.String(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "user_id"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "code_hash"),
    )
    op.create_table(
        "outside_account",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("linked_by", sa.String(), nullable=False),
        sa.Column("linked_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )
    op.create_index("ix_outside_account_person", "outside_account", ["tenant_id", "user_id"])


def downgrade() -> None:
    """Sessions that wait for a second factor would count as open, so they end."""
    op.execute("DELETE FROM sign_in_session WHERE pending <> ''")
    for table in ("outside_account", "recovery_code", "second_factor", "recusal", "right_event"):
        op.drop_table(table)
    gone = {
        "sign_in_session": _OF_SESSIONS,
        "person": ("initial_password",),
        "jurisdiction": ("rights_seq", "rights_head"),
    }
    for table, columns in gone.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
