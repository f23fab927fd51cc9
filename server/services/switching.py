"""Which deployment new cases use, which ones there were, and jurisdictions that come as a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import authoring, bundle_log, deployments, identity
from server.services.authorization import Person, denied, may_deploy
from server.services.errors import NotFound
from server.store.authoring import BundleRelease
from server.store.definitions import Activation, Deployment, ProcessDefinition
from server.store.identity import Jurisdiction, User
from server.store.runtime import ProcessInstance

_deployments = Deployment.metadata.tables["deployment"]
_definitions = ProcessDefinition.metadata.tables["process_definition"]
_activations = Activation.metadata.tables["activation"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_releases = BundleRelease.metadata.tables["bundle_release"]
_people = User.metadata.tables["person"]


@dataclass(frozen=True, slots=True)
class Received:
    """A jurisdiction's file that lies here as a draft: in which jurisdiction, and whether that is new."""

    tenant_id: str
    draft_id: str
    is_new: bool


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
    would miss (`missing`: names) if it were made active, and who deployed it (a name)."""

    deployment: Deployment
    active: bool
    running: int
    definitions: tuple[Definition, ...]
    missing: tuple[str, ...]
    author: str


def receive(session: Session, person: Person, data: bytes, source: str, now: datetime) -> Received:
    """Receive a jurisdiction's file as a draft. Into the person's own jurisdiction process owners may, into
    another one those who are process owners there; one that is new to the installation comes with an admin of
    the installation, who is entered there. DeploymentRejected tells what is wrong with the file."""
    may_deploy(person).require()
    bundle = authoring.read_zip(data)
    there = _person_of(session, person, bundle.id)
    is_new = there is None
    if there is None:
        identity.add_jurisdiction(session, bundle.id, bundle.manifest.name, now)
        there = identity.follow(session, person, bundle.id, now)
        bundle_log.add(session, there, bundle.id, "jurisdiction_brought", now, source=source[:200])
    draft_id = authoring.open_bundle(session, there, bundle, "", source, now)
    return Received(bundle.id, draft_id, is_new)


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
    author = _names(session, person.tenant_id, [row]).get(row.deployed_by, row.deployed_by)
    return DeploymentView(row, active == deployment_id, running, tuple(found), missing, author)


def listing(session: Session, person: Person) -> list[DeploymentView]:
    """The deployments of the person's jurisdiction, newest first, without what they hold."""
    rows, active = deployments.listing(session, person), _active(session, person.tenant_id)
    running = _running(session, person.tenant_id)
    names = _names(session, person.tenant_id, rows)
    return [
        DeploymentView(
            row, row.id == active, running.get(row.id, 0), (), (), names.get(row.deployed_by, row.deployed_by)
        )
        for row in rows
    ]


def log(session: Session, person: Person, limit: int = 50) -> list[dict[str, Any]]:
    """Who made which deployment active when, and who agreed (`second`), newest first."""
    may_deploy(person).require()
    a, d, r, second = _activations.c, _deployments.c, _releases.c, _people.alias("second")
    query = (
        sa.select(
            a.at,
            a.by,
            a.note,
            d.number,
            d.name,
            _people.c.name.label("who"),
            second.c.name.label("second"),
        )
        .join(_deployments, (d.tenant_id == a.tenant_id) & (d.id == a.deployment_id))
        .join(_people, (_people.c.tenant_id == a.tenant_id) & (_people.c.id == a.by), isouter=True)
        .join(_releases, (r.tenant_id == a.tenant_id) & (r.id == a.release_id), isouter=True)
        .join(second, (second.c.tenant_id == r.tenant_id) & (second.c.id == r.decided_by), isouter=True)
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


def _names(session: Session, tenant_id: str, rows: Iterable[Deployment]) -> dict[str, str]:
    """The names of those who deployed, by id."""
    p, wanted = _people.c, {row.deployed_by for row in rows}
    query = sa.select(p.id, p.name).where(p.tenant_id == tenant_id, p.id.in_(wanted))
    return {row.id: row.name for row in session.execute(query)}


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
