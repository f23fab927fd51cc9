"""To whom a question or a copy can go: the people in office, by name or by body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from server.services import deployed
from server.services.authorization import HOUSE_GROUPS, Person, denied
from server.services.deployed import Deployed
from server.store.identity import Membership, Unit, User

_people = User.metadata.tables["person"]
_units = Unit.metadata.tables["unit"]
_memberships = Membership.metadata.tables["membership"]
MOST = 200
"""Addressees of one letter."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody in office. `via` is the body for which they were chosen, "" where they were named."""

    id: str
    name: str
    post: str = ""
    unit_name: str = ""
    via: str = ""


def everybody(session: Session, person: Person) -> list[Addressee]:
    """The people in office but the person, by unit and name."""
    p, u = _people.c, _units.c
    query = (
        sa.select(p.id, p.name, p.post, u.name)
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
        .where(p.tenant_id == person.tenant_id, p.active, p.id != person.id)
        .order_by(u.name, p.name, p.id)
        .limit(1000)
    )
    return [Addressee(*row) for row in session.execute(query)]


def bodies(session: Session, person: Person) -> list[tuple[str, str]]:
    """The bodies of the jurisdiction with somebody in them: key and name. A body of a unit is offered as that
    of the person's own unit."""
    used = deployed.active(session, person.tenant_id)
    p, m = _people.c, _memberships.c
    query = (
        sa.select(m.group_id, p.unit_id)
        .join(_people, (p.tenant_id == m.tenant_id) & (p.id == m.user_id))
        .where(m.tenant_id == person.tenant_id, p.active, m.group_id.not_in(HOUSE_GROUPS))
        .distinct()
    )
    found = {_key(used, *row) for row in session.execute(query)}
    own = {key for key in found if "@" not in key or key.endswith(f"@{person.unit_id}")}
    return sorted(((key, used.principal_name(key)) for key in own), key=lambda pair: pair[1])


def chosen(session: Session, person: Person, keys: Sequence[str]) -> list[Addressee]:
    """The people whom some keys (`u:…`, `g:…`, `g:…@unit`) name, each once, without the person. NotPermitted
    when there is nobody, or too many."""
    named = [key[2:] for key in keys if key.startswith("u:")]
    groups = [key for key in keys if key.startswith("g:")]
    found = {one.id: one for one in _people_of(session, person, named)}
    used = deployed.active(session, person.tenant_id) if groups else None
    for key in groups:
        assert used is not None
        for one in _members(session, person, key, used.principal_name(key)):
            found.setdefault(one.id, one)
    found.pop(person.id, None)
    if not found:
        denied("Choose somebody from the list who is in office.").require()
    if len(found) > MOST:
        denied("These are more than {most} people. Choose fewer.", most=MOST).require()
    return sorted(found.values(), key=lambda one: one.id)


def _people_of(session: Session, person: Person, ids: Sequence[str]) -> list[Addressee]:
    p = _people.c
    query = sa.select(p.id, p.name, p.post).where(p.tenant_id == person.tenant_id, p.active, p.id.in_(ids))
    return [Addressee(*row) for row in session.execute(query)] if ids else []


def _members(session: Session, person: Person, key: str, name: str) -> list[Addressee]:
    p, m = _people.c, _memberships.c
    group, _, unit = key[2:].partition("@")
    query = (
        sa.select(p.id, p.name, p.post)
        .join(_memberships, (m.tenant_id == p.tenant_id) & (m.user_id == p.id))
        .where(p.tenant_id == person.tenant_id, p.active, m.group_id == group)
    )
    if unit:
        query = query.where(p.unit_id == unit)
    return [Addressee(row.id, row.name, row.post, via=name) for row in session.execute(query)]


def _key(used: Deployed, group: str, unit_id: str) -> str:
    return f"g:{group}@{unit_id}" if used.scope_of(group) == "unit" else f"g:{group}"
