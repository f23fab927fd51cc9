"""What time begins: duties of a period, and the day up to which the schedule has been read."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Table, UtcDateTime


class Duty(Table, table=True):
    """A duty that is due: one case of a process for one period and subject (`per` says what that is: the
    installation "", a unit's or a project's id). It is entered once; the transaction that begins its case
    writes the case into it. `status` is waiting, begun or dead; `day` is the day for which the schedule
    named it, `due_at` when somebody looks at it next."""

    __table_args__ = (
        sa.Index("ix_duty_due", "status", "due_at"),
        sa.Index("ix_duty_day", "tenant_id", "day"),
    )
    tenant_id: str = Field(primary_key=True)
    process_key: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    per: str
    day: date
    status: str = "waiting"
    due_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    failure: str = ""
    instance_id: str | None = None
    begun_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ScheduleCursor(Table, table=True):
    """The last day of a jurisdiction's schedule that has been read; `failure` says why it goes no further."""

    tenant_id: str = Field(primary_key=True)
    day: date
    failure: str = ""
