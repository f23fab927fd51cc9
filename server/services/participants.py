"""Who has had to do with an instance, and so may see it."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.store.conflicts import Entering
from server.store.runtime import Participant

_participants = Participant.metadata.tables["participant"]
_ADMIT = Entering(_participants)
_OF_INSTANCE = sa.select(_participants.c.principal).where(
    _participants.c.tenant_id == bindparam("of_tenant"),
    _participants.c.instance_id == bindparam("of_instance"),
)


def of_instance(session: Session, tenant_id: str, instance_id: str) -> frozenset[str]:
    """The principals of an instance."""
    found = session.execute(_OF_INSTANCE, {"of_tenant": tenant_id, "of_instance": instance_id})
    return frozenset(found.scalars())


def admit(session: Session, tenant_id: str, instance_id: str, principals: Iterable[str]) -> None:
    """Let more principals see an instance from now on."""
    keys = {"tenant_id": tenant_id, "instance_id": instance_id}
    _ADMIT.enter(session, *({**keys, "principal": principal} for principal in principals))
