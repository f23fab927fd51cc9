"""部门负责人: whoever heads a body or a unit reads its cases without having had a part in them, and so does
whoever acts for them while they are away (代理). Reading is all that this gives: what somebody may do in a
case is asked of their own posts, and files that the manifest keeps secret stay with the groups it names."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.manifest import Manifest
from server.services import deployed, participants
from server.services.authorization import ALLOWED, Absent, Person, Verdict, may_see_instance
from server.store.runtime import Participant, ProcessInstance

_instances = ProcessInstance.metadata.tables["process_instance"]
_participants = Participant.metadata.tables["participant"]


@dataclass(frozen=True, slots=True)
class Headed:
    """Whose cases a person reads beside their own: those in which one of some worklist keys took part, and
    those of a unit, "" for none; of these processes only where any are named."""

    keys: tuple[str, ...] = ()
    unit_id: str = ""
    processes: frozenset[str] = frozenset()


def led(person: Person, manifest: Manifest | None) -> tuple[str, ...]:
    """The worklist keys of the bodies above the person's posts (`parent` of a group), sorted: a body of units
    in the person's own unit only."""
    return _above(person.groups, person.unit_id, manifest)


def _above(posts: Set[str], unit_id: str, manifest: Manifest | None) -> tuple[str, ...]:
    groups = manifest.groups if manifest else {}
    bodies = {groups[held].parent for held in posts & groups.keys()} & groups.keys()
    ends = {"installation": "", "unit": f"@{unit_id}"}  # people whom a case names are no body
    scopes = ((body, groups[body].scope) for body in bodies)
    return tuple(sorted(f"g:{body}{ends[scope]}" for body, scope in scopes if scope in ends))


def headed(session: Session, person: Person) -> tuple[Headed, ...]:
    """The house's leaders head their own unit, and the bodies above their posts. An office below a body may
    supervise what waits for it, but heads nothing. Whoever is away is read for by those who act for them, as
    far as the substitution goes: one for some posts only does not give the unit."""
    leads = person.has("leader") or any(absent.leads for absent in person.stands_for)
    manifest = deployed.manifest(session, person.tenant_id) if leads else None
    found = [Headed(led(person, manifest), person.unit_id)] if person.has("leader") else []
    return (*found, *(_of_absent(absent, manifest) for absent in person.stands_for))


def _of_absent(absent: Absent, manifest: Manifest | None) -> Headed:
    above = _above(absent.posts, absent.unit_id, manifest) if absent.leads else ()
    unit = absent.unit_id if absent.leads and not absent.groups else ""
    return Headed((*absent.principals, *above), unit, absent.processes)


def may_read(session: Session, person: Person, instance_id: str, process_key: str = "") -> Verdict:
    """A case is read by those who have had to do with it, auditors, admins, and the heads of the bodies and
    of the unit whose case it is; these are only asked for where the others do not allow it."""
    known = participants.of_instance(session, person.tenant_id, instance_id)
    found = may_see_instance(person, known, process_key)
    if found:
        return found
    heads = headed(session, person)
    if any(not one.processes and not known.isdisjoint(one.keys) for one in heads):
        return ALLOWED
    return ALLOWED if _as_head(session, person, heads, {instance_id}) else found


def read_by(session: Session, person: Person) -> sa.ColumnElement[bool]:
    """The same as a condition on the rows of cases, for all but auditors and admins."""
    heads = headed(session, person)
    return sa.or_(_instances.c.id.in_(_took_part(person, heads)), *_further(person, heads))


def readable(session: Session, person: Person, ids: Collection[str]) -> set[str]:
    """The same for some cases: those that the person, no auditor or admin, may open."""
    heads = headed(session, person)
    query = _took_part(person, heads).where(_participants.c.instance_id.in_(ids))
    found = set(session.execute(query).scalars())
    return found | _as_head(session, person, heads, set(ids) - found)


def took_part(session: Session, person: Person) -> sa.ColumnElement[bool]:
    """That the person took part, or somebody for whom they read: a condition on the rows of participants
    beside those of their cases."""
    heads, principal = headed(session, person), _participants.c.principal
    some = (one for one in heads if one.processes)
    of_some = (_instances.c.process_key.in_(sorted(one.processes)) & principal.in_(one.keys) for one in some)
    return sa.or_(principal.in_(_everywhere(person, heads)), *of_some)


def _as_head(session: Session, person: Person, heads: Sequence[Headed], ids: Set[str]) -> set[str]:
    """Those of some cases, in which nobody whose keys count in all processes took part, that can be read."""
    further = _further(person, heads)
    if not further or not ids:
        return set()
    query = sa.select(_instances.c.id).where(sa.or_(*further), _instances.c.id.in_(ids))
    return set(session.execute(query).scalars())


def _took_part(person: Person, heads: Sequence[Headed]) -> sa.Select[tuple[str]]:
    return _with(person, _everywhere(person, heads))


def _everywhere(person: Person, heads: Sequence[Headed]) -> tuple[str, ...]:
    """The keys that count in all processes."""
    return (*person.principals, *(key for one in heads if not one.processes for key in one.keys))


def _with(person: Person, keys: Sequence[str]) -> sa.Select[tuple[str]]:
    p = _participants.c
    return sa.select(p.instance_id).where(p.tenant_id == person.tenant_id, p.principal.in_(keys))


def _further(person: Person, heads: Sequence[Headed]) -> list[sa.ColumnElement[bool]]:
    """Conditions on cases beside that somebody took part whose keys count in all processes."""
    i = _instances.c
    found: list[sa.ColumnElement[bool]] = []
    for one in heads:
        its = (i.process_key.in_(sorted(one.processes)),) if one.processes else ()
        if its:
            found.append(sa.and_(i.tenant_id == person.tenant_id, *its, i.id.in_(_with(person, one.keys))))
        if one.unit_id:
            unit = (i.tenant_id == person.tenant_id, i.unit_id == one.unit_id, i.rehearsal_at.is_(None))
            found.append(sa.and_(*unit, *its))
    return found
