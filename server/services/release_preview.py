"""What releasing a draft would do, before anybody decides: what is new, who is missing, what goes on as it
was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import single_file
from server.bundles.archive import Bundle
from server.bundles.manifest import ManifestRefused, Regulation
from server.engine import load
from server.engine.model import Finding
from server.services import (
    authoring,
    authoring_files,
    bundle_review,
    contents,
    deployed,
    deployments,
    groups,
    release_effects,
    release_views,
    two_person,
)
from server.services.authorization import Person, may_administer
from server.services.bundle_review import Trial
from server.services.groups import GroupView
from server.services.release_views import Release
from server.store.definitions import Deployment, ProcessDefinition
from server.store.runtime import ProcessInstance

_deployments = Deployment.metadata.tables["deployment"]
_definitions = ProcessDefinition.metadata.tables["process_definition"]
_instances = ProcessInstance.metadata.tables["process_instance"]


@dataclass(frozen=True, slots=True)
class Change:
    """A file beside the deployment in use: `standing` is new, changed or removed."""

    path: str
    kind: str
    standing: str


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A file that the deployment in use has otherwise than the one on which the draft is based, and the draft
    otherwise than both or as it was (`both`: it was changed here, too)."""

    path: str
    both: bool


@dataclass(frozen=True, slots=True)
class Running:
    """Cases that run, and go on, on a version of a process."""

    key: str
    name: str
    version: int
    number: int
    count: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a page shows before a release. It would take back what others changed meanwhile in the files
    `undone`; `waiting` are releases whose day will come after this one. `excepted` are instruments under
    which cases would begin though they are not in force: only an administrator (`may_except`) lets them."""

    digest: str
    active_id: str
    active_number: int | None
    changes: tuple[Change, ...]
    unchanged: int
    undone: tuple[Overtaken, ...]
    findings: tuple[Finding, ...]
    trial: Trial | None
    groups: tuple[GroupView, ...]
    running: tuple[Running, ...]
    waiting: tuple[Release, ...]
    two_persons: bool
    excepted: tuple[Regulation, ...] = ()
    may_except: bool = False

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What blocks."""
        return tuple(f for f in self.findings if f.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What must be ticked."""
        return tuple(f for f in self.findings if f.level == "warning")

    @property
    def missing(self) -> tuple[GroupView, ...]:
        """Groups for which something waits and that nobody holds."""
        return tuple(group for group in self.groups if group.needed)

    @property
    def ready(self) -> bool:
        """Whether the person can release it: something changes, and checks and scenarios hold."""
        sound = bool(self.changes) and not self.errors and self.trial is not None and self.trial.holds
        return sound and (self.may_except or not self.excepted)


def preview(session: Session, person: Person, draft_id: str) -> Preview:
    """What releasing a draft would do. Scenarios are not played here: `Preview.trial` is there when they were
    (see `bundle_review.trial`)."""
    draft = authoring.view(session, person, draft_id)
    files = authoring.files(session, person, draft_id)
    tenant, digest = person.tenant_id, load.digest(files)
    active = release_effects.active(session, tenant)
    mine = authoring.digests_of(session, tenant, draft_id)
    current = authoring.deployed_digests(session, tenant, active)
    base = authoring.deployed_digests(session, tenant, draft.based_on)
    changes = tuple(_changes(mine, current))
    return Preview(
        digest, active, number_of(session, tenant, active), changes, len(mine.keys() & current.keys())
        - sum(change.standing == "changed" for change in changes), overtaken(mine, current, base),
        bundle_review.findings(files), bundle_review.known_trial(digest), _groups(session, person, files),
        running(session, tenant), tuple(release_views.listing(session, person, only_open=True)),
        two_person.is_required(session, tenant), _excepted(session, tenant, files),
        bool(may_administer(person)),
    )  # fmt: skip


def _excepted(session: Session, tenant_id: str, files: Mapping[str, bytes]) -> tuple[Regulation, ...]:
    try:
        manifest = Bundle(files).manifest
    except ManifestRefused:  # told as an error of the draft
        return ()
    return deployments.new_exceptions(session, tenant_id, manifest)


def running(session: Session, tenant_id: str) -> tuple[Running, ...]:
    """The cases that run, by process and version."""
    i, p, d = _instances.c, _definitions.c, _deployments.c
    query = (
        sa.select(p.key, p.name, p.version, d.number, sa.func.count())
        .join(
            _definitions,
            (p.tenant_id == i.tenant_id) & (p.deployment_id == i.deployment_id) & (p.key == i.process_key),
        )
        .join(_deployments, (d.tenant_id == i.tenant_id) & (d.id == i.deployment_id))
        .where(i.tenant_id == tenant_id, i.status.in_(("running", "incident")), i.rehearsal_at.is_(None))
        .group_by(p.key, p.name, p.version, d.number)
        .order_by(p.key, p.version, d.number)
    )
    return tuple(Running(*row) for row in session.execute(query))


def number_of(session: Session, tenant_id: str, deployment_id: str) -> int | None:
    """The number of a deployment."""
    d = _deployments.c
    query = sa.select(d.number).where(d.tenant_id == tenant_id, d.id == deployment_id)
    return session.execute(query).scalar_one_or_none()


def play(session: Session, person: Person, draft_id: str, now: datetime) -> Trial:
    """Play the scenarios of a draft; nothing is written."""
    return bundle_review.trial(authoring.files(session, person, draft_id), now)


def _changes(mine: Mapping[str, str], current: Mapping[str, str]) -> list[Change]:
    found = []
    for path in sorted(mine.keys() | current.keys()):
        if mine.get(path) == current.get(path) or path.endswith(".outline.txt"):
            continue
        standing = "removed" if path not in mine else "new" if path not in current else "changed"
        found.append(Change(path, single_file.kind_of(path), standing))
    return found


def overtaken(
    mine: Mapping[str, str], current: Mapping[str, str], base: Mapping[str, str]
) -> tuple[Overtaken, ...]:
    """Files (digests by path) that changed from the base to what is in use, and that the draft has not so."""
    paths = (p for p in current.keys() | base.keys() if current.get(p) != base.get(p))
    return tuple(
        Overtaken(p, mine.get(p) != base.get(p))
        for p in sorted(paths)
        if mine.get(p) != current.get(p) and not p.endswith(".outline.txt")
    )


def take_over(session: Session, person: Person, draft_id: str, now: datetime) -> tuple[Overtaken, ...]:
    """Bring what others changed in the deployment in use into the draft, which is based on that one from then
    on; gives the files it was about. Those that were changed in the draft too stay as the draft has them."""
    draft = authoring.hold(session, person, draft_id)
    tenant, active = person.tenant_id, release_effects.active(session, person.tenant_id)
    current = authoring.deployed_digests(session, tenant, active)
    base = authoring.deployed_digests(session, tenant, draft.based_on)
    found = overtaken(authoring.digests_of(session, tenant, draft_id), current, base)
    taken = [one.path for one in found if not one.both]
    known = contents.read(session, tenant, {current[path] for path in taken if path in current})
    new = {path: known[current[path]] if path in current else None for path in taken}
    authoring_files.put_some(session, person, draft_id, new, now)
    if active:
        authoring.rebase(session, person, draft_id, active, now)
    return found


def _groups(session: Session, person: Person, files: Mapping[str, bytes]) -> tuple[GroupView, ...]:
    try:
        manifest = Bundle(files).manifest
    except ManifestRefused:
        return ()
    return groups.listing(session, person, manifest, deployed.compiled(files)[0])
