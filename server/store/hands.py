"""Who acts for whom while somebody is away."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class Substitution(Table, table=True):
    """代理: `substitute_id` acts for `absent_id` from `first_day` to `last_day`, both included: in all
    processes or those named, for all that waits for them or what waits for the named groups. It begins and
    ends by these days only; one that was taken back before it began ends before its first day. `changed_by`
    says who moved its last day."""

    __table_args__ = (
        sa.Index("ix_substitution_substitute", "tenant_id", "substitute_id", "last_day"),
        sa.Index("ix_substitution_absent", "tenant_id", "absent_id", "last_day"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    absent_id: str
    substitute_id: str
    first_day: date
    last_day: date
    processes: list[str] = Field(default_factory=list, sa_type=Json)
    groups: list[str] = Field(default_factory=list, sa_type=Json)
    reason: str
    entered_by: str
    entered_at: datetime = Field(sa_type=UtcDateTime)
    changed_by: str = ""
