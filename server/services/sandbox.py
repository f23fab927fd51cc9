"""The sandbox: a tenant without people, where files of any tool may be tried and cases of them played."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import load
from server.engine.model import Finding, Model
from server.services import deployed
from server.services.authorization import HOUSE_GROUPS, Person, may_deploy
from server.services.deployed import Deployed
from server.services.errors import DeploymentRejected, NotFound
from server.store.columns import new_id
from server.store.conflicts import Entering
from server.store.definitions import Deployment, DeploymentFile, ProcessDefinition, Resource
from server.store.identity import Setting
from server.store.runtime import ProcessInstance

TENANT = "sandbox"
GUEST = Person(TENANT, "guest", "guest", "访客", "", "", "", frozenset({"process_owner"}))
"""Whoever tries a file on a demonstration at this machine, without an account."""

MAX_FILES = 50
KEPT = 200
"""How many deployments stay, newest first. Those of which there are cases stay as well."""
SEARCHED = 500
"""How many deployments, newest first, are looked through for a definition that is asked for by its key."""

_deployments = Deployment.metadata.tables["deployment"]
_files = DeploymentFile.metadata.tables["deployment_file"]
_resources = Resource.metadata.tables["resource"]
_definitions = ProcessDefinition.metadata.tables["process_definition"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_TURN = Entering(Setting.metadata.tables["setting"], renewed=("value",))
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
    take_turn(session)
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
    _keep_definitions(session, deployment_id, model, digests)
    _trim(session)
    return deployment_id, findings


def player(person: Person) -> Person:
    """Somebody who may deploy, as they act in the sandbox: everything there is theirs to see and do."""
    may_deploy(person).require()
    groups = person.groups | HOUSE_GROUPS
    return replace(person, tenant_id=TENANT, unit_id="", unit_name="", groups=groups, calendar_revision=None)


def take_turn(session: Session) -> None:
    """Of two at once who deploy, or begin a case while an old deployment goes, one waits for the other."""
    _TURN.enter(session, {"name": f"turn:{TENANT}", "value": {}})


def _keep_definitions(session: Session, deployment_id: str, model: Model, digests: Mapping[str, str]) -> None:
    """The processes of a deployment: the version of a key rises when its file is another."""
    p = _definitions.c
    query = sa.select(p.key, p.version, p.digest).where(p.tenant_id == TENANT, p.key.in_(model.processes))
    known = {key: (version, digest) for key, version, digest in session.execute(query.order_by(p.version))}
    rows = []
    for key, definition in sorted(model.processes.items()):
        version, digest = known.get(key, (0, ""))
        version += digest != digests[definition.file]
        rows.append(
            {"tenant_id": TENANT, "deployment_id": deployment_id, "key": key, "version": version,
             "name": definition.name, "digest": digests[definition.file]}
        )  # fmt: skip
    if rows:
        session.execute(_definitions.insert(), rows)


def _trim(session: Session) -> None:
    """Let old deployments go, and the contents that no deployment holds any more."""
    d, f, r = _deployments.c, _files.c, _resources.c
    newest = sa.select(d.id).where(d.tenant_id == TENANT).order_by(d.number.desc()).limit(KEPT)
    used = sa.select(_instances.c.deployment_id).where(_instances.c.tenant_id == TENANT)
    query = sa.select(d.id).where(d.tenant_id == TENANT, d.id.not_in(newest), d.id.not_in(used))
    old = list(session.execute(query.order_by(d.number).limit(KEPT)).scalars())
    if not old:
        return
    for table in (_files, _definitions):
        where = (table.c.tenant_id == TENANT, table.c.deployment_id.in_(old))
        session.execute(table.delete().where(*where))
    session.execute(_deployments.delete().where(d.tenant_id == TENANT, d.id.in_(old)))
    held = sa.exists().where(f.tenant_id == TENANT, f.digest == r.digest)
    session.execute(_resources.delete().where(r.tenant_id == TENANT, ~held))


def holding(session: Session, decision: str) -> Deployed:
    """The newest deployment that holds a decision. Raises NotFound."""
    for identity in deployment_ids(session):
        if decision in _decisions_of(session, identity):
            return deployed.of(session, TENANT, identity)
    raise NotFound("decision", decision)


def deployment_ids(session: Session) -> list[str]:
    """Its deployments, newest first."""
    d = _deployments.c
    newest = sa.select(d.id).where(d.tenant_id == TENANT).order_by(d.number.desc()).limit(SEARCHED)
    return list(session.execute(newest).scalars())


def starting(session: Session, message: str) -> Deployed:
    """The newest deployment with a process that a message begins. Raises NotFound."""
    for identity in deployment_ids(session):
        used = deployed.of(session, TENANT, identity)
        if any(used.message_starts(message)):
            return used
    raise NotFound("message", message)


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
