"""部门负责人: whoever heads a body or a unit reads its cases without having had a part in them. Reading is
all that this gives: what somebody may do in a case is asked of their own posts, and files that the manifest
keeps secret stay with the groups it names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.manifest import Manifest
from server.services import deployed, participants
from server.services.authorization import ALLOWED, Person, Verdict, may_see_instance
from server.store.runtime import Participant, ProcessInstance

_instances = ProcessInstance.metadata.tables["process_instance"]
_participants = Participant.metadata.tables["participant"]


@dataclass(frozen=True, slots=True)
class Headed:
    """Whose cases a person reads as a head: those in which one of some worklist keys took part, and those of
    a unit, "" for none."""

    keys: tuple[str, ...] = ()
    unit_id: str = ""


def led(person: Person, manifest: Manifest | None) -> tuple[str, ...]:
    """The worklist keys of the bodies above the person's posts (`parent` of a group), sorted: a body of units
    in the person's own unit only."""
    groups = manifest.groups if manifest else {}
    bodies = {groups[held].parent for held in person.groups & groups.keys()} & groups.keys()
    ends = {"installation": "", "unit": f"@{person.unit_id}"}  # people whom a case names are no body
    scopes = ((body, groups[body].scope) for body in bodies)
    return tuple(sorted(f"g:{body}{ends[scope]}" for body, scope in scopes if scope in ends))


def headed(session: Session, person: Person) -> Headed:
    """The house's leaders head their own unit, and the bodies above their posts. An office below a body may
    supervise what waits for it, but heads nothing."""
    if not person.has("leader"):
        return Headed()
    return Headed(led(person, deployed.manifest(session, person.tenant_id)), person.unit_id)


def may_read(session: Session, person: Person, instance_id: str, process_key: str = "") -> Verdict:
    """A case is read by those who have had to do with it, auditors, admins, and the heads of the bodies and
    of the unit whose case it is; these are only asked for where the others do not allow it."""
    took_part = participants.of_instance(session, person.tenant_id, instance_id)
    found = may_see_instance(person, took_part, process_key)
    if found:
        return found
    heads = headed(session, person)
    if not took_part.isdisjoint(heads.keys):
        return ALLOWED
    mine = _of_unit(person, heads), _instances.c.id == instance_id
    its = heads.unit_id and session.execute(sa.select(_instances.c.id).where(*mine)).one_or_none()
    return ALLOWED if its else found


def read_by(session: Session, person: Person) -> sa.ColumnElement[bool]:
    """The same as a condition on the rows of cases, for all but auditors and admins."""
    heads = headed(session, person)
    took_part = _instances.c.id.in_(_took_part(person, heads))
    return sa.or_(took_part, _of_unit(person, heads)) if heads.unit_id else took_part


def readable(session: Session, person: Person, ids: Collection[str]) -> set[str]:
    """The same for some cases: those that the person, no auditor or admin, may open."""
    heads = headed(session, person)
    took_part = _took_part(person, heads).where(_participants.c.instance_id.in_(ids))
    found = set(session.execute(took_part).scalars())
    if heads.unit_id and (rest := set(ids) - found):
        query = sa.select(_instances.c.id).where(_of_unit(person, heads), _instances.c.id.in_(rest))
        found |= set(session.execute(query).scalars())
    return found


def _took_part(person: Person, heads: Headed) -> sa.Select[tuple[str]]:
    p = _participants.c
    keys = (*person.principals, *heads.keys)
    return sa.select(p.instance_id).where(p.tenant_id == person.tenant_id, p.principal.in_(keys))


def _of_unit(person: Person, heads: Headed) -> sa.ColumnElement[bool]:
    i = _instances.c
    return sa.and_(i.tenant_id == person.tenant_id, i.unit_id == heads.unit_id, i.rehearsal_at.is_(None))
