"""What was entered of projects that were under way before this house knew them (补录)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class PastEvent(Table, table=True):
    """A project or facts of it that somebody entered from a document: an audit chain like that of a case, one
    for each jurisdiction; its head stands in the jurisdiction's own row."""

    __table_args__ = (sa.Index("ix_past_event_project", "tenant_id", "project_id", "seq"),)
    tenant_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    actor_id: str
    actor_name: str
    actor_post: str = ""
    project_id: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    prev_hash: str
    hash: str
