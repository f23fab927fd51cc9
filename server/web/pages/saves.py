"""Earlier saves of a file of a draft: who saved it when, what differs from now, and the way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response

from server.engine import load
from server.services import authoring, authoring_files, authoring_saves, bundle_review, comparing
from server.services.authoring_saves import Save
from server.services.comparing import Comparison
from server.web import render
from server.web.context import Visit
from server.web.downloads import download
from server.web.pages import differences
from server.web.pages.design import number, path_of
from server.web.routing import Pages, Permission

pages = Pages()


@pages.get("/design/{draft_id}/saves/{path:path}", Permission.PROCESS_OWNER)
def listing(visit: Visit) -> Response:
    """The saves of a file; with `?at=7` the one at that revision beside the file as it stands, and with
    `&download=1` its bytes."""
    draft = authoring.view(visit.session, visit.person, visit.path("draft_id"))
    path, at = path_of(visit), visit.query("at")
    saves = authoring_saves.listing(visit.session, visit.person, draft.id, path)
    chosen = next((save for save in saves if str(save.revision) == at), None)
    if at and chosen is None:
        raise HTTPException(404)
    content = None if chosen is None else _content(visit, path, chosen)
    if content is not None and visit.query("download"):
        return download(content, "application/octet-stream", PurePosixPath(path).name)
    files = authoring.files(visit.session, visit.person, draft.id)
    return render.page(
        visit, "design/saves.html", draft=draft, path=path, address=f"/design/{draft.id}/saves/{quote(path)}",
        title=bundle_review.titles(files).get(path) or path, saves=saves, chosen=chosen,
        current=next((save for save in saves if save.current), None),
        text="" if content is None else content.decode("utf-8", "replace"),
        areas=_differences(visit, path, content) if chosen and content and not chosen.current else (),
    )  # fmt: skip


@pages.post("/design/{draft_id}/saves/{path:path}", Permission.PROCESS_OWNER)
def go_back(visit: Visit) -> Response:
    """Put an earlier save in place of what stands there now, which is kept in its turn."""
    draft_id, path = visit.path("draft_id"), path_of(visit)
    to, seen = number(visit.sent("at")), number(visit.sent("revision"))
    authoring_files.go_back(visit.session, visit.person, draft_id, path, to, seen, visit.now)
    return render.redirect(visit, f"/design/{draft_id}/saves/{quote(path)}")


def _content(visit: Visit, path: str, save: Save) -> bytes:
    return authoring_saves.content(
        visit.session, visit.person, visit.path("draft_id"), path, save.revision
    )  # fmt: skip


def _differences(visit: Visit, path: str, content: bytes) -> list[differences.AreaView]:
    """What differs from this save to the file as it stands, the rest of the draft being as it is."""
    now = comparing.version(visit.session, visit.person, visit.path("draft_id"))
    files = {**now.files, path: content}
    before = replace(now, files=files, digest=load.digest(files))
    return differences.areas(visit, Comparison(before, now, comparing.compared(before, now)), only=path)
