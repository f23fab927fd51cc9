"""Who a machine speaks for: account and password, a token, or on a demonstration nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
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
from server.services import identity, sandbox
from server.services.authorization import Person
from server.services.errors import NotPermitted, NotSignedIn

REMEMBERED = 256
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Units(Protocol):
    """The two ways to talk to the database."""

    def read(self) -> AbstractContextManager[Session]: ...

    def write(self) -> AbstractContextManager[Session]: ...


@dataclass
class Admission:
    """Finds out who asks. A password is looked at once; after that its session is used while it lasts, for
    looking at one costs a tenth of a second on purpose."""

    units: Units
    secret: str
    open_to_guests: bool
    session_hours: int = 8
    _sessions: OrderedDict[bytes, str] = field(default_factory=OrderedDict)

    def person(self, request: Request, tenant: str, now: datetime) -> Person:
        """Who asks. `tenant` is the jurisdiction the request is about, "" if it names none.

        Raises NotSignedIn, TooManyAttempts, and Problem for a header that cannot be read."""
        refuse_other_sites(request)
        kind, _, sent = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            return self._by_password(request, *_account(sent), tenant, now)
        if kind.lower() == "bearer":
            with self.units.read() as session:
                return identity.person_of(session, sent.strip(), now)
        if self.open_to_guests and is_local(request):
            return sandbox.GUEST
        raise NotSignedIn

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
            token = identity.open_session(session, checked, address, now, self.session_hours)
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
    """Browsers say where a request comes from. Pages have no business here, least of all those of others."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    if "Origin" in request.headers or site not in ("none", "same-origin"):
        raise Problem(403, "AuthorizationException", "This address is for programs, not for pages.")
