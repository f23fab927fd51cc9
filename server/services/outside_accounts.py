"""统一身份: whom another system that signs people in means, as an admin has linked them. Nobody is entered by
signing in elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.services import rights_log, second_factor
from server.services.authorization import Person, denied, may_administer
from server.services.bundle_log import take_turn
from server.services.errors import NotFound
from server.services.rights_log import Change
from server.services.second_factor import Owner
from server.store.identity import User
from server.store.people import OutsideAccount

_outside = OutsideAccount.metadata.tables["outside_account"]
_people = User.metadata.tables["person"]
LONGEST = 255
"""Characters of a subject, as OpenID Connect bounds it."""


@dataclass(frozen=True, slots=True)
class Link:
    """An account elsewhere that somebody signs in with."""

    issuer: str
    subject: str
    linked_by: str
    linked_at: datetime


def link(session: Session, person: Person, account: str, issuer: str, subject: str, now: datetime) -> None:
    """Let somebody sign in as a subject of the issuer. A subject is one person."""
    may_administer(person).require()
    subject = subject.strip()
    if not 0 < len(subject) <= LONGEST or not subject.isprintable():
        denied("Write the identifier that the other system gives the person.").require()
    take_turn(session, person.tenant_id)
    p, o = _people.c, _outside.c
    mine = sa.select(p.id).where(p.tenant_id == person.tenant_id, p.id == account)
    if session.execute(mine).scalar() is None:
        raise NotFound("person", account)
    taken = sa.select(o.user_id).where(o.issuer == issuer, o.subject == subject)
    if session.execute(taken).scalar() is not None:
        denied("This identifier is linked already: take that link away first.").require()
    session.execute(
        _outside.insert().values(
            issuer=issuer, subject=subject, tenant_id=person.tenant_id, user_id=account,
            linked_by=person.id, linked_at=now,
        )
    )  # fmt: skip
    told = {"issuer": issuer, "subject": subject}
    rights_log.add(session, person, person.tenant_id, now, Change("outside_linked", account, told))


def unlink(session: Session, person: Person, account: str, issuer: str, subject: str, now: datetime) -> None:
    """Take a link away: from then on the subject is nobody here."""
    may_administer(person).require()
    o = _outside.c
    where = (
        o.tenant_id == person.tenant_id, o.user_id == account, o.issuer == issuer, o.subject == subject,
    )  # fmt: skip
    if not session.execute(_outside.delete().where(*where)).rowcount:  # type: ignore[attr-defined]
        raise NotFound("person", account)
    told = {"issuer": issuer, "subject": subject}
    rights_log.add(session, person, person.tenant_id, now, Change("outside_unlinked", account, told))


def of_person(session: Session, person: Person, account: str) -> list[Link]:
    """The links of an account, for admins."""
    may_administer(person).require()
    o = _outside.c
    query = sa.select(o.issuer, o.subject, o.linked_by, o.linked_at)
    query = query.where(o.tenant_id == person.tenant_id, o.user_id == account).order_by(o.issuer, o.subject)
    return [Link(*row) for row in session.execute(query)]


def owner_of(session: Session, issuer: str, subject: str) -> Owner | None:
    """Who a subject is here; None where nobody is linked, or who was is no longer in office."""
    o, p = _outside.c, _people.c
    query = (
        sa.select(o.tenant_id, o.user_id)
        .join(_people, (p.tenant_id == o.tenant_id) & (p.id == o.user_id))
        .where(o.issuer == issuer, o.subject == subject, p.active)
    )
    row = session.execute(query).one_or_none()
    return second_factor.owner(session, row.tenant_id, row.user_id) if row else None
