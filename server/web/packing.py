"""Pages and static files packed for slow lines, where the browser takes them so."""

from __future__ import annotations

import gzip

from starlette.requests import Request
from starlette.responses import Response

PACKED_FROM = 16_000
"""Bytes of a page from which packing pays: a third of a millisecond for a quarter of the way."""
_LEVEL = 3


def html_response(request: Request, text: str, status: int) -> Response:
    """A page as HTML, packed if it is long. The cookie that opens a session is not sent with what other sites
    embed, so nobody can ask for a page over and over to learn its form tokens from its length."""
    body, headers = text.encode(), {}
    if len(body) >= PACKED_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers = gzip.compress(body, _LEVEL, mtime=0), {"Content-Encoding": "gzip"}
    return Response(body, status, headers, "text/html; charset=utf-8")
