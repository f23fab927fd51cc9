"""What happened to a jurisdiction's bundles: an audit chain beside those of its cases, and the turn of those
who change them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import chains
from server.services.authorization import Person, may_deploy
from server.services.history import ChainFault, entry_hash
from server.store.authoring import BundleEvent
from server.store.columns import dumps, loads
from server.store.identity import Jurisdiction

_events = BundleEvent.metadata.tables["bundle_event"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log as people read it."""

    seq: int
    at: datetime
    kind: str
    actor_id: str
    actor_name: str
    actor_post: str
    payload: dict[str, Any]


def take_turn(session: Session, tenant_id: str) -> None:
    """Of two who change the bundles of a jurisdiction at once, the second waits for the first. Everything
    that writes a draft, a deployment or a release takes its turn first; it ends with the unit of work."""
    j = _jurisdictions.c
    session.execute(sa.select(j.tenant_id).where(j.tenant_id == tenant_id).with_for_update())


def add(session: Session, person: Person, tenant_id: str, kind: str, now: datetime, **payload: Any) -> None:
    """Note what somebody did to the bundles of a jurisdiction."""
    take_turn(session, tenant_id)
    j = _jurisdictions.c
    head = session.execute(
        sa.select(j.bundle_seq, j.bundle_head).where(j.tenant_id == tenant_id)
    ).one_or_none()
    if head is None:
        raise LookupError(f"there is no jurisdiction {tenant_id}")
    entry: dict[str, Any] = {
        "tenant_id": tenant_id, "seq": head.bundle_seq + 1, "at": now, "kind": kind, "actor_id": person.id,
        "actor_name": person.name, "actor_post": person.post, "payload": loads(dumps(payload)),
        "prev_hash": head.bundle_head,
    }  # fmt: skip
    entry["hash"] = entry_hash(head.bundle_head, entry)
    session.execute(_events.insert().values(entry))
    session.execute(
        _jurisdictions.update()
        .where(j.tenant_id == tenant_id)
        .values(bundle_seq=entry["seq"], bundle_head=entry["hash"])
    )


def entries(session: Session, person: Person, limit: int = 100) -> list[Entry]:
    """The log of the person's jurisdiction, newest first."""
    may_deploy(person).require()
    e = _events.c
    query = (
        sa.select(e.seq, e.at, e.kind, e.actor_id, e.actor_name, e.actor_post, e.payload)
        .where(e.tenant_id == person.tenant_id)
        .order_by(e.seq.desc())
        .limit(limit)
    )
    return [Entry(*row) for row in session.execute(query)]


def verify(session: Session, tenant_id: str | None = None) -> Iterator[ChainFault | int]:
    """Check the chains; yields the number of entries of each sound one, and a ChainFault for a broken one."""
    return chains.verify(session, _events, "bundle", tenant_id)
