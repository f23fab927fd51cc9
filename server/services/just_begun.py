"""The case that somebody began a moment ago, for whoever was not told: the answer was lost, or they pressed
twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from server.services import drafts
from server.services.authorization import Person
from server.services.starts import Matter
from server.store.runtime import ProcessInstance

MOMENT = timedelta(minutes=30)
"""How long somebody looks for what became of their sending: the server may have to be started again first."""


def find(session: Session, person: Person, matter: Matter, now: datetime) -> str:
    """The id of the case of this process that the person began last, "" if that was not a moment ago or they
    have begun to fill the form anew. Rehearsals, whose clock is their own, are not looked for."""
    if matter.rehearsed or drafts.kept(session, person, matter.draft) is not None:
        return ""
    table = ProcessInstance.metadata.tables["process_instance"].c
    query = (
        sa.select(table.id, table.started_at)
        .where(table.tenant_id == person.tenant_id, table.started_by == person.id)
        .where(table.process_key == matter.key, table.rehearsal_at.is_(None))
        .order_by(table.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return str(row.id) if row is not None and now - row.started_at <= MOMENT else ""
