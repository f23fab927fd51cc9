"""What people are told and tell each other beside the case: notices, opinions asked for, copies, follows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class Notice(Table, table=True):
    """Something one person is told (`kind` is one of `services.notice_kinds`). `payload` fills the sentence
    in the reader's language; it is unread while `read_at` is empty."""

    __table_args__ = (
        sa.Index("ix_notice_unread", "tenant_id", "user_id", "read_at"),
        {"sqlite_with_rowid": False},
    )
    tenant_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    instance_id: str
    task_id: str | None = None
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NoticeWishes(Table, table=True):
    """What a person wants to hear about, and where. `wishes` are the kinds for which the person chose: a list
    of channels (page, mail, hook) each; of other kinds the house's choice holds. With `digest` the mails of a
    day come as one, last made at `digest_at`."""

    tenant_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    mail_address: str = ""
    hook_account: str = ""
    wishes: dict[str, list[str]] = Field(default_factory=dict, sa_type=Json)
    digest: bool = False
    digest_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OpinionRequest(Table, table=True):
    """An opinion asked of one person beside the case (沟通). It is open until it is answered or taken back
    (`ended_at`); `answer` is empty when it was taken back."""

    __table_args__ = (
        sa.Index("ix_opinion_request_of", "tenant_id", "asked_of", "ended_at"),
        sa.Index("ix_opinion_request_case", "tenant_id", "instance_id", "id"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    instance_id: str
    task_id: str
    task_name: str
    text: str
    asked_by: str
    asked_by_name: str
    asked_of: str
    asked_of_name: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answer: str = ""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CircularCopy(Table, table=True):
    """A case sent to one person to be read: for information (抄送), or in `circulation` (传阅), where the
    reader may leave a remark. `sheet_id` is that of all copies sent together; `via` the body for which the
    person was chosen, "" where they were named."""

    __table_args__ = (
        sa.Index("ix_circular_copy_of", "tenant_id", "user_id", "read_at"),
        sa.Index("ix_circular_copy_case", "tenant_id", "instance_id", "id"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    sheet_id: str
    instance_id: str
    circulation: bool
    note: str
    sent_by: str
    sent_by_name: str
    sent_at: datetime = Field(sa_type=UtcDateTime)
    user_id: str
    user_name: str
    via: str = ""
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    remark: str = ""


class Follow(Table, table=True):
    """A case that a person follows (关注)."""

    __table_args__ = (
        sa.Index("ix_follow_case", "tenant_id", "instance_id"),
        {"sqlite_with_rowid": False},
    )
    tenant_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    since: datetime = Field(sa_type=UtcDateTime)
