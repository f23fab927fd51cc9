"""Who a machine speaks for: account and password, a token, or on a demonstration nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections import OrderedDict
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from sqlmodel import Session
from starlette.requests import Request

from server.api.camunda_errors import Problem
from server.services import attempts, identity, sandbox, tokens
from server.services.authorization import Person, denied
from server.services.errors import NotPermitted, NotSignedIn
from server.services.second_factor import Rule

REMEMBERED = 256
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


PER_MINUTE = 3000
"""Requests one person's programs may send within a minute."""


class Rates:
    """Counts requests of each key within the present minute. Kept in memory: it protects a server, and one
    that begins anew owes nobody."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._minute = 0
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def wait(self, key: str, now: datetime) -> int:
        """Count one more; seconds to wait if that is too many, else 0."""
        minute, second = divmod(int(now.timestamp()), 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            count = self._counts[key] = self._counts.get(key, 0) + 1
        return 60 - second if count > self._limit else 0


class Units(Protocol):
    """The two ways to talk to the database."""

    def read(self) -> AbstractContextManager[Session]: ...

    def write(self) -> AbstractContextManager[Session]: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what a token lets them do: None where they signed in themselves and may do all that is
    theirs."""

    person: Person
    scopes: frozenset[str] | None = None
    topics: frozenset[str] | None = None

    def require(self, scope: str) -> None:
        """Raise NotPermitted where the token is for none of these."""
        if scope and self.scopes is not None and self.scopes.isdisjoint(scope.split()):
            denied("This token is not for {scope}. Make one that is.", scope=scope).require()

    def require_topic(self, topic: str) -> None:
        """Raise NotPermitted where the token is for other topics."""
        if self.topics and topic not in self.topics:
            denied("This token is not for work on topic {topic}.", topic=topic).require()


@dataclass
class Admission:
    """Finds out who asks. A password is looked at once; after that its session is used while it lasts, for
    looking at one costs a tenth of a second on purpose."""

    units: Units
    secret: str
    open_to_guests: bool
    session_hours: int = 8
    second_factor: Rule = "optional"
    _sessions: OrderedDict[bytes, str] = field(default_factory=OrderedDict)
    _rates: Rates = field(default_factory=lambda: Rates(PER_MINUTE))

    def caller(self, request: Request, tenant: str, now: datetime) -> Caller:
        """Who asks. `tenant` is the jurisdiction the request is about, "" if it names none.

        Raises NotSignedIn, TooManyAttempts, and Problem for a header that cannot be read or too many
        requests."""
        refuse_other_sites(request)
        kind, _, sent = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            found = Caller(self._by_password(request, *_account(sent), tenant, now))
        elif kind.lower() == "bearer":
            found = self._by_token(request, sent.strip(), now)
        elif self.open_to_guests and is_local(request):
            found = Caller(sandbox.GUEST)
        else:
            raise NotSignedIn
        if not tenant and (wait := self._rates.wait(f"{found.person.tenant_id} {found.person.id}", now)):
            raise Problem(429, "TooManyRequestsException", "Too many requests.", wait=wait)
        return found

    def _by_token(self, request: Request, secret: str, now: datetime) -> Caller:
        address = request.client.host if request.client else ""
        guesses = f"token {address[:100]}"
        with self.units.read() as session:
            attempts.require_patience(session, {guesses: identity.ADDRESS_ATTEMPTS}, now)
            held = tokens.holder(session, secret, now)
        if held is None:
            with self.units.write() as session:
                attempts.count_failure(session, [guesses], now)
            raise NotSignedIn
        if held.unnoted:
            with self.units.write() as session:
                tokens.note_use(session, held, address, now)
        return Caller(held.person, held.scopes, held.topics)

    def _by_password(
        self, request: Request, account: str, password: str, tenant: str, now: datetime
    ) -> Person:
        named, _, own = account.rpartition("/")
        with self.units.read() as session:
            tenants = [named] if named else _tenants(session, own, tenant)
        for place in tenants:
            token = self._token(request, place, own, password, now)
            if token is not None:
                with self.units.read() as session:
                    return identity.person_of(session, token, now)
        raise NotSignedIn

    def _token(self, request: Request, tenant: str, account: str, password: str, now: datetime) -> str | None:
        """The session of these credentials, opened if there is none."""
        key = self._key(tenant, account, password)
        known = self._sessions.get(key)
        if known is not None and self._is_open(known, now):
            return known
        address = request.client.host if request.client else ""
        with self.units.read() as session:
            checked = identity.check(session, tenant, account, password, address, now)
        with self.units.write() as session:
            token = identity.open_session(
                session,
                checked,
                address,
                now,
                self.session_hours,
                rule=self.second_factor,
                agent=_agent(request),
            )
        if token is not None:
            self._sessions[key] = token
            while len(self._sessions) > REMEMBERED:
                self._sessions.popitem(last=False)
        return token

    def _is_open(self, token: str, now: datetime) -> bool:
        try:
            with self.units.read() as session:
                identity.person_of(session, token, now + timedelta(seconds=10))
        except NotSignedIn:
            return False
        return True

    def _key(self, *parts: str) -> bytes:
        text = "\0".join(parts).encode()
        return hmac.new(self.secret.encode(), text, hashlib.sha256).digest()


def _agent(request: Request) -> str:
    return request.headers.get("User-Agent", "")


def _tenants(session: Session, account: str, tenant: str) -> list[str]:
    """Where an account may be at home: in the jurisdiction that is asked for, else wherever it is known."""
    known = [identity_id for identity_id, _ in identity.jurisdictions(session)]
    if tenant in known:
        return [tenant]
    return [place for place in known if _knows(session, place, account)] or known[:1]


def _knows(session: Session, tenant: str, account: str) -> bool:
    try:
        identity.person_by_account(session, tenant, account)
    except NotPermitted:
        return False
    return True


def _account(sent: str) -> tuple[str, str]:
    try:
        account, _, password = base64.b64decode(sent, validate=True).decode().partition(":")
    except ValueError:
        raise Problem(400, "InvalidRequestException", "The Authorization header cannot be read.") from None
    return account, password


# --------------------------------------------------------------------------- guests
def is_local(request: Request) -> bool:
    """Whether a program on this machine asks, and asks us directly: not through a proxy, and not by a name
    that somebody else points at this machine."""
    client = request.client.host if request.client else ""
    if any(name in request.headers for name in FORWARDED) or not _is_loopback(client):
        return False
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    return host == "localhost" or _is_loopback(host)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def refuse_other_sites(request: Request) -> None:
    """Browsers say where a request comes from. Pages have no business here, least of all those of others.
    Programs made of pages, such as the desktop modeler, come from files; no page of the web can say so."""
    if request.headers.get("Origin") == "file://":
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    if "Origin" in request.headers or site not in ("none", "same-origin"):
        raise Problem(403, "AuthorizationException", "This address is for programs, not for pages.")
