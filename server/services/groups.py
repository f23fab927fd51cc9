"""The groups of a manifest and the people of the installation who hold them: where nobody does, somebody can
be named there and then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.manifest import Manifest
from server.engine.model import Model
from server.services import bundle_log, identity, rights_log
from server.services.authorization import HOUSE_GROUPS, Person, denied, may_administer, may_deploy
from server.services.errors import NotFound
from server.services.identity import Account
from server.services.rights_log import Change
from server.store.columns import new_id
from server.store.conflicts import Entering
from server.store.identity import Jurisdiction, Membership, Unit, User

MOST = 2000
"""How many people are offered to choose from."""

_people = User.metadata.tables["person"]
_units = Unit.metadata.tables["unit"]
_memberships = Membership.metadata.tables["membership"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_JOIN = Entering(_memberships)


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group of the manifest, who holds it, and what needs it: tasks of diagrams, processes it begins."""

    id: str
    name: str
    scope: str
    members: tuple[Account, ...]
    tasks: int = 0
    starts: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        """Whether a case would wait for nobody."""
        return not self.members and bool(self.tasks or self.starts)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who can be named: a person here, or of another jurisdiction that the admin looks after."""

    tenant_id: str
    tenant_name: str
    account: str
    name: str
    unit_name: str

    @property
    def key(self) -> str:
        """How a form names them."""
        return f"{self.tenant_id}/{self.account}"


def listing(
    session: Session, person: Person, manifest: Manifest, model: Model | None
) -> tuple[GroupView, ...]:
    """The groups of a manifest in its order, with the people of the person's jurisdiction who hold them."""
    may_deploy(person).require()
    held = _held(session, person.tenant_id)
    tasks = Counter(
        group
        for process in (model.processes.values() if model else ())
        for node in process.nodes.values()
        for group in node.assignment.candidate_groups
    )
    starts: dict[str, list[str]] = {}
    for entry in manifest.processes.values():
        for group in entry.started_by:
            starts.setdefault(group, []).append(entry.name)
    return tuple(
        GroupView(g.id, g.name, g.scope, tuple(held.get(g.id, ())), tasks[g.id], tuple(starts.get(g.id, ())))
        for g in manifest.groups.values()
    )


def candidates(session: Session, person: Person) -> list[Candidate]:
    """The people whom an admin may name, those of their jurisdiction first."""
    may_administer(person).require()
    tenants = _looked_after(session, person)
    p, u, j = _people.c, _units.c, _jurisdictions.c
    query = (
        sa.select(p.tenant_id, j.name.label("tenant_name"), p.account, p.name, u.name.label("unit_name"))
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
        .join(_jurisdictions, j.tenant_id == p.tenant_id)
        .where(p.tenant_id.in_(tenants), p.active)
        .order_by(p.tenant_id != person.tenant_id, p.tenant_id, p.account)
        .limit(MOST)
    )
    return [Candidate(*row) for row in session.execute(query)]


def name_member(
    session: Session, person: Person, group: str, key: str, now: datetime, *, at_machine: bool = False
) -> None:
    """Give a person (`Candidate.key`) a group. Somebody of another jurisdiction is entered here, as they are,
    and may from then on go from one to the other; only an admin of both may do that, or whoever sits
    `at_machine`."""
    may_administer(person).require()
    _require_theirs(group)
    tenant_id, _, account = key.partition("/")
    if not at_machine and tenant_id not in _looked_after(session, person):
        denied("You look after no such jurisdiction.").require()
    if tenant_id != person.tenant_id:
        _bring(session, person, tenant_id, account, now)
    elif not identity.is_known(session, tenant_id, account):
        raise NotFound("person", account)
    _join(session, person, group, [account], now)


def name_members_of(session: Session, person: Person, group: str, other: str, now: datetime) -> int:
    """Give everybody who holds another group this one too; gives how many they are."""
    may_administer(person).require()
    _require_theirs(group)
    accounts = [account.account for account in identity.members(session, person.tenant_id, other)]
    if not accounts:
        denied("Nobody holds {group}.", group=other).require()
    _join(session, person, group, accounts, now)
    return len(accounts)


def unname(session: Session, person: Person, group: str, account: str, now: datetime) -> None:
    """Take a group from a person."""
    may_administer(person).require()
    _require_theirs(group)
    m = _memberships.c
    gone = session.execute(
        _memberships.delete().where(
            m.tenant_id == person.tenant_id, m.user_id == account, m.group_id == group
        )
    )
    if gone.rowcount:  # type: ignore[attr-defined]
        bundle_log.add(session, person, person.tenant_id, "group_taken", now, group=group, people=[account])
        rights_log.add(
            session, person, person.tenant_id, now, Change("group_taken", account, {"group": group})
        )


def _join(session: Session, person: Person, group: str, accounts: Iterable[str], now: datetime) -> None:
    people = sorted(accounts)
    bundle_log.take_turn(session, person.tenant_id)
    held = {one.account for one in identity.members(session, person.tenant_id, group)}
    rows = ({"tenant_id": person.tenant_id, "user_id": a, "group_id": group} for a in people)
    _JOIN.enter(session, *rows)
    given = [Change("group_given", account, {"group": group}) for account in people if account not in held]
    rights_log.add(session, person, person.tenant_id, now, *given)
    bundle_log.add(session, person, person.tenant_id, "group_given", now, group=group, people=people)


def _require_theirs(group: str) -> None:
    """Posts of the house itself (admin, process owner, auditor) are not given away here."""
    if group in HOUSE_GROUPS:
        denied("This post is given by whoever sits at the machine.").require()


def _looked_after(session: Session, person: Person) -> list[str]:
    """The jurisdictions in which the person is an admin."""
    return [post.tenant_id for post in identity.posts(session, person) if post.has("admin")]


def _bring(session: Session, person: Person, tenant_id: str, account: str, now: datetime) -> None:
    """Enter a person of another jurisdiction here. One who is here under that account already must be the
    same human being."""
    there = _row(session, tenant_id, account)
    if there is None:
        raise NotFound("person", account)
    here = _row(session, person.tenant_id, account)
    known = there["identity"] or new_id(now)
    if here is not None:
        if here["identity"] != known:
            denied("Somebody else has the account {account} here.", account=account).require()
        return
    if not there["identity"]:
        p = _people.c
        session.execute(
            _people.update().where(p.tenant_id == tenant_id, p.account == account).values(identity=known)
        )
    identity.add_unit(session, person.tenant_id, there["unit_id"], there["unit_name"])
    identity.add_person(
        session, person.tenant_id, account, there["name"], there["post"], there["unit_id"], [],
        there["password_hash"], now, demo=there["demo"], identity=known,
    )  # fmt: skip
    told = {"name": there["name"], "post": there["post"], "unit": there["unit_id"]}
    rights_log.add(session, person, person.tenant_id, now, Change("person_entered", account, told))


def _row(session: Session, tenant_id: str, account: str) -> Mapping[str, Any] | None:
    p, u = _people.c, _units.c
    query = (
        sa.select(p.name, p.post, p.unit_id, u.name.label("unit_name"), p.password_hash, p.demo, p.identity)
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
        .where(p.tenant_id == tenant_id, p.account == account, p.active)
    )
    row = session.execute(query).mappings().one_or_none()
    return dict(row) if row else None


def _held(session: Session, tenant_id: str) -> dict[str, list[Account]]:
    """The people of a jurisdiction by group."""
    p, u, m = _people.c, _units.c, _memberships.c
    query = (
        sa.select(m.group_id, p.tenant_id, p.account, p.name, p.post, u.name.label("unit_name"))
        .join(_people, (p.tenant_id == m.tenant_id) & (p.id == m.user_id))
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
        .where(m.tenant_id == tenant_id, p.active)
        .order_by(p.account)
    )
    found: dict[str, list[Account]] = {}
    for group, *who in session.execute(query):
        found.setdefault(group, []).append(Account(*who))
    return found
