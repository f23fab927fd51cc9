"""Files of cases: given out as what they were checked to be, shown in a closed frame, replaced by new
versions."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import FileResponse, Response

from server.services import attachments, file_versions
from server.services.errors import NotFound, NotPermitted
from server.services.file_versions import Given
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages
from server.web.security import POLICY

pages = Pages()
CLOSED = "sandbox; default-src 'none'"
FRAMED = "default-src 'none'; frame-ancestors 'self'"
"""For a file within our own page. The viewer of PDFs that a browser brings along works in no sandbox; what it
shows is no page of ours, runs no script of this origin and may fetch nothing."""


@pages.get("/attachments/{id}")
def download(visit: Visit) -> Response:
    """A file, for those who may see its case."""
    return _file(visit, "attachment", CLOSED)


@pages.get("/attachments/{id}/preview")
def preview(visit: Visit) -> Response:
    """A PDF or a picture, for the frame of its page and for a tab of its own."""
    opened = attachments.open_file(visit.session, visit.house.files, visit.person, visit.path("id"))
    if not file_versions.is_shown(opened.path, opened.media_type):
        raise NotFound("attachment", visit.path("id"))
    policy = FRAMED if opened.media_type == "application/pdf" else f"sandbox; {FRAMED}"
    response = _file(visit, "inline", policy)
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@pages.get("/attachments/{id}/view")
def view(visit: Visit) -> Response:
    """A file with its versions and, where a browser can, what stands in it."""
    return _page(visit)


@pages.post("/attachments/{id}/replace")
def replace(visit: Visit) -> Response:
    """Put a new version in its place. Of two who do, the slower is told who was faster."""
    reason = visit.sent("reason")
    sent = next((file for file in visit.posted.files if file.field == "file"), None)
    gettext = visit.words.gettext
    if not reason.strip():
        return _page(visit, (("reason", gettext(_("Say why the file is replaced."))),))
    if sent is None:
        return _page(visit, (("file", gettext(_("Choose the new file."))),))
    given = Given(sent.name, sent.content, reason, sent.scan)
    limit = visit.house.settings.max_upload_bytes
    try:
        new = file_versions.replace(
            visit.session, visit.house.files, visit.person, visit.path("id"), given, visit.now, limit=limit
        )
    except NotPermitted as refused:
        problem = attachments.problem_of(sent.name, sent.content, limit)
        if refused.reason not in (problem, attachments.scan_problem(given.scan) if given.scan else ""):
            raise
        return _page(visit, (("file", visit.words.tell(refused.reason)),))
    return render.redirect(visit, f"/attachments/{new}/view")


def _page(visit: Visit, errors: tuple[tuple[str, str], ...] = ()) -> Response:
    found = file_versions.look(visit.session, visit.house.files, visit.person, visit.path("id"))
    response = render.page(
        visit, "instances/file.html", status=422 if errors else 200, file=found, errors=errors,
        reason=visit.sent("reason")[: file_versions.LONGEST], longest=file_versions.LONGEST,
    )  # fmt: skip
    response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response


def _file(visit: Visit, kind: str, policy: str) -> Response:
    opened = attachments.open_file(visit.session, visit.house.files, visit.person, visit.path("id"))
    if not opened.path.is_file():
        raise NotFound("attachment", visit.path("id"))
    headers = {
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(opened.name, safe='')}",
        "Content-Security-Policy": policy,
    }
    return FileResponse(opened.path, media_type=opened.media_type, headers=headers)
