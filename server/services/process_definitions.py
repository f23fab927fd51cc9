"""Deployed processes as machines ask for them: listed over the jurisdictions somebody reaches, and found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.model import ProcessDefinition as Definition
from server.services import deployed, sandbox
from server.services.authorization import Person
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.store.definitions import Deployment, DeploymentFile, ProcessDefinition
from server.store.identity import Jurisdiction
from server.store.patterns import like

_definitions = ProcessDefinition.metadata.tables["process_definition"]
_deployments = Deployment.metadata.tables["deployment"]
_files = DeploymentFile.metadata.tables["deployment_file"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]


@dataclass(frozen=True, slots=True)
class Found:
    """A process of one deployment; `latest` where new cases of its key use it."""

    tenant_id: str
    key: str
    version: int
    name: str
    deployment_id: str
    resource: str
    latest: bool

    @property
    def id(self) -> str:
        """Key, version and deployment in one."""
        return f"{self.key}:{self.version}:{self.deployment_id}"


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which of them are wanted; what is empty or None admits all. In the texts of
    `_like` a `%` stands for anything."""

    keys: tuple[str, ...] = ()
    key_like: str | None = None
    name: str | None = None
    name_like: str | None = None
    version: int | None = None
    deployment_id: str | None = None
    tenants: tuple[str, ...] = ()
    latest: bool = False
    ids: tuple[str, ...] = field(default_factory=tuple)


SORTED_BY = ("key", "name", "version", "deployment_id", "tenant_id", "id")


def listing(actors: Sequence[Person], criteria: Criteria) -> sa.Select[Any]:
    """The query of those that these people reach, each version of a key once; rows are those of `Found`. The
    columns of SORTED_BY can be sorted by."""
    all_of_them = _ranked(tuple(actor.tenant_id for actor in actors)).subquery("defined")
    c = all_of_them.c
    where: list[Any] = [c.first if criteria.deployment_id is None and not criteria.ids else sa.true()]
    for column, wanted in (
        (c.key, criteria.keys),
        (c.tenant_id, criteria.tenants),
        (c.id, criteria.ids),
    ):
        where += [column.in_(wanted)] if wanted else []
    for column, value in (
        (c.name, criteria.name),
        (c.version, criteria.version),
        (c.deployment_id, criteria.deployment_id),
    ):
        where += [column == value] if value is not None else []
    where += [like(c.key, criteria.key_like)] if criteria.key_like is not None else []
    where += [like(c.name, criteria.name_like)] if criteria.name_like is not None else []
    where += [c.latest] if criteria.latest else []
    names = ("tenant_id", "key", "version", "name", "deployment_id", "resource", "latest")
    return (
        sa.select(*(c[name] for name in names)).where(*where).order_by(c.tenant_id, c.key, c.version.desc())
    )


def by_id(session: Session, actors: Sequence[Person], identity: str) -> tuple[Found, Deployed]:
    """One of them with its deployment. Raises NotFound."""
    row = session.execute(listing(actors, Criteria(ids=(identity,)))).one_or_none()
    if row is None:
        raise NotFound("process definition", identity)
    found = Found(*row)
    return found, deployed.of(session, found.tenant_id, found.deployment_id)


def by_key(session: Session, actors: Sequence[Person], tenant_id: str, key: str) -> tuple[Found, Deployed]:
    """The one that new cases of a key use in a jurisdiction. Raises NotFound."""
    criteria = Criteria(keys=(key,), tenants=(tenant_id,), latest=True)
    row = session.execute(listing(actors, criteria)).one_or_none()
    if row is None:
        raise NotFound("process definition", key)
    found = Found(*row)
    return found, deployed.of(session, tenant_id, found.deployment_id)


def of_deployment(session: Session, tenant_id: str, deployment_id: str) -> list[Found]:
    """All processes of a deployment, by key."""
    query = _ranked((tenant_id,)).where(_definitions.c.deployment_id == deployment_id)
    rows = session.execute(query.order_by(_definitions.c.key)).mappings()
    return [Found(*(row[name] for name in Found.__slots__)) for row in rows]


def model_of(found: Found, used: Deployed) -> Definition:
    """What its file says."""
    return used.process(found.key)


def _ranked(tenants: Collection[str]) -> sa.Select[Any]:
    p, d, f, j = _definitions.c, _deployments.c, _files.c, _jurisdictions.c
    newest = sa.func.row_number().over(partition_by=(p.tenant_id, p.key), order_by=d.number.desc())
    of_version = sa.func.row_number().over(
        partition_by=(p.tenant_id, p.key, p.version), order_by=d.number.desc()
    )
    in_use = sa.case((p.tenant_id == sandbox.TENANT, newest == 1), else_=j.deployment_id == p.deployment_id)
    identity = p.key + ":" + sa.cast(p.version, sa.String) + ":" + p.deployment_id
    path = (
        sa.select(sa.func.min(f.path))
        .where(f.tenant_id == p.tenant_id, f.deployment_id == p.deployment_id, f.digest == p.digest)
        .scalar_subquery()
    )
    return (
        sa.select(
            p.tenant_id, p.key, p.version, p.name, p.deployment_id, path.label("resource"),
            sa.func.coalesce(in_use, sa.false()).label("latest"), (of_version == 1).label("first"),
            identity.label("id"),
        )
        .join(_deployments, (d.tenant_id == p.tenant_id) & (d.id == p.deployment_id))
        .join(_jurisdictions, j.tenant_id == p.tenant_id, isouter=True)
        .where(p.tenant_id.in_(tenants))
    )  # fmt: skip
