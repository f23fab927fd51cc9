"""The studio: drafts of bundles and their files, as pages for people and as values for the editors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from server.bundles import archive
from server.bundles.archive import Bundle
from server.bundles.manifest import ManifestRefused
from server.engine import load
from server.services import (
    authoring,
    authoring_files,
    authoring_locks,
    authoring_uploads,
    bundle_review,
    deployments,
    release_views,
)
from server.services.authoring_locks import Lock
from server.services.errors import DeploymentRejected, DraftConflict, FileLocked, FileRefused, NotFound
from server.web import refusals, render
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import Translator
from server.web.language import mark as _
from server.web.paging import moment_of
from server.web.posting import PostedFile, storable
from server.web.routing import Later, Pages, Permission

pages = Pages()

KINDS = ("diagram", "table", "form", "scenario", "manifest")
"""The files people edit, in the order in which they are shown; outlines follow their diagrams."""


# --------------------------------------------------------------------------- drafts
@pages.get("/design", Permission.PROCESS_OWNER)
def listing(visit: Visit) -> Response:
    """The drafts of the jurisdiction, and what a new one can be opened from."""
    return _listing(visit)


@pages.post("/design", Permission.PROCESS_OWNER)
def begin(visit: Visit) -> Response:
    """Open a draft from the deployment in use, another one, or a zip."""
    session, person, name = visit.session, visit.person, visit.sent("name").strip()
    file = next((file for file in visit.posted.files if file.field == "bundle"), None)
    if file is None:
        draft_id = authoring.open_deployment(session, person, visit.sent("from"), name, visit.now)
        return render.redirect(visit, f"/design/{draft_id}")
    try:
        draft_id = authoring.open_zip(session, person, file.content, name, file.name, visit.now)
    except DeploymentRejected as refused:
        session.rollback()
        return _listing(visit, refused)
    return render.redirect(visit, f"/design/{draft_id}")


def _listing(visit: Visit, refused: DeploymentRejected | None = None) -> Response:
    session, person = visit.session, visit.person
    errors = [
        ("bundle", visit.words.tell(f.message, f.params) + " " + visit.words.tell(f.remedy, f.params))
        for f in (refused.findings if refused else ())
    ]
    return render.page(
        visit, "design/list.html", status=422 if refused else 200, errors=errors,
        drafts=authoring.listing(session, person), deployments=deployments.listing(session, person),
        releases=release_views.calling(session, person),
    )  # fmt: skip


@pages.get("/design/{draft_id}", Permission.PROCESS_OWNER)
def draft(visit: Visit) -> Response:
    """A draft: its files by kind, who edits which, what the checks say."""
    return _draft(visit)


def _draft(visit: Visit, errors: tuple[tuple[str, str], ...] = (), status: int = 200) -> Response:
    session, person, draft_id = visit.session, visit.person, visit.path("draft_id")
    view = authoring.view(session, person, draft_id)
    files = authoring.files(session, person, draft_id)
    listed = authoring_files.listing(session, person, draft_id)
    return render.page(
        visit, "design/draft.html", status=status, draft=view, errors=errors,
        groups=[(kind, [file for file in listed if file.kind == kind]) for kind in KINDS],
        changed=[file for file in listed if file.standing != "same" and file.kind != "outline"],
        locks=authoring_locks.standing(session, person, draft_id, visit.now),
        findings=bundle_review.findings(files) if files else (),
        trial=bundle_review.known_trial(load.digest(files)),
        titles=bundle_review.titles(files),
        kinds=authoring_files.KINDS,
    )  # fmt: skip


@pages.post("/design/{draft_id}/name", Permission.PROCESS_OWNER)
def name(visit: Visit) -> Response:
    """Give a draft another name."""
    draft_id = visit.path("draft_id")
    authoring.rename(visit.session, visit.person, draft_id, visit.sent("name"), visit.now)
    return render.redirect(visit, f"/design/{draft_id}")


@pages.post("/design/{draft_id}/discard", Permission.PROCESS_OWNER)
def discard(visit: Visit) -> Response:
    """Give a draft up."""
    authoring.discard(visit.session, visit.person, visit.path("draft_id"), visit.now)
    return render.redirect(visit, "/design")


@pages.get("/design/{draft_id}/zip", Permission.PROCESS_OWNER)
def pack(visit: Visit) -> Response:
    """The whole draft as one file."""
    packed = authoring.pack(visit.session, visit.person, visit.path("draft_id"))
    return download(packed, "application/zip", f"{visit.person.tenant_id}.zip")


# --------------------------------------------------------------------------- files
@pages.get("/design/{draft_id}/files/{path:path}", Permission.PROCESS_OWNER)
def read(visit: Visit) -> Response:
    """A file as it is; its ETag is the revision to send along when it is saved."""
    found = authoring_files.read(visit.session, visit.person, visit.path("draft_id"), path_of(visit))
    response = download(found.content, "application/octet-stream", found.path.rpartition("/")[2])
    response.headers["ETag"] = f'"{found.revision}"'
    return response


@pages.post("/design/{draft_id}/files/{path:path}", Permission.PROCESS_OWNER)
def save(visit: Visit) -> Response | Later:
    """Save a file that was read at a revision. An editor is told the new revision and what the checks say."""
    draft_id, path = visit.path("draft_id"), path_of(visit)
    (data, exact), revision = _content(visit), number(visit.sent("revision"))
    try:
        saved = authoring_files.save(
            visit.session, visit.person, draft_id, path, data, revision, visit.now, exact=exact,
            sitting=visit.wants_json,
        )  # fmt: skip
    except (DraftConflict, FileLocked) as refused:
        if visit.wants_json:
            raise
        visit.session.rollback()
        return _kept_back(visit, refused, path, data)
    if not visit.wants_json:
        return render.redirect(visit, f"/design/{draft_id}")
    files = authoring.files(visit.session, visit.person, draft_id)
    return Later(partial(_told_findings, files, visit.words, {"revision": saved}))


def _kept_back(visit: Visit, refused: DraftConflict | FileLocked, path: str, data: bytes) -> Response:
    """What was typed is shown, so that nothing is lost."""
    status, title, reason = refusals.told(refused, visit.words)
    return render.page(
        visit, "design/kept_back.html", status=status, title=title, reason=reason, path=path,
        draft_id=visit.path("draft_id"), text=data.decode("utf-8", "replace"),
    )  # fmt: skip


def _told_findings(files: Mapping[str, bytes], words: Translator, more: Mapping[str, Any]) -> Response:
    found = [refusals.finding_values(finding, words) for finding in bundle_review.findings(files)]
    return JSONResponse({**more, "findings": found})


@pages.post("/design/{draft_id}/add", Permission.PROCESS_OWNER)
def add(visit: Visit) -> Response:
    """Begin a new file."""
    draft_id, sent = visit.path("draft_id"), visit.sent
    path = authoring_files.add(
        visit.session, visit.person, draft_id, sent("kind"), sent("stem").strip(), sent("title"), visit.now
    )
    if visit.wants_json:
        return JSONResponse({"path": path})
    return render.redirect(visit, f"/design/{draft_id}/edit/{quote(path)}")


@pages.post("/design/{draft_id}/rename", Permission.PROCESS_OWNER)
def rename(visit: Visit) -> Response:
    """Give a file another path."""
    draft_id, sent = visit.path("draft_id"), visit.sent
    revision = _seen(visit, sent("path"))
    moved = authoring_files.rename(
        visit.session, visit.person, draft_id, sent("path"), sent("to").strip(), revision, visit.now
    )
    return _done(visit, {"revision": moved})


@pages.post("/design/{draft_id}/remove", Permission.PROCESS_OWNER)
def remove(visit: Visit) -> Response:
    """Remove a file."""
    draft_id, sent = visit.path("draft_id"), visit.sent
    revision = _seen(visit, sent("path"))
    authoring_files.remove(visit.session, visit.person, draft_id, sent("path"), revision, visit.now)
    return _done(visit, {})


@pages.post("/design/{draft_id}/upload", Permission.PROCESS_OWNER)
def upload(visit: Visit) -> Response:
    """Put files from one's own machine into the draft: single ones by their name, or a whole zip."""
    draft_id, sent = visit.path("draft_id"), [f for f in visit.posted.files if f.field == "files"]
    if not sent:
        return _draft(visit, (("files", visit.words.gettext(_("Choose at least one file."))),), 422)
    if len(sent) == 1 and sent[0].name.lower().endswith(".zip"):
        authoring_uploads.put_zip(visit.session, visit.person, draft_id, sent[0].content, visit.now)
    else:
        named = {storable(file.name): file.content for file in sent}
        seen = number(visit.sent("revision"))
        authoring_uploads.put(visit.session, visit.person, draft_id, named, seen, visit.now)
    return render.redirect(visit, f"/design/{draft_id}")


# --------------------------------------------------------------------------- for the editors
@pages.post("/design/{draft_id}/locks/{path:path}", Permission.PROCESS_OWNER)
def lock(visit: Visit) -> Response:
    """Take, keep or give back a file; answers who holds it until when."""
    session, person, draft_id, path = visit.session, visit.person, visit.path("draft_id"), path_of(visit)
    match visit.sent("action"):
        case "take":
            held: Lock | None = authoring_locks.take(
                session, person, draft_id, path, visit.now, reason=visit.sent("reason")
            )
        case "keep":
            held = authoring_locks.keep(session, person, draft_id, path, visit.now)
        case "release":
            authoring_locks.release(session, person, draft_id, path, moment_of(visit.sent("until")))
            held = None
        case _:
            raise NotFound("file", path)
    told = {
        "holder": held.holder_name if held else None, "until": held.until.isoformat() if held else None
    }  # fmt: skip
    return _done(visit, told)


@pages.get("/design/{draft_id}/vocabulary", Permission.PROCESS_OWNER)
def vocabulary(visit: Visit) -> Later:
    """What the files of the draft may refer to."""
    files = files_of(visit)
    return Later(lambda: JSONResponse(bundle_review.vocabulary(files)))


@pages.get("/design/{draft_id}/findings", Permission.PROCESS_OWNER)
def findings(visit: Visit) -> Response | Later:
    """What the checks say about the draft: values for an editor, a page for people."""
    view = authoring.view(visit.session, visit.person, visit.path("draft_id"))
    files = files_of(visit)
    if visit.wants_json:
        return Later(partial(_told_findings, files, visit.words, {"revision": view.revision}))
    found = bundle_review.findings(files)
    return render.page(visit, "design/findings.html", draft=view, findings=found)


def _done(visit: Visit, told: Mapping[str, Any]) -> Response:
    if visit.wants_json:
        return JSONResponse(dict(told))
    return render.redirect(visit, f"/design/{visit.path('draft_id')}")


def files_of(visit: Visit) -> dict[str, bytes]:
    """The files of the draft. Raises NotFound once it was deployed or discarded."""
    draft_id = visit.path("draft_id")
    files = authoring.files(visit.session, visit.person, draft_id)
    if not files:
        raise NotFound("draft", draft_id)
    return files


def bundle_of(visit: Visit) -> Bundle:
    """The draft, its manifest readable. Raises FileRefused, NotFound."""
    bundle = Bundle(files_of(visit))
    try:
        bundle.manifest  # noqa: B018 - one that cannot be read is told here
    except ManifestRefused as refused:
        raise FileRefused((refused.finding,)) from refused
    return bundle


def path_of(visit: Visit) -> str:
    """The path of a file, as bundles allow it. Raises NotFound for any other."""
    path = str(visit.request.path_params["path"])
    if not archive.is_bundle_path(path):
        raise NotFound("file", path[:100])
    return path


def _seen(visit: Visit, path: str) -> int:
    """The revision of a file that is meant: its own, or that of the draft as the page showed it."""
    if visit.sent("revision"):
        return number(visit.sent("revision"))
    seen = number(visit.sent("seen"))
    return authoring_files.revision_seen(visit.session, visit.person, visit.path("draft_id"), path, seen)


def _content(visit: Visit) -> tuple[bytes, bool]:
    """What was sent, and whether these are the very bytes: a file, or a text as browsers send it."""
    sent: PostedFile | None = next((f for f in visit.posted.files if f.field == "content"), None)
    if sent is not None:
        return sent.content, True
    return visit.sent("content").encode("utf-8", "replace"), False


def number(text: str) -> int:
    """A revision; -1, which no file ever has, for anything else."""
    plain = text.strip().strip('"')
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else -1
