"""Drafts: what someone has typed and not sent; nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.engine.forms import Pair, Upload
from server.services import secret_files
from server.services.authorization import Person
from server.store.columns import ID_LENGTH
from server.store.conflicts import Entering
from server.store.history import Attachment, Draft

_drafts = Draft.metadata.tables["draft"]
_attachments = Attachment.metadata.tables["attachment"]
_MINE = (
    _drafts.c.tenant_id == bindparam("of_tenant"),
    _drafts.c.user_id == bindparam("of_user"),
    _drafts.c.key == bindparam("of_key"),
)
_READ = _drafts.select().where(*_MINE)
_DROP = _drafts.delete().where(*_MINE)
_AMONG = sa.select(_drafts.c.key).where(
    _drafts.c.tenant_id == bindparam("of_tenant"),
    _drafts.c.user_id == bindparam("of_user"),
    _drafts.c.key.in_(bindparam("keys", expanding=True)),
)
_KEEP = Entering(_drafts, renewed=("values", "saved_at"))
COLUMNS = (_drafts.c["values"].label("draft_values"), _drafts.c.saved_at.label("draft_saved_at"))
"""What a query about a task adds for `of_row`; `beside` joins it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft: the pairs as they were typed, and when."""

    pairs: tuple[Pair, ...]
    saved_at: datetime


def kept(session: Session, person: Person, key: str) -> Kept | None:
    """The person's draft for a task or a start, if there is one."""
    row = session.execute(_READ, _mine(person, key)).mappings().one_or_none()
    return _kept(row["values"], row["saved_at"]) if row else None


def among(session: Session, person: Person, keys: Sequence[str]) -> set[str]:
    """Under which of some keys the person keeps a draft."""
    found = session.execute(_AMONG, {"of_tenant": person.tenant_id, "of_user": person.id, "keys": keys})
    return set(found.scalars())


def beside(query: sa.Select[Any], task: Any) -> sa.Select[Any]:
    """A query about tasks (`task` their columns), with the draft that the person `of_person` has of each."""
    key = sa.literal_column("'task:'", sa.String).concat(task.id)
    d = _drafts.c
    mine = (d.tenant_id == task.tenant_id) & (d.user_id == bindparam("of_person")) & (d.key == key)
    return query.outerjoin(_drafts, mine)


def of_row(row: Mapping[str, Any]) -> Kept | None:
    """The draft that a query with `COLUMNS` found."""
    return _kept(row["draft_values"], row["draft_saved_at"]) if row["draft_saved_at"] else None


def _kept(values: Mapping[str, Any], saved_at: datetime) -> Kept:
    return Kept(tuple((name, _upload(value)) for name, value in values["pairs"]), saved_at)


def keep(session: Session, person: Person, key: str, pairs: Sequence[Pair], now: datetime) -> None:
    """Keep what was typed, in place of what was kept before."""
    plain = [[name, asdict(value) if isinstance(value, Upload) else value] for name, value in pairs]
    keys = {"tenant_id": person.tenant_id, "user_id": person.id, "key": key}
    _KEEP.enter(session, {**keys, "values": {"pairs": plain}, "saved_at": now})


def drop(session: Session, person: Person, key: str) -> None:
    """Forget a draft."""
    session.execute(_DROP, _mine(person, key))


def hand_over(
    session: Session, person: Person, key: str, instance_id: str, values: Mapping[str, Any]
) -> list[dict[str, str]]:
    """The draft was sent: forget it, and give the instance the files that its `values` name; those that were
    removed again stay the person's own. Gives name and SHA-256 of each, for the record."""
    drop(session, person, key)
    return give_files(session, person, key, instance_id, values)


def give_files(
    session: Session, person: Person, key: str, instance_id: str, values: Mapping[str, Any]
) -> list[dict[str, str]]:
    """The same where there was no draft."""
    named = set(_texts(values))
    if not named:
        return []
    a = _attachments.c
    given = session.execute(
        _attachments.update()
        .where(
            a.tenant_id == person.tenant_id, a.id.in_(named), a.owner_key == key,
            a.uploaded_by == person.id, a.instance_id == "",
        )
        .values(instance_id=instance_id)
        .returning(a.id, a.name, a.sha256, a.readers)
    ).all()  # fmt: skip
    return [
        {"name": secret_files.alias(name, id_, readers), "sha256": sha256}
        for id_, name, sha256, readers in sorted(map(tuple, given))
    ]


def _mine(person: Person, key: str) -> dict[str, str]:
    return {"of_tenant": person.tenant_id, "of_user": person.id, "of_key": key}


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value that could be the id of a file."""
    if isinstance(value, str):
        if len(value) == ID_LENGTH:
            yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _upload(value: Any) -> Any:
    return Upload(**value) if isinstance(value, dict) else value
