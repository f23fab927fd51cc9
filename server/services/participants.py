"""Who has had to do with an instance, and so may see it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session

from server.store.runtime import Participant

_participants = Participant.metadata.tables["participant"]


def of_instance(session: Session, tenant_id: str, instance_id: str) -> frozenset[str]:
    """The principals of an instance."""
    p = _participants.c
    query = sa.select(p.principal).where(p.tenant_id == tenant_id, p.instance_id == instance_id)
    return frozenset(session.execute(query).scalars())
