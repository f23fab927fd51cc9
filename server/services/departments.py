"""The departments of a jurisdiction: how many people they have, and their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from server.services import identity, rights_log
from server.services.authorization import Person, denied, may_administer
from server.services.bundle_log import take_turn
from server.services.errors import NotFound
from server.services.rights_log import Change
from server.store.identity import Unit, User

_people = User.metadata.tables["person"]
_units = Unit.metadata.tables["unit"]
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LONGEST = 60


@dataclass(frozen=True, slots=True)
class DepartmentView:
    """A department, how many people it has in office, and how many it had."""

    id: str
    name: str
    people: int
    left: int


def listing(session: Session, person: Person) -> list[DepartmentView]:
    """The departments by code."""
    may_administer(person).require()
    u, p = _units.c, _people.c
    query = (
        sa.select(
            u.id, u.name,
            sa.func.coalesce(sa.func.sum(sa.case((p.active, 1), else_=0)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((p.active, 0), (p.id.is_not(None), 1), else_=0)), 0),
        )
        .join(_people, (p.tenant_id == u.tenant_id) & (p.unit_id == u.id), isouter=True)
        .where(u.tenant_id == person.tenant_id)
        .group_by(u.id, u.name)
        .order_by(u.id)
    )  # fmt: skip
    return [DepartmentView(*row) for row in session.execute(query)]


def add(session: Session, person: Person, unit_id: str, name: str, now: datetime) -> None:
    """Enter a department under a code that never changes: cases and numbers keep it."""
    may_administer(person).require()
    name = _named(name)
    take_turn(session, person.tenant_id)
    if not _CODE.fullmatch(unit_id):
        denied("The code of a department is made of at most 40 small letters, digits, _ and -.").require()
    if any(one.id == unit_id for one in listing(session, person)):
        denied("There is a department {unit} already.", unit=unit_id).require()
    identity.add_unit(session, person.tenant_id, unit_id, name)
    change = Change("department_added", payload={"unit": unit_id, "name": name})
    rights_log.add(session, person, person.tenant_id, now, change)


def rename(session: Session, person: Person, unit_id: str, name: str, now: datetime) -> None:
    """Give a department another name; past cases keep the name they were signed under."""
    may_administer(person).require()
    name = _named(name)
    take_turn(session, person.tenant_id)
    before = next((one.name for one in listing(session, person) if one.id == unit_id), None)
    if before is None:
        raise NotFound("department", unit_id)
    if before == name:
        return
    u = _units.c
    where = (u.tenant_id == person.tenant_id, u.id == unit_id)
    session.execute(_units.update().where(*where).values(name=name))
    change = Change("department_renamed", payload={"unit": unit_id, "before": before, "name": name})
    rights_log.add(session, person, person.tenant_id, now, change)


def _named(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= LONGEST:
        denied("Give the department a name of at most {n} characters.", n=LONGEST).require()
    return name
