"""What people may do and must not: changes of rights, recusals, second factors, accounts elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class RightEvent(Table, table=True):
    """A change of somebody's rights (`user_id`; "" where it is about no one person): an audit chain like that
    of a case, one for each jurisdiction; its head stands in the jurisdiction's own row."""

    __table_args__ = (sa.Index("ix_right_event_person", "tenant_id", "user_id", "seq"),)
    tenant_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    actor_id: str
    actor_name: str
    actor_post: str = ""
    user_id: str = ""
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    prev_hash: str
    hash: str


class Recusal(Table, table=True):
    """回避: somebody must not act on a case or on any case of a project. `subject_kind` is case or project,
    `subject_id` its id. It counts until `lifted_at`; a row is never deleted."""

    __table_args__ = (
        sa.Index("ix_recusal_person", "tenant_id", "user_id", "subject_id"),
        sa.Index("ix_recusal_subject", "tenant_id", "subject_id"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    user_id: str
    subject_kind: str
    subject_id: str
    reason: str
    declared_by: str
    declared_at: datetime = Field(sa_type=UtcDateTime)
    lifted_by: str = ""
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SecondFactor(Table, table=True):
    """A person's second factor: the shared secret, sealed with the key of the house. `last_step` is the time
    step of the last code that was used: neither it nor an earlier one counts again. It holds from
    `confirmed_at`."""

    tenant_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    sealed_secret: str
    last_step: int = 0
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecoveryCode(Table, table=True):
    """A code that takes the place of the second factor once; only its SHA-256 is kept, and its row goes when
    it is used."""

    tenant_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    code_hash: str = Field(primary_key=True)


class OutsideAccount(Table, table=True):
    """Whom a subject of another system that signs people in (OpenID Connect) is here."""

    __table_args__ = (sa.Index("ix_outside_account_person", "tenant_id", "user_id"),)
    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    tenant_id: str
    user_id: str
    linked_by: str
    linked_at: datetime = Field(sa_type=UtcDateTime)
