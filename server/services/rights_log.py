"""What changed in people's rights: an audit chain of each jurisdiction, beside those of its cases and
bundles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import chains
from server.services.authorization import Person, may_audit
from server.services.bundle_log import take_turn
from server.services.history import ChainFault, entry_hash
from server.store.columns import dumps, loads
from server.store.identity import Jurisdiction, User
from server.store.people import RightEvent

_events = RightEvent.metadata.tables["right_event"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_people = User.metadata.tables["person"]


@dataclass(frozen=True, slots=True)
class Change:
    """What changed for whom (`user_id`; "" where it is about no one person), with what is worth telling."""

    kind: str
    user_id: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail as people read it; `person_name` is what the person is called today."""

    seq: int
    at: datetime
    kind: str
    actor_id: str
    actor_name: str
    actor_post: str
    user_id: str
    person_name: str
    payload: dict[str, Any]
    hash: str


def add(session: Session, actor: Person, tenant_id: str, now: datetime, *changes: Change) -> None:
    """Note what somebody changed in the rights of a jurisdiction's people. Of two who change them at once,
    the second waits for the first."""
    if not changes:
        return
    take_turn(session, tenant_id)
    j = _jurisdictions.c
    of_tenant = j.tenant_id == tenant_id
    found = session.execute(sa.select(j.rights_seq, j.rights_head).where(of_tenant)).one_or_none()
    if found is None:
        raise LookupError(f"there is no jurisdiction {tenant_id}")
    seq, head = found
    rows = []
    for change in changes:
        seq += 1
        entry: dict[str, Any] = {
            "tenant_id": tenant_id, "seq": seq, "at": now, "kind": change.kind, "actor_id": actor.id,
            "actor_name": actor.name, "actor_post": actor.post, "user_id": change.user_id,
            "payload": loads(dumps(change.payload)), "prev_hash": head,
        }  # fmt: skip
        entry["hash"] = head = entry_hash(head, entry)
        rows.append(entry)
    session.execute(_events.insert(), rows)
    session.execute(_jurisdictions.update().where(of_tenant).values(rights_seq=seq, rights_head=head))


def entries(
    session: Session, person: Person, *, user_id: str = "", before: int | None = None, limit: int = 100
) -> list[Entry]:
    """The trail of the auditor's jurisdiction, newest first; of one person, behind an entry, if wanted."""
    if user_id != person.id:
        may_audit(person).require()
    e, p = _events.c, _people.c
    query = (
        sa.select(
            e.seq, e.at, e.kind, e.actor_id, e.actor_name, e.actor_post, e.user_id,
            sa.func.coalesce(p.name, e.user_id), e.payload, e.hash,
        )
        .join(_people, (p.tenant_id == e.tenant_id) & (p.id == e.user_id), isouter=True)
        .where(e.tenant_id == person.tenant_id)
        .order_by(e.seq.desc())
        .limit(limit)
    )  # fmt: skip
    if user_id:
        query = query.where(e.user_id == user_id)
    if before is not None:
        query = query.where(e.seq < before)
    return [Entry(*row) for row in session.execute(query)]


def absent(session: Session, tenant_id: str, found: Iterable[Entry]) -> dict[str, str]:
    """The names of those for whom some entries tell that others stand in, by id."""
    ids = {str(entry.payload["absent_id"]) for entry in found if "absent_id" in entry.payload}
    if not ids:
        return {}
    p = _people.c
    query = sa.select(p.id, p.name).where(p.tenant_id == tenant_id, p.id.in_(ids))
    return {row.id: row.name for row in session.execute(query)}


def verify(session: Session, tenant_id: str | None = None) -> Iterator[ChainFault | int]:
    """Check the chains; yields the number of entries of each sound one, and a ChainFault for a broken one."""
    return chains.verify(session, _events, "rights", tenant_id)
