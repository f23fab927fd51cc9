"""Releases: a draft or an earlier deployment comes into use, at once or on its day, alone or with a second
person's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.manifest import read_manifest
from server.engine import load
from server.services import (
    authoring,
    bundle_log,
    bundle_review,
    deployed,
    deployments,
    identity,
    release_effects,
    release_views,
    two_person,
)
from server.services.authorization import Person, denied, may_deploy
from server.services.errors import DeploymentRejected, NotFound, ReleaseStale
from server.store.authoring import BundleRelease
from server.store.columns import new_id
from server.store.definitions import Deployment
from server.store.identity import User

_releases = BundleRelease.metadata.tables["bundle_release"]
_deployments = Deployment.metadata.tables["deployment"]
_people = User.metadata.tables["person"]
FARTHEST = timedelta(days=366 * 3)
"""How far ahead a release may be set: farther than any regulation is announced."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for, and what they looked at: the note for the file, the moment from which it holds
    (None: at once), the deployment in use and the revision of the draft that the page showed, and whether
    they ticked the warnings."""

    note: str
    effective_at: datetime | None = None
    seen_active: str = ""
    seen_revision: int = 0
    ticked: bool = False


# --------------------------------------------------------------------------- asking
def of_draft(
    session: Session, person: Person, draft_id: str, wish: Wish, now: datetime
) -> release_views.Release:
    """Release a draft: deployed at once, or proposed where a second person must agree.

    Raises ReleaseStale where something moved since the preview (the draft, the deployment in use, the
    scenarios were not run on these files), DeploymentRejected where checks or scenarios fail, NotPermitted
    where warnings were not ticked or the note is missing."""
    draft = authoring.hold(session, person, draft_id)
    if draft.revision != wish.seen_revision:
        raise ReleaseStale("{by} changed the draft meanwhile.", {"by": draft.changed_by})
    _same_active(session, person.tenant_id, wish.seen_active)
    files = authoring.files(session, person, draft_id)
    _require_sound(files, wish)
    manifest = read_manifest(files["jurisdiction.toml"])
    deployments.require_exceptions(session, person, person.tenant_id, manifest)
    _require_sense(wish, now)
    release_id = _enter(session, person, wish, now, draft_id=draft_id, digest=load.digest(files))
    if two_person.is_required(session, person.tenant_id):
        authoring.mark(session, person, draft_id, "proposed", now)
        _propose(session, person, release_id, draft.name, wish, now)
    else:
        release_effects.carry_out(session, person, _row(session, person, release_id), now)
    return release_views.view(session, person, release_id)


def of_deployment(
    session: Session, person: Person, deployment_id: str, wish: Wish, now: datetime
) -> release_views.Release:
    """Release a deployment that is there: go back to an earlier one, or on to a later one."""
    may_deploy(person).require()
    bundle_log.take_turn(session, person.tenant_id)
    _same_active(session, person.tenant_id, wish.seen_active)
    if release_effects.active(session, person.tenant_id) == deployment_id:
        denied("New cases use this deployment already.").require()
    _require_sense(wish, now)
    used = deployed.of(session, person.tenant_id, deployment_id)  # one that no longer loads is refused here
    if used.manifest:
        deployments.require_exceptions(session, person, person.tenant_id, used.manifest)
    number = session.execute(
        sa.select(_deployments.c.number).where(
            _deployments.c.tenant_id == person.tenant_id, _deployments.c.id == used.deployment_id
        )
    ).scalar_one()
    release_id = _enter(session, person, wish, now, deployment_id=deployment_id)
    if two_person.is_required(session, person.tenant_id):
        _propose(session, person, release_id, str(number), wish, now)
    else:
        release_effects.carry_out(session, person, _row(session, person, release_id), now)
    return release_views.view(session, person, release_id)


def at_machine(
    session: Session, operator: Person, files: Mapping[str, bytes], wish: Wish, now: datetime, *,
    name: str, source: str,
) -> release_views.Release:  # fmt: skip
    """Release a bundle from the command line: whoever sits at the machine needs no second person. Its
    scenarios are theirs to play. DeploymentRejected holds the errors that the checks find."""
    bundle_log.take_turn(session, operator.tenant_id)
    done = deployments.enter(
        session, operator, operator.tenant_id, files, now, name=name, source=source, note=wish.note
    )
    release_id = _enter(session, operator, wish, now, deployment_id=done.deployment_id)
    release_effects.carry_out(session, operator, _row(session, operator, release_id), now)
    return release_views.view(session, operator, release_id)


# --------------------------------------------------------------------------- deciding
def approve(
    session: Session, person: Person, release_id: str, wish: Wish, now: datetime
) -> release_views.Release:
    """Agree to what somebody else proposed; it is then carried out. What `wish` says of the page that was
    looked at must still hold; its note and day are the proposer's."""
    row = _open(session, person, release_id, ("proposed",))
    if person.id == row["requested_by"] or _same_human(session, person, row["requested_by"]):
        denied("You proposed this yourself: another process owner must agree.").require()
    _same_active(session, person.tenant_id, wish.seen_active)
    if row["draft_id"]:
        files = authoring.files(session, person, row["draft_id"])
        if load.digest(files) != row["digest"]:
            raise ReleaseStale("The draft is not as it was proposed.")
        _require_sound(files, replace(wish, ticked=True))
    r = _releases.c
    session.execute(
        _releases.update().where(*_is(person, release_id)).values(decided_by=person.id, decided_at=now)
    )
    bundle_log.add(
        session, person, person.tenant_id, "release_approved", now, release=release_id,
        of=row["requested_by"], note=row["note"],
    )  # fmt: skip
    proposer = identity.person_by_account(session, person.tenant_id, row["requested_by"])
    fresh = session.execute(_releases.select().where(r.tenant_id == person.tenant_id, r.id == release_id))
    release_effects.carry_out(session, proposer, dict(fresh.mappings().one()), now)
    return release_views.view(session, person, release_id)


def reject(session: Session, person: Person, release_id: str, reason: str, now: datetime) -> None:
    """Refuse what somebody else proposed, with the reason; its draft can be edited again."""
    row = _open(session, person, release_id, ("proposed",))
    if person.id == row["requested_by"]:
        denied("You proposed this yourself: take it back instead.").require()
    if not reason.strip():
        denied("Say why you do not agree: the proposer will read it.").require()
    _end(session, person, row, "rejected", reason, now)


def withdraw(session: Session, person: Person, release_id: str, reason: str, now: datetime) -> None:
    """Take back a release before it has taken effect: one's own, or anybody's for admins. A deployment that
    waited for its day stays in the history; no case ever used it."""
    row = _open(session, person, release_id, release_views.OPEN)
    if person.id != row["requested_by"] and not person.has("admin"):
        asker = release_views.view(session, person, release_id).requested_by_name
        denied("Only {name} or an administrator may take this back.", name=asker, ask=("admin",)).require()
    _end(session, person, row, "withdrawn", reason, now)


# --------------------------------------------------------------------------- inside
def _require_sound(files: Mapping[str, bytes], wish: Wish) -> None:
    """Checks and scenarios as the preview showed them: errors block, warnings need a tick."""
    findings = bundle_review.findings(files)
    trial = bundle_review.known_trial(load.digest(files))
    errors = tuple(f for f in findings if f.level == "error")
    if errors:
        raise DeploymentRejected(errors)
    if trial is None:
        raise ReleaseStale("The scenarios have not been run on the files as they are.")
    if not trial.holds:
        failures = tuple(f for one in trial.failed for f in one.failures)
        raise DeploymentRejected((*trial.unreadable, *failures))
    if any(f.level == "warning" for f in findings) and not wish.ticked:
        denied("Tick that you have read the warnings.").require()


def _require_sense(wish: Wish, now: datetime) -> None:
    if not wish.note.strip():
        denied("Write what changes and why: it stands in the history for good.").require()
    if wish.effective_at is not None and wish.effective_at <= now:
        denied("Choose a day to come, or none: then it holds at once.").require()
    if wish.effective_at is not None and wish.effective_at > now + FARTHEST:
        denied("Choose a day within the next three years.").require()


def _same_active(session: Session, tenant_id: str, seen: str) -> None:
    """The deployment in use must be the one that the preview compared with."""
    found = release_effects.active(session, tenant_id)
    if found == seen:
        return
    d, p = _deployments.c, _people.c
    query = (
        sa.select(d.number, sa.func.coalesce(p.name, d.deployed_by).label("by"))
        .join(_people, (p.tenant_id == d.tenant_id) & (p.id == d.deployed_by), isouter=True)
        .where(d.tenant_id == tenant_id, d.id == found)
    )
    row = session.execute(query).one()
    raise ReleaseStale(
        "Meanwhile No. {number} of {by} has come into use.", {"number": row.number, "by": row.by}
    )


def _enter(session: Session, person: Person, wish: Wish, now: datetime, **of: Any) -> str:
    release_id = new_id(now)
    session.execute(
        _releases.insert().values(
            tenant_id=person.tenant_id, id=release_id, status="proposed", note=wish.note.strip()[:500],
            effective_at=wish.effective_at, requested_by=person.id, requested_at=now, reason="", attempts=0,
            failure="", **{"digest": "", **of},
        )
    )  # fmt: skip
    return release_id


def _propose(session: Session, person: Person, release_id: str, name: str, wish: Wish, now: datetime) -> None:
    day = wish.effective_at.isoformat() if wish.effective_at else None
    bundle_log.add(
        session, person, person.tenant_id, "release_proposed", now, release=release_id, name=name,
        note=wish.note, effective=day,
    )  # fmt: skip


def _end(
    session: Session, person: Person, row: Mapping[str, Any], status: str, reason: str, now: datetime
) -> None:
    session.execute(
        _releases.update()
        .where(*_is(person, row["id"]))
        .values(status=status, reason=reason.strip()[:500], decided_by=person.id, decided_at=now)
    )
    if row["status"] == "proposed" and row["draft_id"]:
        authoring.mark(session, person, row["draft_id"], "open", now)
    bundle_log.add(
        session, person, person.tenant_id, f"release_{status}", now, release=row["id"], note=row["note"],
        reason=reason.strip()[:500],
    )  # fmt: skip


def _open(session: Session, person: Person, release_id: str, statuses: tuple[str, ...]) -> Mapping[str, Any]:
    """A release that can still be decided on, in one's turn."""
    may_deploy(person).require()
    bundle_log.take_turn(session, person.tenant_id)
    row = _row(session, person, release_id)
    if row["status"] not in statuses:
        raise ReleaseStale("Somebody decided on this meanwhile.")
    return row


def _row(session: Session, person: Person, release_id: str) -> Mapping[str, Any]:
    row = session.execute(_releases.select().where(*_is(person, release_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("release", release_id)
    return dict(row)


def _is(person: Person, release_id: str) -> tuple[Any, ...]:
    return (_releases.c.tenant_id == person.tenant_id, _releases.c.id == release_id)


def _same_human(session: Session, person: Person, other: str) -> bool:
    """Whether another account is the same human being."""
    if not person.identity:
        return False
    p = _people.c
    query = sa.select(p.identity).where(p.tenant_id == person.tenant_id, p.id == other)
    return session.execute(query).scalar_one_or_none() == person.identity
