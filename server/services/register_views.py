"""Registers as people read them: which there are, the rows a person may see, filtered and in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.papers import Register
from server.engine.model import Kind
from server.services import calendars, deployed, heads
from server.services.authorization import Person, may_read_register, register_reach
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.store.columns import UtcDateTime
from server.store.identity import Unit
from server.store.papers import RegisterRow
from server.store.runtime import Participant, Project

_rows = RegisterRow.metadata.tables["register_row"]
_projects = Project.metadata.tables["project"]
_units = Unit.metadata.tables["unit"]
_participants = Participant.metadata.tables["participant"]
COUNTED = 10_000
"""A list says how many rows it has up to here; more are not counted."""

SORTS = ("newest", "oldest", "number", "title")
"""The orders of a register: by its date, by the order in which the cases began, by what they are about."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What of a register is wanted. `first` and `last` are days on the clocks of the office, both included;
    they bound the register's date."""

    text: str = ""
    number: str = ""
    project: str = ""
    unit: str = ""
    outcome: str = ""
    first: date | None = None
    last: date | None = None


class Key(NamedTuple):
    """Where a page of a register ends: the date or the subject of its last row, and its case."""

    value: datetime | str
    instance_id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a register. `visible` says whether the person may open the case too."""

    instance_id: str
    process_key: str
    number: str
    title: str
    project_id: str | None
    project_code: str
    project_name: str
    unit: str
    at: datetime
    started_at: datetime
    ended_at: datetime | None
    status: str
    outcome_name: str | None
    values: dict[str, Any]
    visible: bool = False


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """A page of a register; `next` is where the following one starts, `total` is counted to `COUNTED`."""

    register: Register
    entries: tuple[Entry, ...]
    next: Key | None
    total: int
    outcomes: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...]


def catalogue(session: Session, person: Person) -> list[tuple[Register, int]]:
    """The registers of the jurisdiction in the order of its manifest, each with its number of rows that this
    person may see, told up to `COUNTED`."""
    used = deployed.active(session, person.tenant_id)
    found, r = _readable(used, person), _rows.c
    query = _bounded(used, person, sa.select(r.register_id, sa.func.count()).group_by(r.register_id))
    counts = {name: n for name, n in session.execute(query).all()}
    return [(register, min(counts.get(name, 0), COUNTED)) for name, register in found.items()]


def page(
    session: Session, person: Person, register_id: str, filters: Filters, sort: str = "newest", *,
    after: Key | None = None, limit: int = 50,
) -> RegisterPage:  # fmt: skip
    """A page of a register. Raises NotFound."""
    used, register = described(session, person, register_id)
    wanted = _of(used, person, register_id, filters)
    found = _entries(session, _ordered(wanted, sort, after).limit(limit + 1))
    visible = may_open(session, person, [entry.instance_id for entry in found])
    entries = tuple(replace(e, visible=e.instance_id in visible) for e in found[:limit])
    following = _key(entries[-1], sort) if len(found) > limit else None
    units = _units_of(session, person) if reach(used, person) == "all" else ()
    whole = after is None and following is None
    total = len(entries) if whole else _count(session, wanted)
    return RegisterPage(register, entries, following, total, outcomes(used, register), units)


def rows(
    session: Session, person: Person, register_id: str, filters: Filters, sort: str = "newest"
) -> Iterator[Entry]:
    """Every row of the filtered register, for exports."""
    used, _ = described(session, person, register_id)
    query = _columns(_ordered(_of(used, person, register_id, filters), sort, None))
    for row in session.execute(query.execution_options(yield_per=1000)):
        yield Entry(*row)


def of_project(session: Session, person: Person, project_id: str) -> list[tuple[Register, Entry]]:
    """What stands in registers about a project, newest first, as far as the person may see it."""
    used = deployed.active(session, person.tenant_id)
    known = _readable(used, person)
    r = _rows.c
    query = _bounded(used, person, sa.select(_rows).where(r.project_id == project_id))
    query = query.where(r.register_id.in_(known)).order_by(r.at.desc(), r.instance_id.desc()).limit(200)
    found = session.execute(_columns(query).add_columns(r.register_id))
    return [(known[row[-1]], Entry(*row[:-1])) for row in found]


def described(session: Session, person: Person, register_id: str) -> tuple[Deployed, Register]:
    """The deployment in use and a register of its manifest. Raises NotFound, also where it is for others."""
    used = deployed.active(session, person.tenant_id)
    register = _readable(used, person).get(register_id)
    if register is None:
        raise NotFound("register", register_id)
    return used, register


def outcomes(used: Deployed, register: Register) -> tuple[tuple[str, str], ...]:
    """The outcomes with which cases come into a register, each with the name of its end event."""
    found: dict[str, str] = {}
    for key in register.processes:
        process = used.model.processes.get(key)
        for node in process.children("") if process else ():
            if node.kind is Kind.END_EVENT:
                found.setdefault(node.properties.get("outcome") or node.id, node.name)
    return tuple(
        (o, name or o) for o, name in found.items() if not register.outcomes or o in register.outcomes
    )


def _readable(used: Deployed, person: Person) -> dict[str, Register]:
    """The registers of the manifest, by id, without those that are for other people."""
    found = used.manifest.registers if used.manifest else {}
    return {name: one for name, one in found.items() if may_read_register(person, one.readers)}


# --------------------------------------------------------------------------- queries
def reach(used: Deployed, person: Person) -> str:
    """How far the person sees: all, unit or own."""
    groups = used.manifest.groups if used.manifest else {}
    return register_reach(person, {group: groups[group].scope for group in person.groups if group in groups})


def _bounded(used: Deployed, person: Person, query: sa.Select[Any]) -> sa.Select[Any]:
    """Only what the person may see."""
    r, seen = _rows.c, reach(used, person)
    query = query.where(r.tenant_id == person.tenant_id)
    if seen == "unit":
        return query.where(r.unit_id == person.unit_id)
    if seen == "own":
        p = _participants.c
        took_part = sa.select(p.instance_id).where(
            p.tenant_id == person.tenant_id, p.principal.in_(person.principals)
        )
        return query.where(r.instance_id.in_(took_part))
    return query


def _of(used: Deployed, person: Person, register_id: str, filters: Filters) -> sa.Select[Any]:
    r, p = _rows.c, _projects.c
    query = _bounded(used, person, sa.select(_rows).where(r.register_id == register_id))
    if filters.text.strip() or filters.number.strip():
        query = query.where(r.instance_id.in_(_holding(person, register_id, filters)))
    if filters.project.strip():
        named = (column.contains(filters.project.strip(), autoescape=True) for column in (p.code, p.name))
        query = query.where(
            r.project_id.in_(sa.select(p.id).where(p.tenant_id == person.tenant_id, sa.or_(*named)))
        )
    if filters.unit:
        query = query.where(r.unit_id == filters.unit)
    if filters.outcome:
        query = query.where(r.outcome == filters.outcome)
    if filters.first:
        query = query.where(r.at >= calendars.midnight(filters.first))
    if filters.last:
        query = query.where(r.at < calendars.midnight_after(filters.last))
    return query


def _holding(person: Person, register_id: str, filters: Filters) -> sa.Select[Any]:
    """The cases whose row holds a text: the register is read from end to end as it lies, once, instead of row
    by row in the order of the list."""
    row = _rows.alias("held").c
    query = sa.select(row.instance_id).where(
        row.tenant_id == person.tenant_id, row.register_id == register_id
    )
    if filters.text.strip():
        query = query.where(row.search.contains(filters.text.strip().lower(), autoescape=True))
    if filters.number.strip():
        query = query.where(row.business_key.contains(filters.number.strip(), autoescape=True))
    return query


def _ordered(query: sa.Select[Any], sort: str, after: Key | None) -> sa.Select[Any]:
    """In one of the orders of `SORTS`, behind a place of it."""
    r = _rows.c
    if sort == "number":
        query = query.where(r.instance_id > after.instance_id) if after else query
        return query.order_by(r.instance_id)
    column, kind = (r.title, sa.String()) if sort == "title" else (r.at, UtcDateTime())
    rising = sort in ("oldest", "title")
    if after is not None:
        place = sa.tuple_(sa.literal(after.value, kind), sa.literal(after.instance_id))
        here = sa.tuple_(column, r.instance_id)
        query = query.where(here > place if rising else here < place)
    order = (column, r.instance_id) if rising else (column.desc(), r.instance_id.desc())
    return query.order_by(*order)


def _columns(query: sa.Select[Any]) -> sa.Select[Any]:
    """The columns of `Entry`, in their order."""
    r, p, u = _rows.c, _projects.c, _units.c
    joined = _rows.outerjoin(_projects, (p.tenant_id == r.tenant_id) & (p.id == r.project_id)).outerjoin(
        _units, (u.tenant_id == r.tenant_id) & (u.id == r.unit_id)
    )
    return query.with_only_columns(
        r.instance_id, r.process_key, r.business_key, r.title, r.project_id,
        sa.func.coalesce(p.code, ""), sa.func.coalesce(p.name, ""), sa.func.coalesce(u.name, r.unit_id),
        r.at, r.started_at, r.ended_at, r.status, r.outcome_name, r["values"],
    ).select_from(joined)  # fmt: skip


def _entries(session: Session, query: sa.Select[Any]) -> list[Entry]:
    return [Entry(*row) for row in session.execute(_columns(query))]


def _count(session: Session, query: sa.Select[Any]) -> int:
    some = query.with_only_columns(_rows.c.instance_id).order_by(None).limit(COUNTED + 1).subquery()
    found: int = session.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return min(found, COUNTED)


def may_open(session: Session, person: Person, ids: list[str]) -> set[str]:
    """Those of some cases that the person may open."""
    if person.has("auditor", "admin"):
        return set(ids)
    return heads.readable(session, person, ids)


def _units_of(session: Session, person: Person) -> tuple[tuple[str, str], ...]:
    u = _units.c
    query = sa.select(u.id, u.name).where(u.tenant_id == person.tenant_id).order_by(u.name)
    return tuple((row.id, row.name) for row in session.execute(query))


def _key(entry: Entry, sort: str) -> Key:
    return Key(entry.title if sort == "title" else entry.at, entry.instance_id)
