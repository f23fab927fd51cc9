"""Which deployment new cases use: loading a jurisdiction's file, going on to a deployment, going back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import archive
from server.bundles.archive import ArchiveRefused
from server.bundles.manifest import ManifestRefused
from server.services import deployed, deployments, identity
from server.services.authorization import Person, denied, may_administer, may_deploy
from server.services.deployments import Outcome
from server.services.errors import DeploymentRejected, NotFound
from server.store.definitions import Activation, Deployment, ProcessDefinition
from server.store.identity import Jurisdiction, User
from server.store.runtime import ProcessInstance

_deployments = Deployment.metadata.tables["deployment"]
_definitions = ProcessDefinition.metadata.tables["process_definition"]
_activations = Activation.metadata.tables["activation"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_people = User.metadata.tables["person"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a file did: in which jurisdiction, and what is new there."""

    tenant_id: str
    name: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Definition:
    """A process of a deployment beside the active one: `standing` is same, changed or only here."""

    key: str
    name: str
    version: int
    standing: str


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """A deployment: what it holds, whether new cases use it, how many cases run on it, and what new cases
    would miss (`missing`: names) if it were made active."""

    deployment: Deployment
    active: bool
    running: int
    definitions: tuple[Definition, ...]
    missing: tuple[str, ...]


def load(session: Session, person: Person, data: bytes, source: str, note: str, now: datetime) -> Loaded:
    """Load a jurisdiction's file and make it active. Into the person's own jurisdiction process owners may,
    into another one those who are process owners there; one that is new to the installation comes with an
    admin of the installation, who is entered there. DeploymentRejected tells what is wrong with the file."""
    may_deploy(person).require()
    try:
        bundle = archive.read_zip(data)
        name = bundle.manifest.name
    except (ArchiveRefused, ManifestRefused) as refused:
        raise DeploymentRejected((refused.finding,)) from refused
    there = _person_of(session, person, bundle.id)
    if there is not None:
        may_deploy(there).require()
    outcome = deployments.deploy(
        session, there or person, bundle.id, bundle.files, now, name=name, source=source[:200],
        note=note[:500],
    )  # fmt: skip
    if there is None:
        identity.follow(session, person, bundle.id, now)
    return Loaded(bundle.id, name, outcome)


def activate(session: Session, person: Person, deployment_id: str, note: str, now: datetime) -> None:
    """Let new cases use a deployment of the person's jurisdiction, be it an earlier one."""
    may_administer(person).require()
    _row(session, person, deployment_id)
    if _active(session, person.tenant_id) == deployment_id:
        return
    deployed.of(session, person.tenant_id, deployment_id)  # one that no longer loads is not made active
    deployments.make_active(session, person.id, person.tenant_id, deployment_id, now, note)


def view(session: Session, person: Person, deployment_id: str) -> DeploymentView:
    """A deployment of the person's jurisdiction beside the active one."""
    may_deploy(person).require()
    row, active = _row(session, person, deployment_id), _active(session, person.tenant_id)
    mine = _held(session, person.tenant_id, deployment_id)
    current = _held(session, person.tenant_id, active)
    found = [
        Definition(key, one["name"], one["version"], _standing(one, current.get(key)))
        for key, one in sorted(mine.items())
    ]
    missing = tuple(one["name"] for key, one in sorted(current.items()) if key not in mine)
    running = _running(session, person.tenant_id).get(deployment_id, 0)
    return DeploymentView(row, active == deployment_id, running, tuple(found), missing)


def listing(session: Session, person: Person) -> list[DeploymentView]:
    """The deployments of the person's jurisdiction, newest first, without what they hold."""
    rows, active = deployments.listing(session, person), _active(session, person.tenant_id)
    running = _running(session, person.tenant_id)
    return [DeploymentView(row, row.id == active, running.get(row.id, 0), (), ()) for row in rows]


def log(session: Session, person: Person, limit: int = 50) -> list[dict[str, Any]]:
    """Who made which deployment active when, newest first."""
    may_deploy(person).require()
    a, d = _activations.c, _deployments.c
    query = (
        sa.select(a.at, a.by, a.note, d.number, d.name, _people.c.name.label("who"))
        .join(_deployments, (d.tenant_id == a.tenant_id) & (d.id == a.deployment_id))
        .join(_people, (_people.c.tenant_id == a.tenant_id) & (_people.c.id == a.by), isouter=True)
        .where(a.tenant_id == person.tenant_id)
        .order_by(a.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def _person_of(session: Session, person: Person, tenant_id: str) -> Person | None:
    """The person as they are in a jurisdiction; None if it is new and they may bring it."""
    there = next((one for one in identity.posts(session, person) if one.tenant_id == tenant_id), None)
    if there is not None:
        return there
    known = sa.select(_jurisdictions.c.tenant_id).where(_jurisdictions.c.tenant_id == tenant_id)
    if session.execute(known).scalar_one_or_none() is not None:
        denied(
            "The file is of the jurisdiction {tenant}, where you have no post.", tenant=tenant_id
        ).require()
    if not person.identity or not person.has("admin"):
        denied("Only an administrator of the whole installation may bring a new jurisdiction.").require()
    return None


def _standing(one: dict[str, Any], current: dict[str, Any] | None) -> str:
    if current is None:
        return "only here"
    return "same" if current["digest"] == one["digest"] else "changed"


def _row(session: Session, person: Person, deployment_id: str) -> Deployment:
    d = _deployments.c
    query = _deployments.select().where(d.tenant_id == person.tenant_id, d.id == deployment_id)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("deployment", deployment_id)
    return Deployment(**row)


def _active(session: Session, tenant_id: str) -> str:
    j = _jurisdictions.c
    found = session.execute(sa.select(j.deployment_id).where(j.tenant_id == tenant_id)).scalar_one_or_none()
    return found or ""


def _held(session: Session, tenant_id: str, deployment_id: str) -> dict[str, dict[str, Any]]:
    p = _definitions.c
    query = sa.select(p.key, p.name, p.version, p.digest).where(
        p.tenant_id == tenant_id, p.deployment_id == deployment_id
    )
    return {row["key"]: dict(row) for row in session.execute(query).mappings()}


def _running(session: Session, tenant_id: str) -> dict[str, int]:
    """How many cases run on each deployment."""
    i = _instances.c
    query = (
        sa.select(i.deployment_id, sa.func.count())
        .where(i.tenant_id == tenant_id, i.status.in_(("running", "incident")))
        .group_by(i.deployment_id)
    )
    return {deployment_id: count for deployment_id, count in session.execute(query)}
