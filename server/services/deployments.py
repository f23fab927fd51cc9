"""Deploying a bundle: read, check, keep, and make it the one that new cases use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import archive
from server.bundles.archive import Bundle
from server.bundles.manifest import Manifest, Regulation, read_manifest
from server.engine import load
from server.engine.model import Finding
from server.services import (
    bundle_log,
    bundle_review,
    calendars,
    contents,
    deployed,
    identity,
    registers,
    two_person,
)
from server.services.authorization import Person, denied, may_administer, may_deploy
from server.services.errors import DeploymentRejected
from server.store.columns import new_id
from server.store.conflicts import Entering
from server.store.definitions import (
    Activation,
    Deployment,
    DeploymentFile,
    ProcessDefinition,
)
from server.store.identity import Jurisdiction, Setting

_deployments = Deployment.metadata.tables["deployment"]
_files = DeploymentFile.metadata.tables["deployment_file"]
_definitions = ProcessDefinition.metadata.tables["process_definition"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_settings = Setting.metadata.tables["setting"]
_TAKE_UP = Entering(_settings, renewed=("value",))
_activations = Activation.metadata.tables["activation"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deployment did: its number, and which definitions are new, changed or unchanged."""

    deployment_id: str
    number: int
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    warnings: tuple[Finding, ...]


def deploy(
    session: Session, person: Person, tenant_id: str, files: Mapping[str, bytes], now: datetime, *,
    name: str, source: str, note: str = "", at_machine: bool = False,
) -> Outcome:  # fmt: skip
    """Deploy a bundle to a jurisdiction and let new cases use it at once. Cases that run stay on theirs; an
    unchanged definition keeps its version. DeploymentRejected holds every error found; then nothing is kept.
    The same content again changes nothing. NotPermitted where a second person must agree: only whoever sits
    `at_machine` may do without."""
    may_deploy(person).require()
    current = _current(session, tenant_id)
    if current is not None and current[2] == load.digest(files):
        return Outcome(current[0], current[1], (), tuple(_keys(session, tenant_id, current[0])), ())
    if not at_machine and two_person.is_required(session, tenant_id):
        denied(
            "A second person must agree here. Open a draft under Design and propose it from there."
        ).require()
    outcome = enter(session, person, tenant_id, files, now, name=name, source=source, note=note)
    make_active(session, person.id, tenant_id, outcome.deployment_id, now, note)
    bundle_log.add(
        session, person, tenant_id, "deployment_activated", now, deployment=outcome.deployment_id,
        number=outcome.number, note=note,
    )  # fmt: skip
    return outcome


def enter(
    session: Session, person: Person, tenant_id: str, files: Mapping[str, bytes], now: datetime, *,
    name: str, source: str, note: str = "",
) -> Outcome:  # fmt: skip
    """Check a bundle and keep it as a deployment that no case uses yet. DeploymentRejected holds every error
    found."""
    model, _ = deployed.compiled(files)
    findings = bundle_review.findings(files)
    errors = tuple(f for f in findings if f.level == "error")
    if model is None or errors:
        raise DeploymentRejected(errors)
    manifest = read_manifest(files["jurisdiction.toml"])
    if manifest.id != tenant_id:
        raise DeploymentRejected((_elsewhere(manifest.id, tenant_id),))
    require_exceptions(session, person, tenant_id, manifest)
    identity.add_jurisdiction(session, tenant_id, manifest.name, now)
    bundle_log.take_turn(session, tenant_id)
    digest, deployment_id, number = load.digest(files), new_id(now), _next_number(session, tenant_id)
    session.execute(
        _deployments.insert().values(
            tenant_id=tenant_id, id=deployment_id, number=number, digest=digest, name=name, note=note,
            source=source, deployed_by=person.id, deployed_at=now,
        )
    )  # fmt: skip
    _keep_files(session, tenant_id, deployment_id, files)
    known = _versions(session, tenant_id)
    changed, rows = [], []
    for key, definition in sorted(model.processes.items()):
        file_digest = hashlib.sha256(files[definition.file]).hexdigest()
        version, known_digest = known.get(key, (0, ""))
        if known_digest != file_digest:
            version += 1
            changed.append(key)
        rows.append(
            {"tenant_id": tenant_id, "deployment_id": deployment_id, "key": key, "version": version,
             "name": definition.name, "digest": file_digest}
        )  # fmt: skip
    if rows:
        session.execute(_definitions.insert(), rows)
    bundle_log.add(
        session, person, tenant_id, "deployed", now, deployment=deployment_id, number=number, sha256=digest,
        note=note, source=source, changed=changed,
    )  # fmt: skip
    unchanged = tuple(sorted(model.processes.keys() - set(changed)))
    return Outcome(deployment_id, number, tuple(changed), unchanged, findings)


def require_exceptions(session: Session, person: Person, tenant_id: str, wanted: Manifest) -> None:
    """That cases begin under an instrument that is not in force is for administrators to say, whether a
    manifest with such an exception is new or comes back. NotPermitted where the one in use has none."""
    if new_exceptions(session, tenant_id, wanted) and not may_administer(person):
        denied(
            "Only administrators may let cases begin under an instrument that is not in force "
            "(excepted_until in the manifest)."
        ).require()


def new_exceptions(session: Session, tenant_id: str, wanted: Manifest) -> tuple[Regulation, ...]:
    """The instruments under which cases would begin though they are not in force, and do not begin so now."""
    used = deployed.manifest(session, tenant_id)
    known = {_exception(law) for law in used.regulations.values()} if used else set()
    laws = wanted.regulations.values()
    return tuple(law for law in laws if law.excepted_until and _exception(law) not in known)


def _exception(law: Regulation) -> tuple[str, date | None, str]:
    return law.id, law.excepted_until, law.excepted_reason


def _elsewhere(found: str, tenant_id: str) -> Finding:
    return Finding(
        "error", "manifest-id", "The manifest is of the jurisdiction {found}, not of {tenant}.",
        {"found": found, "tenant": tenant_id}, "Correct the id in it.", file="jurisdiction.toml",
    )  # fmt: skip


def make_active(
    session: Session, by: str, tenant_id: str, deployment_id: str, now: datetime, note: str,
    release_id: str | None = None,
) -> None:  # fmt: skip
    """Let new cases use a deployment, and note who said so (their id) and by which release. Cases that run
    stay on theirs."""
    j = _jurisdictions.c
    before = session.execute(sa.select(j.deployment_id).where(j.tenant_id == tenant_id)).scalar_one_or_none()
    session.execute(
        _jurisdictions.update().where(j.tenant_id == tenant_id).values(deployment_id=deployment_id)
    )
    session.execute(
        _activations.insert().values(
            tenant_id=tenant_id, id=new_id(now), deployment_id=deployment_id, before_id=before, by=by, at=now,
            note=note[:500], release_id=release_id,
        )
    )  # fmt: skip
    earlier = deployed.of(session, tenant_id, before).manifest if before else None
    used = deployed.of(session, tenant_id, deployment_id)
    registers.renew(session, used, earlier)
    if calendars.warned(used.manifest) != calendars.warned(earlier):
        calendars.renew(session, tenant_id)


def was_deployed(session: Session, tenant_id: str, files: Mapping[str, bytes]) -> bool:
    """Whether this very content was deployed before, be it active now or not."""
    d = _deployments.c
    query = (
        sa.select(d.id).where(d.tenant_id == tenant_id, d.digest == load.digest(files), d.number > 0).limit(1)
    )
    return session.execute(query).scalar_one_or_none() is not None


def is_taken_up(session: Session, tenant_id: str, fingerprint: str) -> bool:
    """Whether the folder of a jurisdiction was taken up as it is now."""
    s = _settings.c
    found = session.execute(sa.select(s.value).where(s.name == f"folder:{tenant_id}")).scalar_one_or_none()
    return found is not None and found.get("fingerprint") == fingerprint


def take_up(session: Session, tenant_id: str, fingerprint: str) -> None:
    """Remember that the folder of a jurisdiction was taken up: the next start need not read it whole."""
    row = {"name": f"folder:{tenant_id}", "value": {"fingerprint": fingerprint}}
    _TAKE_UP.enter(session, row)


def listing(session: Session, person: Person) -> list[Deployment]:
    """The deployments of the person's jurisdiction, newest first."""
    may_deploy(person).require()
    d = _deployments.c
    rows = session.execute(
        _deployments.select()
        .where(d.tenant_id == person.tenant_id, d.number > 0)
        .order_by(d.number.desc())
        .limit(200)
    )
    return [Deployment(**row) for row in rows.mappings()]


def pack(session: Session, person: Person, deployment_id: str) -> bytes:
    """A deployment of the person's jurisdiction as a zip (same content, same bytes). Raises NotFound."""
    may_deploy(person).require()
    used = deployed.of(session, person.tenant_id, deployment_id)
    return archive.write_zip(Bundle(used.files))


def _current(session: Session, tenant_id: str) -> tuple[str, int, str] | None:
    d = _deployments.c
    query = (
        sa.select(d.id, d.number, d.digest)
        .join(
            _jurisdictions,
            (_jurisdictions.c.tenant_id == d.tenant_id) & (_jurisdictions.c.deployment_id == d.id),
        )
        .where(d.tenant_id == tenant_id)
    )
    row = session.execute(query).one_or_none()
    return (row[0], row[1], row[2]) if row else None


def _keys(session: Session, tenant_id: str, deployment_id: str) -> list[str]:
    """The definitions of a deployment, in order."""
    p = _definitions.c
    query = sa.select(p.key).where(p.tenant_id == tenant_id, p.deployment_id == deployment_id)
    return sorted(session.execute(query).scalars())


def _next_number(session: Session, tenant_id: str) -> int:
    query = sa.select(sa.func.max(_deployments.c.number)).where(_deployments.c.tenant_id == tenant_id)
    return max(int(session.execute(query).scalar_one() or 0), 0) + 1


def _versions(session: Session, tenant_id: str) -> dict[str, tuple[int, str]]:
    """The newest version of each definition that was ever deployed: one that comes back after it was left out
    does not begin anew."""
    p, d = _definitions.c, _deployments.c
    query = sa.select(p.key, p.version, p.digest).join(
        _deployments, (d.tenant_id == p.tenant_id) & (d.id == p.deployment_id)
    )
    rows = session.execute(query.where(p.tenant_id == tenant_id).order_by(d.number))
    return {key: (version, digest) for key, version, digest in rows}


def _keep_files(session: Session, tenant_id: str, deployment_id: str, files: Mapping[str, bytes]) -> None:
    keys = {"tenant_id": tenant_id}
    digests = contents.keep(session, tenant_id, files)
    rows = [{**keys, "deployment_id": deployment_id, "path": p, "digest": d} for p, d in digests.items()]
    session.execute(_files.insert(), rows)
