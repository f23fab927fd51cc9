"""One mail a day for those who want it so: what they have been told since the last one and have not read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import calendars
from server.services.announcing import letter, post
from server.services.notice_kinds import KINDS, MAIL, chosen
from server.store.letters import Notice, NoticeWishes

_wishes = NoticeWishes.metadata.tables["notice_wishes"]
_notices = Notice.metadata.tables["notice"]
MOST = 50
"""Notices named in one mail; of more their number is told."""


def waiting(session: Session, now: datetime) -> list[tuple[str, str]]:
    """Those (jurisdiction, person) who want one mail a day and have had none today."""
    w = _wishes.c
    query = sa.select(w.tenant_id, w.user_id, w.digest_at).where(w.digest, w.mail_address != "")
    today = calendars.local(now).date()
    return [
        (row.tenant_id, row.user_id)
        for row in session.execute(query.order_by(w.tenant_id, w.user_id))
        if row.digest_at is None or calendars.local(row.digest_at).date() < today
    ]


def make(session: Session, tenant_id: str, user_id: str, now: datetime) -> bool:
    """Put the mail of the day into a person's post; False if there is nothing to tell. Twice a day is
    once."""
    if (tenant_id, user_id) not in waiting(session, now):
        return False
    w, n = _wishes.c, _notices.c
    mine = (w.tenant_id == tenant_id, w.user_id == user_id)
    kept = session.execute(sa.select(w.wishes, w.digest_at).where(*mine).with_for_update()).one()
    session.execute(_wishes.update().where(*mine).values(digest_at=now))
    kinds = [kind for kind in KINDS if MAIL in chosen(kept.wishes, kind)]
    query = sa.select(n.kind, n.payload, n.instance_id, n.task_id).where(
        n.tenant_id == tenant_id, n.user_id == user_id, n.read_at.is_(None), n.kind.in_(kinds), n.at <= now
    )
    if kept.digest_at is not None:
        query = query.where(n.at > kept.digest_at)
    found = session.execute(query.order_by(n.id.desc())).all()
    if found:
        payload = {"kind": "digest", "n": len(found), "items": [_item(row) for row in found[:MOST]]}
        post(session, [letter(tenant_id, user_id, MAIL, payload, "", now)], now)
    return bool(found)


def _item(row: Any) -> dict[str, Any]:
    return {**row.payload, "kind": row.kind, "task": row.task_id, "case": row.instance_id}
