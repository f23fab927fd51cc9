"""A file of a case in all its versions: which is current, and putting a new one in its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import attachments, secret_files
from server.services.attachments import FileStore
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import finish, hold
from server.services.errors import StaleTask
from server.services.scanning import Scan
from server.store.columns import new_id
from server.store.history import Attachment
from server.store.identity import User
from server.store.runtime import ProcessInstance, Task

_attachments = Attachment.metadata.tables["attachment"]
_a = _attachments.c
_tasks = Task.metadata.tables["task"].c
_people = User.metadata.tables["person"].c
_instances = ProcessInstance.metadata.tables["process_instance"].c
LONGEST = 500
"""Characters of a reason."""
SHOWN = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
"""What a page shows by itself, and how the bytes of such a file begin: a file that is something else than its
name says is not shown."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version: who put it there, when, why in place of the last, and what its bytes are."""

    id: str
    number: int
    name: str
    size: int
    sha256: str
    scan: str
    uploaded_by: str
    uploaded_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A version of a file (`this`) among `all` of them, newest first. `shown` says whether a page can show
    it; `replace` whether this person may put a new one in its place, and why not. `case_number` is "" for a
    file of a draft, `readers` are the names of the groups for whom a secret file is."""

    this: Version
    all: tuple[Version, ...]
    instance_id: str
    case_number: str
    readers: tuple[str, ...]
    shown: bool
    replace: Verdict

    @property
    def current(self) -> bool:
        """Whether this is the version that counts."""
        return self.all[0].id == self.this.id


def look(session: Session, files: FileStore, person: Person, attachment_id: str) -> FileView:
    """A file with its versions. Raises NotFound, NotPermitted."""
    row = attachments.may_open(session, person, attachment_id)
    series = row.series or row.id
    query = (
        sa.select(*_attachments.c, _people.name.label("person"))
        .join_from(
            _attachments,
            User,
            (_people.tenant_id == _a.tenant_id) & (_people.id == _a.uploaded_by),
            isouter=True,
        )
        .where(_a.tenant_id == person.tenant_id, sa.or_(_a.id == series, _a.series == series))
        .order_by(_a.version.desc())
    )
    versions = tuple(_version(found) for found in session.execute(query).mappings())
    this = next(version for version in versions if version.id == row.id)
    number, verdict = "", denied("A draft is changed where it is written.")
    if row.instance_id:
        number, verdict = _number(session, row), may_replace(session, person, row)
    names = tuple(secret_files.names(session, person.tenant_id, row.readers))
    shown = is_shown(files.path(row.sha256), row.media_type)
    return FileView(this, versions, row.instance_id, number, names, shown, verdict)


def is_shown(path: Path, media_type: str) -> bool:
    """Whether a page can show the file: a PDF or a picture that is one."""
    begins = SHOWN.get(media_type)
    if begins is None or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(begins)) == begins


def may_replace(session: Session, person: Person, row: Attachment) -> Verdict:
    """A file is replaced while its case runs: by whoever gave it, and by those who hold an open task of the
    case."""
    i = _instances
    query = sa.select(i.status).where(i.tenant_id == person.tenant_id, i.id == row.instance_id)
    if session.execute(query).scalar_one() not in ("running", "incident"):
        return denied("The case has ended; its files stay as they are.")
    if row.uploaded_by == person.id or holds_task(session, person, row.instance_id):
        return ALLOWED
    return denied("Only whoever gave the file, or somebody who holds a task of the case, may replace it.")


def holds_task(session: Session, person: Person, instance_id: str) -> bool:
    """Whether the person holds an open task of a case."""
    query = sa.select(sa.func.count()).where(
        _tasks.tenant_id == person.tenant_id, _tasks.instance_id == instance_id, _tasks.status == "open",
        _tasks.assignee_id == person.id,
    )  # fmt: skip
    return bool(session.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class Given:
    """A new version as it was sent: its name, its bytes, what the scanner said, and why it comes."""

    name: str
    content: bytes
    reason: str
    scan: Scan | None = None


def replace(
    session: Session, files: FileStore, person: Person, attachment_id: str, given: Given, now: datetime,
    *, limit: int,
) -> str:  # fmt: skip
    """Put a new version in the place of a file; gives its id. The old one stays as it was. Raises StaleTask
    when somebody has replaced it already, NotPermitted where the file cannot be kept or no reason is
    given."""
    row = attachments.may_open(session, person, attachment_id)
    if not row.instance_id:
        denied("A draft is changed where it is written.").require()
    case = hold(session, person, row.instance_id, now)
    row = attachments.may_open(session, person, attachment_id)  # as it is now that nobody else can change it
    if row.replaced_by:
        raise _faster(session, person, row)
    may_replace(session, person, row).require()
    if not given.reason.strip():
        denied("Say why the file is replaced.").require()
    new = _keep(session, files, person, row, given, now, limit)
    session.execute(
        _attachments.update()
        .where(_a.tenant_id == person.tenant_id, _a.id == row.id)
        .values(replaced_by=new.id, series=new.series)
    )
    named = secret_files.alias(row.name, row.id, row.readers)
    became = secret_files.alias(new.name, new.id, new.readers)
    case.record.add(
        "file_replaced", field=row.field, name=named, sha256=row.sha256, new_name=became, version=new.version,
        new_sha256=new.sha256, reason=new.reason,
    )  # fmt: skip
    finish(case)
    return new.id


def _keep(
    session: Session, files: FileStore, person: Person, row: Attachment, given: Given, now: datetime,
    limit: int,
) -> Attachment:  # fmt: skip
    """The new version, kept beside the old one."""
    name = attachments.plain_name(given.name)
    problem = attachments.problem_of(name, given.content, limit)
    scan = given.scan or (Scan("") if problem else files.scanner.look(given.content))
    if problem := problem or attachments.scan_problem(scan):
        denied(problem).require()
    new = Attachment(
        tenant_id=row.tenant_id, id=new_id(now), instance_id=row.instance_id, owner_key=row.owner_key,
        field=row.field, name=name, media_type=attachments.media_type(name), size=len(given.content),
        sha256=files.put(given.content), uploaded_by=person.id, uploaded_at=now, series=row.series or row.id,
        version=row.version + 1, reason=given.reason.strip()[:LONGEST], readers=row.readers, scan=scan.state,
    )  # fmt: skip
    session.execute(_attachments.insert().values(**new.model_dump()))
    return new


def _faster(session: Session, person: Person, row: Attachment) -> StaleTask:
    """Who has replaced the file, and when."""
    query = (
        sa.select(_people.name, _a.uploaded_at)
        .join_from(_attachments, User, (_people.tenant_id == _a.tenant_id) & (_people.id == _a.uploaded_by))
        .where(_a.tenant_id == person.tenant_id, _a.id == row.replaced_by)
    )
    found = session.execute(query).one_or_none()
    by, at = (found.name, found.uploaded_at) if found else (None, None)
    return StaleTask("", "moved", by=by, at=at, instance_id=row.instance_id)


def _number(session: Session, row: Attachment) -> str:
    i = _instances
    query = sa.select(i.business_key).where(i.tenant_id == row.tenant_id, i.id == row.instance_id)
    return str(session.execute(query).scalar_one())


def _version(row: Any) -> Version:
    return Version(
        row["id"], row["version"], row["name"], row["size"], row["sha256"], row["scan"],
        row["person"] or row["uploaded_by"], row["uploaded_at"], row["reason"],
    )  # fmt: skip
