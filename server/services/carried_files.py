"""Files of an ended case that come along when it is taken up again: the bytes stay where they are, the new
case gets rows of its own, and who may see a file stays as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlmodel import Session

from server.engine.forms import Upload
from server.services import secret_files
from server.services.case import Case
from server.store.columns import new_id
from server.store.history import Attachment

_attachments = Attachment.metadata.tables["attachment"]


def current(session: Session, tenant_id: str, instance_id: str) -> dict[str, Upload]:
    """The files of a case as an answer names them, by the id of any of their versions: each as it is now."""
    rows = _rows(session, tenant_id, instance_id)
    latest = {_series(row): row for row in rows if not row["replaced_by"]}
    return {row["id"]: _upload(latest[_series(row)]) for row in rows if _series(row) in latest}


def renamed(value: Any, files: Mapping[str, Upload]) -> Any:
    """Answers that name the files `files` says instead of those they named; all else as it was."""
    if isinstance(value, Mapping):
        if value.get("id") in files and "media_type" in value:
            return files[value["id"]].value()
        return {name: renamed(part, files) for name, part in value.items()}
    return [renamed(part, files) for part in value] if isinstance(value, list | tuple) else value


def take_over(case: Case, instance_id: str, values: Mapping[str, Any]) -> tuple[Any, list[dict[str, str]]]:
    """Give a new case the files of an ended one that its answers name. Gives the answers as they name the new
    case's files, and name and SHA-256 of each for its record."""
    named, tenant = set(_ids(values)), case.person.tenant_id
    rows = [row for row in _rows(case.session, tenant, instance_id) if row["id"] in named] if named else []
    copies = {row["id"]: _copy(case, row) for row in rows}
    if copies:
        case.session.execute(_attachments.insert(), list(copies.values()))
    files = {old: _upload(row) for old, row in copies.items()}
    told = [{"name": files[old].name, "sha256": row["sha256"]} for old, row in copies.items()]
    return renamed(values, files), told


def _copy(case: Case, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a file in its new case: given by whom and when it was; secret as it was, or as the manifest
    has it now where it was not."""
    readers = row["readers"] or " ".join(
        secret_files.readers_of(case.session, case.person.tenant_id, row["field"])
    )
    new = {"id": new_id(case.record.at), "instance_id": case.id, "readers": readers}
    return {**row, **new, "series": "", "version": 1, "replaced_by": "", "reason": ""}


def _rows(session: Session, tenant_id: str, instance_id: str) -> list[dict[str, Any]]:
    a = _attachments.c
    query = _attachments.select().where(a.tenant_id == tenant_id, a.instance_id == instance_id)
    return [dict(row) for row in session.execute(query.order_by(a.id)).mappings()]


def _series(row: Mapping[str, Any]) -> str:
    return str(row["series"] or row["id"])


def _upload(row: Mapping[str, Any]) -> Upload:
    shown = secret_files.alias(row["name"], row["id"], row["readers"])
    return Upload(shown, row["size"], row["media_type"], row["id"])


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "media_type" in value and isinstance(value.get("id"), str):
            yield value["id"]
        for part in value.values():
            yield from _ids(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _ids(part)
