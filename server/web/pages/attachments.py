"""Files of cases, given out as what they were checked to be and never shown within our own pages."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import FileResponse, Response

from server.services import attachments
from server.services.errors import NotFound
from server.web.context import Visit
from server.web.routing import Pages

pages = Pages()


@pages.get("/attachments/{id}")
def download(visit: Visit) -> Response:
    """A file, for those who may see its case."""
    opened = attachments.open_file(visit.session, visit.house.files, visit.person, visit.path("id"))
    if not opened.path.is_file():
        raise NotFound("attachment", visit.path("id"))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(opened.name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return FileResponse(opened.path, media_type=opened.media_type, headers=headers)
