"""Drafts of bundles: opened from a deployment or a file, shared by the process owners, packed or given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import archive
from server.bundles.archive import ArchiveRefused, Bundle
from server.bundles.manifest import ManifestRefused
from server.services import bundle_log, contents
from server.services.authorization import Person, denied, may_deploy
from server.services.errors import DeploymentRejected, NotFound
from server.store.authoring import BundleDraft, BundleDraftFile, FileLock
from server.store.columns import new_id
from server.store.definitions import Deployment, DeploymentFile
from server.store.identity import Jurisdiction, User

MAX_DRAFTS = 50
"""How many drafts of a jurisdiction may be open at once."""

_drafts = BundleDraft.metadata.tables["bundle_draft"]
_files = BundleDraftFile.metadata.tables["bundle_draft_file"]
_locks = FileLock.metadata.tables["file_lock"]
_deployments = Deployment.metadata.tables["deployment"]
_deployed_files = DeploymentFile.metadata.tables["deployment_file"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_people = User.metadata.tables["person"]


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft: from which deployment it comes (`based_on`, its number, and whether new cases still use that
    one), who opened it and who changed it last (names)."""

    id: str
    name: str
    status: str
    source: str
    revision: int
    based_on: str | None
    based_number: int | None
    based_is_active: bool
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether it can still be edited."""
        return self.status == "open"


def listing(session: Session, person: Person) -> list[DraftView]:
    """The open drafts of the person's jurisdiction, the one changed last first."""
    may_deploy(person).require()
    d = _drafts.c
    query = _viewed(person).where(d.status == "open").order_by(d.changed_at.desc())
    return [DraftView(**row) for row in session.execute(query).mappings()]


def view(session: Session, person: Person, draft_id: str) -> DraftView:
    """A draft. Raises NotFound; NotPermitted for those who may not deploy."""
    may_deploy(person).require()
    row = session.execute(_viewed(person).where(_drafts.c.id == draft_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("draft", draft_id)
    return DraftView(**row)


def open_deployment(
    session: Session, person: Person, deployment_id: str, name: str, now: datetime
) -> str:  # fmt: skip
    """Open a draft from a deployment of the person's jurisdiction, "" for the one new cases use; gives its
    id."""
    may_deploy(person).require()
    chosen = deployment_id or _active(session, person.tenant_id)
    d, f = _deployments.c, _deployed_files.c
    query = sa.select(d.number, d.name).where(d.tenant_id == person.tenant_id, d.id == chosen)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("deployment", chosen)
    bundle_log.take_turn(session, person.tenant_id)
    held = sa.select(f.path, f.digest).where(f.tenant_id == person.tenant_id, f.deployment_id == chosen)
    digests = {path: digest for path, digest in session.execute(held)}
    return _open(session, person, name or f"{row.name} {row.number}", digests, now, based_on=chosen)


def open_zip(session: Session, person: Person, data: bytes, name: str, source: str, now: datetime) -> str:
    """Open a draft from the zip of the person's jurisdiction; gives its id. DeploymentRejected tells why the
    zip cannot be read."""
    return open_bundle(session, person, read_zip(data), name, source, now)


def open_bundle(
    session: Session, person: Person, bundle: Bundle, name: str, source: str, now: datetime
) -> str:
    """Open a draft from a bundle of the person's jurisdiction; gives its id."""
    may_deploy(person).require()
    if bundle.id != person.tenant_id:
        denied(
            "The file is of the jurisdiction {tenant}. Go there first, or load it as a jurisdiction of its "
            "own.",
            tenant=bundle.id,
        ).require()
    bundle_log.take_turn(session, person.tenant_id)
    digests = contents.keep(session, person.tenant_id, bundle.files)
    active = _active(session, person.tenant_id) or None
    named = name or f"{bundle.manifest.name} {source}".strip()
    return _open(session, person, named, digests, now, based_on=active, source=source)


def read_zip(data: bytes) -> Bundle:
    """The bundle in a zip, its manifest readable. DeploymentRejected tells why not."""
    try:
        bundle = archive.read_zip(data)
        bundle.manifest  # noqa: B018 - one that cannot be read is told here
    except (ArchiveRefused, ManifestRefused) as refused:
        raise DeploymentRejected((refused.finding,)) from refused
    return bundle


def files(session: Session, person: Person, draft_id: str) -> dict[str, bytes]:
    """The files of a draft: content by path; none once it was deployed or discarded."""
    view(session, person, draft_id)
    digests = digests_of(session, person.tenant_id, draft_id)
    known = contents.read(session, person.tenant_id, set(digests.values()))
    return {path: known[digest] for path, digest in sorted(digests.items())}


def bundle(session: Session, person: Person, draft_id: str) -> Bundle:
    """The draft as a bundle, whatever may be wrong with it. Its manifest may be missing or unreadable:
    `Bundle.manifest` tells."""
    return Bundle(files(session, person, draft_id))


def pack(session: Session, person: Person, draft_id: str) -> bytes:
    """The whole draft as a zip (same content, same bytes)."""
    return archive.write_zip(bundle(session, person, draft_id))


def rename(session: Session, person: Person, draft_id: str, name: str, now: datetime) -> None:
    """Give a draft another name."""
    hold(session, person, draft_id)
    if name.strip():
        _change(session, person, draft_id, now, name=name.strip()[:200])


def discard(session: Session, person: Person, draft_id: str, now: datetime) -> None:
    """Give a draft up. Contents that nothing else holds are forgotten; the log keeps its name."""
    found = hold(session, person, draft_id)
    close(session, person, draft_id, "discarded", now)
    bundle_log.add(session, person, person.tenant_id, "draft_discarded", now, draft=draft_id, name=found.name)


def close(session: Session, person: Person, draft_id: str, status: str, now: datetime) -> None:
    """End a draft (its files go with their earlier saves, its row stays); for `discard` and for releases that
    deployed it."""
    tenant, f, k = person.tenant_id, _files.c, _locks.c
    mine = (f.tenant_id == tenant, sa.or_(f.draft_id == draft_id, BundleDraftFile.is_earlier(draft_id)))
    digests = set(session.execute(sa.select(f.digest).where(*mine)).scalars())
    session.execute(_files.delete().where(*mine))
    session.execute(_locks.delete().where(k.tenant_id == tenant, k.draft_id == draft_id))
    contents.let_go(session, tenant, digests)
    _change(session, person, draft_id, now, status=status)


def hold(session: Session, person: Person, draft_id: str) -> DraftView:
    """Take the turn at the bundles of the jurisdiction and give the draft as it is then. Raises NotFound for
    a draft that is no longer open, NotPermitted while it waits for a second person."""
    may_deploy(person).require()
    bundle_log.take_turn(session, person.tenant_id)
    found = view(session, person, draft_id)
    if found.status == "proposed":
        denied(
            "This draft waits for a second person. Take the proposal back before you change anything."
        ).require()
    if not found.is_open:
        raise NotFound("draft", draft_id)
    return found


def digests_of(session: Session, tenant_id: str, draft_id: str) -> dict[str, str]:
    """The digest (SHA-256, hex) of each file of a draft."""
    f = _files.c
    query = sa.select(f.path, f.digest).where(
        f.tenant_id == tenant_id, f.draft_id == draft_id, f.digest != ""
    )
    return {path: digest for path, digest in session.execute(query)}


def deployed_digests(session: Session, tenant_id: str, deployment_id: str | None) -> dict[str, str]:
    """The digest of each file of a deployment; none for None."""
    f = _deployed_files.c
    query = sa.select(f.path, f.digest).where(f.tenant_id == tenant_id, f.deployment_id == deployment_id)
    return {path: digest for path, digest in session.execute(query)} if deployment_id else {}


def mark(session: Session, person: Person, draft_id: str, status: str, now: datetime) -> None:
    """Set the status of a draft: open, or proposed while a second person looks at it."""
    _change(session, person, draft_id, now, status=status)


def rebase(session: Session, person: Person, draft_id: str, deployment_id: str, now: datetime) -> None:
    """Note that the draft holds all that a deployment holds."""
    _change(session, person, draft_id, now, based_on=deployment_id)


def _change(session: Session, person: Person, draft_id: str, now: datetime, **values: Any) -> None:
    d = _drafts.c
    session.execute(
        _drafts.update()
        .where(d.tenant_id == person.tenant_id, d.id == draft_id)
        .values(changed_by=person.id, changed_at=now, **values)
    )


def _open(
    session: Session, person: Person, name: str, digests: Mapping[str, str], now: datetime, *,
    based_on: str | None, source: str = "",
) -> str:  # fmt: skip
    d = _drafts.c
    count = sa.select(sa.func.count()).where(
        d.tenant_id == person.tenant_id, d.status.in_(("open", "proposed"))
    )
    if session.execute(count).scalar_one() >= MAX_DRAFTS:
        denied("There are {limit} drafts. Discard one first.", limit=MAX_DRAFTS).require()
    draft_id, keys = new_id(now), {"tenant_id": person.tenant_id}
    session.execute(
        _drafts.insert().values(
            **keys, id=draft_id, name=name[:200], based_on=based_on, source=source[:200], status="open",
            revision=1, created_by=person.id, created_at=now, changed_by=person.id, changed_at=now,
        )
    )  # fmt: skip
    rows = [
        {**keys, "draft_id": draft_id, "path": path, "digest": digest, "revision": 1,
         "saved_by": person.id, "saved_at": now}
        for path, digest in digests.items()
    ]  # fmt: skip
    if rows:
        session.execute(_files.insert(), rows)
    return draft_id


def _active(session: Session, tenant_id: str) -> str:
    j = _jurisdictions.c
    found = session.execute(sa.select(j.deployment_id).where(j.tenant_id == tenant_id)).scalar_one_or_none()
    return found or ""


def _viewed(person: Person) -> sa.Select[Any]:
    """Drafts of the person's jurisdiction as they are shown."""
    d, j, base = _drafts.c, _jurisdictions.c, _deployments.alias("base")
    creator, changer = _people.alias("creator"), _people.alias("changer")

    def name(of: Any, id_: Any) -> Any:
        return sa.func.coalesce(of.c.name, id_)

    return (
        sa.select(
            d.id, d.name, d.status, d.source, d.revision, d.based_on, base.c.number.label("based_number"),
            sa.func.coalesce(j.deployment_id == d.based_on, sa.false()).label("based_is_active"),
            name(creator, d.created_by).label("created_by"), d.created_at,
            name(changer, d.changed_by).label("changed_by"), d.changed_at,
        )
        .select_from(_drafts)
        .join(_jurisdictions, j.tenant_id == d.tenant_id)
        .join(base, (base.c.tenant_id == d.tenant_id) & (base.c.id == d.based_on), isouter=True)
        .join(creator, (creator.c.tenant_id == d.tenant_id) & (creator.c.id == d.created_by), isouter=True)
        .join(changer, (changer.c.tenant_id == d.tenant_id) & (changer.c.id == d.changed_by), isouter=True)
        .where(d.tenant_id == person.tenant_id)
    )  # fmt: skip
