"""What a page is given: the house it stands in, who asks, when, in which language, and one unit of work."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session
from starlette.requests import Request

from server.engine.forms import Pair
from server.services.attachments import FileStore
from server.services.authorization import Person
from server.services.channels import Channels
from server.services.errors import NotSignedIn
from server.settings import Settings
from server.store.database import Database
from server.web.language import LANGUAGES, Translator, translator
from server.web.posting import Posted, storable


def _clock() -> datetime:
    return datetime.now(UTC)


_VISITOR = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class House:
    """What all requests share."""

    settings: Settings
    database: Database
    files: FileStore
    clock: Callable[[], datetime] = _clock
    channels: Channels = field(default_factory=Channels)

    @property
    def session_cookie(self) -> str:
        """Name of the cookie that holds the session; over HTTPS no other host can set it."""
        return "__Host-guicheng" if self.settings.secure_cookies else "guicheng"

    @property
    def visitor_cookie(self) -> str:
        """Name of the cookie that ties a form to the browser of someone who is not signed in."""
        return "__Host-visitor" if self.settings.secure_cookies else "visitor"

    def visitor_of(self, request: Request) -> str:
        """What a visitor is known by before they sign in; "" for a name we never gave: they get another."""
        known = request.cookies.get(self.visitor_cookie, "")
        return known if _VISITOR.fullmatch(known) else ""


@dataclass(slots=True)
class Visit:
    """One request being answered. Pages read it and hand its parts to services. `found` is what the page has
    looked at before its unit of work."""

    house: House
    request: Request
    session: Session
    now: datetime
    person_or_none: Person | None = None
    posted: Posted = field(default_factory=Posted)
    visitor: str = ""
    found: Any = None

    @property
    def person(self) -> Person:
        """Who asks; NotSignedIn if nobody is."""
        if self.person_or_none is None:
            raise NotSignedIn
        return self.person_or_none

    @property
    def language(self) -> str:
        """The person's language, else the one chosen in this browser, else the house's."""
        if self.person_or_none is not None:
            return self.person_or_none.locale
        chosen = self.request.cookies.get("language", "")
        return chosen if chosen in LANGUAGES else self.house.settings.language

    @property
    def words(self) -> Translator:
        """The translator of this visit."""
        return translator(self.language)

    @property
    def is_htmx(self) -> bool:
        """Whether htmx asks for a part of the page. A page that is restored from history is wanted whole."""
        headers = self.request.headers
        return headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in headers

    @property
    def wants_json(self) -> bool:
        """Whether a machine asks."""
        accept = self.request.headers.get("Accept", "")
        return "application/json" in accept and "text/html" not in accept

    @property
    def token(self) -> str | None:
        """The session's token."""
        return self.request.cookies.get(self.house.session_cookie)

    @property
    def csrf(self) -> str:
        """What every form of this visit carries."""
        return self.person_or_none.csrf if self.person_or_none is not None else self.visitor

    @property
    def pairs(self) -> list[Pair]:
        """The posted texts in their order, without files."""
        return list(self.posted.texts)

    def path(self, name: str) -> str:
        """A part of the address."""
        return storable(str(self.request.path_params[name]))[:200]

    def path_or_none(self, name: str) -> str | None:
        """A part of the address, None where this address has none of that name."""
        return self.path(name) if name in self.request.path_params else None

    def query(self, name: str) -> str:
        """A value of the address's query, "" when it is not there."""
        return storable(self.request.query_params.get(name, ""))[:200]

    def sent(self, name: str) -> str:
        """A posted value, "" when it is not there."""
        return self.posted.first(name)
