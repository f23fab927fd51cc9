"""One request to the interface for machines: who asks, what was sent, and how an answer is written."""

from __future__ import annotations

import inspect
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.api import camunda_errors
from server.api.admission import Admission, Caller
from server.api.camunda_errors import Problem, Words
from server.api.polling import WaitingRoom
from server.api.uploads import Upload
from server.services import fetching, sandbox
from server.services.authorization import Person, denied, may_deploy
from server.services.errors import ServiceError

_log = logging.getLogger("guicheng.api")
encode = msgspec.json.Encoder(decimal_format="number").encode
ELECTRON = "file://"
"""The origin of programs that are made of pages, such as the desktop modeler. No page of the web has it."""


@dataclass(frozen=True)
class Door:
    """What all requests share. `words` gives the speaker of what `Accept-Language` asks for."""

    admission: Admission
    words: Callable[[str], Words]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    room: WaitingRoom = field(init=False)

    def __post_init__(self) -> None:
        """Open the room in which requests wait for work."""
        object.__setattr__(self, "room", WaitingRoom(self._offered))

    def _offered(self) -> frozenset[tuple[str, str]]:
        with self.admission.units.read() as session:
            return fetching.offered(session, self.clock())


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, when, the parts of the address, and what was sent."""

    door: Door
    request: Request
    caller: Caller
    now: datetime
    words: Words
    sent: Any = None

    @property
    def person(self) -> Person:
        """Who asks."""
        return self.caller.person

    @property
    def tenant(self) -> str:
        """The jurisdiction the request is about: the one it names, else the sandbox."""
        return named_tenant(self.request, self.sent) or sandbox.TENANT

    @property
    def actors(self) -> tuple[Person, ...]:
        """The person in each jurisdiction they reach: their own, and the sandbox for those who may deploy."""
        own = () if self.person.tenant_id == sandbox.TENANT else (self.person,)
        return (*own, sandbox.player(self.person)) if may_deploy(self.person) else own

    def actor(self, tenant_id: str) -> Person:
        """The person as they act in a jurisdiction. Raises NotPermitted where they do not reach it."""
        found = next((actor for actor in self.actors if actor.tenant_id == tenant_id), None)
        if found is None:
            denied("Only people of {tenant} may ask this.", tenant=tenant_id).require()
        assert found is not None
        return found

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def has(self, name: str) -> bool:
        """Whether the address has such a part."""
        return name in self.request.path_params

    def query(self, name: str) -> str:
        """A value after the question mark, "" when it is not there."""
        return self.request.query_params.get(name, "")

    def read(self) -> AbstractContextManager[Session]:
        """A unit of work that only looks."""
        return self.door.admission.units.read()

    def write(self) -> AbstractContextManager[Session]:
        """A unit of work."""
        return self.door.admission.units.write()

    @property
    def body(self) -> dict[str, Any]:
        """What was sent as JSON. Raises Problem for anything but an object."""
        if not isinstance(self.sent, dict):
            raise Problem(400, "InvalidRequestException", "The body must be a JSON object.")
        return self.sent


@dataclass(frozen=True, slots=True)
class Plain:
    """An answer that is no JSON: the bytes of a file."""

    content: bytes
    media_type: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One address with its method: what answers it, what a token must be for (one of the words of `scope`, ""
    for anything), and what the description of the interface says of it: `body` and `gives` name schemas,
    `query` the parameters after the question mark. An answer of None is 204; `answer` may be a coroutine
    where it waits."""

    method: str
    path: str
    answer: Callable[[Call], Any]
    summary: str
    scope: str = "read"
    body: str = ""
    gives: str = ""
    query: tuple[str, ...] = ()
    read: Callable[[Request], Awaitable[Any]] | None = None


def route(door: Door, operation: Operation) -> Route:
    """The operation as the web framework knows it."""

    async def endpoint(request: Request) -> Response:
        words = door.words(request.headers.get("Accept-Language", ""))
        try:
            return await _answer(door, operation, request, words)
        except ServiceError as error:
            return problem(camunda_errors.of_service(error, words), request)
        except Problem as found:
            return problem(found, request)
        except Exception:
            reference = secrets.token_hex(4)
            _log.exception("%s %s failed, reference %s", request.method, request.url.path, reference)
            told = Problem(500, "RestException", f"Something failed here, reference {reference}.")
            return problem(told, request)

    return Route(operation.path, endpoint, methods=[operation.method])


async def _answer(door: Door, operation: Operation, request: Request, words: Words) -> Response:
    if "\0" in request.scope["path"] or any("\0" in value for _, value in request.query_params.multi_items()):
        raise Problem(400, "InvalidRequestException", "The address holds a character that no database keeps.")
    caller = await run_in_threadpool(_admitted, door, request, "")
    sent = await operation.read(request) if operation.read is not None else None
    named = named_tenant(request, sent)
    if named and named not in (caller.person.tenant_id, sandbox.TENANT):
        caller = await run_in_threadpool(_admitted, door, request, named)
    caller.require(operation.scope)
    call = Call(door, request, caller, door.clock(), words, sent)
    if inspect.iscoroutinefunction(operation.answer):
        found = await operation.answer(call)
    else:
        found = await run_in_threadpool(operation.answer, call)
    return answered(found, request)


def answered(found: Any, request: Request) -> Response:
    """An answer as it is sent. JSON is exactly application/json: with a charset behind it, clients take it
    for something else."""
    headers = cross_origin(request)
    if found is None:
        return Response(status_code=204, headers=headers)
    if isinstance(found, Plain):
        if found.name.isascii() and found.name.isprintable() and '"' not in found.name:
            headers |= {"Content-Disposition": f'attachment; filename="{found.name}"'}
        return Response(found.content, 200, headers, found.media_type)
    return Response(encode(found), 200, headers, "application/json")


def problem(found: Problem, request: Request) -> Response:
    """What went wrong, as it is sent."""
    headers = cross_origin(request)
    if found.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Guicheng", charset="UTF-8"'
    if found.wait:
        headers["Retry-After"] = str(found.wait)
    return Response(encode(found.body), found.status, headers, "application/json")


def cross_origin(request: Request) -> dict[str, str]:
    """What a program made of pages must be told before it may read an answer."""
    if request.headers.get("Origin") != ELECTRON:
        return {}
    return {
        "Access-Control-Allow-Origin": ELECTRON,
        "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": "authorization, content-type, accept",
        "Vary": "Origin",
    }


def named_tenant(request: Request, sent: Any) -> str:
    """The jurisdiction that a request names, in its address or in what it sends; "" if none."""
    if isinstance(sent, Upload):
        return sent.text("tenant-id")
    in_body = sent.get("tenantId") if isinstance(sent, Mapping) else None
    return str(request.path_params.get("tenant", "")) or (in_body if isinstance(in_body, str) else "")


def _admitted(door: Door, request: Request, tenant: str) -> Caller:
    return door.admission.caller(request, tenant, door.clock())
