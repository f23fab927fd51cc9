"""Deployments in use: read from the store once, compiled once, shared by every request."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.bundles import reading
from server.bundles.manifest import Manifest, read_manifest
from server.engine.forms import Form, signature
from server.engine.load import digest
from server.engine.model import EventKind, Finding, FlowNode, Kind, Model, ProcessDefinition
from server.services.errors import NotFound
from server.store.database import READING
from server.store.definitions import DeploymentFile, Resource
from server.store.identity import Jurisdiction

_files = DeploymentFile.metadata.tables["deployment_file"]
_resources = Resource.metadata.tables["resource"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_ACTIVE = sa.select(_jurisdictions.c.deployment_id).where(
    _jurisdictions.c.tenant_id == bindparam("of_tenant")
)
_MANIFEST = (
    sa.select(_files.c.digest)
    .join(
        _jurisdictions,
        (_jurisdictions.c.tenant_id == _files.c.tenant_id)
        & (_jurisdictions.c.deployment_id == _files.c.deployment_id),
    )
    .where(_files.c.tenant_id == bindparam("of_tenant"), _files.c.path == bindparam("path"))
)
_CONTENT = sa.select(_resources.c.content).where(
    _resources.c.tenant_id == bindparam("of_tenant"), _resources.c.digest == bindparam("digest")
)
_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment ready to run: its model, its manifest (None for the sandbox) and its files."""

    tenant_id: str
    deployment_id: str
    model: Model
    manifest: Manifest | None
    files: dict[str, bytes]
    listening: dict[str, bool]
    hands_out: bool = False
    """Whether any of its diagrams has work for programs outside."""

    def process(self, key: str) -> ProcessDefinition:
        """A process of the deployment; NotFound if there is none of this id."""
        try:
            return self.model.processes[key]
        except KeyError:
            raise NotFound("process", key) from None

    def waits_for_messages(self, key: str) -> bool:
        """Whether the process, or one it calls, can wait for a message or a signal at all."""
        return bool(self.listening.get(key, True))

    def message_starts(self, message: str) -> Iterator[tuple[ProcessDefinition, FlowNode]]:
        """The start events that wait for a message, each with its process."""
        for definition in self.model.processes.values():
            for start in definition.starts:
                if start.event.kind is EventKind.MESSAGE and start.event.name == message:
                    yield definition, start

    def group_name(self, group_id: str) -> str:
        """The body's name as the manifest gives it."""
        group = self.manifest.groups.get(group_id) if self.manifest else None
        return group.name if group else group_id

    def principal_name(self, principal: str) -> str:
        """A worklist key in words: the body's name; a person's key stays as it is."""
        kind, _, rest = principal.partition(":")
        return self.group_name(rest.partition("@")[0]) if kind == "g" else rest

    def node(self, element: str) -> FlowNode | None:
        """The element of this id in whichever process of the deployment holds it."""
        return next((d.nodes[element] for d in self.model.processes.values() if element in d.nodes), None)

    def citations(self, element: str) -> tuple[str, ...]:
        """The articles an element serves."""
        node = self.node(element)
        return node.regulation if node else ()

    def form_of(self, element: str, *, signed: bool = False) -> Form | None:
        """The form of a task; `signed`: of a signature asked for beside it."""
        if signed:
            return self.model.form(signature.ID)
        node = self.node(element)
        return self.model.forms.get(node.assignment.form) if node else None

    def scope_of(self, group_id: str) -> str:
        """installation, unit or case."""
        group = self.manifest.groups.get(group_id) if self.manifest else None
        return group.scope if group else "installation"


_cache: OrderedDict[tuple[str, str], Deployed] = OrderedDict()
_manifests: OrderedDict[str, Manifest] = OrderedDict()
_models: OrderedDict[str, tuple[Model | None, tuple[Finding, ...]]] = OrderedDict()
_lock = threading.Lock()


def of(session: Session, tenant_id: str, deployment_id: str) -> Deployed:
    """A deployment by id; kept in memory, since it never changes."""
    key = (tenant_id, deployment_id)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    deployed = _read(session, tenant_id, deployment_id)
    with _lock:
        _cache[key] = deployed
        while len(_cache) > _LIMIT:
            _cache.popitem(last=False)
    return deployed


def active(session: Session, tenant_id: str) -> Deployed:
    """The deployment that new instances of a jurisdiction use."""
    deployment_id = _active_id(session, tenant_id)
    if deployment_id is None:
        raise NotFound("deployment", tenant_id)
    return of(session, tenant_id, deployment_id)


def in_use(session: Session) -> list[str]:
    """The jurisdictions that have an active deployment."""
    j = _jurisdictions.c
    query = sa.select(j.tenant_id).where(j.deployment_id.is_not(None)).order_by(j.tenant_id)
    return list(session.execute(query).scalars())


def _active_id(session: Session, tenant_id: str) -> str | None:
    """Which deployment is active. A unit of work that only reads sees one state of the database, so it asks
    once."""
    known: dict[str, str | None] = session.info.get(READING, {})
    if tenant_id not in known:
        known[tenant_id] = session.execute(_ACTIVE, {"of_tenant": tenant_id}).scalar_one_or_none()
    return known[tenant_id]


def manifest(session: Session, tenant_id: str) -> Manifest | None:
    """The manifest of the active deployment, read without compiling anything; None where there is none."""
    deployment_id = _active_id(session, tenant_id) or ""
    with _lock:
        loaded = _cache.get((tenant_id, deployment_id))
    if loaded is not None:
        return loaded.manifest
    values = {"of_tenant": tenant_id, "path": "jurisdiction.toml"}
    row = session.execute(_MANIFEST, values).one_or_none()
    if row is None:
        return None
    with _lock:
        known = _manifests.get(row.digest)
    if known is None:
        known = read_manifest(bytes(session.execute(_CONTENT, values | {"digest": row.digest}).scalar_one()))
        with _lock:
            _manifests[row.digest] = known
            while len(_manifests) > _LIMIT:
                _manifests.popitem(last=False)
    return known


def compiled(files: Mapping[str, bytes]) -> tuple[Model | None, tuple[Finding, ...]]:
    """The model of some files and what is to be said about them; the same content is compiled once."""
    key = digest(files)
    with _lock:
        if key in _models:
            _models.move_to_end(key)
            return _models[key]
    loaded = reading.read(files)
    result = loaded.model if loaded.runnable else None, loaded.findings
    with _lock:
        _models[key] = result
        while len(_models) > _LIMIT:
            _models.popitem(last=False)
    return result


def _read(session: Session, tenant_id: str, deployment_id: str) -> Deployed:
    query = (
        sa.select(_files.c.path, _resources.c.content)
        .join(
            _resources,
            (_resources.c.tenant_id == _files.c.tenant_id) & (_resources.c.digest == _files.c.digest),
        )
        .where(_files.c.tenant_id == tenant_id, _files.c.deployment_id == deployment_id)
    )
    files = {path: bytes(content) for path, content in session.execute(query)}
    if not files:
        raise NotFound("deployment", deployment_id)
    model, findings = compiled(files)
    if model is None:
        errors = "; ".join(f.text() for f in findings if f.level == "error")
        raise RuntimeError(f"deployment {deployment_id} of {tenant_id} no longer loads: {errors}")
    manifest = read_manifest(files["jurisdiction.toml"]) if "jurisdiction.toml" in files else None
    listening = {key: _listens(model, key, set()) for key in model.processes}
    hands_out = any(node.topic for found in model.processes.values() for node in found.nodes.values())
    return Deployed(tenant_id, deployment_id, model, manifest, files, listening, hands_out)


def _listens(model: Model, key: str, seen: set[str]) -> bool:
    if key in seen or key not in model.processes:
        return False
    seen.add(key)
    nodes = model.processes[key].nodes.values()
    if any(
        node.event.kind in (EventKind.MESSAGE, EventKind.SIGNAL) or node.kind == Kind.RECEIVE_TASK
        for node in nodes
    ):
        return True
    return any(_listens(model, node.called_element, seen) for node in nodes if node.called_element)
