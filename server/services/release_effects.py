"""What a release does: the draft becomes a deployment, and new cases use it now or from its day on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.archive import Bundle
from server.services import authoring, bundle_log, deployed, deployments
from server.services.authorization import Person, system
from server.services.wakeups import Wakeup, note
from server.store.authoring import BundleRelease
from server.store.definitions import Deployment
from server.store.identity import Jurisdiction

_releases = BundleRelease.metadata.tables["bundle_release"]
_deployments = Deployment.metadata.tables["deployment"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))


def active(session: Session, tenant_id: str) -> str:
    """The deployment that new cases use; "" where there is none."""
    j = _jurisdictions.c
    found = session.execute(sa.select(j.deployment_id).where(j.tenant_id == tenant_id)).scalar_one_or_none()
    return found or ""


def use(session: Session, operator: Person, deployment_id: str, now: datetime, text: str) -> None:
    """Let new cases use a deployment at the word of whoever sits at the machine."""
    tenant = operator.tenant_id
    bundle_log.take_turn(session, tenant)
    if active(session, tenant) == deployment_id:
        return
    deployments.make_active(session, operator.id, tenant, deployment_id, now, text)
    bundle_log.add(
        session, operator, tenant, "deployment_activated", now, deployment=deployment_id, note=text
    )


def carry_out(session: Session, proposer: Person, row: Mapping[str, Any], now: datetime) -> None:
    """Deploy what is released, unless it is there, and let it be used now or on its day."""
    tenant, of = proposer.tenant_id, dict(row)
    if of["draft_id"]:
        draft = authoring.view(session, proposer, of["draft_id"])
        files = authoring.files(session, proposer, of["draft_id"])
        done = deployments.enter(
            session, proposer, tenant, files, now, name=Bundle(files).manifest.name, source=draft.name[:200],
            note=of["note"],
        )  # fmt: skip
        of["deployment_id"] = done.deployment_id
        authoring.close(session, proposer, of["draft_id"], "deployed", now)
    where = (_releases.c.tenant_id == tenant, _releases.c.id == of["id"])
    waits = of["effective_at"] is not None and of["effective_at"] > now
    session.execute(
        _releases.update()
        .where(*where)
        .values(status="waiting" if waits else "done", deployment_id=of["deployment_id"])
    )
    if not waits:
        _make_active(session, proposer, of, now)
        return
    note(session, Wakeup("release", tenant, of["id"], of["effective_at"]))
    bundle_log.add(
        session, proposer, tenant, "release_waits", now, release=of["id"], deployment=of["deployment_id"],
        effective=of["effective_at"].isoformat(), note=of["note"],
    )  # fmt: skip


def _make_active(session: Session, actor: Person, row: Mapping[str, Any], now: datetime) -> None:
    tenant = actor.tenant_id
    session.execute(
        _releases.update()
        .where(_releases.c.tenant_id == tenant, _releases.c.id == row["id"])
        .values(status="done", failure="")
    )
    if active(session, tenant) == row["deployment_id"]:
        return
    deployments.make_active(
        session, row["requested_by"], tenant, row["deployment_id"], now, row["note"], row["id"]
    )
    number = session.execute(
        sa.select(_deployments.c.number).where(
            _deployments.c.tenant_id == tenant, _deployments.c.id == row["deployment_id"]
        )
    ).scalar_one()
    bundle_log.add(
        session, actor, tenant, "deployment_activated", now, release=row["id"],
        deployment=row["deployment_id"], number=number, note=row["note"],
    )  # fmt: skip


def due(session: Session, now: datetime) -> list[Wakeup]:
    """Releases whose day has come, of all jurisdictions, in the order of their days."""
    r = _releases.c
    query = (
        sa.select(r.tenant_id, r.id, r.effective_at)
        .where(r.status == "waiting", r.effective_at <= now, sa.or_(r.retry_at.is_(None), r.retry_at <= now))
        .order_by(r.effective_at, r.id)
    )
    return [Wakeup("release", row.tenant_id, row.id, row.effective_at) for row in session.execute(query)]


def take_effect(session: Session, tenant_id: str, release_id: str, now: datetime) -> bool:
    """Let new cases use the deployment of a release whose day has come; False if it was taken back, is not
    due or has taken effect: a second wake-up does nothing."""
    bundle_log.take_turn(session, tenant_id)
    r = _releases.c
    query = _releases.select().where(r.tenant_id == tenant_id, r.id == release_id, r.status == "waiting")
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        return False
    if (earliest := max(row["effective_at"], row["retry_at"] or row["effective_at"])) > now:
        note(session, Wakeup("release", tenant_id, release_id, earliest + timedelta(seconds=1)))
        return False
    deployed.of(session, tenant_id, row["deployment_id"])
    _make_active(session, system(tenant_id), dict(row), now)
    return True


def failed(session: Session, tenant_id: str, release_id: str, failure: str, now: datetime) -> None:
    """Note that a release could not take effect: it is tried again later, and after five times waits for
    somebody to decide."""
    r = _releases.c
    where = (r.tenant_id == tenant_id, r.id == release_id, r.status == "waiting")
    row = session.execute(sa.select(r.attempts).where(*where).with_for_update()).one_or_none()
    if row is None:
        return
    noted: dict[str, Any] = {"attempts": row.attempts + 1, "failure": failure[:500]}
    if row.attempts >= len(BACKOFF):
        noted |= {"status": "failed", "retry_at": None}
    else:
        noted["retry_at"] = now + BACKOFF[row.attempts]
        note(session, Wakeup("release", tenant_id, release_id, noted["retry_at"]))
    session.execute(_releases.update().where(*where).values(noted))
