"""Common phrases (常用语): one's own and the office's, to be put into opinions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.services.authorization import Person, Verdict, denied, may_administer
from server.services.errors import NotFound, ServiceError
from server.store.columns import new_id
from server.store.phrases import Phrase as Row

LONGEST = 200
"""Characters of a phrase."""
MOST = 50
"""Phrases of one person, and of an office."""

_phrases = Row.metadata.tables["phrase"]
_p = _phrases.c
_OFFERED = (
    sa.select(_p.id, _p.text, _p.owner_id)
    .where(_p.tenant_id == bindparam("of_tenant"), _p.owner_id.in_([bindparam("of_person"), ""]))
    .order_by(_p.owner_id.desc(), _p.position, _p.id)
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase: the person's `own`, or the office's."""

    id: str
    text: str
    own: bool


@dataclass(eq=False)
class PhraseMoved(ServiceError):
    """Somebody changed the phrase (`text` now) or removed it ("") since it was read."""

    text: str = ""


def offered(session: Session, person: Person) -> tuple[Phrase, ...]:
    """The person's own phrases in their order, then those of the office."""
    rows = session.execute(_OFFERED, {"of_tenant": person.tenant_id, "of_person": person.id})
    return tuple(Phrase(id_, text, bool(owner)) for id_, text, owner in rows)


def add(session: Session, person: Person, text: str, now: datetime, *, office: bool = False) -> str:
    """Keep a phrase behind the others; gives its id. One that is there already is not kept twice."""
    owner, text = _owner(person, office=office), _tidy(text)
    mine = (_p.tenant_id == person.tenant_id, _p.owner_id == owner)
    known = session.execute(sa.select(_p.id, _p.text, _p.position).where(*mine)).all()
    for row in known:
        if row.text == text:
            return str(row.id)
    if len(known) >= MOST:
        denied("There are {most} phrases already. Remove one first.", most=MOST).require()
    row_id = new_id(now)
    place = max((row.position for row in known), default=0) + 1
    session.execute(
        _phrases.insert().values(
            tenant_id=person.tenant_id, id=row_id, owner_id=owner, text=text, position=place, changed_at=now
        )
    )
    return row_id


def change(session: Session, person: Person, phrase_id: str, text: str, seen: str, now: datetime) -> None:
    """Write a phrase anew. `seen` is its text when it was read: PhraseMoved when it is another now."""
    row, text = _editable(session, person, phrase_id), _tidy(text)
    this = (_p.tenant_id == person.tenant_id, _p.id == phrase_id)
    changed = session.execute(
        _phrases.update().where(*this, _p.text == seen).values(text=text, changed_at=now)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise PhraseMoved(row["text"])


def remove(session: Session, person: Person, phrase_id: str) -> None:
    """Forget a phrase; opinions in which it stands keep it."""
    _editable(session, person, phrase_id)
    session.execute(_phrases.delete().where(_p.tenant_id == person.tenant_id, _p.id == phrase_id))


def raise_up(session: Session, person: Person, phrase_id: str) -> None:
    """Offer a phrase before the one that now stands before it."""
    row = _editable(session, person, phrase_id)
    mine = (_p.tenant_id == person.tenant_id, _p.owner_id == row["owner_id"])
    query = sa.select(_p.id, _p.position).where(*mine, _p.position < row["position"])
    above = session.execute(query.order_by(_p.position.desc()).limit(1)).one_or_none()
    if above is not None:
        for id_, place in ((phrase_id, above.position), (above.id, row["position"])):
            session.execute(_phrases.update().where(*mine, _p.id == id_).values(position=place))


def text_of(session: Session, person: Person, phrase_id: str) -> str:
    """The text of a phrase that the person may use, "" when there is none."""
    return next((phrase.text for phrase in offered(session, person) if phrase.id == phrase_id), "")


def may_change(person: Person, owner_id: str) -> Verdict:
    """One's own phrases are one's own business, those of the office the administrators'."""
    if owner_id == "":
        if not may_administer(person):
            return denied("The phrases of the office are kept by administrators.", ask=("admin",))
    elif owner_id != person.id:
        return denied("This phrase belongs to somebody else.")
    return Verdict(allowed=True)


def _owner(person: Person, *, office: bool) -> str:
    owner = "" if office else person.id
    may_change(person, owner).require()
    return owner


def _editable(session: Session, person: Person, phrase_id: str) -> Mapping[str, Any]:
    query = _phrases.select().where(_p.tenant_id == person.tenant_id, _p.id == phrase_id)
    row = session.execute(query.with_for_update()).mappings().one_or_none()
    if row is None:
        raise NotFound("phrase", phrase_id)
    may_change(person, row["owner_id"]).require()
    return dict(row)


def _tidy(text: str) -> str:
    """One line without blanks around it."""
    tidy = " ".join(text.split())[:LONGEST]
    if not tidy:
        denied("Write the phrase.").require()
    return tidy
