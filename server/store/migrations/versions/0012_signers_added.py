"""Tasks tell whether they are a signature that was asked for beside another one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No task was one so far."""
    op.add_column("task", sa.Column("signing", sa.String(), nullable=True))


def downgrade() -> None:
    """Signatures look like tasks of their step again."""
    op.drop_column("task", "signing")
