"""What every answer carries to keep pages safe: no foreign scripts, styles or frames, nothing kept by
caches."""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STUDIO_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""For the studio's editors only: their libraries place shapes and cursors by styles on the elements."""
_STUDIO = re.compile(r"/design/[^/]+/edit/")
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_STRICT = "max-age=31536000"
_FOR_EVER = "public, max-age=31536000, immutable"


_HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


class PlainAddresses:
    """ASGI middleware that answers 400 where the host is no name of a machine, since printed papers carry the
    address of their case, and escapes bytes beyond ASCII after the question mark: no address may hold them,
    but clients other than browsers send them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        hosts = [value for name, value in scope.get("headers", ()) if name == b"host"]
        if not all(_HOST.fullmatch(host) for host in hosts):
            refusal = PlainTextResponse("The host of this address is not the name of a machine.", 400)
            await refusal(scope, receive, send)
            return
        query = scope.get("query_string", b"")
        if not query.isascii():
            scope["query_string"] = quote_from_bytes(query, safe="%&=+;/?:@!$'()*,-._~").encode()
        await self.app(scope, receive, send)


class SecurityHeaders:
    """ASGI middleware that adds the headers. Static files with a digest in their address may be kept."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers added."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_static = scope["path"].startswith("/static/") and b"v=" in scope.get("query_string", b"")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if _STUDIO.match(scope["path"]):
                    headers.setdefault("Content-Security-Policy", STUDIO_POLICY)
                self._add(headers, is_static and message["status"] == 200)
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, keep: bool) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", _FOR_EVER if keep else "no-store")
        if self.https:
            headers.setdefault("Strict-Transport-Security", _STRICT)
