"""Changing one's own password: what is asked of a new one, and what ends with the old one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.services import identity, rights_log
from server.services.attempts import count_failure
from server.services.authorization import Person, denied
from server.services.identity import Checked
from server.services.rights_log import Change
from server.services.second_factor import Owner
from server.services.usual_passwords import is_usual
from server.store.columns import new_id
from server.store.identity import AccountEvent, SignInSession, User

_people = User.metadata.tables["person"]
_sessions = SignInSession.metadata.tables["sign_in_session"]
_events = AccountEvent.metadata.tables["account_event"]

SHORTEST, LONGEST = 10, 500
"""Characters of a password, where the house asks for no more."""
FEWEST_DIFFERENT = 5
CHANGED = "password_changed"


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person typed: the password they have, the new one, and the new one once more."""

    present: str
    new: str
    again: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found out before the unit of work: whether the present password is right, what is wrong with
    the new one (field, English template), and its hash where nothing is."""

    checked: Checked
    problems: tuple[tuple[str, str], ...]
    new_hash: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened to an account, when, and from which address."""

    at: datetime
    kind: str
    address: str


def problems(
    account: str, name: str, wanted: Wanted, shortest: int = SHORTEST
) -> tuple[tuple[str, str], ...]:
    """What is wrong with a new password. Templates may name {shortest}. Nobody must change theirs after some
    time: what people must change often they choose badly."""
    new, found = wanted.new, []
    told = [word.casefold() for word in (account, name) if word]
    if not shortest <= len(new) <= LONGEST:
        found.append(("new", _("Take at least {shortest} characters.")))
    elif any(word in new.casefold() for word in told):
        found.append(("new", _("The password must not contain your account or your name.")))
    elif len(set(new)) < FEWEST_DIFFERENT:
        found.append(("new", _("Take more different characters.")))
    elif is_usual(new):
        found.append(("new", _("This is a password that is guessed first. Take another one.")))
    elif new == wanted.present:
        found.append(("new", _("This is the password that you have.")))
    if new != wanted.again:
        found.append(("again", _("The two new passwords differ.")))
    return tuple(found)


def look(
    session: Session, person: Person, wanted: Wanted, address: str, now: datetime, *, shortest: int = SHORTEST
) -> Looked:
    """Look at both passwords. Costs a fifth of a second on purpose: not for a unit of work. Raises
    TooManyAttempts after too many wrong ones."""
    may_change(session, person)
    account, present = person.account, wanted.present[:LONGEST]
    checked = identity.check(session, person.tenant_id, account, present, address, now)
    found = problems(account, person.name, wanted, shortest)
    if not checked.right:
        found = (("present", _("This is not your password.")), *found)
    return Looked(checked, found, "" if found else identity.hash_password(wanted.new))


def may_change(session: Session, person: Person) -> None:
    """Raise NotPermitted for people of a demonstration, whose password everybody knows."""
    p = _people.c
    query = sa.select(p.demo).where(p.tenant_id == person.tenant_id, p.id == person.id)
    if session.execute(query).scalar_one():
        denied("People of a demonstration keep their password.").require()


def change(
    session: Session, person: Person, looked: Looked, token: str, address: str, now: datetime
) -> tuple[tuple[str, str], ...]:
    """Let the new password hold wherever the person has a post, and end every other session of theirs. Gives
    what is wrong instead (a wrong present password is counted, so the caller must commit)."""
    if not looked.checked.right or not identity.holds(session, looked.checked):
        count_failure(session, identity.limits(person.tenant_id, person.account, address), now)
        return looked.problems or (("present", _("This is not your password.")),)
    if looked.problems:
        return looked.problems
    for post in identity.posts(session, person):
        mine = (_people.c.tenant_id == post.tenant_id, _people.c.id == post.id)
        values = {"password_hash": looked.new_hash, "initial_password": False}
        session.execute(_people.update().where(*mine).values(values))
        _end_sessions(session, post, token)
        _note(session, post, address, now)
    return ()


def choose(session: Session, of: Owner, new_hash: str, address: str, now: datetime) -> None:
    """Let a password that somebody has chosen in place of their first one hold wherever they have a post."""
    for tenant_id, user_id in of.posts:
        p, s = _people.c, _sessions.c
        mine = (p.tenant_id == tenant_id, p.id == user_id)
        session.execute(_people.update().where(*mine).values(password_hash=new_hash, initial_password=False))
        session.execute(
            _sessions.delete().where(s.tenant_id == tenant_id, s.user_id == user_id, s.pending == "")
        )
        _note(session, identity.person_by_account(session, tenant_id, user_id), address, now)


def _note(session: Session, person: Person, address: str, now: datetime) -> None:
    rights_log.add(session, person, person.tenant_id, now, Change(CHANGED, person.id))
    session.execute(
        _events.insert().values(
            tenant_id=person.tenant_id, id=new_id(now), user_id=person.id, at=now, kind=CHANGED,
            by=person.id, address=address,
        )
    )  # fmt: skip


def happened(session: Session, person: Person) -> list[Happened]:
    """What happened to one's own account, newest first, at most ten."""
    e = _events.c
    query = sa.select(e.at, e.kind, e.address).where(e.tenant_id == person.tenant_id, e.user_id == person.id)
    return [Happened(*row) for row in session.execute(query.order_by(e.id.desc()).limit(10))]


def _end_sessions(session: Session, person: Person, token: str) -> None:
    s = _sessions.c
    mine = (
        s.tenant_id == person.tenant_id,
        s.user_id == person.id,
        s.token_hash != identity.token_hash(token),
    )
    session.execute(_sessions.delete().where(*mine))
