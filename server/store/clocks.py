"""Time that does not count and time that ran out: stops of the clock, extensions, lights, instructions."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class ClockStop(Table, table=True):
    """A time during which the limits of a case did not run (停表). `ground` is the manifest's id, with its
    name and article as they were; `moved` are the limits that the restart moved, ISO moment to ISO moment.
    While it stands, `restarted_at` is empty."""

    __table_args__ = (sa.Index("ix_clock_stop_case", "tenant_id", "instance_id", "id"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    instance_id: str
    ground: str
    name: str
    basis: str
    reason: str
    stopped_at: datetime = Field(sa_type=UtcDateTime)
    stopped_by: str
    restarted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    restarted_by: str | None = None
    moved: dict[str, str] = Field(default_factory=dict, sa_type=Json)


class Extension(Table, table=True):
    """A longer limit of a case, asked for and decided (延期). `days` are working days; `status` is asked,
    granted or refused; `moved` as in a stop of the clock."""

    __table_args__ = (
        sa.Index("ix_extension_case", "tenant_id", "instance_id", "id"),
        sa.Index("ix_extension_status", "tenant_id", "status", "id"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    instance_id: str
    days: int
    reason: str
    status: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    asked_by: str
    asked_by_name: str
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str | None = None
    decided_by_name: str | None = None
    answer: str = ""
    moved: dict[str, str] = Field(default_factory=dict, sa_type=Json)


class LightTurn(Table, table=True):
    """That the light of a step or of a whole case turned yellow or red, once for each limit. `subject` is the
    task's id, or the case's; `turned_at` is when it did, `recorded_at` when that was noticed. `holder` and
    `step` are as they were then."""

    __table_args__ = (
        sa.Index("ix_light_turn_case", "tenant_id", "instance_id"),
        sa.Index("ix_light_turn_when", "tenant_id", "turned_at"),
    )
    tenant_id: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    light: str = Field(primary_key=True)
    due_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    instance_id: str
    task_id: str | None = None
    step: str = ""
    holder: str = ""
    turned_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Instruction(Table, table=True):
    """A leader's word on a case that is late or may become so (督办): what is to be done, and by which day
    somebody who works on it has to answer."""

    __table_args__ = (
        sa.Index("ix_instruction_case", "tenant_id", "instance_id", "id"),
        sa.Index("ix_instruction_open", "tenant_id", "answered_at", "answer_by"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    instance_id: str
    task_id: str | None = None
    text: str
    given_at: datetime = Field(sa_type=UtcDateTime)
    given_by: str
    given_by_name: str
    answer_by: date
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_by: str | None = None
    answered_by_name: str | None = None
    answer: str = ""
