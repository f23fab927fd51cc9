"""Declares pages with the permission each needs, and answers requests: who, one unit of work, what went
wrong."""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from server.services import identity
from server.services.authorization import ALLOWED, Person, Verdict, may_administer, may_audit, may_deploy
from server.services.errors import NotSignedIn, ServiceError
from server.store.database import StorageFull
from server.web import render, typed
from server.web.context import House, Visit
from server.web.language import mark as _
from server.web.posting import Posted, read_posted

_log = logging.getLogger("guicheng.web")


class Permission(StrEnum):
    """Who may open a page at all. What they may see on it and do with it is for the services to say."""

    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    ADMIN = "admin"
    AUDITOR = "auditor"
    PROCESS_OWNER = "process owner"


_VERDICTS: dict[Permission, Callable[[Person], Verdict]] = {
    Permission.SIGNED_IN: lambda person: ALLOWED,
    Permission.ADMIN: may_administer,
    Permission.AUDITOR: may_audit,
    Permission.PROCESS_OWNER: may_deploy,
}


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that is worked out when the unit of work has ended: what takes a second of computing must not
    keep others from writing. `tell` may no longer use the session."""

    tell: Callable[[], Response]


Answer = Callable[[Visit], Response | Later]
Look = Callable[[Visit], Any]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its address, who may open it, and the function that answers. Only a POST may write. What takes
    long is looked at beforehand, in a reading session, where no writer waits for it: the answer of `look` is
    `found` of the visit. `typed` names the draft of a page on which people type."""

    method: str
    path: str
    permission: Permission
    answer: Answer
    look: Look | None = None
    typed: typed.Where | None = None

    @property
    def writes(self) -> bool:
        """Whether it gets a unit of work that may change something."""
        return self.method == "POST"


class Pages:
    """The pages of one noun, gathered by decorators."""

    def __init__(self) -> None:
        self.declared: list[Page] = []

    def get(self, path: str, permission: Permission = Permission.SIGNED_IN) -> Callable[[Answer], Answer]:
        """Declare a page that is read."""
        return self._declare("GET", path, permission)

    def post(
        self, path: str, permission: Permission = Permission.SIGNED_IN, look: Look | None = None,
        typed: typed.Where | None = None,
    ) -> Callable[[Answer], Answer]:  # fmt: skip
        """Declare what a form is sent to."""
        return self._declare("POST", path, permission, look, typed)

    def _declare(
        self, method: str, path: str, permission: Permission, look: Look | None = None,
        typed: typed.Where | None = None,
    ) -> Callable[[Answer], Answer]:  # fmt: skip
        def declare(answer: Answer) -> Answer:
            self.declared.append(Page(method, path, permission, answer, look, typed))
            return answer

        return declare


class _Plain(Route):
    """A route that compares the plain beginning of an address before its pattern: one of three hundred pages
    is found in a third of the time."""

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str) -> None:
        super().__init__(path, endpoint, methods=[method], include_in_schema=False)
        self._plain = path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the route is meant; behind another address (`root_path`) only the pattern tells."""
        if not (scope["path"].startswith(self._plain) or scope.get("root_path")):
            return Match.NONE, {}
        return super().matches(scope)


def route(page: Page, house: House) -> Route:
    """The page as the web framework knows it; `route.page` keeps the declaration."""

    async def endpoint(request: Request) -> Response:
        posted = Posted()
        try:
            if page.writes:
                posted = await read_posted(request, house.settings.max_upload_bytes)
        except HTTPException as error:
            return await run_in_threadpool(_refused, house, request, error)
        return await run_in_threadpool(answer, page, house, request, posted)

    endpoint.__name__ = page.answer.__name__
    made = _Plain(page.path, endpoint, page.method)
    made.page = page  # type: ignore[attr-defined]
    return made


def answer(page: Page, house: House, request: Request, posted: Posted) -> Response:
    """Answer one request in one unit of work, committed only when a POST ends well."""
    visitor = house.visitor_of(request)
    person: Person | None = None
    now = house.clock()
    unit: Callable[[], AbstractContextManager[Session]] = (
        house.database.write if page.writes else house.database.read
    )
    try:
        found = _looked(page, house, request, posted, now)
        with unit() as session:
            visit = Visit(house, request, session, now, None, posted, visitor, found)
            person = visit.person_or_none = _person(visit)
            _admit(page, visit)
            response = page.answer(visit)
        return response.tell() if isinstance(response, Later) else response
    except (ServiceError, HTTPException) as error:
        if isinstance(error, NotSignedIn) and page.typed is not None:
            return _sign_in_again(page.typed, house, request, posted, now)
        return _explain(house, request, person, posted, partial(render.refusal, error=error))
    except StorageFull as full:
        _log.error("request %s %s refused: %s", request.method, request.url.path, full)
        told = HTTPException(
            507, _("The server's disk is full, so nothing was changed. Tell an administrator.")
        )
        return _explain(house, request, person, posted, partial(render.refusal, error=told))
    except Exception:
        reference = secrets.token_hex(4)
        _log.exception("request %s %s failed, reference %s", request.method, request.url.path, reference)
        return _explain(house, request, person, posted, partial(render.broken, reference=reference))


def _looked(page: Page, house: House, request: Request, posted: Posted, now: datetime) -> Any:
    """What a page finds out before its unit of work: nobody waits for it, nor for the virus scanner."""
    if page.look is None and not posted.files:
        return None
    with house.database.read() as session:
        visit = Visit(house, request, session, now, None, posted, house.visitor_of(request))
        visit.person_or_none = _person(visit)
        _admit(page, visit)
        found = page.look(visit) if page.look is not None else None
    posted.files = [replace(file, scan=house.files.scanner.look(file.content)) for file in posted.files]
    return found


def _person(visit: Visit) -> Person | None:
    try:
        return identity.person_of(visit.session, visit.token, visit.now)
    except NotSignedIn:
        return None


def _admit(page: Page, visit: Visit) -> None:
    if page.permission is not Permission.ANYONE:
        _VERDICTS[page.permission](visit.person).require()
    if page.writes and not _is_ours(visit):
        raise HTTPException(
            403, _("This form is too old or came from another site. Open the page again and repeat.")
        )


def _is_ours(visit: Visit) -> bool:
    """Whether a form was made by us for this session (or, before sign-in, for this browser)."""
    expected, sent = visit.csrf, visit.sent("csrf")
    return bool(expected) and hmac.compare_digest(expected.encode(), sent.encode("utf-8", "replace"))


def _sign_in_again(
    where: typed.Where, house: House, request: Request, posted: Posted, now: datetime
) -> Response:
    """A session ended while somebody typed: what came is kept first."""
    visitor = house.visitor_of(request)
    with house.database.write() as session:
        visit = Visit(house, request, session, now, None, posted, visitor)
        place = where(visit)
        kept = typed.keep(visit, place)
    return _explain(house, request, None, posted, partial(typed.sign_in_again, place=place, kept=kept))


def _explain(
    house: House, request: Request, person: Person | None, posted: Posted, tell: Callable[[Visit], Response]
) -> Response:
    """Render what went wrong in a fresh reading session: the one that failed is gone."""
    with house.database.read() as session:
        visitor = house.visitor_of(request)
        return tell(Visit(house, request, session, house.clock(), person, posted, visitor))


def _refused(house: House, request: Request, error: HTTPException) -> Response:
    with house.database.read() as session:
        visitor = house.visitor_of(request)
        visit = Visit(house, request, session, house.clock(), visitor=visitor)
        visit.person_or_none = _person(visit)
        return render.http_error(visit, error)


def not_found(house: House) -> Any:
    """The handler of addresses that no page has."""

    async def endpoint(request: Request, error: Exception) -> Response:
        problem = error if isinstance(error, HTTPException) else HTTPException(404)
        return await run_in_threadpool(_refused, house, request, problem)

    return endpoint
