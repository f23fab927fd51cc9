"""Files that only some may see: their names stand nowhere but beside the bytes, and there only for these."""

from __future__ import annotations

from pathlib import PurePosixPath

from sqlmodel import Session

from server.services import deployed
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.errors import NotFound
from server.store.history import Attachment


def readers_of(session: Session, tenant_id: str, field: str) -> tuple[str, ...]:
    """The groups that the manifest in use names for the files of a field; none: everybody who sees the
    case."""
    try:
        manifest = deployed.active(session, tenant_id).manifest
    except NotFound:
        return ()
    secret = manifest.secret_files.get(field) if manifest else None
    return secret.readers if secret else ()


def names(session: Session, tenant_id: str, readers: str) -> list[str]:
    """The groups for whom a secret file is, in words."""
    groups = readers.split()
    return [deployed.active(session, tenant_id).group_name(group) for group in groups] if groups else []


def may_read(session: Session, person: Person, readers: str, uploaded_by: str) -> Verdict:
    """A secret file (`readers`: ids of groups) is read by these groups and by whoever gave it; any other by
    everybody who may see its case."""
    groups = readers.split()
    if not groups or person.id == uploaded_by or person.has(*groups):
        return ALLOWED
    told = "、".join(names(session, person.tenant_id, readers))
    return denied("Only {groups} may see this file. Ask them.", groups=told)


def alias(name: str, attachment_id: str, readers: str) -> str:
    """What a file is called wherever others can read it: in answers, the record, printed papers."""
    if not readers:
        return name
    return f"不公开材料-{attachment_id[-4:]}{PurePosixPath(name).suffix}"


def seen_by(person: Person, file: Attachment) -> Attachment:
    """The file as a person sees it in a list: one that is withheld has no id, name, size and digest."""
    groups = file.readers.split()
    if not groups or person.id == file.uploaded_by or person.has(*groups):
        return file
    return Attachment(**{**file.model_dump(), "id": "", "name": "", "size": 0, "sha256": "", "reason": ""})
