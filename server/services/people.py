"""The people of a jurisdiction as its admins look after them: who they are, in which department, with which
posts, and whether they are in office. Every change is kept in the trail of rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import deployed, identity, rights_log
from server.services.authorization import HOUSE_GROUPS, Person, denied, may_administer
from server.services.bundle_log import take_turn
from server.services.errors import NotFound, NotPermitted
from server.services.rights_log import Change
from server.store.identity import Membership, SignInSession, Unit, User
from server.store.people import SecondFactor

_people = User.metadata.tables["person"]
_units = Unit.metadata.tables["unit"]
_memberships = Membership.metadata.tables["membership"]
_sessions = SignInSession.metadata.tables["sign_in_session"]
_factors = SecondFactor.metadata.tables["second_factor"]

AT_MACHINE = frozenset({"admin", "process_owner", "auditor"}) & HOUSE_GROUPS
"""Posts of the house that only whoever sits at the machine gives and takes."""
FIELDS = ("name", "post", "unit", "groups", "active")
_ACCOUNT_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@")
MOST = 10_000


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


Problem = tuple[str, dict[str, object]]
"""What is wrong and what to do: an English template and its values."""


@dataclass(frozen=True, slots=True)
class Record:
    """A person as admins see or want them. `unit_id` is the department's id."""

    account: str
    name: str
    post: str = ""
    unit_id: str = ""
    groups: frozenset[str] = frozenset()
    active: bool = True


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person of the list: their record, the name of their department, and how they can sign in."""

    record: Record
    unit_name: str
    has_password: bool
    initial_password: bool
    has_factor: bool
    demo: bool
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class House:
    """What a jurisdiction has, read once to judge many records: people, departments, groups by id."""

    people: Mapping[str, Record]
    units: Mapping[str, str]
    groups: Mapping[str, str]


def house(session: Session, person: Person) -> House:
    """The people, departments and groups of the admin's jurisdiction."""
    may_administer(person).require()
    u = _units.c
    query = sa.select(u.id, u.name).where(u.tenant_id == person.tenant_id).order_by(u.id)
    units = {id_: name for id_, name in session.execute(query)}
    manifest = deployed.manifest(session, person.tenant_id)
    groups = {g.id: g.name for g in manifest.groups.values()} if manifest else {}
    found = {view.record.account: view.record for view in _read(session, person.tenant_id)}
    return House(found, units, {**groups, **{group: group for group in sorted(HOUSE_GROUPS)}})


def listing(
    session: Session, person: Person, *, text: str = "", unit_id: str = "", group: str = ""
) -> list[PersonView]:
    """The people of the jurisdiction by department and account; those whose account, name or post holds
    `text`, of one department, or of one group."""
    may_administer(person).require()
    p, where = _people.c, []
    if text := text.strip().lower():
        words = sa.func.lower(p.account + " " + p.name + " " + p.post)
        where.append(words.contains(text, autoescape=True))
    if unit_id:
        where.append(p.unit_id == unit_id)
    if group:
        m = _memberships.c
        held = sa.select(m.user_id).where(m.tenant_id == person.tenant_id, m.group_id == group)
        where.append(p.id.in_(held))
    return _read(session, person.tenant_id, *where)


def view(session: Session, person: Person, account: str) -> PersonView:
    """One person of the jurisdiction."""
    may_administer(person).require()
    found = _read(session, person.tenant_id, _people.c.account == account)
    if not found:
        raise NotFound("person", account)
    return found[0]


def problems(
    known: House, before: Record | None, wanted: Record, *, at_machine: bool = False
) -> list[Problem]:
    """What is wrong with a record as it is wanted, each with what to do."""
    found: list[Problem] = []
    if before is None and not (wanted.account and set(wanted.account) <= _ACCOUNT_LETTERS):
        found.append((_("An account is made of letters, digits and . _ - @ only."), {}))
    if len(wanted.account) > 60 or len(wanted.name) > 60 or len(wanted.post) > 100:
        found.append((_("Account and name have at most 60 characters, a post at most 100."), {}))
    if not wanted.name.strip():
        found.append((_("The name is missing: write it."), {}))
    if not wanted.unit_id:
        found.append((_("The department is missing: write it."), {}))
    elif wanted.unit_id not in known.units:
        text = _("There is no department {unit}: enter it first, or correct it.")
        found.append((text, {"unit": wanted.unit_id}))
    held = before.groups if before else frozenset()
    for group in sorted(wanted.groups - held - known.groups.keys()):
        found.append((_("There is no group {group} in the manifest in use: correct it."), {"group": group}))
    if not at_machine and (moved := (wanted.groups ^ held) & AT_MACHINE):
        text = _(
            "The post {group} is given and taken by whoever sits at the machine only: leave it as it is."
        )
        found.append((text, {"group": "、".join(sorted(moved))}))
    return found


def differences(before: Record, wanted: Record) -> list[tuple[str, str, str]]:
    """What changes: field, before, after, as texts."""
    found = []
    for field in FIELDS:
        old, new = _text(before, field), _text(wanted, field)
        if old != new:
            found.append((field, old, new))
    return found


def enter(
    session: Session, person: Person, wanted: Record, now: datetime, *, at_machine: bool = False
) -> str:
    """Enter somebody new; gives the password with which they sign in the first time, and never again."""
    known = house(session, person)
    if wanted.account in known.people:
        denied("Somebody has the account {account} already.", account=wanted.account).require()
    _require(problems(known, None, wanted, at_machine=at_machine))
    return write(session, person, [(None, wanted)], now)[wanted.account]


def change(
    session: Session, person: Person, wanted: Record, now: datetime, *, at_machine: bool = False
) -> None:
    """Change a person's record. Whoever is no longer in office is signed out everywhere; what they hold waits
    to be handed over."""
    take_turn(session, person.tenant_id)
    known = house(session, person)
    before = known.people.get(wanted.account)
    if before is None:
        raise NotFound("person", wanted.account)
    _require(problems(known, before, wanted, at_machine=at_machine))
    if wanted.account == person.id and not wanted.active:
        denied("You cannot put yourself out of office: another administrator does.", ask=("admin",)).require()
    write(session, person, [(before, wanted)], now)


def write(
    session: Session, person: Person, pairs: Iterable[tuple[Record | None, Record]], now: datetime
) -> dict[str, str]:
    """Write records that were judged sound (before, or None for somebody new; wanted), with one line of the
    trail for each change of rights; gives the first passwords of those who are new, by account."""
    changes: list[Change] = []
    passwords: dict[str, str] = {}
    for before, wanted in pairs:
        if before is None:
            passwords[wanted.account] = _enter(session, person, wanted, now)
            before = Record(wanted.account, wanted.name, wanted.post, wanted.unit_id)
            told = {"name": wanted.name, "post": wanted.post, "unit": wanted.unit_id}
            changes.append(Change("person_entered", wanted.account, told))
        changes += _write_one(session, person.tenant_id, before, wanted)
    rights_log.add(session, person, person.tenant_id, now, *changes)
    return passwords


def renew_password(session: Session, person: Person, account: str, now: datetime) -> str:
    """Give somebody a new first password, which ends their sessions; they choose their own when they sign
    in."""
    found = view(session, person, account)
    if found.demo:
        denied("People of a demonstration keep their password.").require()
    password = identity.first_password()
    mine = (_people.c.tenant_id == person.tenant_id, _people.c.account == account)
    hashed = identity.hash_first_password(password)
    session.execute(_people.update().where(*mine).values(password_hash=hashed, initial_password=True))
    end_sessions(session, person.tenant_id, account)
    rights_log.add(session, person, person.tenant_id, now, Change("password_renewed", account))
    return password


def end_sessions(session: Session, tenant_id: str, account: str) -> int:
    """Sign somebody out everywhere; gives how many sessions there were."""
    s = _sessions.c
    gone = session.execute(_sessions.delete().where(s.tenant_id == tenant_id, s.user_id == account))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _enter(session: Session, person: Person, wanted: Record, now: datetime) -> str:
    password = identity.first_password()
    identity.add_person(
        session, person.tenant_id, wanted.account, wanted.name, wanted.post, wanted.unit_id, [],
        identity.hash_first_password(password), now, initial=True,
    )  # fmt: skip
    return password


def _write_one(session: Session, tenant_id: str, before: Record, wanted: Record) -> list[Change]:
    account, changes = wanted.account, []
    plain = {f: [old, new] for f, old, new in differences(before, wanted) if f in ("name", "post", "unit")}
    mine = (_people.c.tenant_id == tenant_id, _people.c.account == account)
    if plain or before.active != wanted.active:
        values = {"name": wanted.name, "post": wanted.post, "unit_id": wanted.unit_id}
        session.execute(_people.update().where(*mine).values(**values, active=wanted.active))
    if plain:
        changes.append(Change("person_changed", account, plain))
    m = _memberships.c
    for group in sorted(before.groups - wanted.groups):
        one = (m.tenant_id == tenant_id, m.user_id == account, m.group_id == group)
        session.execute(_memberships.delete().where(*one))
        changes.append(Change("group_taken", account, {"group": group}))
    given = sorted(wanted.groups - before.groups)
    if given:
        rows = [{"tenant_id": tenant_id, "user_id": account, "group_id": group} for group in given]
        session.execute(_memberships.insert(), rows)
        changes += [Change("group_given", account, {"group": group}) for group in given]
    if before.active != wanted.active:
        changes.append(Change("person_returned" if wanted.active else "person_left", account))
        if not wanted.active:
            end_sessions(session, tenant_id, account)
    return changes


def _read(session: Session, tenant_id: str, *where: sa.ColumnElement[bool]) -> list[PersonView]:
    p, u, m, f = _people.c, _units.c, _memberships.c, _factors.c
    groups = (
        sa.select(sa.func.aggregate_strings(m.group_id, " "))
        .where(m.tenant_id == p.tenant_id, m.user_id == p.id)
        .scalar_subquery()
    )
    factor = sa.exists().where(
        f.tenant_id == p.tenant_id, f.user_id == p.id, f.confirmed_at.is_not(None)
    )  # fmt: skip
    query = (
        sa.select(
            p.account, p.name, p.post, p.unit_id, p.active, groups.label("groups"), u.name.label("unit_name"),
            p.password_hash, p.initial_password, factor.label("factor"), p.demo, p.identity,
        )
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id), isouter=True)
        .where(p.tenant_id == tenant_id, *where)
        .order_by(p.active.desc(), p.unit_id, p.account)
        .limit(MOST)
    )  # fmt: skip
    return [_view(dict(row)) for row in session.execute(query).mappings()]


def _view(row: Mapping[str, Any]) -> PersonView:
    groups = frozenset((row["groups"] or "").split())
    record = Record(row["account"], row["name"], row["post"], row["unit_id"], groups, row["active"])
    return PersonView(
        record, row["unit_name"] or row["unit_id"], bool(row["password_hash"]), row["initial_password"],
        bool(row["factor"]), row["demo"], bool(row["identity"]),
    )  # fmt: skip


def _text(record: Record, field: str) -> str:
    if field == "groups":
        return " ".join(sorted(record.groups))
    if field == "active":
        return "yes" if record.active else "no"
    return str(getattr(record, "unit_id" if field == "unit" else field))


def _require(found: list[Problem]) -> None:
    for text, params in found:
        raise NotPermitted(text, params)


def with_groups(record: Record, chosen: Iterable[str]) -> Record:
    """The record with other groups of the manifest; posts of the machine stay as they are."""
    return replace(record, groups=frozenset(chosen) - AT_MACHINE | record.groups & AT_MACHINE)
