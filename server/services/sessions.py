"""Open sessions: who is signed in from where, and ending what one does not know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.services import identity, rights_log
from server.services.authorization import Person, may_administer
from server.services.errors import NotFound
from server.services.rights_log import Change
from server.store.identity import SignInSession

_sessions = SignInSession.metadata.tables["sign_in_session"]
_SHOWN = 16
"""A session is named by the first characters of the digest under which it is kept: that opens nothing."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """An open session; `present` is the one that asks."""

    id: str
    created_at: datetime
    expires_at: datetime
    method: str
    address: str
    agent: str
    present: bool


def of_person(
    session: Session, person: Person, account: str, now: datetime, token: str = ""
) -> list[SessionView]:
    """The open sessions of an account, newest first: one's own, or as an admin anybody's."""
    if account != person.id:
        may_administer(person).require()
    s, present = _sessions.c, identity.token_hash(token) if token else ""
    query = (
        sa.select(s.token_hash, s.created_at, s.expires_at, s.method, s.address, s.agent)
        .where(s.tenant_id == person.tenant_id, s.user_id == account, s.expires_at > now, s.pending == "")
        .order_by(s.created_at.desc(), s.token_hash)
        .limit(100)
    )
    return [
        SessionView(
            row.token_hash[:_SHOWN], row.created_at, row.expires_at, row.method, row.address, row.agent,
            row.token_hash == present,
        )
        for row in session.execute(query)
    ]  # fmt: skip


def end(session: Session, person: Person, account: str, session_id: str, now: datetime) -> None:
    """End a session, or with "" every session, of one's own account or as an admin of anybody's."""
    if account != person.id:
        may_administer(person).require()
    s = _sessions.c
    where = [s.tenant_id == person.tenant_id, s.user_id == account]
    if session_id:
        where.append(sa.func.substr(s.token_hash, 1, _SHOWN) == session_id)
    gone = session.execute(_sessions.delete().where(*where))
    if session_id and not gone.rowcount:  # type: ignore[attr-defined]
        raise NotFound("session", session_id)
    if account != person.id:
        rights_log.add(session, person, person.tenant_id, now, Change("sessions_ended", account))


def end_others(session: Session, person: Person, token: str) -> None:
    """End every session of one's own but the present one."""
    s = _sessions.c
    session.execute(
        _sessions.delete().where(
            s.tenant_id == person.tenant_id,
            s.user_id == person.id,
            s.token_hash != identity.token_hash(token),
        )
    )
