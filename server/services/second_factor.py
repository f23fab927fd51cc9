"""动态口令: a second factor beside the password (TOTP, RFC 6238), with recovery codes for a lost telephone.

A human being has one, whichever of their posts they sign in for. Its secret is kept sealed with the key of
the house, so that a copy of the database alone opens nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.services import rights_log
from server.services.attempts import count_failure, forget, require_patience
from server.services.authorization import Person, may_administer
from server.services.errors import NotPermitted
from server.services.rights_log import Change
from server.store.identity import Membership, User
from server.store.people import RecoveryCode, SecondFactor

_people = User.metadata.tables["person"]
_memberships = Membership.metadata.tables["membership"]
_factors = SecondFactor.metadata.tables["second_factor"]
_codes = RecoveryCode.metadata.tables["recovery_code"]

Rule = Literal["optional", "admins", "everybody"]
NAME = "Guicheng"
STEP = 30
RECOVERY_CODES = 10
GUESSES = 10
"""Wrong codes of one account within a window, however often its password was right meanwhile."""
_ENROLMENT_SECONDS = 3600
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person needs to set it up: the secret to type, the address that a picture tells the telephone,
    and the secret sealed, to be sent back with the first code."""

    secret: str
    address: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Of whom a factor is: the account, and every post of the same human being."""

    tenant_id: str
    user_id: str
    posts: tuple[tuple[str, str], ...]

    def of(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The rows of this human being."""
        return sa.tuple_(table.c.tenant_id, table.c.user_id).in_(self.posts)


def owner(session: Session, tenant_id: str, user_id: str) -> Owner:
    """The human being behind an account."""
    p = _people.c
    mine = (p.tenant_id == tenant_id, p.id == user_id)
    known = session.execute(sa.select(p.identity).where(*mine)).scalar()
    posts = [(tenant_id, user_id)]
    if known:
        query = sa.select(p.tenant_id, p.id).where(p.identity == known).order_by(p.tenant_id, p.id)
        posts = [(row[0], row[1]) for row in session.execute(query)]
    return Owner(tenant_id, user_id, tuple(posts))


def is_enrolled(session: Session, of: Owner) -> bool:
    """Whether there is a factor."""
    query = sa.select(sa.literal(1)).where(of.of(_factors)).limit(1)
    return session.execute(query).scalar() is not None


def is_required(session: Session, of: Owner, rule: Rule) -> bool:
    """Whether the house asks this human being for one: for any of their posts."""
    if rule == "optional":
        return False
    m = _memberships
    query = sa.select(sa.literal(1)).where(of.of(m), m.c.group_id == "admin").limit(1)
    return rule == "everybody" or session.execute(query).scalar() is not None


def codes_left(session: Session, of: Owner) -> int:
    """How many recovery codes were not used yet."""
    query = sa.select(sa.func.count()).select_from(_codes).where(of.of(_codes))
    return int(session.execute(query).scalar_one())


# --------------------------------------------------------------------------- setting up and taking away
def enrolment(of: Owner, account: str, key: str, now: datetime) -> Enrolment:
    """A new secret. Nothing is kept: the sealed secret comes back with the first code."""
    import pyotp  # only for whoever sets it up or signs in with it

    secret = pyotp.random_base32()
    return _told(of, account, secret, seal(key, f"{of.tenant_id} {of.user_id} {secret}", now))


def again(of: Owner, account: str, sealed: str, key: str, now: datetime) -> Enrolment:
    """The same secret once more, for whoever mistyped the first code. Raises NotPermitted when it is none."""
    return _told(of, account, _opened(of, sealed, key, now), sealed)


def enrol(
    session: Session, of: Owner, sealed: str, code: str, key: str, now: datetime
) -> tuple[str, ...] | None:
    """Keep the secret once a first code has shown that the telephone has it, in place of an earlier one;
    gives the recovery codes, never to be read again. None when the code is wrong."""
    secret = _opened(of, sealed, key, now)
    step = _matching_step(secret, code, now)
    if step is None:
        return None
    _forget(session, of)
    session.execute(
        _factors.insert().values(
            tenant_id=of.tenant_id, user_id=of.user_id, sealed_secret=seal(key, secret, now), last_step=step,
            confirmed_at=now,
        )
    )  # fmt: skip
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    keys = {"tenant_id": of.tenant_id, "user_id": of.user_id}
    session.execute(_codes.insert(), [{**keys, "code_hash": _digest(of, code)} for code in codes])
    _tell(session, of, of.user_id, "factor_enrolled", now)
    return codes


def remove(session: Session, person: Person, of: Owner, now: datetime) -> None:
    """Take the factor away: one's own, or as an admin that of somebody who has lost it."""
    if (person.tenant_id, person.id) not in of.posts:
        may_administer(person).require()
    if is_enrolled(session, of):
        _forget(session, of)
        _tell(session, of, person.id, "factor_removed", now, person)


# --------------------------------------------------------------------------- using
def verify(session: Session, of: Owner, code: str, key: str, now: datetime) -> bool:
    """Whether a code of the telephone, or a recovery code, is right; either counts once. The caller commits:
    failures are counted. Raises TooManyAttempts."""
    guesses = {f"code {of.posts[0][0]} {of.posts[0][1]}": GUESSES}
    require_patience(session, guesses, now)
    if _uses_code(session, of, code, key, now) or _uses_recovery_code(session, of, code, now):
        forget(session, guesses)
        return True
    count_failure(session, guesses, now)
    return False


def _uses_code(session: Session, of: Owner, code: str, key: str, now: datetime) -> bool:
    row = session.execute(sa.select(_factors).where(of.of(_factors))).mappings().first()
    if row is None:
        return False
    step = _matching_step(unseal(key, row["sealed_secret"], None, now), code, now)
    if step is None:
        return False
    newer = _factors.update().where(of.of(_factors), _factors.c.last_step < step)  # of two at once, one
    return bool(session.execute(newer.values(last_step=step)).rowcount)  # type: ignore[attr-defined]


def _uses_recovery_code(session: Session, of: Owner, code: str, now: datetime) -> bool:
    digests = [_digest(Owner(*post, ()), code) for post in of.posts]
    gone = _codes.delete().where(of.of(_codes), _codes.c.code_hash.in_(digests))
    if not session.execute(gone).rowcount:  # type: ignore[attr-defined]
        return False
    _tell(session, of, of.user_id, "recovery_code_used", now)
    return True


def _matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step of a code: the present one, or the one before or after it for clocks that differ."""
    import pyotp

    given = "".join(code.split())
    if not (given.isascii() and given.isdigit() and len(given) == 6):
        return None
    present = int(now.timestamp()) // STEP
    made = pyotp.TOTP(secret)
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(made.at(step * STEP), given):
            return step
    return None


# --------------------------------------------------------------------------- secrets
def _told(of: Owner, account: str, secret: str, sealed: str) -> Enrolment:
    import pyotp

    named = f"{account}@{of.tenant_id}"
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=named, issuer_name=NAME), sealed)


def _opened(of: Owner, sealed: str, key: str, now: datetime) -> str:
    told = unseal(key, sealed, _ENROLMENT_SECONDS, now).split(" ")
    if len(told) != 3 or (told[0], told[1]) != (of.tenant_id, of.user_id):
        raise NotPermitted("This page is too old. Open it again.")
    return told[2]


def seal(key: str, text: str, now: datetime) -> str:
    """A text that only this house can read and change (`key`)."""
    from cryptography.fernet import Fernet  # a twentieth of a second that others need not wait for

    return Fernet(_key(key)).encrypt_at_time(text.encode(), int(now.timestamp())).decode()


def unseal(key: str, sealed: str, seconds: int | None, now: datetime) -> str:
    """What was sealed, at most so many seconds ago. Raises NotPermitted when it is not ours or too old."""
    from cryptography.fernet import Fernet, InvalidToken

    box = Fernet(_key(key))
    try:
        if seconds is None:
            return box.decrypt(sealed.encode()).decode()
        return box.decrypt_at_time(sealed.encode(), seconds, int(now.timestamp())).decode()
    except (InvalidToken, ValueError) as error:
        raise NotPermitted("This page is too old. Open it again.") from error


def _key(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"second factor\0" + key.encode()).digest())


def _recovery_code() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))


def _digest(of: Owner, code: str) -> str:
    plain = "".join(c for c in code.lower() if c in _LETTERS)
    return hashlib.sha256(f"{of.tenant_id} {of.user_id} {plain}".encode()).hexdigest()


def _forget(session: Session, of: Owner) -> None:
    session.execute(_factors.delete().where(of.of(_factors)))
    session.execute(_codes.delete().where(of.of(_codes)))


def _tell(
    session: Session, of: Owner, actor_id: str, kind: str, now: datetime, actor: Person | None = None
) -> None:
    """One line in the trail of every jurisdiction where this human being has a post."""
    p = _people.c
    posts: Sequence[tuple[str, str]] = of.posts
    for tenant_id, user_id in posts:
        who = actor
        if who is None:
            name = session.execute(
                sa.select(p.name).where(p.tenant_id == tenant_id, p.id == user_id)
            ).scalar()
            who = Person(tenant_id, actor_id, actor_id, name or actor_id, "", "", "", frozenset())
        rights_log.add(session, who, tenant_id, now, Change(kind, user_id))
