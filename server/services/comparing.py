"""Two versions of a jurisdiction's bundle, deployments or drafts, and what differs between them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import differences, reading
from server.bundles.archive import Bundle
from server.bundles.differences import Differences
from server.bundles.manifest import Manifest, ManifestRefused
from server.engine import load
from server.engine.model import Finding
from server.services import authoring, bundle_review, deployed
from server.services.authorization import Person, may_deploy
from server.services.bundle_review import Trial
from server.services.errors import NotFound
from server.store.definitions import Deployment
from server.store.identity import Jurisdiction, User

ACTIVE = "active"
"""In place of an id: the deployment that new cases use."""

_LIMIT = 32
_deployments = Deployment.metadata.tables["deployment"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_people = User.metadata.tables["person"]
_lock = threading.Lock()
_known: OrderedDict[tuple[str, str], Differences] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Version:
    """A deployment (with its number) or a draft: its files, who made it when, and with which note. `active`
    tells that new cases use it. `address` is where it is shown."""

    kind: Literal["deployment", "draft"]
    id: str
    number: int | None
    name: str
    by: str
    at: datetime
    note: str
    active: bool
    digest: str
    files: Mapping[str, bytes]

    @property
    def address(self) -> str:
        """Where it is shown."""
        return f"/{'deployments' if self.kind == 'deployment' else 'design'}/{self.id}"

    @property
    def manifest(self) -> Manifest | None:
        """Its manifest; None where a draft has none that can be read."""
        try:
            return Bundle(self.files).manifest
        except ManifestRefused:
            return None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions with what differs."""

    before: Version
    after: Version
    differences: Differences


@dataclass(frozen=True, slots=True)
class Proof:
    """What speaks for a version: how its scenarios went and what the checks say."""

    trial: Trial
    findings: tuple[Finding, ...]


def version(session: Session, person: Person, reference: str) -> Version:
    """A version of the person's jurisdiction by the id of a deployment or draft, or `ACTIVE`. Raises
    NotFound; NotPermitted for those who may not deploy."""
    may_deploy(person).require()
    active = _active(session, person.tenant_id)
    wanted = active if reference == ACTIVE else reference
    d = _deployments.c
    query = (
        sa.select(
            d.id, d.number, d.name, sa.func.coalesce(_people.c.name, d.deployed_by).label("by"),
            d.deployed_at, d.note,
        )
        .join(_people, (_people.c.tenant_id == d.tenant_id) & (_people.c.id == d.deployed_by), isouter=True)
        .where(d.tenant_id == person.tenant_id, d.id == wanted)
    )  # fmt: skip
    row = session.execute(query).one_or_none()
    if row is None:
        return _draft(session, person, wanted)
    files = deployed.of(session, person.tenant_id, row.id).files
    return Version(
        "deployment", row.id, row.number, row.name, row.by, row.deployed_at, row.note, row.id == active,
        load.digest(files), files,
    )  # fmt: skip


def between(session: Session, person: Person, before: str, after: str) -> Comparison:
    """Two versions, by their references, and what differs."""
    first, second = version(session, person, before), version(session, person, after)
    return Comparison(first, second, compared(first, second))


def compared(before: Version, after: Version) -> Differences:
    """What differs between two versions; the same two are compared once."""
    key = (before.digest, after.digest)
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    found = differences.compare(before.files, after.files)
    with _lock:
        _known[key] = found
        while len(_known) > _LIMIT:
            _known.popitem(last=False)
    return found


def names(found: Version) -> dict[str, str]:
    """What the ids of a version mean to people: its bodies, processes, decisions and forms by id."""
    model, manifest = reading.read(found.files).model, found.manifest
    known = {form.id: form.title.plain() for form in model.forms.values()}
    known |= {process.id: process.name for process in model.processes.values()}
    for identity, holder in model.decisions.items():
        known[identity] = holder.decisions[identity].label
    if manifest is not None:
        known |= {group.id: group.name for group in manifest.groups.values()}
    return {identity: name for identity, name in known.items() if name}


def proof(found: Version, now: datetime) -> Proof:
    """What speaks for a version. Plays all its scenarios, unless they were played as they are now: some
    seconds of computing."""
    return Proof(bundle_review.trial(found.files, now), bundle_review.findings(found.files))


def others(session: Session, person: Person, limit: int = 50) -> list[tuple[str, str, bool]]:
    """What a version can be compared with: id, name and whether it is a draft; drafts first, then
    deployments, newest first."""
    may_deploy(person).require()
    d = _deployments.c
    query = (
        sa.select(d.id, d.number, d.name)
        .where(d.tenant_id == person.tenant_id)
        .order_by(d.number.desc())
        .limit(limit)
    )
    drafts = [(draft.id, draft.name, True) for draft in authoring.listing(session, person)]
    return drafts + [(row.id, f"{row.number} {row.name}", False) for row in session.execute(query)]


def _draft(session: Session, person: Person, draft_id: str) -> Version:
    view = authoring.view(session, person, draft_id)
    files = authoring.files(session, person, draft_id)
    if not files:
        raise NotFound("draft", draft_id)
    return Version(
        "draft", view.id, None, view.name, view.changed_by, view.changed_at, "", False, load.digest(files),
        files,
    )  # fmt: skip


def _active(session: Session, tenant_id: str) -> str:
    j = _jurisdictions.c
    found = session.execute(sa.select(j.deployment_id).where(j.tenant_id == tenant_id)).scalar_one_or_none()
    return found or ""
