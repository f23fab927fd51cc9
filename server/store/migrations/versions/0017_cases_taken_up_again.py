"""Cases that take an ended one up again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_REOPENS = sa.text("reopens IS NOT NULL")


def upgrade() -> None:
    """No case that is there takes another up again."""
    op.add_column("process_instance", sa.Column("reopens", sa.String(), nullable=True))
    op.create_index(
        "uq_instance_reopens", "process_instance", ["tenant_id", "reopens"], unique=True,
        sqlite_where=_REOPENS, postgresql_where=_REOPENS,
    )  # fmt: skip


def downgrade() -> None:
    """The records of both cases still say that one took the other up again."""
    op.drop_index("uq_instance_reopens", "process_instance")
    with op.batch_alter_table("process_instance") as instance:
        instance.drop_column("reopens")
