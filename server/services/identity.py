"""Signing in and out, and who is acting."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam
from sqlmodel import Session

from server.services import absences, rights_log, second_factor, signing_in
from server.services.attempts import count_failure, require_patience
from server.services.authorization import Person
from server.services.errors import NotPermitted, NotSignedIn
from server.services.rights_log import Change
from server.services.second_factor import Rule
from server.services.signing_in import Browser
from server.services.signing_in import token_hash as token_hash
from server.store.conflicts import insert_into
from server.store.identity import Jurisdiction, Membership, SignInFailure, SignInSession, Unit, User
from server.store.letters import Notice

_people = User.metadata.tables["person"]
_units = Unit.metadata.tables["unit"]
_memberships = Membership.metadata.tables["membership"]
_sessions = SignInSession.metadata.tables["sign_in_session"]
_failures = SignInFailure.metadata.tables["sign_in_failure"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_notices = Notice.metadata.tables["notice"]

_hasher = PasswordHasher()
_quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
REMEMBERED_HOURS = 12
"""How long after its end a session still tells whose typing it was."""
ATTEMPTS = 10
ADDRESS_ATTEMPTS = 100
"""Failures within a window: of one account, and of one address, behind which a whole office may sit."""

DEMO_PASSWORD = "guicheng-demo"
"""The password of every person of a demonstration; people of a real office are never entered with it."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person who can sign in, as the sign-in page of a demonstration lists them."""

    tenant_id: str
    account: str
    name: str
    post: str
    unit_name: str


def _holder() -> sa.Select[Any]:
    """The query of every request, put together once: who holds a token, with their posts in one text."""
    p, u, s = _people.c, _units.c, _sessions.c
    return (
        sa.select(
            p.tenant_id, p.id, p.account, p.name, p.post, p.unit_id, u.name.label("unit_name"), p.locale,
            s.csrf, _jurisdictions.c.calendar_revision, _posts().label("groups"), p.identity,
            _unread(p).label("unread"),
            _jurisdictions.c.name.label("tenant_name"), absences.stands_in(p).label("stands_in"),
        )
        .select_from(_sessions)
        .join(_people, (p.tenant_id == s.tenant_id) & (p.id == s.user_id))
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
        .join(_jurisdictions, _jurisdictions.c.tenant_id == p.tenant_id)
        .where(
            s.token_hash == bindparam("token_hash"), s.expires_at > bindparam("now"), s.pending == "",
            p.active,
        )
    )  # fmt: skip


def _posts() -> Any:
    """The groups of a person in one text, as a column of a query about them."""
    p, m = _people.c, _memberships.c
    groups = sa.select(sa.func.aggregate_strings(m.group_id, " "))
    return groups.where(m.tenant_id == p.tenant_id, m.user_id == p.id).scalar_subquery()


def _by_account() -> sa.Select[Any]:
    """The query of every request of a program: a person by account."""
    p, u = _people.c, _units.c
    columns = (p.tenant_id, p.id, p.account, p.name, p.post, p.unit_id, u.name.label("unit_name"), p.locale,
               p.identity, _posts().label("groups"))  # fmt: skip
    whole = sa.select(*columns).join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
    return whole.where(p.tenant_id == bindparam("tenant_id"), p.account == bindparam("account"))


def _unread(person: Any) -> Any:
    """How many notices wait for a person, as a column of a query about them."""
    n = _notices.c
    mine = (n.tenant_id == person.tenant_id, n.user_id == person.id, n.read_at.is_(None))
    return sa.select(sa.func.count()).select_from(_notices).where(*mine).scalar_subquery()


_HOLDER = _holder()
_BY_ACCOUNT = _by_account()


@dataclass(frozen=True, slots=True)
class Checked:
    """An account and whether its password was right, found out against the hash that was kept then."""

    tenant_id: str
    account: str
    user_id: str
    password_hash: str
    right: bool


def check(
    session: Session, tenant_id: str, account: str, password: str, address: str, now: datetime
) -> Checked:
    """Look at a password. Costs a tenth of a second on purpose, so a door does it in a reading session: in
    its unit of work everybody who writes would wait. TooManyAttempts after ten failures within fifteen
    minutes."""
    require_patience(session, limits(tenant_id, account, address), now)
    row = session.execute(_kept(tenant_id, account)).one_or_none()
    right = _matches(row.password_hash if row else _nobody(), password)
    if row is None or not right or not row.active:
        return Checked(tenant_id, account, "", "", right=False)
    return Checked(tenant_id, account, row.id, row.password_hash, right=True)


def open_session(
    session: Session, checked: Checked, address: str, now: datetime, hours: int, *, agent: str = "",
    rule: Rule = "optional",
) -> str | None:  # fmt: skip
    """Open a session after a look at the password and give its token; None when account or password were
    wrong, or have changed since (the failure is counted, so the caller must commit). Where a second factor is
    to come, or a password of one's own, the session waits and opens nothing (`signing_in`). TooManyAttempts
    where others have failed too often meanwhile."""
    bounds = limits(checked.tenant_id, checked.account, address)
    require_patience(session, bounds, now)
    if not checked.right or not holds(session, checked):
        count_failure(session, bounds, now)
        return None
    session.execute(_failures.delete().where(_failures.c.key == next(iter(bounds))))
    of = second_factor.owner(session, checked.tenant_id, checked.user_id)
    return signing_in.begin(session, of, Browser(address, agent), now, hours, rule=rule)


def holds(session: Session, checked: Checked) -> bool:
    """Whether the password that was looked at is still the one that counts."""
    row = session.execute(_kept(checked.tenant_id, checked.account)).one_or_none()
    return row is not None and row.active and bool(row.password_hash == checked.password_hash)


def sign_in(
    session: Session, tenant_id: str, account: str, password: str, address: str, now: datetime, hours: int
) -> str | None:
    """Look at a password and open a session at once, where no other writer waits."""
    checked = check(session, tenant_id, account, password, address, now)
    return open_session(session, checked, address, now, hours)


def limits(tenant_id: str, account: str, address: str) -> dict[str, int]:
    """How often one may fail: the key of the account first."""
    return {
        f"account {tenant_id} {account[:100]}": ATTEMPTS,
        f"address {address[:100]}": ADDRESS_ATTEMPTS,
    }


def _kept(tenant_id: str, account: str) -> sa.Select[Any]:
    p = _people.c
    query = sa.select(p.id, p.password_hash, p.active)
    return query.where(p.tenant_id == tenant_id, p.account == account)


def sign_out(session: Session, token: str) -> None:
    """Close a session."""
    session.execute(_sessions.delete().where(_sessions.c.token_hash == token_hash(token)))


def person_of(session: Session, token: str | None, now: datetime) -> Person:
    """Who holds a session token; NotSignedIn if nobody does any more."""
    if not token:
        raise NotSignedIn
    values = {"token_hash": token_hash(token), "now": now, "today": absences.day(now)}
    row = session.execute(_HOLDER, values).mappings().one_or_none()
    if row is None:
        raise NotSignedIn
    person = _person(row)
    return absences.with_absent(session, person, now) if row["stands_in"] else person


def former(session: Session, token: str | None, now: datetime) -> Person | None:
    """Who held a session token until at most twelve hours ago, None if nobody did. They may do nothing; what
    they were typing is theirs."""
    try:
        return person_of(session, token, now - timedelta(hours=REMEMBERED_HOURS))
    except NotSignedIn:
        return None


def person_by_account(session: Session, tenant_id: str, account: str) -> Person:
    """A person by account: who a token speaks for, or who acts from the command line."""
    values = {"tenant_id": tenant_id, "account": account}
    row = session.execute(_BY_ACCOUNT, values).mappings().one_or_none()
    if row is None:
        raise NotPermitted("There is no account {account}.", {"account": account})
    return _person({**row, "csrf": "", "calendar_revision": None, "tenant_name": ""})


def is_known(session: Session, tenant_id: str, account: str) -> bool:
    """Whether somebody has this account in a jurisdiction."""
    p = _people.c
    query = sa.select(p.id).where(p.tenant_id == tenant_id, p.account == account)
    return session.execute(query).scalar_one_or_none() is not None


def add_jurisdiction(session: Session, tenant_id: str, name: str, now: datetime) -> None:
    """Enter a jurisdiction, or its new name."""
    j = _jurisdictions.c
    found = session.execute(sa.select(j.name).where(j.tenant_id == tenant_id)).scalar_one_or_none()
    if found is None:
        values = {"tenant_id": tenant_id, "name": name, "created_at": now, "calendar_revision": 0}
        session.execute(_jurisdictions.insert().values(values))
    elif found != name:
        session.execute(_jurisdictions.update().where(j.tenant_id == tenant_id).values(name=name))


def add_unit(session: Session, tenant_id: str, unit_id: str, name: str) -> None:
    """Enter a unit unless it is there."""
    insert = insert_into(session, _units).values(tenant_id=tenant_id, id=unit_id, name=name)
    session.execute(insert.on_conflict_do_nothing())


def add_person(
    session: Session, tenant_id: str, account: str, name: str, post: str, unit_id: str, groups: list[str],
    password_hash: str, now: datetime, *, demo: bool = False, identity: str = "", initial: bool = False,
) -> None:  # fmt: skip
    """Enter a person with posts. The account is their id too: it never changes hands. Who has the same
    `identity` in several jurisdictions may go from one to the other without signing in again. Whoever has an
    `initial` password chooses their own first. The trail of rights is for the caller to keep."""
    session.execute(
        _people.insert().values(
            tenant_id=tenant_id, id=account, account=account, name=name, post=post, unit_id=unit_id,
            password_hash=password_hash, active=True, locale="zh-CN", demo=demo, identity=identity,
            initial_password=initial, created_at=now,
        )
    )  # fmt: skip
    keys = {"tenant_id": tenant_id, "user_id": account}
    if groups:
        session.execute(_memberships.insert(), [{**keys, "group_id": group} for group in groups])


def hash_password(password: str) -> str:
    """The Argon2id hash of a password, with a salt of its own. Costs a tenth of a second on purpose."""
    return _hasher.hash(password)


def first_password() -> str:
    """A password made by chance, to be read out and typed once: 20 letters and digits, none like another."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(20))
    return "-".join(letters[at : at + 5] for at in range(0, 20, 5))


def hash_first_password(password: str) -> str:
    """The hash of a password made by chance: nobody can guess 99 bits, so it need not be slow, and hundreds
    of people can be entered at once."""
    return _quick.hash(password)


def demo_accounts(session: Session) -> list[Account]:
    """The people of the demonstration."""
    p, u = _people.c, _units.c
    query = (
        sa.select(p.tenant_id, p.account, p.name, p.post, u.name)
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
        .where(p.demo, p.active)
        .order_by(p.tenant_id, p.created_at, p.account)
    )
    return [Account(*row) for row in session.execute(query)]


def in_several(session: Session) -> set[str]:
    """The accounts of those with posts in several jurisdictions."""
    p = _people.c
    query = sa.select(p.account).where(p.identity != "", p.active)
    return set(session.execute(query.group_by(p.account).having(sa.func.count() > 1)).scalars())


def jurisdictions(session: Session) -> list[tuple[str, str]]:
    """The jurisdictions of the installation in which somebody can sign in: id and name."""
    j, p = _jurisdictions.c, _people.c
    somebody = sa.exists().where(p.tenant_id == j.tenant_id, p.active)
    query = sa.select(j.tenant_id, j.name).where(somebody).order_by(j.tenant_id)
    return [(row[0], row[1]) for row in session.execute(query)]


def posts(session: Session, person: Person) -> list[Person]:
    """The person in every jurisdiction where they have a post, the present one included."""
    if not person.identity:
        return [person]
    p = _people.c
    query = sa.select(p.tenant_id, p.account).where(p.identity == person.identity, p.active)
    found = [person_by_account(session, *row) for row in session.execute(query.order_by(p.tenant_id)).all()]
    listed = session.execute(sa.select(_jurisdictions.c.tenant_id, _jurisdictions.c.name))
    names = {tenant_id: name for tenant_id, name in listed}
    return [replace(one, tenant_name=names.get(one.tenant_id, one.tenant_id)) for one in found]


def switch(session: Session, person: Person, token: str, tenant_id: str) -> None:
    """Go on in another jurisdiction where the person has a post; the session stays open."""
    there = next((one for one in posts(session, person) if one.tenant_id == tenant_id), None)
    if there is None:
        raise NotPermitted("You have no post in this jurisdiction.")
    session.execute(
        _sessions.update()
        .where(_sessions.c.token_hash == token_hash(token))
        .values(tenant_id=there.tenant_id, user_id=there.id)
    )


def follow(session: Session, person: Person, tenant_id: str, now: datetime) -> Person:
    """Enter the person, as they are, in a jurisdiction that is new to the installation."""
    p = _people.c
    row = session.execute(
        sa.select(p.password_hash, p.demo).where(p.tenant_id == person.tenant_id, p.id == person.id)
    ).one()
    add_unit(session, tenant_id, person.unit_id, person.unit_name)
    add_person(
        session, tenant_id, person.account, person.name, person.post, person.unit_id, sorted(person.groups),
        row.password_hash, now, demo=row.demo, identity=person.identity,
    )  # fmt: skip
    told = {"name": person.name, "post": person.post, "unit": person.unit_id}
    given = [Change("group_given", person.account, {"group": group}) for group in sorted(person.groups)]
    rights_log.add(session, person, tenant_id, now, Change("person_entered", person.account, told), *given)
    return person_by_account(session, tenant_id, person.account)


def members(session: Session, tenant_id: str, group_id: str) -> list[Account]:
    """The people who hold a post."""
    p, u, m = _people.c, _units.c, _memberships.c
    query = (
        sa.select(p.tenant_id, p.account, p.name, p.post, u.name)
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
        .join(_memberships, (m.tenant_id == p.tenant_id) & (m.user_id == p.id))
        .where(p.tenant_id == tenant_id, m.group_id == group_id, p.active)
        .order_by(p.account)
    )
    return [Account(*row) for row in session.execute(query)]


def set_locale(session: Session, person: Person, locale: str) -> None:
    """Remember the person's language."""
    where = (_people.c.tenant_id == person.tenant_id, _people.c.id == person.id)
    session.execute(_people.update().where(*where).values(locale=locale))


def _person(row: Any) -> Person:
    return Person(
        row["tenant_id"], row["id"], row["account"], row["name"], row["post"], row["unit_id"],
        row["unit_name"], frozenset((row["groups"] or "").split()), row["locale"], row["csrf"],
        row["calendar_revision"], row["identity"], row["tenant_name"], unread=row.get("unread", 0),
    )  # fmt: skip


@cache
def _nobody() -> str:
    """The hash of nobody's password: a wrong account takes as long as a wrong password. Made when it is first
    needed, for it takes a tenth of a second and 64 MB."""
    return _hasher.hash("a person who does not exist")


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
