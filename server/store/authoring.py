"""What process owners are writing: drafts of bundles, who edits which file, and releases on their way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Json, Table, UtcDateTime


class BundleDraft(Table, table=True):
    """A bundle that is being edited, shared by the process owners of its jurisdiction. `revision` rises with
    each change of any file. `based_on` is the deployment it was opened from, or with which it was last made
    even; None for one that came as a file. `status` is open, deployed or discarded."""

    __table_args__ = (sa.Index("ix_bundle_draft_status", "tenant_id", "status", "id"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    based_on: str | None = None
    source: str = ""
    status: str = "open"
    revision: int = 0
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_by: str
    changed_at: datetime = Field(sa_type=UtcDateTime)


class BundleDraftFile(Table, table=True):
    """A path of a draft. `revision` is that of the draft when the file was saved, so it never comes twice;
    an empty `digest` says that the file was removed then, and by whom. What the file was before are rows of
    the same kind beside it, with `/` and their revision behind the id of the draft (`…/17`): whoever asks for
    the draft does not meet them, and their contents stay as long as they do."""

    __table_args__ = (sa.Index("ix_bundle_draft_file_digest", "tenant_id", "digest"),)
    tenant_id: str = Field(primary_key=True)
    draft_id: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    digest: str
    revision: int
    saved_by: str
    saved_at: datetime = Field(sa_type=UtcDateTime)

    @staticmethod
    def earlier_id(draft_id: str, revision: int) -> str:
        """What stands in place of the draft's id at an earlier save."""
        return f"{draft_id}/{revision}"

    @classmethod
    def is_earlier(cls, draft_id: str) -> sa.ColumnElement[bool]:
        """The rows of the earlier saves of a draft."""
        return cls.metadata.tables["bundle_draft_file"].c.draft_id.startswith(f"{draft_id}/", autoescape=True)


class FileLock(Table, table=True):
    """Who edits a file of a draft, until when. Where somebody broke another's lock, `broken_from` and
    `reason` tell that person."""

    tenant_id: str = Field(primary_key=True)
    draft_id: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    holder: str
    taken_at: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    broken_from: str = ""
    reason: str = ""


class BundleRelease(Table, table=True):
    """A wish to let new cases use some content from a day on: a draft that is to be deployed (`draft_id`, of
    `digest`), or a deployment that is there already. `status` is proposed (a second person must agree),
    waiting (agreed, its day has not come), done, rejected, withdrawn or failed."""

    __table_args__ = (sa.Index("ix_bundle_release_status", "status", "effective_at"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    draft_id: str | None = None
    deployment_id: str | None = None
    digest: str = ""
    status: str
    note: str = ""
    effective_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    requested_by: str
    requested_at: datetime = Field(sa_type=UtcDateTime)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = ""
    attempts: int = 0
    retry_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failure: str = ""


class BundleEvent(Table, table=True):
    """What happened to a jurisdiction's bundles: an audit chain like that of a case, one for each
    jurisdiction; its head stands in the jurisdiction's own row."""

    tenant_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    actor_id: str
    actor_name: str
    actor_post: str = ""
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    prev_hash: str
    hash: str
