"""Values that exist once in a jurisdiction, such as the number of an approval."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row for each value; those of earlier cases are not looked for."""
    op.create_table(
        "single_use",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "field", "value"),
    )


def downgrade() -> None:
    """Without it, a number may be given twice."""
    op.drop_table("single_use")
