"""文书模板: the texts of printed documents, changed in a draft without reading its source."""

from __future__ import annotations

from starlette.responses import Response

from server.bundles.document_writing import TEXTS, NotWritable, rewritten
from server.bundles.manifest import FILE
from server.bundles.papers import Document
from server.services import authoring, authoring_files, bundle_review
from server.services.errors import DraftConflict, FileLocked, FileRefused, NotFound
from server.web import refusals, render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.pages.design import bundle_of
from server.web.routing import Pages, Permission

pages = Pages()
_CHECK = "papers-are-consistent"


@pages.get("/design/{draft_id}/documents", Permission.PROCESS_OWNER)
def listing(visit: Visit) -> Response:
    """The documents of a draft, and what the checks say of them."""
    draft = authoring.view(visit.session, visit.person, visit.path("draft_id"))
    bundle = bundle_of(visit)
    found = [finding for finding in bundle_review.findings(bundle.files) if finding.code == _CHECK]
    manifest = bundle.manifest
    return render.page(
        visit, "design/documents.html", draft=draft, documents=list(manifest.documents.values()),
        processes=manifest.processes, findings=found,
    )  # fmt: skip


@pages.get("/design/{draft_id}/documents/{document}", Permission.PROCESS_OWNER)
def edit(visit: Visit) -> Response:
    """The texts of one document."""
    document = _document(visit)
    return _page(visit, document, {name: getattr(document, name) for name in TEXTS}, _revision(visit))


@pages.post("/design/{draft_id}/documents/{document}", Permission.PROCESS_OWNER)
def save(visit: Visit) -> Response:
    """Write them into the manifest of the draft. Who was slower keeps what was typed."""
    session, person, draft_id = visit.session, visit.person, visit.path("draft_id")
    document, texts = _document(visit), {name: _tidy(visit.sent(name)) for name in TEXTS}
    sent = visit.sent("revision")
    revision = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else 0
    if not texts["name"] or not texts["text"]:
        lacking = "name" if not texts["name"] else "text"
        told = visit.words.gettext(_("A document needs a name and a text."))
        return _page(visit, document, texts, revision, (lacking, told))
    kept = authoring_files.read(session, person, draft_id, FILE)
    try:
        new = rewritten(kept.content, document.id, texts)
        if new != kept.content:
            authoring_files.save(session, person, draft_id, FILE, new, revision, visit.now, exact=True)
    except NotWritable:
        told = visit.words.gettext(
            _("The manifest is written in a manner that this page does not know. Edit its source.")
        )
        return _page(visit, document, texts, revision, ("", told))
    except (DraftConflict, FileLocked, FileRefused) as refused:
        visit.session.rollback()
        status, _title, reason = refusals.told(refused, visit.words)
        return _page(visit, document, texts, revision, ("", reason), status)
    return render.redirect(visit, f"/design/{draft_id}/documents")


def _document(visit: Visit) -> Document:
    found = bundle_of(visit).manifest.documents.get(visit.path("document"))
    if found is None:
        raise NotFound("document", visit.path("document"))
    return found


def _revision(visit: Visit) -> int:
    return authoring_files.read(visit.session, visit.person, visit.path("draft_id"), FILE).revision


def _tidy(text: str) -> str:
    """A text as it is kept: browsers send other line ends."""
    return text.replace("\r\n", "\n").strip(" \t")[:20_000]


def _page(
    visit: Visit, document: Document, texts: dict[str, str], revision: int,
    error: tuple[str, str] | None = None, status: int = 422,
) -> Response:  # fmt: skip
    draft = authoring.view(visit.session, visit.person, visit.path("draft_id"))
    return render.page(
        visit, "design/document.html", status=status if error else 200, draft=draft, document=document,
        texts=texts, revision=revision, errors=(error,) if error else (),
    )  # fmt: skip
