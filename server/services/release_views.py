"""Releases as they are shown: what was asked for, who agreed, from when it holds, where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services.authorization import Person, may_deploy
from server.services.errors import NotFound
from server.store.authoring import BundleDraft, BundleRelease
from server.store.definitions import Deployment
from server.store.identity import User

_releases = BundleRelease.metadata.tables["bundle_release"]
_drafts = BundleDraft.metadata.tables["bundle_draft"]
_deployments = Deployment.metadata.tables["deployment"]
_people = User.metadata.tables["person"]
OPEN = ("proposed", "waiting", "failed")
"""Statuses in which somebody still has to decide, or the day has not come."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release as it is shown. `number` is that of its deployment, once there is one."""

    id: str
    draft_id: str | None
    draft_name: str | None
    deployment_id: str | None
    number: int | None
    status: str
    note: str
    effective_at: datetime | None
    requested_by: str
    requested_by_name: str
    requested_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    reason: str
    failure: str
    digest: str

    @property
    def name(self) -> str:
        """What it is about."""
        return self.draft_name or ""


def view(session: Session, person: Person, release_id: str) -> Release:
    """A release of the person's jurisdiction. Raises NotFound."""
    may_deploy(person).require()
    found = _viewed(session, person, _releases.c.id == release_id)
    if not found:
        raise NotFound("release", release_id)
    return found[0]


def listing(session: Session, person: Person, *, only_open: bool = False) -> list[Release]:
    """The releases of the person's jurisdiction, newest first; the open ones are those on which somebody
    still has to decide, or whose day has not come."""
    may_deploy(person).require()
    return _viewed(session, person, _releases.c.status.in_(OPEN) if only_open else sa.true())


def calling(session: Session, person: Person) -> list[Release]:
    """The releases that call for this person now: those that failed for good, and those of others to which
    they may agree. None, and no question asked, for people who do not deploy."""
    if not may_deploy(person):
        return []
    r = _releases.c
    mine = sa.and_(r.status == "proposed", r.requested_by != person.id)
    return _viewed(session, person, sa.or_(r.status == "failed", mine))


def _viewed(session: Session, person: Person, which: Any) -> list[Release]:
    r, d, b = _releases.c, _deployments.c, _drafts.c
    asker, decider = _people.alias("asker"), _people.alias("decider")
    query = (
        sa.select(
            r.id, r.draft_id, b.name.label("draft_name"), r.deployment_id, d.number, r.status, r.note,
            r.effective_at, r.requested_by,
            sa.func.coalesce(asker.c.name, r.requested_by).label("requested_by_name"), r.requested_at,
            sa.func.coalesce(decider.c.name, r.decided_by).label("decided_by_name"), r.decided_at, r.reason,
            r.failure, sa.func.coalesce(d.digest, r.digest).label("digest"),
        )
        .select_from(_releases)
        .join(_drafts, (b.tenant_id == r.tenant_id) & (b.id == r.draft_id), isouter=True)
        .join(_deployments, (d.tenant_id == r.tenant_id) & (d.id == r.deployment_id), isouter=True)
        .join(asker, (asker.c.tenant_id == r.tenant_id) & (asker.c.id == r.requested_by), isouter=True)
        .join(decider, (decider.c.tenant_id == r.tenant_id) & (decider.c.id == r.decided_by), isouter=True)
        .where(r.tenant_id == person.tenant_id, which)
        .order_by(r.id.desc())
        .limit(200)
    )  # fmt: skip
    return [Release(**row) for row in session.execute(query).mappings()]
