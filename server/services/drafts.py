"""Drafts: what someone has typed and not sent; nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from server.engine.forms import Pair, Upload
from server.services.authorization import Person
from server.store.history import Attachment, Draft

_drafts = Draft.metadata.tables["draft"]
_attachments = Attachment.metadata.tables["attachment"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft: the pairs as they were typed, and when."""

    pairs: tuple[Pair, ...]
    saved_at: datetime


def kept(session: Session, person: Person, key: str) -> Kept | None:
    """The person's draft for a task or a start, if there is one."""
    d = _drafts.c
    query = _drafts.select().where(d.tenant_id == person.tenant_id, d.user_id == person.id, d.key == key)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        return None
    pairs = tuple((name, _upload(value)) for name, value in row["values"]["pairs"])
    return Kept(pairs, row["saved_at"])


def keep(session: Session, person: Person, key: str, pairs: Sequence[Pair], now: datetime) -> None:
    """Keep what was typed, in place of what was kept before."""
    plain = [[name, asdict(value) if isinstance(value, Upload) else value] for name, value in pairs]
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    keys = {"tenant_id": person.tenant_id, "user_id": person.id, "key": key}
    content = {"values": {"pairs": plain}, "saved_at": now}
    insert = dialect.insert(_drafts).values(**keys, **content)
    session.execute(insert.on_conflict_do_update(index_elements=list(keys), set_=content))


def drop(session: Session, person: Person, key: str) -> None:
    """Forget a draft."""
    d = _drafts.c
    where = (d.tenant_id == person.tenant_id, d.user_id == person.id, d.key == key)
    session.execute(_drafts.delete().where(*where))


def hand_over(session: Session, person: Person, key: str, instance_id: str) -> None:
    """The draft was sent: forget it, and give its files to the instance."""
    drop(session, person, key)
    a = _attachments.c
    session.execute(
        _attachments.update()
        .where(a.tenant_id == person.tenant_id, a.owner_key == key, a.instance_id == "")
        .values(instance_id=instance_id)
    )


def _upload(value: Any) -> Any:
    return Upload(**value) if isinstance(value, dict) else value
