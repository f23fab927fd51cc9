"""Full text, saved filters, chosen columns; ways to open and done tasks for the board."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_FTS = """CREATE VIRTUAL TABLE search_index USING fts5(
    grams, content='search_entry', content_rowid='id', detail='full',
    tokenize="unicode61 remove_diacritics 0")"""
_TRIGGERS = {
    "search_entry_added": """AFTER INSERT ON search_entry BEGIN
        INSERT INTO search_index (rowid, grams) VALUES (new.id, new.grams); END""",
    "search_entry_gone": """AFTER DELETE ON search_entry BEGIN
        INSERT INTO search_index (search_index, rowid, grams) VALUES ('delete', old.id, old.grams); END""",
}


def upgrade() -> None:
    """The texts of cases that exist are entered by `guicheng reindex`, or by the next start that prepares."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "search_entry",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("grams", sa.Text() if on_sqlite else TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_search_entry_case", "search_entry", ["tenant_id", "instance_id"])
    if on_sqlite:
        op.execute(_FTS)
        for name, body in _TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
    else:
        op.create_index("ix_search_entry_grams", "search_entry", ["grams"], postgresql_using="gin")
    op.create_table(
        "saved_filter",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "user_id", "name", name="uq_saved_filter_name"),
    )
    op.create_table(
        "chosen_columns",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "process_key"),
    )
    op.create_index(
        "ix_task_closed", "task",
        ["tenant_id", "status", "completed_at", "process_key", "element", "created_at", "due_at",
         "instance_id"],
    )  # fmt: skip
    op.create_index("ix_instance_ended", "process_instance", ["tenant_id", "ended_at"])
    some = sa.text("rehearsal_at IS NOT NULL")
    op.create_index(
        "ix_instance_rehearsed", "process_instance", ["tenant_id", "id"], sqlite_where=some,
        postgresql_where=some,
    )  # fmt: skip
    op.create_index("ix_instance_begun", "process_instance", ["tenant_id", "started_at"])


def downgrade() -> None:
    """Searches find nothing any more; everything found was derived."""
    op.drop_index("ix_instance_begun", "process_instance")
    op.drop_index("ix_instance_rehearsed", "process_instance")
    op.drop_index("ix_instance_ended", "process_instance")
    op.drop_index("ix_task_closed", "task")
    op.drop_table("chosen_columns")
    op.drop_table("saved_filter")
    if op.get_bind().dialect.name == "sqlite":
        for name in _TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE search_index")
    op.drop_table("search_entry")
