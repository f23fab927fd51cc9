"""Signing in beyond the password: what is still to come before a session opens anything (a code of the second
factor, setting one up, a password of one's own), one thing after the other."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.services import second_factor
from server.services.errors import NotSignedIn
from server.services.second_factor import Owner, Rule
from server.store.identity import SignInSession, User

_sessions = SignInSession.metadata.tables["sign_in_session"]
_people = User.metadata.tables["person"]

Step = Literal["", "code", "factor", "password"]
PATIENCE = timedelta(minutes=10)
"""How long a session waits for what is still to come."""
_AGENT, _ADDRESS = 200, 100


@dataclass(frozen=True, slots=True)
class Browser:
    """From where somebody signs in, and how (`password`, or the issuer that vouches for them)."""

    address: str = ""
    agent: str = ""
    method: str = "password"


@dataclass(frozen=True, slots=True)
class Pending:
    """A session that waits: for which step, whose it is."""

    step: Step
    token_hash: str
    owner: Owner
    account: str
    name: str
    browser: Browser


def first_step(session: Session, of: Owner, rule: Rule, method: str, *, passed: bool = False) -> Step:
    """What is to come next: the code (or, where one is required and missing, setting it up) until it has
    `passed`, then a password of one's own in place of a first one."""
    if not passed:
        if second_factor.is_enrolled(session, of):
            return "code"
        if second_factor.is_required(session, of, rule):
            return "factor"
    p = _people.c
    query = sa.select(p.initial_password).where(p.tenant_id == of.tenant_id, p.id == of.user_id)
    return "password" if method == "password" and session.execute(query).scalar() else ""


def begin(
    session: Session, of: Owner, browser: Browser, now: datetime, hours: int, *, rule: Rule = "optional",
    passed: bool = False,
) -> str:  # fmt: skip
    """Open a session, or one that waits; gives its token. Ended ones are cleared away."""
    step = first_step(session, of, rule, browser.method, passed=passed)
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    until = now + (PATIENCE if step else timedelta(hours=hours))
    session.execute(
        _sessions.insert().values(
            token_hash=token_hash(token), tenant_id=of.tenant_id, user_id=of.user_id, csrf=csrf,
            created_at=now, expires_at=until, pending=step, method=browser.method,
            address=browser.address[:_ADDRESS], agent=_agent(browser.agent),
        )
    )  # fmt: skip
    session.execute(_sessions.delete().where(_sessions.c.expires_at < now))
    return token


def pending(session: Session, token: str | None, now: datetime) -> Pending | None:
    """The session that waits under a token; None where there is none."""
    s, p = _sessions.c, _people.c
    query = (
        sa.select(s.tenant_id, s.user_id, s.pending, s.method, s.address, s.agent, p.account, p.name)
        .join(_people, (p.tenant_id == s.tenant_id) & (p.id == s.user_id))
        .where(s.token_hash == token_hash(token or ""), s.pending != "", s.expires_at > now, p.active)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    of = second_factor.owner(session, row.tenant_id, row.user_id)
    browser = Browser(row.address, row.agent, row.method)
    return Pending(row.pending, token_hash(token or ""), of, row.account, row.name, browser)


def go_on(session: Session, found: Pending, now: datetime, hours: int) -> str:
    """The step was done: the session that waited ends, and another opens or waits for the next step, under a
    new token."""
    gone = session.execute(_sessions.delete().where(_sessions.c.token_hash == found.token_hash))
    if gone.rowcount != 1:  # type: ignore[attr-defined]  # another request has ended it
        raise NotSignedIn
    return begin(session, found.owner, found.browser, now, hours, passed=True)


def token_hash(token: str) -> str:
    """Under which a session is kept: its token is known to the browser alone."""
    return hashlib.sha256(token.encode()).hexdigest()


def _agent(agent: str) -> str:
    """A browser as people know it: its name and its system, out of the long text that it sends."""
    known = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
             ("Safari/", "Safari"))  # fmt: skip
    systems = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("Mac OS", "macOS"),
               ("Linux", "Linux"))  # fmt: skip
    name = next((title for mark, title in known if mark in agent), "")
    system = next((title for mark, title in systems if mark in agent), "")
    plain = "".join(c for c in agent if c.isprintable())
    return " · ".join(word for word in (name, system) if word) or plain[:_AGENT]
