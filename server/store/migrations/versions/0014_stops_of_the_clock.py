"""Stops of the clock, extensions, records of lights and leaders' instructions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """No clock of the cases before stands still; their lights are recorded from now on."""
    op.add_column("process_instance", _moment("stopped_at", nullable=True))
    op.add_column("process_instance", _moment("suspended_at", nullable=True))
    _index("ix_task_due", "task", "status = 'open' AND due_at IS NOT NULL")
    _index("ix_instance_due", "process_instance", "ended_at IS NULL AND due_at IS NOT NULL")
    _stops()
    _extensions()
    _lights()
    _instructions()


def _index(name: str, table: str, part: str) -> None:
    where = sa.text(part)
    op.create_index(name, table, ["tenant_id", "due_at"], sqlite_where=where, postgresql_where=where)


def _stops() -> None:
    op.create_table(
        "clock_stop",
        _text("tenant_id"), _text("id"), _text("instance_id"), _text("ground"), _text("name"), _text("basis"),
        _text("reason"), _moment("stopped_at"), _text("stopped_by"), _moment("restarted_at", nullable=True),
        _text("restarted_by", nullable=True), sa.Column("moved", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )  # fmt: skip
    op.create_index("ix_clock_stop_case", "clock_stop", ["tenant_id", "instance_id", "id"])


def _extensions() -> None:
    op.create_table(
        "extension",
        _text("tenant_id"), _text("id"), _text("instance_id"),
        sa.Column("days", sa.Integer(), nullable=False), _text("reason"), _text("status"),
        _moment("asked_at"), _text("asked_by"), _text("asked_by_name"), _moment("decided_at", nullable=True),
        _text("decided_by", nullable=True), _text("decided_by_name", nullable=True), _text("answer"),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )  # fmt: skip
    op.create_index("ix_extension_case", "extension", ["tenant_id", "instance_id", "id"])
    op.create_index("ix_extension_status", "extension", ["tenant_id", "status", "id"])


def _lights() -> None:
    op.create_table(
        "light_turn",
        _text("tenant_id"), _text("subject"), _text("light"), _moment("due_at"), _text("instance_id"),
        _text("task_id", nullable=True), _text("step"), _text("holder"), _moment("turned_at"),
        _moment("recorded_at"),
        sa.PrimaryKeyConstraint("tenant_id", "subject", "light", "due_at"),
    )  # fmt: skip
    op.create_index("ix_light_turn_case", "light_turn", ["tenant_id", "instance_id"])
    op.create_index("ix_light_turn_when", "light_turn", ["tenant_id", "turned_at"])


def _instructions() -> None:
    op.create_table(
        "instruction",
        _text("tenant_id"), _text("id"), _text("instance_id"), _text("task_id", nullable=True), _text("text"),
        _moment("given_at"), _text("given_by"), _text("given_by_name"),
        sa.Column("answer_by", sa.Date(), nullable=False), _moment("answered_at", nullable=True),
        _text("answered_by", nullable=True), _text("answered_by_name", nullable=True), _text("answer"),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )  # fmt: skip
    op.create_index("ix_instruction_case", "instruction", ["tenant_id", "instance_id", "id"])
    op.create_index("ix_instruction_open", "instruction", ["tenant_id", "answered_at", "answer_by"])


def downgrade() -> None:
    """What was written there is lost: limits stay where they were moved to."""
    for table in ("instruction", "light_turn", "extension", "clock_stop"):
        op.drop_table(table)
    op.drop_index("ix_instance_due", "process_instance")
    op.drop_index("ix_task_due", "task")
    with op.batch_alter_table("process_instance") as batch:
        batch.drop_column("suspended_at")
        batch.drop_column("stopped_at")
