"""Trials: a bundle that is not in use yet, kept so that it can be rehearsed; no real case ever runs on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import load
from server.services import bundle_log, contents, deployed
from server.services.authorization import Person, may_deploy
from server.services.deployed import Deployed
from server.services.errors import DeploymentRejected, NotFound
from server.store.columns import new_id
from server.store.definitions import Deployment, DeploymentFile

_deployments = Deployment.metadata.tables["deployment"]
_files = DeploymentFile.metadata.tables["deployment_file"]


def prepare(session: Session, person: Person, files: Mapping[str, bytes], name: str, now: datetime) -> str:
    """Keep a bundle for rehearsals; gives the id of its trial. What the engine cannot run is refused with all
    findings; findings of the house do not matter here."""
    may_deploy(person).require()
    model, findings = deployed.compiled(files)
    if model is None or "jurisdiction.toml" not in files:
        raise DeploymentRejected(tuple(finding for finding in findings if finding.level == "error"))
    bundle_log.take_turn(session, person.tenant_id)
    d, digest = _deployments.c, load.digest(files)
    known = sa.select(d.id).where(d.tenant_id == person.tenant_id, d.digest == digest, d.number < 0)
    found: str | None = session.execute(known.limit(1)).scalar_one_or_none()
    if found is not None:
        return found
    least = session.execute(sa.select(sa.func.min(d.number)).where(d.tenant_id == person.tenant_id))
    trial_id, number = new_id(now), min(int(least.scalar_one() or 0), 0) - 1
    session.execute(
        _deployments.insert().values(
            tenant_id=person.tenant_id, id=trial_id, number=number, digest=digest, name=name, note="",
            source="", deployed_by=person.id, deployed_at=now,
        )
    )  # fmt: skip
    digests = contents.keep(session, person.tenant_id, files)
    keys = {"tenant_id": person.tenant_id, "deployment_id": trial_id}
    session.execute(_files.insert(), [{**keys, "path": path, "digest": d} for path, d in digests.items()])
    return trial_id


def named(session: Session, tenant_id: str, deployment_id: str) -> str:
    """The id of a deployment if it is a trial, else ""."""
    d = _deployments.c
    query = sa.select(d.id).where(d.tenant_id == tenant_id, d.id == deployment_id, d.number < 0)
    return session.execute(query).scalar_one_or_none() or ""


def of(session: Session, person: Person, trial_id: str) -> Deployed:
    """A trial by id. Raises NotFound for anything that is not one."""
    may_deploy(person).require()
    d = _deployments.c
    query = sa.select(d.id).where(d.tenant_id == person.tenant_id, d.id == trial_id, d.number < 0)
    if session.execute(query).scalar_one_or_none() is None:
        raise NotFound("trial", trial_id)
    return deployed.of(session, person.tenant_id, trial_id)
