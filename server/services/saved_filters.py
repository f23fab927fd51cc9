"""Searches that a person keeps under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.services.authorization import Person, denied
from server.services.errors import NotFound
from server.store.columns import new_id
from server.store.searching import SavedFilter

_filters = SavedFilter.metadata.tables["saved_filter"]
MOST = 30
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Saved:
    """A search and its name; `query` is that of its address."""

    id: str
    name: str
    query: dict[str, str]


def of_person(session: Session, person: Person) -> list[Saved]:
    """What the person has kept, in the order of names."""
    f = _filters.c
    query = sa.select(f.id, f.name, f.query).where(f.tenant_id == person.tenant_id, f.user_id == person.id)
    return [Saved(*row) for row in session.execute(query.order_by(f.name))]


def keep(session: Session, person: Person, name: str, query: Mapping[str, str], now: datetime) -> Saved:
    """Keep a search under a name; one of the same name becomes this one."""
    name = " ".join(name.split())[:_LONGEST_NAME]
    if not name:
        denied("Give the search a name, for example: overdue cases of my unit.").require()
    if not query:
        denied("There is nothing to keep: choose a filter or type a text first.").require()
    known = of_person(session, person)
    same = next((saved for saved in known if saved.name == name), None)
    f = _filters.c
    if same is not None:
        mine = (f.tenant_id == person.tenant_id, f.id == same.id)
        session.execute(_filters.update().where(*mine).values(query=dict(query)))
        return Saved(same.id, name, dict(query))
    if len(known) >= MOST:
        denied("You keep {n} searches already. Delete one first.", n=MOST).require()
    made = Saved(new_id(now), name, dict(query))
    row = {"tenant_id": person.tenant_id, "id": made.id, "user_id": person.id, "created_at": now}
    session.execute(_filters.insert().values(**row, name=name, query=made.query))
    return made


def delete(session: Session, person: Person, saved_id: str) -> None:
    """Forget a search. Raises NotFound, also where it is somebody else's."""
    f = _filters.c
    mine = (f.tenant_id == person.tenant_id, f.user_id == person.id, f.id == saved_id)
    gone = session.execute(_filters.delete().where(*mine))
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("saved search", saved_id)
