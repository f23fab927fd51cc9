"""Checking chains of entries of which each jurisdiction keeps the end: none changed, missing or cut off."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlmodel import Session

from server.services.history import ChainFault, entry_hash
from server.store.identity import Jurisdiction

_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]


def verify(
    session: Session, events: sa.Table, name: str, tenant_id: str | None = None
) -> Iterator[ChainFault | int]:
    """Check the chains in a table of entries, whose last number and hash stand at the jurisdiction as
    `<name>_seq` and `<name>_head`; yields the number of entries of each sound one, and a ChainFault for a
    broken one."""
    j = _jurisdictions.c
    query = sa.select(j.tenant_id, j[f"{name}_seq"], j[f"{name}_head"]).order_by(j.tenant_id)
    if tenant_id is not None:
        query = query.where(j.tenant_id == tenant_id)
    for tenant, last, head in session.execute(query).all():
        yield _verify_one(session, events, tenant, last, head)


def _verify_one(session: Session, events: sa.Table, tenant: str, last: int, head: str) -> ChainFault | int:
    e = events.c
    rows = session.execute(events.select().where(e.tenant_id == tenant).order_by(e.seq)).mappings()
    previous, expected = "", 0
    for row in rows:
        expected += 1
        if row["seq"] != expected:
            return ChainFault(tenant, "", expected, "entry missing")
        if row["prev_hash"] != previous or entry_hash(previous, dict(row)) != row["hash"]:
            return ChainFault(tenant, "", expected, "entry changed")
        previous = row["hash"]
    if expected != last or previous != head:
        return ChainFault(tenant, "", expected + 1, "last entries missing")
    return expected
