"""Signing in with another system's account: OpenID Connect, the code flow with PKCE, against one issuer that
whoever runs the house has set. Only what is needed of it; tokens are checked, never kept."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from server.services.errors import ServiceError

ALGORITHMS = ("RS256", "PS256", "ES256")
"""With keys that the issuer publishes: never one that we share, never none."""
_PATIENCE, _LARGEST, _LEEWAY = 10, 1_000_000, 60


@dataclass(frozen=True, slots=True)
class Client:
    """What this server is to the issuer. `back` is the address to which people come back."""

    issuer: str
    client_id: str
    client_secret: str
    back: str


@dataclass(frozen=True, slots=True)
class Trip:
    """What one sign-in must remember while the person is at the issuer: nobody else can end it."""

    state: str
    nonce: str
    verifier: str


@dataclass(eq=False)
class OutsideFailed(ServiceError):
    """The issuer cannot be reached, or what it answers does not hold. `what` is for the log."""

    what: str


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        return None


_opener = build_opener(_NoRedirects)


def depart(client: Client) -> tuple[Trip, str]:
    """Begin: what to remember, and the address to which the person goes. Raises OutsideFailed."""
    where = _discovered(client)
    trip = Trip(*(secrets.token_urlsafe(32) for _ in range(3)))
    digest = hashlib.sha256(trip.verifier.encode()).digest()
    asked = {
        "response_type": "code", "client_id": client.client_id, "redirect_uri": client.back,
        "scope": "openid", "state": trip.state, "nonce": trip.nonce, "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
    }  # fmt: skip
    address = _address(where, "authorization_endpoint")
    return trip, f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def arrive(client: Client, trip: Trip, code: str, now: datetime) -> str:
    """End: change the code for a token, check it, give the subject whom it names. Raises OutsideFailed."""
    where = _discovered(client)
    sent = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": client.back,
        "client_id": client.client_id, "code_verifier": trip.verifier,
    }  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if client.client_secret:
        pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    answer = _fetch(_address(where, "token_endpoint"), urlencode(sent).encode(), headers)
    keys = _fetch(_address(where, "jwks_uri"))
    return _subject(client, trip, str(answer.get("id_token", "")), keys, now)


def _subject(client: Client, trip: Trip, token: str, keys: dict[str, Any], now: datetime) -> str:
    from joserfc import jwt  # only for whoever signs in this way
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    rules = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()), leeway=_LEEWAY,
        iss={"essential": True, "value": client.issuer}, aud={"essential": True, "value": client.client_id},
        exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
        nonce={"essential": True, "value": trip.nonce},
    )  # fmt: skip
    try:
        claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS)).claims  # type: ignore[arg-type]
        rules.validate(claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise OutsideFailed(f"the token does not hold: {error}") from error
    audience, party = claims["aud"], claims.get("azp", client.client_id)
    if party != client.client_id or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
    ):
        raise OutsideFailed("the token is for another program")
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject:
        raise OutsideFailed("the token names nobody")
    return subject


def _discovered(client: Client) -> dict[str, Any]:
    found = _fetch(client.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if found.get("issuer") != client.issuer:
        raise OutsideFailed(f"the issuer calls itself {found.get('issuer')!r}")
    return found


def _address(where: dict[str, Any], name: str) -> str:
    """An address of the issuer: over HTTPS, or on this machine."""
    found = where.get(name)
    parts = urlsplit(found) if isinstance(found, str) else urlsplit("")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")):
        return str(found)
    raise OutsideFailed(f"the issuer names no safe {name}")


def _fetch(address: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    request = Request(address, body, {"Accept": "application/json", **(headers or {})})
    try:
        with _opener.open(request, timeout=_PATIENCE) as answer:
            found = json.loads(answer.read(_LARGEST))
    except (URLError, OSError, ValueError, RecursionError) as error:
        raise OutsideFailed(f"{urlsplit(address).path}: {error}") from error
    if not isinstance(found, dict):
        raise OutsideFailed(f"{urlsplit(address).path}: no object")
    return found
