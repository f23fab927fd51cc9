"""Deployments and their decisions as machines ask for them: listed, found, taken outside of a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import decisions, dmn
from server.engine.dmn.model import Decision
from server.engine.model import Evaluation, Value
from server.engine.schedule import CIVIL
from server.services import deployed, sandbox
from server.services.authorization import Person, may_deploy
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.store.definitions import Deployment

_deployments = Deployment.metadata.tables["deployment"]
_RECORDS = sa.select(
    *(_deployments.c[name] for name in ("tenant_id", "id", "number", "name", "source", "deployed_at"))
)


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """What was deployed, when, and under which number of its tenant."""

    tenant_id: str
    id: str
    number: int
    name: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DecisionDefinition:
    """A decision of one deployment. `version` is the number of the deployment."""

    tenant_id: str
    key: str
    version: int
    used: Deployed

    @property
    def id(self) -> str:
        """Key, version and deployment in one."""
        return f"{self.key}:{self.version}:{self.used.deployment_id}"

    @property
    def model(self) -> dmn.DecisionModel:
        """The compiled file that holds it."""
        return self.used.model.decisions[self.key]

    @property
    def decision(self) -> Decision:
        """What the file says of it."""
        return self.model.decisions[self.key]

    @property
    def xml(self) -> bytes:
        """The file."""
        return self.used.files[self.model.definitions.file]

    def evaluate(self, variables: Mapping[str, Value], now: datetime) -> Evaluation:
        """Take the decision over some variables; nothing is stored."""
        return decisions.evaluate(self.model, self.key, variables, now=now.astimezone(CIVIL))


def deployments(session: Session, person: Person, limit: int) -> list[DeploymentRecord]:
    """Those of the person's jurisdiction, newest first."""
    may_deploy(person).require()
    d = _deployments.c
    query = _RECORDS.where(d.tenant_id == person.tenant_id).order_by(d.number.desc()).limit(limit)
    return [DeploymentRecord(*row) for row in session.execute(query)]


def deployment(session: Session, tenant_id: str, deployment_id: str) -> DeploymentRecord:
    """One of them. Raises NotFound."""
    d = _deployments.c
    row = session.execute(_RECORDS.where(d.tenant_id == tenant_id, d.id == deployment_id)).one_or_none()
    if row is None:
        raise NotFound("deployment", deployment_id)
    return DeploymentRecord(*row)


def by_key(session: Session, tenant_id: str, key: str) -> DecisionDefinition:
    """The newest definition of a key: in a jurisdiction that of the deployment in use. Raises NotFound."""
    in_sandbox = tenant_id == sandbox.TENANT
    used = sandbox.holding(session, key) if in_sandbox else deployed.active(session, tenant_id)
    return _definition(deployment(session, tenant_id, used.deployment_id), used, key)


def by_id(session: Session, tenant_id: str, identity: str) -> DecisionDefinition:
    """A definition by its id. Raises NotFound."""
    rest, _, deployment_id = identity.rpartition(":")
    key, _, version = rest.rpartition(":")
    record = deployment(session, tenant_id, deployment_id)
    if str(record.number) != version:
        raise NotFound("decision", identity)
    return _definition(record, deployed.of(session, tenant_id, deployment_id), key)


def of_deployment(session: Session, record: DeploymentRecord) -> list[DecisionDefinition]:
    """All decisions of a deployment, by key."""
    used = deployed.of(session, record.tenant_id, record.id)
    return [_definition(record, used, key) for key in sorted(used.model.decisions)]


def _definition(record: DeploymentRecord, used: Deployed, key: str) -> DecisionDefinition:
    if key not in used.model.decisions:
        raise NotFound("decision", key)
    return DecisionDefinition(record.tenant_id, key, record.number, used)
