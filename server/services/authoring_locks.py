"""Who edits which file of a draft: taken, kept while the editor is open, given back, lapsing, broken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import authoring, bundle_log
from server.services.authorization import Person
from server.services.errors import FileLocked, NotFound
from server.store.authoring import BundleDraftFile, FileLock
from server.store.conflicts import Entering
from server.store.identity import User

LAPSES = timedelta(minutes=5)
"""A lock that nobody keeps is free again after this time: browsers are closed without a word."""

_locks = FileLock.metadata.tables["file_lock"]
_files = BundleDraftFile.metadata.tables["bundle_draft_file"]
_people = User.metadata.tables["person"]
_TAKE = Entering(_locks, renewed=("holder", "taken_at", "until", "broken_from", "reason"))


@dataclass(frozen=True, slots=True)
class Lock:
    """Who edits a file (id and name), until when, and why a lock was taken from whom."""

    path: str
    holder: str
    holder_name: str
    until: datetime
    broken_from: str = ""
    reason: str = ""


def standing(session: Session, person: Person, draft_id: str, now: datetime) -> dict[str, Lock]:
    """The locks of a draft that have not lapsed, by path."""
    authoring.view(session, person, draft_id)
    return {lock.path: lock for lock in _found(session, person, draft_id) if lock.until > now}


def take(
    session: Session, person: Person, draft_id: str, path: str, now: datetime, *, reason: str = ""
) -> Lock:
    """Say that the person edits a file. Somebody else's lock is broken only with a `reason`, which they are
    shown; without one FileLocked tells who holds it."""
    authoring.hold(session, person, draft_id)
    _require_file(session, person, draft_id, path)
    held = _held(session, person, draft_id, path, now)
    foreign = held is not None and held.holder != person.id
    if held is not None and foreign and not reason.strip():
        raise FileLocked(path, held.holder_name, held.until)
    broken_from = held.holder if held is not None and foreign else ""
    why = reason.strip()[:200] if foreign else ""
    until = now + LAPSES
    _TAKE.enter(
        session,
        {**_key(person, draft_id, path), "holder": person.id, "taken_at": now, "until": until,
         "broken_from": broken_from, "reason": why},
    )  # fmt: skip
    if broken_from:
        bundle_log.add(
            session, person, person.tenant_id, "lock_broken", now, draft=draft_id, path=path, of=broken_from,
            reason=why,
        )  # fmt: skip
    return Lock(path, person.id, person.name, until, broken_from, why)


def keep(session: Session, person: Person, draft_id: str, path: str, now: datetime) -> Lock:
    """Go on editing. FileLocked tells who has taken the file over meanwhile, and why."""
    authoring.hold(session, person, draft_id)
    held = _held(session, person, draft_id, path, now)
    if held is None:
        return take(session, person, draft_id, path, now)
    if held.holder != person.id:
        reason = held.reason if held.broken_from == person.id else ""
        raise FileLocked(path, held.holder_name, held.until, reason)
    k, until = _locks.c, now + LAPSES
    session.execute(_locks.update().where(*_mine(person, draft_id, path), k.holder == person.id).values(
        until=until
    ))  # fmt: skip
    return Lock(path, person.id, person.name, until)


def release(
    session: Session, person: Person, draft_id: str, path: str, until: datetime | None = None
) -> None:
    """Stop editing; another's lock stays. With `until`, as it was told last, so does one that was taken or
    kept since: a page that is loaded anew takes the lock before the old one's farewell arrives."""
    authoring.hold(session, person, draft_id)
    mine = (*_mine(person, draft_id, path), _locks.c.holder == person.id)
    session.execute(_locks.delete().where(*mine, *([_locks.c.until == until] if until else [])))


def require(session: Session, person: Person, draft_id: str, path: str, now: datetime) -> None:
    """Refuse with FileLocked where somebody else edits the file."""
    held = _held(session, person, draft_id, path, now)
    if held is not None and held.holder != person.id:
        reason = held.reason if held.broken_from == person.id else ""
        raise FileLocked(path, held.holder_name, held.until, reason)


def _require_file(session: Session, person: Person, draft_id: str, path: str) -> None:
    f = _files.c
    query = sa.select(f.path).where(
        f.tenant_id == person.tenant_id, f.draft_id == draft_id, f.path == path, f.digest != ""
    )
    if session.execute(query).one_or_none() is None:
        raise NotFound("file", path)


def _held(session: Session, person: Person, draft_id: str, path: str, now: datetime) -> Lock | None:
    found = _found(session, person, draft_id, path)
    return found[0] if found and found[0].until > now else None


def _found(session: Session, person: Person, draft_id: str, path: str | None = None) -> list[Lock]:
    k, p = _locks.c, _people.c
    query = (
        sa.select(
            k.path, k.holder, sa.func.coalesce(p.name, k.holder).label("name"), k.until, k.broken_from,
            k.reason,
        )
        .join(_people, (p.tenant_id == k.tenant_id) & (p.id == k.holder), isouter=True)
        .where(k.tenant_id == person.tenant_id, k.draft_id == draft_id)
    )  # fmt: skip
    if path is not None:
        query = query.where(k.path == path)
    return [Lock(*row) for row in session.execute(query)]


def _key(person: Person, draft_id: str, path: str) -> dict[str, str]:
    return {"tenant_id": person.tenant_id, "draft_id": draft_id, "path": path}


def _mine(person: Person, draft_id: str, path: str) -> tuple[Any, ...]:
    k = _locks.c
    return (k.tenant_id == person.tenant_id, k.draft_id == draft_id, k.path == path)
