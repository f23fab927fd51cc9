"""Deployments and their decisions as machines ask for them: listed, found, taken outside of a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
from server.store.patterns import like

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


COLUMNS = {
    "id": _deployments.c.id,
    "name": _deployments.c.name,
    "deploymentTime": _deployments.c.deployed_at,
    "tenantId": _deployments.c.tenant_id,
}
"""What deployments can be sorted by."""


def deployments(person: Person, actors: Sequence[Person], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The query of the deployments that a person reaches as these actors; rows are those of
    `DeploymentRecord`."""
    may_deploy(person).require()
    of_them = _deployments.c.tenant_id.in_([actor.tenant_id for actor in actors])
    return _RECORDS.where(of_them, _deployments.c.number > 0, *where)


def deployment_where(field: str, value: Any) -> sa.ColumnElement[bool]:
    """A condition on deployments: ids, tenants, name, name_like, source, after, before."""
    d = _deployments.c
    made: dict[str, Callable[[], sa.ColumnElement[bool]]] = {
        "ids": lambda: d.id.in_(value),
        "tenants": lambda: d.tenant_id.in_(value),
        "name": lambda: d.name == value,
        "name_like": lambda: like(d.name, value),
        "source": lambda: d.source == value,
        "after": lambda: d.deployed_at > value,
        "before": lambda: d.deployed_at < value,
    }
    return made[field]()


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


def in_use(session: Session, actors: Sequence[Person]) -> list[DecisionDefinition]:
    """The decisions that new cases use in these jurisdictions, and the newest of each key in the sandbox, by
    jurisdiction and key."""
    found: dict[tuple[str, str], DecisionDefinition] = {}
    for tenant_id in sorted(actor.tenant_id for actor in actors):
        for deployment_id in _newest_first(session, tenant_id):
            record = deployment(session, tenant_id, deployment_id)
            for decision in of_deployment(session, record):
                found.setdefault((tenant_id, decision.key), decision)
    return [found[key] for key in sorted(found)]


def _newest_first(session: Session, tenant_id: str) -> list[str]:
    if tenant_id == sandbox.TENANT:
        return sandbox.deployment_ids(session)
    try:
        return [deployed.active(session, tenant_id).deployment_id]
    except NotFound:
        return []


def _definition(record: DeploymentRecord, used: Deployed, key: str) -> DecisionDefinition:
    if key not in used.model.decisions:
        raise NotFound("decision", key)
    return DecisionDefinition(record.tenant_id, key, record.number, used)
