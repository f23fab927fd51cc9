"""What differs between two versions: as sentences, as tables, as colours on the diagrams, and as a note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from server.bundles import differences
from server.bundles.differences import Area, Change, Difference, TableComparison, Weight
from server.services import authoring, comparing
from server.services.comparing import Comparison, Version
from server.web import render
from server.web.context import Visit
from server.web.downloads import download
from server.web.language import mark as _
from server.web.pdf import PdfUnavailable, pdf_of
from server.web.routing import Later, Pages, Permission

pages = Pages()
_AREAS = {
    Area.PROCESS: _("Processes"),
    Area.DECISION: _("Decisions"),
    Area.FORM: _("Forms"),
    Area.MANIFEST: _("Manifest"),
    Area.SCENARIO: _("Scenarios"),
    Area.OTHER: _("Other files"),
}
_SIDES = ("before", "after")


@dataclass(frozen=True, slots=True)
class Told:
    """A difference as a sentence in the reader's language."""

    sentence: str
    regulation: tuple[str, ...]
    weight: Weight
    change: Change
    element: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A file that differs: what is told of it, and its decision tables beside each other."""

    path: str
    title: str
    items: tuple[Told, ...]
    only_drawn: bool
    is_diagram: bool
    tables: tuple[tuple[str, TableComparison], ...] = ()


@dataclass(frozen=True, slots=True)
class AreaView:
    """The files of one kind."""

    title: str
    files: tuple[FileView, ...] = field(default=())


# --------------------------------------------------------------------------- addresses
@pages.get("/deployments/{a}/differences/{b}", Permission.PROCESS_OWNER)
def of_deployments(visit: Visit) -> Response:
    """Between two deployments (`active` for the one in use)."""
    return _page(visit, _between_deployments(visit), _paths(visit))


@pages.get("/deployments/{a}/differences/{b}/note", Permission.PROCESS_OWNER)
def note_of_deployments(visit: Visit) -> Later:
    """The note for the file, for the browser's print."""
    return _note(visit, _between_deployments(visit), _paths(visit))


@pages.get("/deployments/{a}/differences/{b}/note.pdf", Permission.PROCESS_OWNER)
def note_of_deployments_pdf(visit: Visit) -> Later:
    """The same note as a PDF."""
    return _note(visit, _between_deployments(visit), _paths(visit), as_pdf=True)


@pages.get("/design/{draft_id}/differences", Permission.PROCESS_OWNER)
def of_draft(visit: Visit) -> Response:
    """Between a draft and what it is compared `against`: else what it was opened from, else what is in
    use."""
    return _page(visit, _between_drafts(visit), _paths(visit))


@pages.get("/design/{draft_id}/differences/note", Permission.PROCESS_OWNER)
def note_of_draft(visit: Visit) -> Later:
    """The note for the file, for the browser's print."""
    return _note(visit, _between_drafts(visit), _paths(visit))


@pages.get("/design/{draft_id}/differences/note.pdf", Permission.PROCESS_OWNER)
def note_of_draft_pdf(visit: Visit) -> Later:
    """The same note as a PDF."""
    return _note(visit, _between_drafts(visit), _paths(visit), as_pdf=True)


def _between_deployments(visit: Visit) -> Comparison:
    return comparing.between(visit.session, visit.person, visit.path("a"), visit.path("b"))


def _between_drafts(visit: Visit) -> Comparison:
    draft_id = visit.path("draft_id")
    draft = authoring.view(visit.session, visit.person, draft_id)
    against = visit.query("against") or draft.based_on or comparing.ACTIVE
    return comparing.between(visit.session, visit.person, against, draft_id)


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the parts of a comparison are shown: `here` with what follows its question mark in `query`."""

    here: str
    query: str

    def part(self, name: str = "", more: str = "") -> str:
        """The address of a part."""
        query = "&".join(part for part in (self.query, more) if part)
        return f"{self.here}{name}" + (f"?{query}" if query else "")


def _paths(visit: Visit) -> Paths:
    here = visit.request.url.path.removesuffix("/note.pdf").removesuffix("/note")
    against = visit.query("against")
    return Paths(here, f"against={against}" if against and here.startswith("/design/") else "")


# --------------------------------------------------------------------------- the page
def _page(visit: Visit, found: Comparison, paths: Paths) -> Response:
    file = visit.query("file")
    if visit.wants_json:
        return _facts(visit, found, file)
    shown, drawn = areas(visit, found, only=file), _drawn(found)
    if file and not shown:
        raise HTTPException(404)
    return render.page(
        visit, "differences/file.html" if file else "differences/page.html", found=found, areas=shown,
        drawn=drawn, counts=_counts(found), paths=paths, file=file,
        others=comparing.others(visit.session, visit.person),
        sides=[side for side in _SIDES if file in getattr(found, side).files],
    )  # fmt: skip


def _facts(visit: Visit, found: Comparison, file: str) -> Response:
    """For machines: everything that differs; or, for a diagram and a `side`, its picture with marks."""
    if not file:
        told = [(one, _told(visit, one, found)) for one in found.differences.items]
        return JSONResponse([_json(one, sentence) for one, sentence in told])
    side: Version = found.before if visit.query("side") == "before" else found.after
    if file not in side.files or not file.endswith(".bpmn"):
        raise HTTPException(404)
    marks = found.differences.marks(file)
    is_before = side is found.before
    return JSONResponse(
        {
            "xml": side.files[file].decode("utf-8", "replace"),
            "marks": {
                "added": [] if is_before else list(marks.added),
                "removed": list(marks.removed) if is_before else [],
                "changed": list(marks.changed_before if is_before else marks.changed),
            },
        }
    )


def _json(one: Difference, told: Told) -> dict[str, object]:
    return {
        "file": one.file, "area": one.area, "container": one.container, "element": one.element,
        "change": one.change, "weight": one.weight, "aspect": one.key, "before": one.before,
        "after": one.after, "row": one.row, "regulation": list(one.regulation), "sentence": told.sentence,
    }  # fmt: skip


def areas(visit: Visit, found: Comparison, only: str = "") -> list[AreaView]:
    """What differs, by kinds of files: of the file `only`, or of all but those that are only drawn anew."""
    by_area: dict[Area, list[FileView]] = {}
    names = _names(found)
    for path, items in found.differences.by_file.items():
        if path != only if only else found.differences.only_drawn(path):
            continue
        told = tuple(_told(visit, one, found, names) for one in items)
        tables = differences.tables(path, found.before.files.get(path), found.after.files.get(path))
        view = FileView(
            path, items[0].title, told, found.differences.only_drawn(path), path.endswith(".bpmn"),
            tables if path.endswith(".dmn") else (),
        )  # fmt: skip
        by_area.setdefault(items[0].area, []).append(view)
    return [
        AreaView(visit.words.gettext(_AREAS[area]), tuple(files)) for area, files in by_area.items() if files
    ]


def _drawn(found: Comparison) -> list[tuple[str, str]]:
    """The files of which only the drawing or the writing differs: path and title."""
    files = found.differences.by_file.items()
    return [(path, items[0].title) for path, items in files if found.differences.only_drawn(path)]


def _names(found: Comparison) -> dict[str, str]:
    return comparing.names(found.before) | comparing.names(found.after)


def _told(
    visit: Visit, one: Difference, found: Comparison, names: dict[str, str] | None = None
) -> Told:  # fmt: skip
    words = differences.sentence(one, _names(found) if names is None else names)
    params = words["params"]
    sentence = visit.words.tell(str(words["message"]), params if isinstance(params, dict) else {})
    return Told(sentence, one.regulation, one.weight, one.change, one.element)


def _counts(found: Comparison) -> dict[str, int]:
    """How many differences weigh how much; of those that are only drawn or written, the files."""
    items = found.differences.items
    counts = {weight.value: sum(one.weight is weight for one in items) for weight in Weight}
    drawn = sum(found.differences.only_drawn(path) for path in found.differences.by_file)
    return counts | {"drawn": drawn}


# --------------------------------------------------------------------------- the note
def _note(visit: Visit, found: Comparison, paths: Paths, *, as_pdf: bool = False) -> Later:
    """The note needs the scenarios played: that is done when the unit of work has ended."""
    address = str(visit.request.url.replace(path=paths.here, query=paths.query))
    manifest = found.after.manifest or found.before.manifest
    values = {
        "found": found, "areas": areas(visit, found), "drawn": _drawn(found),
        "counts": _counts(found), "paths": paths,
        "letterhead": manifest.letterhead if manifest else "", "address": address, "for_pdf": as_pdf,
    }  # fmt: skip

    def tell(as_file: Callable[[Response], Response]) -> Response:
        proof = comparing.proof(found.after, visit.now)
        return as_file(render.whole(visit, "differences/note.html", proof=proof, **values))

    return Later(partial(tell, _as_pdf if as_pdf else lambda page: page))


def _as_pdf(page: Response) -> Response:
    try:
        return download(pdf_of(bytes(page.body).decode()), "application/pdf", "note.pdf", inline=True)
    except PdfUnavailable as error:
        raise HTTPException(
            503,
            _("PDF cannot be made on this server: Pango is missing. Use the print function of the browser."),
        ) from error
