"""Files that people edited on their own machines, put into a draft: single ones by their name, or a zip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from sqlmodel import Session

from server.bundles import archive
from server.engine.model import Finding
from server.services import authoring, authoring_files
from server.services.authorization import Person
from server.services.errors import FileRefused

_FOLDERS = {".bpmn": "bpmn", ".dmn": "dmn", ".form": "forms", ".yaml": "scenarios"}


def put(
    session: Session, person: Person, draft_id: str, sent: Mapping[str, bytes], seen: int, now: datetime
) -> tuple[str, ...]:
    """Put files (content by name) in place of those of the same name, own ones before shared ones; others are
    added where files of their kind lie. `seen` is the revision of the draft that the person looked at: what
    somebody saved after it is not overwritten (DraftConflict). Gives the paths."""
    held = {view.path: view for view in authoring_files.listing(session, person, draft_id) if view.digest}
    placed = {_placed(held, name): data for name, data in sent.items()}
    for path, data in sorted(placed.items()):
        revision = authoring_files.revision_seen(session, person, draft_id, path, seen) if path in held else 0
        authoring_files.save(session, person, draft_id, path, data, revision, now, exact=True)
    return tuple(sorted(placed))


def put_zip(session: Session, person: Person, draft_id: str, data: bytes, now: datetime) -> tuple[str, ...]:
    """Put the bundle of a zip in place of all that the draft holds; gives the paths that changed."""
    bundle = authoring.read_zip(data)
    if bundle.id != person.tenant_id:
        refusal = Finding(
            "error", "bundle-elsewhere", "The file is of the jurisdiction {tenant}.", {"tenant": bundle.id},
            "Choose a file of this jurisdiction.",
        )  # fmt: skip
        raise FileRefused((refusal,))
    return authoring_files.put_all(session, person, draft_id, bundle.files, now)


def _placed(held: Iterable[str], sent: str) -> str:
    """Where a file of this name lies."""
    name = PurePosixPath(sent.replace("\\", "/")).name
    same = sorted((path for path in held if PurePosixPath(path).name == name), key=lambda p: p.count("/"))
    if same:
        return same[0]
    path = f"{_FOLDERS.get(PurePosixPath(name).suffix, '')}/{name}"
    if not archive.is_bundle_path(path):
        refusal = Finding(
            "error", "not-a-bundle-file", "{file} is no name of a file of a bundle.", {"file": name[:80]},
            "Use letters, digits, _ and -, and the endings .bpmn, .dmn, .form or .yaml.",
        )  # fmt: skip
        raise FileRefused((refusal,))
    return path
