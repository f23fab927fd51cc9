"""The files of a draft: listed beside the deployment it is based on, read, saved, added, renamed, removed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import archive, blank_files, single_file
from server.bundles.manifest import FILE as MANIFEST
from server.bundles.outline import outlines
from server.engine import load
from server.engine.model import Finding
from server.services import authoring, authoring_locks, authoring_saves, contents
from server.services.authorization import Person
from server.services.errors import DraftConflict, FileRefused, NotFound
from server.store.authoring import BundleDraft, BundleDraftFile
from server.store.identity import User

Standing = Literal["same", "changed", "new", "removed"]

_drafts = BundleDraft.metadata.tables["bundle_draft"]
_files = BundleDraftFile.metadata.tables["bundle_draft_file"]
_people = User.metadata.tables["person"]
_STEM = re.compile(r"[a-z][a-z0-9_]{0,60}")
_OUTLINE = ".outline.txt"
KINDS = blank_files.KINDS
"""The kinds of files that can be begun."""


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a draft and how it stands to the deployment the draft is based on. A removed one has no
    digest."""

    path: str
    kind: str
    digest: str
    revision: int
    saved_by: str
    saved_at: datetime
    standing: Standing


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it was read, with the revision to send along when it is saved."""

    path: str
    content: bytes
    revision: int


def listing(session: Session, person: Person, draft_id: str) -> tuple[FileView, ...]:
    """The files of a draft by path; those that the deployment had and the draft has not are listed too."""
    draft = authoring.view(session, person, draft_id)
    base = authoring.deployed_digests(session, person.tenant_id, draft.based_on)
    f, p = _files.c, _people.c
    query = (
        sa.select(f.path, f.digest, f.revision, sa.func.coalesce(p.name, f.saved_by).label("by"), f.saved_at)
        .join(_people, (p.tenant_id == f.tenant_id) & (p.id == f.saved_by), isouter=True)
        .where(f.tenant_id == person.tenant_id, f.draft_id == draft_id)
        .order_by(f.path)
    )
    found = [
        FileView(r.path, single_file.kind_of(r.path), r.digest, r.revision, r.by, r.saved_at, standing)
        for r in session.execute(query)
        if (standing := _standing(r.digest, base.get(r.path)))
    ]
    missing = base.keys() - {view.path for view in found}
    found += [FileView(p, single_file.kind_of(p), "", 0, "", draft.created_at, "removed") for p in missing]
    return tuple(sorted(found, key=lambda view: view.path))


def read(session: Session, person: Person, draft_id: str, path: str) -> Content:
    """A file of a draft. Raises NotFound."""
    authoring.view(session, person, draft_id)
    row = _row(session, person, draft_id, path)
    if row is None or not row["digest"]:
        raise NotFound("file", path)
    known = contents.read(session, person.tenant_id, {row["digest"]})
    return Content(path, known[row["digest"]], row["revision"])


def revision_seen(session: Session, person: Person, draft_id: str, path: str, seen: int) -> int:
    """The revision of a file for somebody who looked at the draft at its revision `seen`. Raises NotFound,
    DraftConflict where the file was saved since."""
    authoring.view(session, person, draft_id)
    row = _row(session, person, draft_id, path)
    if row is None or not row["digest"]:
        raise NotFound("file", path)
    if row["revision"] > seen:
        raise DraftConflict(path, row["by"], row["saved_at"], row["revision"])
    return int(row["revision"])


def save(
    session: Session, person: Person, draft_id: str, path: str, data: bytes, revision: int, now: datetime,
    *, exact: bool = False, sitting: bool = False,
) -> int:  # fmt: skip
    """Save a file that was read at `revision` (0: it is new); gives the new revision. The outline beside a
    diagram is drawn anew. Unless the bytes are `exact`, line ends are those of the file as it was: browsers
    change them. What stood there is kept as an earlier save; while somebody is `sitting` at an editor, which
    saves a moment after each change, only as often as is useful.

    Raises DraftConflict where somebody saved in between, FileLocked where somebody else edits it, FileRefused
    where it cannot be read as what it is; nothing is saved then."""
    draft = authoring.hold(session, person, draft_id)
    before = _expected(session, person, draft_id, path, revision)
    authoring_locks.require(session, person, draft_id, path, now)
    kept = _content(session, person, before)
    if not exact:
        data = single_file.as_kept(data, kept)
    if kept == data:
        return revision
    _require_sound(session, person, draft_id, {path: data})
    changes: dict[str, bytes | None] = {path: data}
    return _write(session, person, draft, changes | _outline_of(path, data), now, sitting=sitting)


def go_back(
    session: Session, person: Person, draft_id: str, path: str, to: int, revision: int, now: datetime
) -> int:
    """Save a file as it was at the revision `to`, in place of what stands at `revision` (0: it was removed);
    gives the new revision. What stood there is kept, so this can be undone. Raises as `save` does, and
    NotFound for a save that is no longer kept."""
    data = authoring_saves.content(session, person, draft_id, path, to)
    return save(session, person, draft_id, path, data, revision, now, exact=True)


def add(
    session: Session, person: Person, draft_id: str, kind: str, stem: str, title: str, now: datetime
) -> str:
    """Add a new file from the smallest one of its kind; gives its path."""
    draft = authoring.hold(session, person, draft_id)
    if kind not in blank_files.KINDS or not _STEM.fullmatch(stem):
        raise FileRefused((_no_name(stem),))
    path, data = blank_files.blank(kind, person.tenant_id, stem, title.strip()[:100])
    _expected(session, person, draft_id, path, 0)
    _require_sound(session, person, draft_id, {path: data})
    changes: dict[str, bytes | None] = {path: data}
    _write(session, person, draft, changes | _outline_of(path, data), now)
    return path


def rename(
    session: Session, person: Person, draft_id: str, path: str, to: str, revision: int, now: datetime
) -> int:
    """Give a file another path. Its ids stay as they are: the checks say which do not follow its name."""
    draft = authoring.hold(session, person, draft_id)
    data = _content(session, person, _expected(session, person, draft_id, path, revision))
    if data is None:
        raise NotFound("file", path)
    if to == path:
        return revision
    _require_dispensable(path)
    authoring_locks.require(session, person, draft_id, path, now)
    _expected(session, person, draft_id, to, 0)
    _require_sound(session, person, draft_id, {to: data}, without=path)
    changes: dict[str, bytes | None] = {**_companions(session, person, draft_id, path), path: None, to: data}
    return _write(session, person, draft, changes | _outline_of(to, data), now)


def remove(session: Session, person: Person, draft_id: str, path: str, revision: int, now: datetime) -> None:
    """Remove a file, and the outline beside a diagram."""
    draft = authoring.hold(session, person, draft_id)
    if _expected(session, person, draft_id, path, revision) is None:
        raise NotFound("file", path)
    _require_dispensable(path)
    authoring_locks.require(session, person, draft_id, path, now)
    _write(session, person, draft, {**_companions(session, person, draft_id, path), path: None}, now)


def put_all(
    session: Session, person: Person, draft_id: str, wanted: Mapping[str, bytes], now: datetime
) -> tuple[str, ...]:
    """Put a whole bundle in place of what the draft holds; gives the paths that changed. Raises FileLocked
    where somebody else edits one of them."""
    held = authoring.files(session, person, draft_id)
    changes: dict[str, bytes | None] = {p: data for p, data in wanted.items() if held.get(p) != data}
    changes |= dict.fromkeys(held.keys() - wanted.keys())
    put_some(session, person, draft_id, changes, now)
    return tuple(sorted(changes))


def put_some(
    session: Session, person: Person, draft_id: str, changes: Mapping[str, bytes | None], now: datetime
) -> None:
    """Put files of a bundle (None: removed) in place of what the draft holds. Raises FileLocked where
    somebody else edits one of them."""
    draft = authoring.hold(session, person, draft_id)
    outlines_of: dict[str, bytes | None] = {}
    for path, data in changes.items():
        authoring_locks.require(session, person, draft_id, path, now)
        if data is not None and path.removesuffix(".bpmn") + _OUTLINE not in changes:
            outlines_of |= _outline_of(path, data)
    if changes:
        _write(session, person, draft, {**outlines_of, **changes}, now)


def _write(
    session: Session, person: Person, draft: authoring.DraftView, changes: Mapping[str, bytes | None],
    now: datetime, *, sitting: bool = False,
) -> int:  # fmt: skip
    """Write files (None: removed) under one new revision of the draft, and keep what they replace."""
    tenant, d, f = person.tenant_id, _drafts.c, _files.c
    revision = draft.revision + 1
    kept = contents.keep(session, tenant, {p: data for p, data in changes.items() if data is not None})
    known = {
        path: dict(row)
        for path in changes
        if (row := session.execute(
            _files.select().where(f.tenant_id == tenant, f.draft_id == draft.id, f.path == path)
        ).mappings().one_or_none())
    }  # fmt: skip
    authoring_saves.keep(session, person, draft.id, list(known.values()), sitting=sitting)
    for path in changes:
        values = {
            "digest": kept.get(path, ""), "revision": revision, "saved_by": person.id, "saved_at": now
        }  # fmt: skip
        if path in known:
            mine = (f.tenant_id == tenant, f.draft_id == draft.id, f.path == path)
            session.execute(_files.update().where(*mine).values(values))
        elif path in kept:
            session.execute(_files.insert().values(tenant_id=tenant, draft_id=draft.id, path=path, **values))
    contents.let_go(session, tenant, [row["digest"] for row in known.values()])
    session.execute(
        _drafts.update()
        .where(d.tenant_id == tenant, d.id == draft.id)
        .values(revision=revision, changed_by=person.id, changed_at=now)
    )
    return revision


def _outline_of(path: str, data: bytes) -> dict[str, bytes | None]:
    """The text beside a diagram, as far as the diagram can be read."""
    if not path.endswith(".bpmn"):
        return {}
    processes = load.read({path: data}).model.processes
    return {p: text.encode("utf-8") for p, text in outlines(processes).items()}


def _companions(session: Session, person: Person, draft_id: str, path: str) -> dict[str, bytes | None]:
    """What goes with a file that goes: the outline beside a diagram."""
    outline = path.removesuffix(".bpmn") + _OUTLINE
    row = _row(session, person, draft_id, outline) if path.endswith(".bpmn") else None
    return {outline: None} if row is not None and row["digest"] else {}


def _expected(
    session: Session, person: Person, draft_id: str, path: str, revision: int
) -> dict[str, Any] | None:
    """The row of a file, which must still be at the revision somebody read (0: not there)."""
    row = _row(session, person, draft_id, path)
    found = row["revision"] if row is not None and (row["digest"] or revision) else 0
    if found != revision or (row is not None and revision and not row["digest"]):
        name, at = (row["by"], row["saved_at"]) if row is not None else ("", None)
        raise DraftConflict(path, name, at, found if row is not None and row["digest"] else 0)
    return row if row is not None and row["digest"] else None


def _row(session: Session, person: Person, draft_id: str, path: str) -> dict[str, Any] | None:
    f, p = _files.c, _people.c
    query = (
        sa.select(f.path, f.digest, f.revision, sa.func.coalesce(p.name, f.saved_by).label("by"), f.saved_at)
        .join(_people, (p.tenant_id == f.tenant_id) & (p.id == f.saved_by), isouter=True)
        .where(f.tenant_id == person.tenant_id, f.draft_id == draft_id, f.path == path)
    )
    row = session.execute(query).mappings().one_or_none()
    return dict(row) if row else None


def _content(session: Session, person: Person, row: Mapping[str, Any] | None) -> bytes | None:
    if row is None:
        return None
    return contents.read(session, person.tenant_id, {row["digest"]})[row["digest"]]


def _require_sound(
    session: Session, person: Person, draft_id: str, new: Mapping[str, bytes], without: str = ""
) -> None:
    """The new files can be read, and the bundle with them is not too large. FileRefused tells."""
    findings = [finding for path, data in new.items() for finding in single_file.unreadable(path, data)]
    if findings:
        raise FileRefused(tuple(findings))
    sizes = contents.sizes(session, person.tenant_id, draft_id)
    sizes.pop(without, None)
    refusal = archive.unfit(sizes, new)
    if refusal is not None:
        raise FileRefused((refusal,))


def _standing(digest: str, base: str | None) -> Standing | None:
    """How a file stands to the one before it; None for one that was only ever in the draft and is gone."""
    if not digest:
        return "removed" if base else None
    if base is None:
        return "new"
    return "same" if base == digest else "changed"


def _require_dispensable(path: str) -> None:
    """No draft is without its manifest."""
    if path == MANIFEST:
        raise FileRefused(
            (Finding(
                "error", "manifest-needed", "No bundle is without {file}.", {"file": path},
                "Change what it says instead.", file=path,
            ),)
        )  # fmt: skip


def _no_name(stem: str) -> Finding:
    return Finding(
        "error", "file-name",
        "{name} is no name of a file." if stem.strip() else "The file needs a name.", {"name": stem[:80]},
        "Begin with a letter and use small letters, digits and _.",
    )  # fmt: skip
