"""A file that a page makes, given out under a name in any language and never shown within our own pages."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response


def download(content: bytes, media_type: str, name: str, *, inline: bool = False) -> Response:
    """The file; `inline` lets a browser show it in a tab of its own."""
    kind = "inline" if inline else "attachment"
    headers = {
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)
