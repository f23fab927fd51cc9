"""Common phrases (常用语) that people put into their opinions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Table, UtcDateTime


class Phrase(Table, table=True):
    """A phrase of one person, or of the whole office where `owner_id` is "". They are offered by `position`,
    lowest first."""

    __table_args__ = (sa.Index("ix_phrase_owner", "tenant_id", "owner_id", "position"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    owner_id: str
    text: str
    position: int
    changed_at: datetime = Field(sa_type=UtcDateTime)
