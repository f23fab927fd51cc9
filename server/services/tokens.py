"""Personal access tokens: with one, a program acts as its person, within what the token is for."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.services import identity, rights_log
from server.services.authorization import Person, denied, may_administer, may_deploy
from server.services.errors import NotFound
from server.services.rights_log import Change
from server.store.columns import new_id
from server.store.identity import User
from server.store.machines import AccessToken

_tokens = AccessToken.metadata.tables["access_token"]
_people = User.metadata.tables["person"]

SCOPES = ("read", "deploy", "start", "tasks", "work")
"""What a token may be for: looking and asking decisions; deploying; starting cases and sending messages;
claiming and completing tasks; work on external tasks."""
PREFIX = "guicheng_"
"""Every token begins so: scanners that look for secrets in files can know it."""
LONGEST = 365
MOST = 50
"""Days a token may live, and how many one person may have at once."""
_USE_NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token is to be: its name, what it is for, for which topics (none: all), for how many days."""

    name: str
    scopes: tuple[str, ...]
    days: int
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its person and the admins see it. `hint` are its last characters."""

    id: str
    account: str
    person_name: str
    name: str
    hint: str
    scopes: list[str]
    topics: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None
    last_used_from: str
    revoked_at: datetime | None
    revoked_by: str | None

    def state(self, now: datetime) -> str:
        """valid, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.expires_at > now else "expired"


@dataclass(frozen=True, slots=True)
class Held:
    """Who a token speaks for and what it is for. `unnoted`: its use is to be noted."""

    id: str
    person: Person
    scopes: frozenset[str]
    topics: frozenset[str]
    unnoted: bool


# --------------------------------------------------------------------------- making and taking back
def create(session: Session, person: Person, wanted: Wanted, now: datetime, *, by: str = "") -> str:
    """Make a token for the person and give it: it can never be read again. `by` is who made it, if not they
    themselves. NotPermitted says what is wrong."""
    _require(person, wanted)
    if sum(token.state(now) == "valid" for token in mine(session, person)) >= MOST:
        denied("You have {n} tokens. Revoke one that is not used any more.", n=MOST).require()
    secret = PREFIX + secrets.token_urlsafe(32)
    session.execute(
        _tokens.insert().values(
            tenant_id=person.tenant_id, id=new_id(now), user_id=person.id, name=wanted.name.strip(),
            hint=secret[-4:], token_hash=_hash(secret), scopes=sorted(set(wanted.scopes)),
            topics=sorted(set(wanted.topics)), created_at=now, created_by=by or person.id,
            expires_at=now + timedelta(days=wanted.days), last_used_from="",
        )
    )  # fmt: skip
    actor = replace(person, id=by, name=by, post="") if by else person
    told = {"name": wanted.name.strip(), "scopes": " ".join(sorted(set(wanted.scopes)))}
    rights_log.add(session, actor, person.tenant_id, now, Change("token_made", person.id, told))
    return secret


def revoke(session: Session, person: Person, token_id: str, now: datetime) -> None:
    """Let a token work no more: one's own, or as an admin anybody's of the jurisdiction."""
    t = _tokens.c
    where = [t.tenant_id == person.tenant_id, t.id == token_id, t.revoked_at.is_(None)]
    if not may_administer(person):
        where.append(t.user_id == person.id)
    changed = _tokens.update().where(*where).values(revoked_at=now, revoked_by=person.id)
    of = session.execute(changed.returning(t.user_id)).scalar_one_or_none()
    if of is None:
        raise NotFound("token", token_id)
    rights_log.add(session, person, person.tenant_id, now, Change("token_revoked", of))


def _require(person: Person, wanted: Wanted) -> None:
    if person.via:
        denied("A program cannot make tokens. Sign in and make it on the page of tokens.").require()
    if not 0 < len(wanted.name.strip()) <= 100:
        denied(
            "Give the token a name of at most 100 characters, such as the program that will use it."
        ).require()
    if not wanted.scopes or not set(wanted.scopes) <= set(SCOPES):
        denied("Choose what the token is for.").require()
    if "deploy" in wanted.scopes:
        may_deploy(person).require()
    if not 1 <= wanted.days <= LONGEST:
        denied("A token lives from 1 to {n} days.", n=LONGEST).require()
    if any(not topic or len(topic) > 200 or not topic.isprintable() for topic in wanted.topics):
        denied("A topic is a word of at most 200 characters.").require()


# --------------------------------------------------------------------------- lists
def mine(session: Session, person: Person) -> list[TokenView]:
    """The person's tokens, newest first."""
    return _listing(session, _tokens.c.tenant_id == person.tenant_id, _tokens.c.user_id == person.id)


def of_everybody(session: Session, person: Person) -> list[TokenView]:
    """All tokens of the jurisdiction, newest first, for its admins."""
    may_administer(person).require()
    return _listing(session, _tokens.c.tenant_id == person.tenant_id)


def _listing(session: Session, *where: sa.ColumnElement[bool]) -> list[TokenView]:
    t = _tokens.c
    names = ("hint", "scopes", "topics", "created_at", "created_by", "expires_at", "last_used_at",
             "last_used_from", "revoked_at", "revoked_by")  # fmt: skip
    columns: Sequence[Any] = [t.id, _people.c.account, _people.c.name.label("person_name"), t.name]
    query = (
        sa.select(*columns, *(t[name] for name in names))
        .join(_people, (_people.c.tenant_id == t.tenant_id) & (_people.c.id == t.user_id))
        .where(*where)
        .order_by(t.id.desc())
        .limit(1000)
    )
    return [TokenView(*row) for row in session.execute(query)]


# --------------------------------------------------------------------------- using
def _held() -> sa.Select[Any]:
    t, p = _tokens.c, _people.c
    return (
        sa.select(t.tenant_id, t.id, t.name, t.scopes, t.topics, t.last_used_at, p.account)
        .join(_people, (p.tenant_id == t.tenant_id) & (p.id == t.user_id))
        .where(
            t.token_hash == bindparam("token_hash"), t.revoked_at.is_(None),
            t.expires_at > bindparam("now"), p.active,
        )
    )  # fmt: skip


_HELD = _held()


def holder(session: Session, secret: str, now: datetime) -> Held | None:
    """Who a token speaks for; None where nobody is behind it: unknown, expired, revoked, or of a person who
    has left."""
    row = session.execute(_HELD, {"token_hash": _hash(secret), "now": now}).one_or_none()
    if row is None:
        return None
    person = replace(identity.person_by_account(session, row.tenant_id, row.account), via=row.name)
    unnoted = row.last_used_at is None or row.last_used_at <= now - _USE_NOTED_EVERY
    return Held(row.id, person, frozenset(row.scopes), frozenset(row.topics), unnoted)


def note_use(session: Session, held: Held, address: str, now: datetime) -> None:
    """Note when and from where a token was used last."""
    where = (_tokens.c.tenant_id == held.person.tenant_id, _tokens.c.id == held.id)
    session.execute(_tokens.update().where(*where).values(last_used_at=now, last_used_from=address[:100]))


def _hash(secret: str) -> str:
    """Tokens are long and random: a plain digest cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()
