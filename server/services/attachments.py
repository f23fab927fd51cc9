"""Files of a case: kept once under their SHA-256, seen only by those who may see the case."""

from __future__ import annotations

import errno
import hashlib
import math
import os
import re
import secrets
import tempfile
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.engine.forms import Upload
from server.services import heads, secret_files
from server.services.authorization import Person
from server.services.errors import NotFound, NotPermitted
from server.services.scanning import NoScanner, Scan, Scanner
from server.store.columns import new_id
from server.store.database import StorageFull
from server.store.history import Attachment
from server.store.runtime import Task

_attachments = Attachment.metadata.tables["attachment"]
_tasks = Task.metadata.tables["task"]
_OF_OWNER = _attachments.select().where(
    _attachments.c.tenant_id == bindparam("of_tenant"),
    _attachments.c.owner_key == bindparam("of_owner"),
    _attachments.c.uploaded_by == bindparam("of_person"),
)
_OF_INSTANCE = (
    _attachments.select()
    .where(
        _attachments.c.tenant_id == bindparam("of_tenant"),
        _attachments.c.instance_id == bindparam("of_instance"),
        _attachments.c.replaced_by == "",
    )
    .order_by(_attachments.c.id)
)

ALLOWED = {
    ".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
    ".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ofd": "application/ofd",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".wps": "application/vnd.ms-works", ".et": "application/vnd.ms-excel", ".txt": "text/plain",
    ".zip": "application/zip", ".csv": "text/csv",
}  # fmt: skip
"""File name endings that are accepted, and the media type under which each is given out again."""

_PART = re.compile(r"[0-9a-f]{62}")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class FileStore:
    """The data folder: `root/ab/cdef…`, written completely before its name appears, never changed
    afterwards. What is to be kept is shown to the `scanner` first."""

    def __init__(self, root: Path, scanner: Scanner | None = None) -> None:
        self.root = root
        self.scanner: Scanner = scanner or NoScanner()

    def put(self, content: bytes) -> str:
        """Keep a file's bytes; gives their SHA-256 (hex)."""
        digest = hashlib.sha256(content).hexdigest()
        place = self.path(digest)
        try:
            os.utime(place)  # young again: whoever clears away what is not needed leaves it
            return digest
        except FileNotFoundError:
            pass
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, content)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("the attachments' folder") from error
            raise
        return digest

    def path(self, digest: str) -> Path:
        """Where the bytes of a digest lie."""
        return self.root / digest[:2] / digest[2:]

    def untouched(self, before: datetime) -> Iterator[str]:
        """The digests of files that nobody has put since; what a broken write left behind is removed."""
        for place in self.root.glob("[0-9a-f][0-9a-f]/*"):
            if _touched(place) >= before.timestamp():
                continue
            if _PART.fullmatch(place.name):
                yield place.parent.name + place.name
            else:
                place.unlink(missing_ok=True)

    def discard(self, digest: str, before: datetime) -> bool:
        """Remove a file unless somebody has put it since. It is set aside first: whoever puts it from then on
        writes it anew."""
        place, aside = self.path(digest), self.path(digest).with_name(f"going-{secrets.token_hex(8)}")
        if _touched(place) >= before.timestamp():
            return False
        place.rename(aside)
        if _touched(aside) >= before.timestamp():
            aside.replace(place)
            return False
        aside.unlink()
        return True


def _touched(place: Path) -> float:
    """When a file was put the last time; infinity when it is not there."""
    try:
        return place.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _write(place: Path, content: bytes) -> None:
    """Complete and on the disk before its name appears; nothing is left of a failure."""
    handle, name = tempfile.mkstemp(dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def plain_name(name: str) -> str:
    """A file's own name: no folders, no characters that cannot be seen, at most 200 characters with its
    ending kept."""
    seen = "".join(c for c in name.replace("\\", "/") if unicodedata.category(c) not in _UNSEEN)
    path = PurePosixPath(seen.strip())
    ending = path.suffix[:20]
    return path.stem[: 200 - len(ending)].strip() + ending if path.name.strip(". ") else "file"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file to be given out."""

    name: str
    media_type: str
    path: Path


def store(
    session: Session, files: FileStore, person: Person, owner_key: str, field: str, name: str, content: bytes,
    now: datetime, *, limit: int, scan: Scan | None = None,
) -> Upload:  # fmt: skip
    """Keep an uploaded file for a draft (`owner_key` is task:<id>). A file that is too large, empty, infected
    or of a kind that is not accepted gives an Upload with a `problem`. A door that has shown it to the
    scanner before its unit of work hands over the `scan`. A secret file is called by its alias from here
    on."""
    name = plain_name(name)
    kind = media_type(name)
    problem = problem_of(name, content, limit)
    scan = scan or (Scan("") if problem else files.scanner.look(content))
    if problem := problem or scan_problem(scan):
        return Upload(name, len(content), kind, "", problem)
    attachment_id, readers = new_id(now), " ".join(secret_files.readers_of(session, person.tenant_id, field))
    session.execute(
        _attachments.insert().values(
            tenant_id=person.tenant_id, id=attachment_id, instance_id="", owner_key=owner_key, field=field,
            name=name, media_type=kind, size=len(content), sha256=files.put(content),
            uploaded_by=person.id, uploaded_at=now, readers=readers, scan=scan.state,
        )
    )  # fmt: skip
    shown = secret_files.alias(name, attachment_id, readers)
    return Upload(shown, len(content), kind, attachment_id)


def problem_of(name: str, content: bytes, limit: int) -> str:
    """Why a file cannot be kept, whatever it holds; "" when it can."""
    problem = ""
    if not media_type(name):
        problem = (
            "Files of this kind are not accepted. Use PDF, OFD, Word, Excel, WPS, pictures, text or ZIP."
        )
    elif not content:
        problem = "The file is empty."
    elif len(content) > limit:
        problem = "The file is too large."
    return problem


def media_type(name: str) -> str:
    """Under which media type a file of this name is given out, "" for one that is not accepted."""
    return ALLOWED.get(Path(name).suffix.lower(), "")


def scan_problem(scan: Scan) -> str:
    """Why the scanner keeps a file out, "" when it does not."""
    problem = ""
    if scan.state == "infected":
        problem = "The virus scanner found something in the file. It was not kept; tell an administrator."
    elif scan.state == "unreachable":
        problem = "The virus scanner cannot be reached, so no file is accepted now. Try again later."
    return problem


def of_owner(session: Session, person: Person, owner_key: str) -> dict[str, Upload]:
    """The files of a draft that is the person's own, by id: a form accepts no other ids. Those of an ended
    case that the draft takes up again are among them."""
    mine = {"of_tenant": person.tenant_id, "of_owner": owner_key, "of_person": person.id}
    rows = list(session.execute(_OF_OWNER, mine).mappings())
    kind, _, ended = owner_key.partition(":")
    if kind == "reopen":
        of_case = {"of_tenant": person.tenant_id, "of_instance": ended}
        rows += session.execute(_OF_INSTANCE, of_case).mappings()
    return {
        row["id"]: Upload(
            secret_files.alias(row["name"], row["id"], row["readers"]),
            row["size"],
            row["media_type"],
            row["id"],
        )
        for row in rows
    }


def needed(session: Session, digests: Collection[str]) -> set[str]:
    """Those of some digests that a row of any jurisdiction refers to."""
    a = _attachments.c
    return set(session.execute(sa.select(a.sha256).where(a.sha256.in_(digests))).scalars())


def of_instance(session: Session, person: Person, instance_id: str) -> list[Attachment]:
    """The materials of an instance in their current versions, in the order in which they came; of those that
    the person may not see nothing but that they are there."""
    of_case = {"of_tenant": person.tenant_id, "of_instance": instance_id}
    rows = session.execute(_OF_INSTANCE, of_case).mappings()
    return [secret_files.seen_by(person, Attachment(**row)) for row in rows]


def open_file(session: Session, files: FileStore, person: Person, attachment_id: str) -> Opened:
    """A file, if the person may see its case or uploaded it, and is of those for whom a secret one is."""
    row = may_open(session, person, attachment_id)
    return Opened(row.name, row.media_type, files.path(row.sha256))


def _signs_beside(session: Session, person: Person, owner_key: str) -> bool:
    """Whether the person was asked to sign before the task in whose draft a file lies: they see what they are
    to sign."""
    t, s = _tasks.alias("step").c, _tasks.alias("signature").c
    query = sa.select(s.id).where(
        t.tenant_id == person.tenant_id, t.id == owner_key.removeprefix("task:"), t.status == "open",
        s.tenant_id == t.tenant_id, s.instance_id == t.instance_id, s.element == t.element,
        s.signing == "before", s.assignee_id == person.id,
    )  # fmt: skip
    return session.execute(query.limit(1)).one_or_none() is not None


def may_open(session: Session, person: Person, attachment_id: str) -> Attachment:
    """The row of a file that the person may open. Raises NotFound, NotPermitted."""
    a = _attachments.c
    query = _attachments.select().where(a.tenant_id == person.tenant_id, a.id == attachment_id)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("attachment", attachment_id)
    if row["instance_id"]:
        heads.may_read(session, person, row["instance_id"]).require()
    elif row["uploaded_by"] != person.id and not _signs_beside(session, person, row["owner_key"]):
        raise NotPermitted("This file belongs to a draft of somebody else.")
    secret_files.may_read(session, person, row["readers"], row["uploaded_by"]).require()
    return Attachment(**row)
