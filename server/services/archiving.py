"""归档: everything about an ended case in one package that can be read without us and checked for itself."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.schedule import CIVIL
from server.services import instance_views, secret_files
from server.services.attachments import FileStore
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import finish, hold
from server.services.errors import ServiceError
from server.store.columns import dumps
from server.store.history import Attachment, DecisionEvaluation, HistoryEvent
from server.store.runtime import Task

FORMAT = 1
MANIFEST = "manifest.json"
RECORD, DECISIONS = "record.json", "decisions.json"
_CHUNK = 256 * 1024
_tables = HistoryEvent.metadata.tables
_events, _evaluations = _tables["history_event"], DecisionEvaluation.metadata.tables["decision_evaluation"]
_attachments = Attachment.metadata.tables["attachment"]
_t = Task.metadata.tables["task"].c
_ENDED = ("ended", "cancelled")


@dataclass(eq=False)
class FilesMissing(ServiceError):
    """The bytes of these files, by name, are not in the attachments' folder, or are not whole: a package
    without them would not be that of the case."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the package: its bytes, or where they lie, and their SHA-256 (hex). `about` tells what it is,
    for the manifest."""

    path: str
    size: int
    sha256: str
    content: bytes | Path
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the services know of a case for its package: the files that the person may see, in all versions,
    and how many were withheld from them; how far the record went."""

    instance_id: str
    number: str
    title: str
    files: tuple[Member, ...]
    data: tuple[Member, ...]
    withheld: tuple[Mapping[str, Any], ...]
    entries: int
    head: str


def may_archive(session: Session, person: Person, row: Mapping[str, Any]) -> Verdict:
    """The package of an ended case is for auditors and administrators, and for those who did a step of it."""
    if row["status"] not in _ENDED:
        return denied("The case still runs. It is archived when it has ended.")
    if person.has("admin", "auditor"):
        return ALLOWED
    query = sa.select(sa.func.count()).where(
        _t.tenant_id == person.tenant_id, _t.instance_id == row["id"], _t.completed_by == person.id,
        _t.status == "completed",
    )  # fmt: skip
    if session.execute(query).scalar_one():
        return ALLOWED
    return denied("The archive of a case is for those who did a step of it, and for auditors.")


def offered(session: Session, person: Person, instance_id: str) -> bool:
    """Whether the person may have the package of a case."""
    row, _used = instance_views.see(session, person, instance_id)
    return bool(may_archive(session, person, row))


def gather(session: Session, files: FileStore, person: Person, instance_id: str) -> Gathered:
    """What belongs into the package. Raises NotFound, NotPermitted, FilesMissing."""
    row, used = instance_views.see(session, person, instance_id)
    may_archive(session, person, row).require()
    of_case = {"tenant_id": person.tenant_id, "instance_id": instance_id}
    events = _rows(session, _events, of_case, "seq")
    decisions = _rows(session, _evaluations, of_case, "seq")
    kept = [Attachment(**found) for found in _rows(session, _attachments, of_case, "id")]
    known = [file for file in kept if secret_files.seen_by(person, file).id]
    if missing := tuple(file.name for file in known if not _is_whole(files, file)):
        raise FilesMissing(missing)
    facts = {name: value for name, value in row.items() if name != "state"}
    data = [
        member("case.json", dumps(facts), kind="case"),
        member(RECORD, dumps(events), kind="record"),
        member(DECISIONS, dumps(decisions), kind="decisions"),
    ]
    data += [
        member(path, content, kind="regulation in force" if path.endswith(".toml") else "model")
        for path, content in sorted(used.files.items())
    ]
    withheld = tuple(
        {"field": file.field, "given_at": file.uploaded_at, "sha256": file.sha256}
        for file in kept if file not in known
    )  # fmt: skip
    return Gathered(
        instance_id, row["business_key"], row["title"], tuple(_files(files, known)), tuple(data), withheld,
        row["history_seq"], row["history_head"],
    )  # fmt: skip


def member(path: str, content: bytes, **about: Any) -> Member:
    """A file of the package that is made here."""
    return Member(path, len(content), hashlib.sha256(content).hexdigest(), content, about)


def close(
    session: Session, person: Person, gathered: Gathered, pages: tuple[Member, ...], now: datetime
) -> tuple[Member, ...]:
    """Put the manifest on top of everything, and note in the record who took the package and the digest of
    its manifest. Gives all members in the order in which they are written."""
    case = hold(session, person, gathered.instance_id, now)
    members = (*pages, *gathered.data, *gathered.files)
    told = {
        "format": FORMAT, "tenant": person.tenant_id, "case": gathered.number, "title": gathered.title,
        "instance": gathered.instance_id, "made_at": now, "made_by": person.name,
        "record": {"entries": gathered.entries, "head": gathered.head}, "withheld": list(gathered.withheld),
        "files": [
            {"path": m.path, "size": m.size, "sha256": m.sha256, **m.about} for m in members
        ],
    }  # fmt: skip
    manifest = member(MANIFEST, dumps(told))
    case.record.add(
        "case_archived", digest=manifest.sha256, entries=gathered.entries, files=len(gathered.files),
        withheld=len(gathered.withheld),
    )  # fmt: skip
    finish(case)
    return (manifest, *members)


def stream(members: tuple[Member, ...], now: datetime) -> Iterator[bytes]:
    """The package as ZIP, piece by piece; no more than a piece is in memory."""
    outlet = _Outlet()
    at = now.astimezone(CIVIL).timetuple()[:6]
    with zipfile.ZipFile(outlet, "w") as book:
        for part in members:
            info = zipfile.ZipInfo(part.path, at)
            info.compress_type = (
                zipfile.ZIP_STORED if isinstance(part.content, Path) else zipfile.ZIP_DEFLATED
            )
            info.external_attr = 0o644 << 16
            with book.open(info, "w", force_zip64=part.size > 1 << 31) as writer:
                for piece in _pieces(part.content):
                    writer.write(piece)
                    yield outlet.take()
    yield outlet.take()


def _pieces(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece


class _Outlet(io.RawIOBase):
    """Where the ZIP is written to, and taken from as soon as it is."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        """It is, and cannot be rewound."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece until it is taken."""
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """What was written since."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


def _files(files: FileStore, kept: list[Attachment]) -> Iterator[Member]:
    for number, file in enumerate(kept, 1):
        about = {
            "kind": "file", "name": file.name, "id": file.id, "field": file.field, "version": file.version,
            "current": not file.replaced_by, "given_at": file.uploaded_at, "given_by": file.uploaded_by,
            "reason": file.reason,
        }  # fmt: skip
        path = f"files/{number:03}-{_safe(file.name, file.version)}"
        yield Member(path, file.size, file.sha256, files.path(file.sha256), about)


def _is_whole(files: FileStore, file: Attachment) -> bool:
    """Whether all bytes of a file are there, as far as can be told without reading them."""
    try:
        return files.path(file.sha256).stat().st_size == file.size
    except FileNotFoundError:
        return False


def _safe(name: str, version: int) -> str:
    """A name that every file system can keep."""
    stem, dot, ending = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", name).rpartition(".")
    return f"{(stem or ending)[:80].strip('. ')}-v{version}{dot}{ending if stem else ''}"


def _rows(session: Session, table: sa.Table, keys: Mapping[str, str], order: str) -> list[dict[str, Any]]:
    query = table.select().where(*(table.c[name] == value for name, value in keys.items()))
    return [dict(row) for row in session.execute(query.order_by(table.c[order])).mappings()]
