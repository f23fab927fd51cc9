"""Whether the server answers and reaches its database."""

from __future__ import annotations

from sqlalchemy import text
from starlette.responses import JSONResponse, Response

from server.web.context import Visit
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/healthz", Permission.ANYONE)
def healthz(visit: Visit) -> Response:
    """200 when a statement runs; a database that is away is a 500 of its own."""
    visit.session.execute(text("SELECT 1"))
    return JSONResponse({"status": "ok"})
