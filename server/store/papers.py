"""What was written down of cases for good: rows of registers, facts of projects with their
source, and values that exist once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class RegisterRow(Table, table=True):
    """A case in a register (台账). `at` is the moment by which the register is ordered: the end of the case,
    its beginning in a register that holds running ones. `values` are the register's columns as they were
    then; `search` is what a text is looked for in, in small letters."""

    __table_args__ = (
        sa.Index("ix_register_at", "tenant_id", "register_id", "at", "instance_id"),
        sa.Index("ix_register_unit", "tenant_id", "register_id", "unit_id", "at", "instance_id"),
        sa.Index("ix_register_title", "tenant_id", "register_id", "title", "instance_id"),
        sa.Index("ix_register_outcome", "tenant_id", "register_id", "outcome", "at", "instance_id"),
        sa.Index("ix_register_project", "tenant_id", "project_id", "at"),
        {"sqlite_with_rowid": False},
    )
    tenant_id: str = Field(primary_key=True)
    register_id: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    process_key: str
    business_key: str
    title: str
    project_id: str | None = None
    unit_id: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    status: str
    outcome: str | None = None
    outcome_name: str | None = None
    values: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    search: str = ""


class ProjectFact(Table, table=True):
    """A fact of a project as one case fixed it; the newest of a name is the one that counts."""

    tenant_id: str = Field(primary_key=True)
    project_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    value: Any = Field(default=None, sa_type=Json, nullable=True)
    at: datetime = Field(sa_type=UtcDateTime)


class SingleUse(Table, table=True):
    """A value that exists once in a jurisdiction (the number of an approval), and the case that has it."""

    tenant_id: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    instance_id: str


class IssuedPaper(Table, table=True):
    """A printed document that was given out (出具), kept as it was: `paper` holds its texts, `digest` is the
    SHA-256 of their canonical JSON, `record_head` that of the case's record then. `code` is printed on it, so
    that anybody who holds it can ask whether it is genuine; a later one of the same document has a higher
    `serial`."""

    __table_args__ = (sa.UniqueConstraint("code", name="uq_issued_paper_code"),)
    tenant_id: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    document_id: str = Field(primary_key=True)
    serial: int = Field(primary_key=True)
    code: str
    title: str
    number: str
    day: str
    digest: str
    record_head: str
    paper: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    issued_by: str
    issued_name: str
    issued_at: datetime = Field(sa_type=UtcDateTime)


class Waiver(Table, table=True):
    """A material of a case that need not be given (容缺), why, and who said so; one that was taken back is
    gone, its history stays in the record of the case."""

    tenant_id: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    reason: str
    waived_by: str
    waived_name: str
    waived_at: datetime = Field(sa_type=UtcDateTime)
