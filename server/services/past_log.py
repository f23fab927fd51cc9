"""What was entered of projects from before this house (补录): an audit chain of each jurisdiction, beside
those of its cases, bundles and rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.services import chains
from server.services.authorization import Person
from server.services.bundle_log import take_turn
from server.services.history import ChainFault, entry_hash
from server.store.columns import dumps, loads
from server.store.identity import Jurisdiction
from server.store.past import PastEvent
from server.store.runtime import Project

_events = PastEvent.metadata.tables["past_event"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_projects = Project.metadata.tables["project"]
Kind = Literal["project_entered", "facts_entered", "facts_corrected"]


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that an entry tells of: what it was, None where it was not known, and what it is now, None where
    it was taken back."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail: who entered what, by which document (its text and its day), and, where something
    was corrected, why."""

    seq: int
    at: datetime
    kind: str
    actor_name: str
    actor_post: str
    project_id: str
    project_code: str
    project_name: str
    hash: str
    document: str
    day: date | None
    reason: str
    changes: tuple[Change, ...]


def add(
    session: Session, person: Person, kind: Kind, project_id: str, payload: Mapping[str, Any], now: datetime
) -> None:
    """Note what somebody entered of a project."""
    take_turn(session, person.tenant_id)
    j = _jurisdictions.c
    of_tenant = j.tenant_id == person.tenant_id
    seq, head = session.execute(sa.select(j.past_seq, j.past_head).where(of_tenant)).one()
    entry: dict[str, Any] = {
        "tenant_id": person.tenant_id, "seq": seq + 1, "at": now, "kind": kind, "actor_id": person.id,
        "actor_name": person.signed, "actor_post": person.post, "project_id": project_id,
        "payload": loads(dumps(payload)), "prev_hash": head,
    }  # fmt: skip
    entry["hash"] = entry_hash(head, entry)
    session.execute(_events.insert().values(entry))
    session.execute(
        _jurisdictions.update().where(of_tenant).values(past_seq=seq + 1, past_head=entry["hash"])
    )


def entries(
    session: Session, tenant_id: str, *, project_id: str = "", before: int | None = None, limit: int = 100
) -> list[Entry]:
    """The trail of a jurisdiction or of one of its projects, newest first, behind an entry if wanted."""
    e, p = _events.c, _projects.c
    query = (
        sa.select(
            e.seq, e.at, e.kind, e.actor_name, e.actor_post, e.project_id, p.code, p.name, e.hash, e.payload
        )
        .join(_projects, (p.tenant_id == e.tenant_id) & (p.id == e.project_id))
        .where(e.tenant_id == tenant_id)
        .order_by(e.seq.desc())
        .limit(limit)
    )
    if project_id:
        query = query.where(e.project_id == project_id)
    if before is not None:
        query = query.where(e.seq < before)
    return [_entry(*row) for row in session.execute(query)]


def _entry(*known: Any) -> Entry:
    payload = known[-1]
    day = date.fromisoformat(payload["day"]) if payload["day"] else None
    changes = tuple(Change(one["name"], one["before"], one["after"]) for one in payload["facts"])
    told: tuple[Any, ...] = (payload["document"], day, payload["reason"], changes)
    return Entry(*known[:-1], *told)


def verify(session: Session, tenant_id: str | None = None) -> Iterator[ChainFault | int]:
    """Check the chains; yields the number of entries of each sound one, and a ChainFault for a broken one."""
    return chains.verify(session, _events, "past", tenant_id)
