"""The sandbox: a tenant without people and cases, where a file of any tool may be tried."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import load
from server.engine.model import Finding
from server.services import deployed
from server.services.authorization import Person, may_deploy
from server.services.deployed import Deployed
from server.services.errors import DeploymentRejected, NotFound
from server.store.columns import new_id
from server.store.conflicts import Entering
from server.store.definitions import Deployment, DeploymentFile, Resource

TENANT = "sandbox"
GUEST = Person(TENANT, "guest", "guest", "访客", "", "", "", frozenset({"process_owner"}))
"""Whoever tries a file on a demonstration at this machine, without an account."""

MAX_FILES = 50
SEARCHED = 500
"""How many deployments, newest first, are looked through for a definition that is asked for by its key."""

_deployments = Deployment.metadata.tables["deployment"]
_files = DeploymentFile.metadata.tables["deployment_file"]
_resources = Resource.metadata.tables["resource"]
_keep_resource = Entering(_resources)
_decisions: OrderedDict[str, frozenset[str]] = OrderedDict()
"""The keys of the decisions of each deployment. It never changes, so it is found out once."""


def deploy(
    session: Session, person: Person, files: Mapping[str, bytes], now: datetime, *, name: str, source: str
) -> tuple[str, tuple[Finding, ...]]:
    """Keep files that the engine can run, and give the deployment's id with what is to be said about them.
    The same files again give the deployment that holds them. DeploymentRejected holds what must be corrected
    first."""
    may_deploy(person).require()
    wanted = {path: data for path, data in files.items() if path.endswith(load.SUFFIXES)}
    if not wanted or len(files) > MAX_FILES:
        raise DeploymentRejected((_not_deployable(len(wanted)),))
    model, findings = deployed.compiled(wanted)
    if model is None:
        raise DeploymentRejected(findings)
    digest = load.digest(wanted)
    known = _same(session, digest)
    if known is not None:
        return known, findings
    deployment_id = new_id(now)
    session.execute(
        _deployments.insert().values(
            tenant_id=TENANT, id=deployment_id, number=_next_number(session), digest=digest,
            name=name[:200], note="", source=source[:200], deployed_by=person.id, deployed_at=now,
        )
    )  # fmt: skip
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in wanted.items()}
    contents = {digests[path]: data for path, data in wanted.items()}
    _keep_resource.enter(
        session, *({"tenant_id": TENANT, "digest": d, "content": data} for d, data in contents.items())
    )
    session.execute(
        _files.insert(),
        [
            {"tenant_id": TENANT, "deployment_id": deployment_id, "path": p, "digest": d}
            for p, d in digests.items()
        ],
    )
    return deployment_id, findings


def holding(session: Session, decision: str) -> Deployed:
    """The newest deployment that holds a decision. Raises NotFound."""
    d = _deployments.c
    newest = sa.select(d.id).where(d.tenant_id == TENANT).order_by(d.number.desc()).limit(SEARCHED)
    for identity in session.execute(newest).scalars():
        if decision in _decisions_of(session, identity):
            return deployed.of(session, TENANT, identity)
    raise NotFound("decision", decision)


def _decisions_of(session: Session, identity: str) -> frozenset[str]:
    found = _decisions.get(identity)
    if found is None:
        found = frozenset(deployed.of(session, TENANT, identity).model.decisions)
        _decisions[identity] = found
        while len(_decisions) > 4 * SEARCHED:
            _decisions.popitem(last=False)
    return found


def _same(session: Session, digest: str) -> str | None:
    d = _deployments.c
    query = sa.select(d.id).where(d.tenant_id == TENANT, d.digest == digest)
    return session.execute(query.order_by(d.number.desc()).limit(1)).scalar_one_or_none()


def _next_number(session: Session) -> int:
    query = sa.select(sa.func.max(_deployments.c.number)).where(_deployments.c.tenant_id == TENANT)
    return int(session.execute(query).scalar_one() or 0) + 1


def _not_deployable(count: int) -> Finding:
    if not count:
        return Finding(
            "error", "nothing-to-deploy", "There is no diagram, decision or form among the files.", {},
            "Send files whose names end in .bpmn, .dmn or .form.",
        )  # fmt: skip
    return Finding(
        "error", "too-many-files", "At most {limit} files are taken at once.", {"limit": MAX_FILES},
        "Leave some out, or make a bundle.",
    )  # fmt: skip
