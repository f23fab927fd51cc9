"""What was deployed: immutable bundles and the definitions in them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from server.store.columns import Table, UtcDateTime


class Deployment(Table, table=True):
    """One accepted bundle. `number` counts the tenant's deployments from 1, and from -1 downwards its trials:
    bundles that are only rehearsed and never in use; `digest` names the content."""

    __table_args__ = (sa.UniqueConstraint("tenant_id", "number", name="uq_deployment_number"),)
    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    number: int
    digest: str
    name: str
    note: str = ""
    source: str = ""
    deployed_by: str
    deployed_at: datetime = Field(sa_type=UtcDateTime)


class Activation(Table, table=True):
    """A deployment that somebody made the one for new cases, and which one it was before. `release_id` names
    the release by which it was done, with who else agreed and the day it was set for."""

    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    deployment_id: str
    before_id: str | None = None
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    note: str = ""
    release_id: str | None = None


class Resource(Table, table=True):
    """A file's content, once per tenant, by its SHA-256."""

    tenant_id: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    content: bytes


class DeploymentFile(Table, table=True):
    """A path of a deployment."""

    __table_args__ = (sa.Index("ix_deployment_file_digest", "tenant_id", "digest"),)
    tenant_id: str = Field(primary_key=True)
    deployment_id: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    digest: str


class ProcessDefinition(Table, table=True):
    """A process of a deployment. `version` rises only when its own file changed."""

    tenant_id: str = Field(primary_key=True)
    deployment_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    version: int
    name: str
    digest: str
