"""`/engine-rest`: the Camunda 7 REST interface, for modelers, workers and other programs of that world."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from server.api import (
    calls,
    decision_definitions,
    deployments,
    external_tasks,
    histories,
    messages,
    openapi,
    process_definitions,
    process_instances,
    tasks,
)
from server.api.calls import Call, Door, Operation
from server.api.camunda_errors import Problem

__all__ = ["ADDRESS", "FORM_OF", "OPERATIONS", "Door", "application"]

ADDRESS = "/engine-rest"
FORM_OF = "7.24.0"
"""The version of the interface whose form the answers have: modelers ask for it before they deploy."""


def version(call: Call) -> dict[str, str]:
    """The version of the interface; modelers take it for that of the engine."""
    return {"version": FORM_OF}


def engines(call: Call) -> list[dict[str, str]]:
    """There is one engine."""
    return [{"name": "default"}]


OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/version", version, "The version of the interface", "", gives="Version"),
    Operation("GET", "/engine", engines, "There is one engine", "", gives="Engine[]"),
    *deployments.OPERATIONS,
    *process_definitions.OPERATIONS,
    *process_instances.OPERATIONS,
    *tasks.OPERATIONS,
    *decision_definitions.OPERATIONS,
    *messages.OPERATIONS,
    *external_tasks.OPERATIONS,
    *histories.OPERATIONS,
)


def application(door: Door) -> Starlette:
    """The interface, to be mounted at `/engine-rest`."""
    described = openapi.description(OPERATIONS, FORM_OF)

    async def description(request: Request) -> Response:
        return calls.answered(described, request)

    async def page(request: Request) -> Response:
        return Response(openapi.page(described), 200, media_type="text/html")

    app = Starlette(
        routes=[
            Route("/openapi.json", description, methods=["GET"]),
            Route("/docs", page, methods=["GET"]),
            *(calls.route(door, operation) for operation in OPERATIONS),
        ],
        middleware=[Middleware(PlainPaths)],
    )
    app.add_exception_handler(HTTPException, _http_error)
    return app


class PlainPaths:
    """ASGI middleware for programs that put addresses together: slashes too many count for one, one at the
    end for none, and the engine may be named, as there is only one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            root = scope.get("root_path", "")
            parts = [part for part in scope["path"].removeprefix(root).split("/") if part]
            if parts[:2] == ["engine", "default"]:
                parts = parts[2:]
            path = f"{root}/{'/'.join(parts)}"
            scope = {**scope, "path": path, "raw_path": path.encode()}
            if scope["method"] == "OPTIONS":
                await _options(Request(scope))(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _options(request: Request) -> Response:
    """What a program made of pages asks before it sends anything."""
    headers: dict[str, Any] = {"Allow": "GET, HEAD, POST, PUT, OPTIONS"}
    return Response(status_code=204, headers=headers | calls.cross_origin(request))


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    told = {404: "There is no such address.", 405: "The address does not take this method."}
    body = Problem(status, "NotFoundException", told.get(status, "The request was refused."))
    answer = calls.problem(body, request)
    if isinstance(error, HTTPException) and error.headers and "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer
