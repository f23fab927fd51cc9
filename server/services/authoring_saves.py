"""Earlier saves of the files of a draft: what stood there, by whom and when, to look at and to go back to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import single_file
from server.services import authoring, contents
from server.services.authorization import Person
from server.services.errors import NotFound
from server.store.authoring import BundleDraftFile
from server.store.identity import User

SITTING = timedelta(minutes=10)
"""Who goes on editing a file leaves one save for this time: editors save a moment after each change."""
KEPT = 40
"""How many earlier saves of a file are kept; the oldest go first."""

_files = BundleDraftFile.metadata.tables["bundle_draft_file"]
_people = User.metadata.tables["person"]


@dataclass(frozen=True, slots=True)
class Save:
    """A file as somebody saved it: at which revision of the draft, who and when, and how many bytes; the file
    as it stands now if `current`."""

    revision: int
    by: str
    at: datetime
    digest: str
    current: bool


def listing(session: Session, person: Person, draft_id: str, path: str) -> tuple[Save, ...]:
    """The saves of a file, the last one first. A file that was removed has earlier ones only. Raises NotFound
    for one that the draft never had."""
    authoring.view(session, person, draft_id)
    f, p = _files.c, _people.c
    query = (
        sa.select(
            f.draft_id, f.revision, sa.func.coalesce(p.name, f.saved_by).label("by"), f.saved_at, f.digest
        )
        .join(_people, (p.tenant_id == f.tenant_id) & (p.id == f.saved_by), isouter=True)
        .where(f.tenant_id == person.tenant_id, f.path == path, f.digest != "")
        .where(sa.or_(f.draft_id == draft_id, BundleDraftFile.is_earlier(draft_id)))
        .order_by(f.revision.desc())
    )
    found = tuple(
        Save(row.revision, row.by, row.saved_at, row.digest, row.draft_id == draft_id)
        for row in session.execute(query)
    )
    if not found:
        raise NotFound("file", path)
    return found


def content(session: Session, person: Person, draft_id: str, path: str, revision: int) -> bytes:
    """A file as it was saved at a revision. Raises NotFound, also for a save that is no longer kept."""
    for save in listing(session, person, draft_id, path):
        if save.revision == revision:
            return contents.read(session, person.tenant_id, {save.digest})[save.digest]
    raise NotFound("file", path)


def keep(
    session: Session, person: Person, draft_id: str, replaced: Sequence[Mapping[str, Any]], *, sitting: bool
) -> None:  # fmt: skip
    """Keep what is about to be replaced: rows of the draft's files as they are. Of a `sitting` of the same
    person at an editor not every save is worth it. Outlines follow their diagrams and are not kept."""
    rows = [r for r in replaced if r["digest"] and single_file.kind_of(r["path"]) != "outline"]
    if not rows:
        return
    known = _kept(session, person.tenant_id, draft_id, [row["path"] for row in rows])
    if sitting:
        rows = [row for row in rows if _worth_keeping(row, person, known.get(row["path"], ()))]
    if rows:
        session.execute(
            _files.insert(),
            [{**row, "draft_id": BundleDraftFile.earlier_id(draft_id, row["revision"])} for row in rows],
        )
    _forget_beyond(session, person.tenant_id, [known[row["path"]] for row in rows if row["path"] in known])


# --------------------------------------------------------------------------- rows
def _kept(
    session: Session, tenant_id: str, draft_id: str, paths: Iterable[str]
) -> dict[str, list[Mapping[str, Any]]]:
    """The earlier saves of some files, the last one first."""
    f = _files.c
    query = (
        sa.select(f.draft_id, f.path, f.digest, f.saved_at)
        .where(f.tenant_id == tenant_id, BundleDraftFile.is_earlier(draft_id), f.path.in_(list(paths)))
        .order_by(f.revision.desc())
    )
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in session.execute(query).mappings():
        found[row["path"]].append(dict(row))
    return found


def _worth_keeping(row: Mapping[str, Any], person: Person, known: Sequence[Mapping[str, Any]]) -> bool:
    """Somebody else's save, the first one, or the last of some minutes."""
    return row["saved_by"] != person.id or not known or row["saved_at"] - known[0]["saved_at"] >= SITTING


def _forget_beyond(session: Session, tenant_id: str, known: Iterable[Sequence[Mapping[str, Any]]]) -> None:
    """One save was added to each of these: the oldest beyond the limit go."""
    over = [row for saves in known for row in saves[KEPT - 1 :]]
    for row in over:
        f = _files.c
        session.execute(
            _files.delete().where(
                f.tenant_id == tenant_id, f.draft_id == row["draft_id"], f.path == row["path"]
            )
        )
    contents.let_go(session, tenant_id, [row["digest"] for row in over])
