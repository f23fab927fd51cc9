"""What is running: projects, instances and their state, tasks, the worklist, timers, incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime, Word

_OPEN = sa.text("status = 'open' AND due_at IS NOT NULL")
_RUNS = sa.text("ended_at IS NULL AND due_at IS NOT NULL")
"""What is not done yet and has a limit: of everything ever done it is the small part that lights look at."""
_REHEARSED = sa.text("rehearsal_at IS NOT NULL")
_REOPENS = sa.text("reopens IS NOT NULL")
_CLOSED = (
    "tenant_id", "status", "completed_at", "process_key", "element", "created_at", "due_at", "instance_id",
)  # fmt: skip
"""All that figures about closed tasks ask for: the index answers them alone."""


class Project(Table, table=True):
    """The thing whose cases the instances are. `facts` are what its cases fixed (class, tier,
    approved total). With `rehearsal` it belongs to rehearsals only, so nothing real ever reads its facts."""

    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "code", name="uq_project_code"),
        sa.Index("ix_project_unit", "tenant_id", "unit_id", "id"),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    code: str
    name: str
    unit_id: str
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    rehearsal: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    created_at: datetime = Field(sa_type=UtcDateTime)


class ProcessInstance(Table, table=True):
    """One running or ended process (办件). `revision` rises with each move; `history_seq` and
    `history_head` are the last entry of its audit chain. `status` is running, incident, ended or
    cancelled. `rehearsal_at` is where the clock of a rehearsal (试运行) stands; a real case has none, and
    lists, registers and figures that are real ask for `rehearsal_at IS NULL`. While its limits do not run
    (停表) `stopped_at` says since when; `suspended_at` since when nothing may move in it (挂起). `reopens` is
    the ended case that it takes up again (重新办理): each is taken up once, its successor after that."""

    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "business_key", name="uq_instance_business_key"),
        sa.Index("ix_instance_status", "tenant_id", "status", "id"),
        sa.Index("ix_instance_project", "tenant_id", "project_id", "id"),
        sa.Index("ix_instance_starter", "tenant_id", "started_by", "id"),
        sa.Index("ix_instance_due", "tenant_id", "due_at", sqlite_where=_RUNS, postgresql_where=_RUNS),
        sa.Index(
            "uq_instance_reopens",
            "tenant_id",
            "reopens",
            unique=True,
            sqlite_where=_REOPENS,
            postgresql_where=_REOPENS,
        ),
        sa.Index("ix_instance_begun", "tenant_id", "started_at"),
        sa.Index("ix_instance_ended", "tenant_id", "ended_at"),
        sa.Index(
            "ix_instance_rehearsed", "tenant_id", "id", sqlite_where=_REHEARSED, postgresql_where=_REHEARSED
        ),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    deployment_id: str
    process_key: str
    business_key: str
    title: str
    project_id: str | None = None
    unit_id: str
    status: str = Field(sa_type=Word)
    revision: int
    started_by: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None
    outcome_name: str | None = None
    history_seq: int = 0
    history_head: str = ""
    rehearsal_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reopens: str | None = None


class InstanceState(Table, table=True):
    """The engine's state of an instance; apart, so that the rows people list stay narrow."""

    tenant_id: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    state: bytes


class Task(Table, table=True):
    """A user task. `status` is open, completed, cancelled, returned, or withdrawn once its sender has taken
    it back (the step is then another task). While somebody works on it for its `owner_id`, `delegation` is
    "pending"; "resolved" once they have given it back. `candidates` are the principals who may claim it;
    `sent_by` is who acted just before; `opened_seq` the audit entry that opened it. `played` is the
    principal as whom somebody does it in a rehearsal; `reminded_at` when somebody reminded of it last
    (催办). `signing` is "before" or "after" where it is the signature of somebody who was asked beside the
    task of the step (加签)."""

    __table_args__ = (
        sa.Index("ix_task_instance", "tenant_id", "instance_id", "id"),
        sa.Index("ix_task_done", "tenant_id", "completed_by", "completed_at"),
        sa.Index("ix_task_due", "tenant_id", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        sa.Index("ix_task_closed", *_CLOSED),
    )
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    instance_id: str
    token: str
    process_key: str
    element: str
    name: str
    form_id: str
    status: str = Field(sa_type=Word)
    revision: int
    assignee_id: str | None = None
    owner_id: str | None = None
    delegation: str = Field(default="", sa_column_kwargs={"server_default": ""})
    candidates: list[str] = Field(default_factory=list, sa_type=Json)
    regulation: list[str] = Field(default_factory=list, sa_type=Json)
    round: int | None = None
    priority: int = 50
    created_at: datetime = Field(sa_type=UtcDateTime)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    follow_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    completed_by: str | None = None
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None
    sent_by: str | None = None
    opened_seq: int = 0
    closed_seq: int | None = None
    played: str | None = None
    signing: str | None = None
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WorklistEntry(Table, table=True):
    """One row for each principal whose worklist holds the task: narrow, sorted by `due_at` (of the step or
    of its case, whichever is earlier), read by keyset."""

    __tablename__ = "worklist"
    __table_args__ = (
        sa.Index("ix_worklist_task", "tenant_id", "task_id"),
        {"sqlite_with_rowid": False},
    )
    tenant_id: str = Field(primary_key=True)
    principal: str = Field(primary_key=True)
    due_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    task_id: str = Field(primary_key=True)


class Participant(Table, table=True):
    """A principal that has had to do with an instance, and so may see it."""

    __table_args__ = (
        sa.Index("ix_participant_instance", "tenant_id", "instance_id"),
        {"sqlite_with_rowid": False},
    )
    tenant_id: str = Field(primary_key=True)
    principal: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)


class Timer(Table, table=True):
    """A timer that is armed. The row is the truth; a wake-up only makes somebody look at it.
    `attempts` counts failures, after which nobody looks before `retry_at`; a timer whose `failure` is set
    waits for an admin."""

    __table_args__ = (sa.Index("ix_timer_due", "due_at"),)
    tenant_id: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    token: str = Field(primary_key=True)
    process_key: str
    element: str
    due_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    retry_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failure: str = ""


class Subscription(Table, table=True):
    """A message or signal an instance waits for."""

    __table_args__ = (sa.Index("ix_subscription_name", "tenant_id", "kind", "name"),)
    tenant_id: str = Field(primary_key=True)
    instance_id: str = Field(primary_key=True)
    token: str = Field(primary_key=True)
    element: str
    kind: str
    name: str


class Incident(Table, table=True):
    """A step that stands still until its cause is repaired."""

    __table_args__ = (sa.Index("ix_incident_open", "tenant_id", "resolved_at", "id"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    instance_id: str
    token: str
    element: str
    finding: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    created_at: datetime = Field(sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Outgoing(Table, table=True):
    """A message on its way out of the house: a reminder, a notice. `status` is waiting, sent or
    dead."""

    __table_args__ = (sa.Index("ix_outgoing_due", "status", "due_at"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    instance_id: str
    kind: str
    recipient: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    due_at: datetime = Field(sa_type=UtcDateTime)
    status: str = "waiting"
    attempts: int = 0
    failure: str = ""
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
