"""What programs have to do with: work handed out to them, and the tokens with which they sign in."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class ExternalTask(Table, table=True):
    """Work that waits for a worker on a topic. A worker that fetched it holds it until `locked_until`;
    `retries` is None until the first failure, and 0 while the step stands still with an incident. `workers`
    are the principals whose programs may fetch it, each between blanks. The row goes with the work."""

    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "instance_id", "token", name="uq_external_task_token"),
        sa.Index("ix_external_task_topic", "topic", "tenant_id"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    instance_id: str
    token: str
    process_key: str
    element: str
    topic: str
    priority: int = 0
    workers: str
    worker_id: str | None = None
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    retries: int | None = None
    error_message: str = ""
    error_details: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)


class AccessToken(Table, table=True):
    """A personal access token: a program that sends it acts as its person, within `scopes` (read, deploy,
    start, tasks, work) and, where `topics` names some, for these topics only. Only the SHA-256 of it is kept.
    A row is never deleted: it is the record of who could do what, and until when."""

    __table_args__ = (
        sa.UniqueConstraint("token_hash", name="uq_access_token_hash"),
        sa.Index("ix_access_token_person", "tenant_id", "user_id"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    user_id: str
    name: str
    hint: str
    token_hash: str
    scopes: list[str] = Field(default_factory=list, sa_type=Json)
    topics: list[str] = Field(default_factory=list, sa_type=Json)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_from: str = ""
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_by: str | None = None
