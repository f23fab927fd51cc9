"""Who there is: jurisdictions, units, people, their posts, and the sessions they opened."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class Jurisdiction(Table, table=True):
    """A tenant. `calendar_revision` rises with each change of its calendar, so that caches know.
    `bundle_seq` and `bundle_head` are the last entry of the audit chain of its bundles, `rights_seq` and
    `rights_head` that of the rights of its people, `past_seq` and `past_head` that of what was entered of
    projects from before."""

    tenant_id: str = Field(primary_key=True)
    name: str
    deployment_id: str | None = None
    calendar_revision: int = 0
    bundle_seq: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    bundle_head: str = Field(default="", sa_column_kwargs={"server_default": ""})
    rights_seq: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    rights_head: str = Field(default="", sa_column_kwargs={"server_default": ""})
    past_seq: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    past_head: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime = Field(sa_type=UtcDateTime)


class Unit(Table, table=True):
    """A department: the unit whose clerks see its cases."""

    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str


class User(Table, table=True):
    """A person in a jurisdiction. `password_hash` is Argon2id; "" means that nobody can sign in. Rows with
    the same `identity` ("" for most) are one human being with posts in several jurisdictions. Whoever has an
    `initial_password` chooses their own before anything else."""

    __tablename__ = "person"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "account", name="uq_person_account"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    account: str
    name: str
    post: str = ""
    unit_id: str
    password_hash: str = ""
    active: bool = True
    locale: str = "zh-CN"
    demo: bool = False
    identity: str = Field(default="", sa_column_kwargs={"server_default": ""})
    initial_password: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    created_at: datetime = Field(sa_type=UtcDateTime)


class Membership(Table, table=True):
    """A person's post in a group. Groups are ids of the manifest, or of the house: admin,
    process_owner, auditor. Whoever tells a body something asks for its people (`ix_membership_group`)."""

    __table_args__ = (sa.Index("ix_membership_group", "tenant_id", "group_id", "user_id"),)
    tenant_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    group_id: str = Field(primary_key=True)


class SignInSession(Table, table=True):
    """An open session; only the SHA-256 of its token is kept. While it is `pending` (code, factor, password)
    it opens nothing: the second factor, or a password of one's own, is still to come. `method` is password or
    the issuer that signed the person in; `address` and `agent` tell one browser from another."""

    token_hash: str = Field(primary_key=True)
    tenant_id: str
    user_id: str
    csrf: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    pending: str = Field(default="", sa_column_kwargs={"server_default": ""})
    method: str = Field(default="", sa_column_kwargs={"server_default": ""})
    address: str = Field(default="", sa_column_kwargs={"server_default": ""})
    agent: str = Field(default="", sa_column_kwargs={"server_default": ""})


class AccountEvent(Table, table=True):
    """What happened to an account, for its person and for auditors: `kind` is password_changed; `by` did it
    from `address`. A row is never changed."""

    __table_args__ = (sa.Index("ix_account_event_person", "tenant_id", "user_id", "id"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    user_id: str
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    by: str
    address: str = ""


class SignInFailure(Table, table=True):
    """Failed sign-ins of an account or an address within the current window."""

    key: str = Field(primary_key=True)
    window_start: datetime = Field(sa_type=UtcDateTime)
    count: int


class CalendarDay(Table, table=True):
    """An admin's word on one day, above the published calendar."""

    tenant_id: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    working: bool
    note: str = ""


class NumberSeries(Table, table=True):
    """The last number given out in a series and year."""

    tenant_id: str = Field(primary_key=True)
    series: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int


class Setting(Table, table=True):
    """A value the installation keeps for itself (the seed's mark, the last reconciliation)."""

    name: str = Field(primary_key=True)
    value: dict[str, object] = Field(default_factory=dict, sa_type=Json)
