"""What happened: append-only, each entry chained to the one before it within its instance."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class HistoryEvent(Table, table=True):
    """One thing that happened, in the past tense (`task_completed`). `hash` is SHA-256 over
    `prev_hash` and the canonical JSON of the rest; `actor_name` and `actor_post` are as they
    were on that day."""

    tenant_id: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    actor_id: str
    actor_name: str
    actor_post: str = ""
    element: str = ""
    task_id: str | None = None
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    prev_hash: str
    hash: str


class DecisionEvaluation(Table, table=True):
    """A decision taken for an instance, kept for ever with what went in, what matched and what came
    out."""

    __table_args__ = (sa.Index("ix_evaluation_decision", "tenant_id", "decision_id", "at"),)
    tenant_id: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    deployment_id: str
    decision_id: str
    name: str
    element: str
    hit_policy: str
    inputs: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    outputs: Any = Field(default=None, sa_type=Json, nullable=True)
    matched: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    missed: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    findings: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)


class Attachment(Table, table=True):
    """A file of an instance: the bytes lie in the data folder under their SHA-256. `instance_id` is
    "" while it belongs to a draft of `owner_key` only. Versions of one file share a `series`, the id of the
    first ("" while there is only one); `replaced_by` is the id of the next version, "" for the current one,
    which says in `reason` why it replaced the last. `readers` are the groups that alone may see it, with
    blanks between, "" for everybody who sees the case. `scan` is "clean", "unscanned" when the virus scanner
    could not be reached, or "" where there is none."""

    __table_args__ = (
        sa.Index("ix_attachment_instance", "tenant_id", "instance_id", "id"),
        sa.Index("ix_attachment_owner", "tenant_id", "owner_key"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    instance_id: str
    owner_key: str
    field: str
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    series: str = Field(default="", sa_column_kwargs={"server_default": ""})
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    replaced_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    readers: str = Field(default="", sa_column_kwargs={"server_default": ""})
    scan: str = Field(default="", sa_column_kwargs={"server_default": ""})


class Draft(Table, table=True):
    """What someone has typed and not sent: `key` is task:<id> or start:<process>."""

    tenant_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    values: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    saved_at: datetime = Field(sa_type=UtcDateTime)
