"""Finding cases: by text over number, subject, unit and content, and by what their rows say, as far as the
person may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping
from sqlmodel import Session

from server.engine.business_calendar import BusinessCalendar
from server.services import calendars, heads
from server.services.authorization import Person
from server.store import searching as texts
from server.store.identity import Unit, User
from server.store.letters import Follow
from server.store.runtime import ProcessInstance, Project, Task
from server.store.searching import SearchEntry

_follows = Follow.metadata.tables["follow"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_projects = Project.metadata.tables["project"]
_entries = SearchEntry.metadata.tables["search_entry"]
_units = Unit.metadata.tables["unit"]
_people = User.metadata.tables["person"]
_tasks = Task.metadata.tables["task"]
RANKED = 1_000
"""So many of the newest places that hold a text are put in order of their worth."""
COUNTED = 10_000
OPEN = ("running", "incident", "suspended")
STATES = (*OPEN, "ended", "cancelled")
LIGHTS = ("red", "yellow", "green", "stopped")
_AROUND = 24
_TERMS = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; "" or None asks nothing. `begun` and `ended` bound days on the clocks of the
    office, both included; `light` is that of the whole matter; `mine` is started, done, held or followed."""

    text: str = ""
    process: str = ""
    state: str = ""
    unit: str = ""
    outcome: str = ""
    light: str = ""
    mine: str = ""
    begun_first: date | None = None
    begun_last: date | None = None
    ended_first: date | None = None
    ended_last: date | None = None

    @property
    def terms(self) -> tuple[str, ...]:
        """The parts of the text that have something to look for; a case must hold each."""
        found = (term for term in self.text.split() if texts.tokens(term, whole=False))
        return tuple(dict.fromkeys(found))[:_TERMS]

    @property
    def anything(self) -> bool:
        """Whether anything is asked at all."""
        return any(getattr(self, field.name) not in ("", None) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Found:
    """A case of a list. `excerpt` is the place that holds the text, in three parts of which the second is
    what was looked for."""

    id: str
    process_key: str
    business_key: str
    title: str
    project_code: str
    unit: str
    starter: str
    status: str
    outcome_name: str | None
    started_at: datetime
    due: datetime | None
    ended_at: datetime | None
    stopped_at: datetime | None = None
    light: str = ""
    excerpt: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page of cases; `total` is counted to `COUNTED`, or to as many as were ranked (`more`: there may be
    others, which another word would bring)."""

    rows: tuple[Found, ...]
    total: int
    next: str
    more: bool = False


def page(
    session: Session, person: Person, wanted: Wanted, now: datetime, *, after: str = "", limit: int = 50,
    among: sa.ColumnElement[bool] | None = None,
) -> FoundPage:  # fmt: skip
    """The cases that are as wanted: with a text the best first, else the newest. `after` is where the page
    before ended (`next` of it). Without a text they may be others than those that the person may see: `among`
    says which."""
    if wanted.text.strip():
        return _ranked_page(session, person, wanted, now, int(after) if after.isdecimal() else 0, limit)
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    query = _wanted(seen(session, person) if among is None else among, person, wanted, calendar, now)
    here = query.where(_instances.c.id < after) if after else query
    found = _rows(session, here.order_by(_instances.c.id.desc()).limit(limit + 1), calendar, now)
    following = found[limit - 1].id if len(found) > limit else ""
    whole = not after and not following
    total = len(found) if whole else _count(session, query)
    return FoundPage(tuple(found[:limit]), total, following)


def every(
    session: Session, person: Person, wanted: Wanted, now: datetime, *,
    among: sa.ColumnElement[bool] | None = None,
) -> Iterator[Found]:  # fmt: skip
    """All the cases of a list, in its order, for exports; of a text as many as were ranked."""
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    if wanted.text.strip():
        ids, _more = _ranked(session, person, wanted, calendar, now)
        for at in range(0, len(ids), 500):
            yield from _in_order(session, person, ids[at : at + 500], calendar, now)
        return
    after = ""
    while True:
        query = _wanted(seen(session, person) if among is None else among, person, wanted, calendar, now)
        here = query.where(_instances.c.id < after) if after else query
        found = _rows(session, here.order_by(_instances.c.id.desc()).limit(500), calendar, now)
        yield from found
        if len(found) < 500:
            return
        after = found[-1].id


# --------------------------------------------------------------------------- what is wanted
def seen(session: Session, person: Person) -> sa.ColumnElement[bool]:
    """The real cases of the person's jurisdiction that they may see."""
    i = _instances.c
    real = (i.tenant_id == person.tenant_id) & i.rehearsal_at.is_(None)
    if person.has("admin", "auditor"):
        return real
    return real & heads.read_by(session, person)


def lit(column: Any, light: str, calendar: BusinessCalendar, now: datetime) -> sa.ColumnElement[bool]:
    """The condition that a limit has a light now: as the calendar says it, put as bounds of time."""
    calm_from = calendars.midnight_after(calendar.warned_day(calendars.local(now).date()))
    if light == "red":
        return sa.type_coerce(column < now, sa.Boolean)
    if light == "yellow":
        return sa.and_(column >= now, column < calm_from)
    return sa.and_(column >= now, column >= calm_from)


def case_lit(light: str, calendar: BusinessCalendar, now: datetime) -> sa.ColumnElement[bool]:
    """The condition that an open case has a light; where time does not count, that of a stopped clock."""
    i = _instances.c
    if light == "stopped":
        return i.stopped_at.is_not(None)
    return sa.and_(i.stopped_at.is_(None), lit(i.due_at, light, calendar, now))


def _wanted(
    among: sa.ColumnElement[bool], person: Person, wanted: Wanted, calendar: BusinessCalendar, now: datetime
) -> sa.Select[Any]:
    i = _instances.c
    query = sa.select(i.id).where(among)
    plain = ((i.process_key, wanted.process), (i.unit_id, wanted.unit), (i.outcome, wanted.outcome))
    for column, value in plain:
        if value:
            query = query.where(column == value)
    if wanted.state:
        query = query.where(i.status.in_(OPEN if wanted.state == "open" else (wanted.state,)))
    if wanted.light:
        query = query.where(i.status.in_(OPEN), case_lit(wanted.light, calendar, now))
    if wanted.mine:
        query = query.where(_mine(person, wanted.mine))
    for column, first, last in (
        (i.started_at, wanted.begun_first, wanted.begun_last),
        (i.ended_at, wanted.ended_first, wanted.ended_last),
    ):
        if first:
            query = query.where(column >= calendars.midnight(first))
        if last:
            query = query.where(column < calendars.midnight_after(last))
    return query


def _mine(person: Person, how: str) -> sa.ColumnElement[bool]:
    i, t = _instances.c, _tasks.c
    if how == "started":
        return sa.type_coerce(i.started_by == person.id, sa.Boolean)
    if how == "followed":
        f = _follows.c
        kept = sa.select(f.instance_id).where(f.tenant_id == person.tenant_id, f.user_id == person.id)
        return i.id.in_(kept)
    tasks = sa.select(t.instance_id).where(t.tenant_id == person.tenant_id)
    if how == "done":
        return i.id.in_(tasks.where(t.completed_by == person.id, t.status != "withdrawn"))
    return i.id.in_(tasks.where(t.status == "open", t.assignee_id == person.id))


# --------------------------------------------------------------------------- texts
def _ranked_page(
    session: Session, person: Person, wanted: Wanted, now: datetime, start: int, limit: int
) -> FoundPage:
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    ids, more = _ranked(session, person, wanted, calendar, now)
    here = ids[start : start + limit]
    rows = _in_order(session, person, here, calendar, now)
    places = _places(session, person.tenant_id, {row.id: row.title for row in rows}, wanted.terms)
    told = tuple(replace(row, excerpt=places.get(row.id, row.excerpt)) for row in rows)
    following = str(start + limit) if len(ids) > start + limit else ""
    return FoundPage(told, len(ids), following, more)


def _ranked(
    session: Session, person: Person, wanted: Wanted, calendar: BusinessCalendar, now: datetime
) -> tuple[list[str], bool]:
    """The cases that hold every term, by worth: those whose number it is, then those whose head holds it,
    then the others; within each the newest first. Whether there may be more."""
    if not wanted.terms:
        return [], False
    i, tenant = _instances.c, person.tenant_id
    first, *others = sorted(wanted.terms, key=len, reverse=True)
    query = _wanted(seen(session, person), person, wanted, calendar, now)
    for term in others:
        query = query.where(i.id.in_(sa.select(texts.hits(session, tenant, term).c.instance_id)))
    found = _newest(session, query, tenant, first)
    asked = texts.normal(wanted.text.strip())
    heads = [row for row in found if row.part == "head"]
    exact = [row.id for row in heads if texts.normal(row.business_key) == asked]
    ids = list(dict.fromkeys([*exact, *(row.id for row in found)]))
    full = len(heads) >= RANKED or len(found) - len(heads) >= RANKED
    return ids[:RANKED], full or len(ids) > RANKED


def _newest(session: Session, query: sa.Select[Any], tenant_id: str, term: str) -> list[Any]:
    """The cases of the newest texts that hold a term, the heads first: id, number, and part of the text."""
    if session.get_bind().dialect.name != "sqlite":  # which sees all places anyway: one look at the cases
        hits = texts.hits(session, tenant_id, term)
        return _of_hits(session, query, hits, [hits.c.part.desc(), hits.c.id.desc()], 2 * RANKED)
    found = (texts.hits(session, tenant_id, term, part) for part in ("head", "body"))
    return [row for hits in found for row in _of_hits(session, query, hits, [hits.c.id.desc()], RANKED)]


def _of_hits(
    session: Session, query: sa.Select[Any], hits: sa.Subquery, order: list[Any], limit: int
) -> list[Any]:
    i = _instances.c
    joined = hits.join(_instances, i.id == hits.c.instance_id)
    found = query.with_only_columns(i.id, i.business_key, hits.c.part).select_from(joined)
    return list(session.execute(found.order_by(*order).limit(limit)).all())


def _places(
    session: Session, tenant_id: str, titles: dict[str, str], terms: tuple[str, ...]
) -> dict[str, tuple[str, str, str]]:
    """Where each case holds one of the terms besides its number and subject, which are shown anyway."""
    e = _entries.c
    query = sa.select(e.instance_id, e.text).where(e.tenant_id == tenant_id, e.instance_id.in_(list(titles)))
    sought = [texts.normal(term) for term in terms]
    found: dict[str, tuple[str, str, str]] = {}
    for instance_id, text in session.execute(query.where(e.part == "body").order_by(e.id)).all():
        if instance_id in found:
            continue
        more = "\n".join(line for line in text.splitlines() if line != titles.get(instance_id))
        if excerpt := _excerpt(more, sought):
            found[instance_id] = excerpt
    return found


def _excerpt(text: str, sought: list[str]) -> tuple[str, str, str] | None:
    """The first place in a text of one of some terms, which are normal already."""
    plain = texts.normal(text)
    if len(plain) != len(text):  # letters that fall into several: places would not agree
        text = plain
    for term in sought:
        at = plain.find(term)
        if at >= 0:
            end = at + len(term)
            before = text[max(0, at - _AROUND) : at].rpartition("\n")[2]
            behind = text[end : end + _AROUND].partition("\n")[0]
            return before, text[at:end], behind
    return None


# --------------------------------------------------------------------------- rows
def _count(session: Session, query: sa.Select[Any]) -> int:
    some = query.order_by(None).limit(COUNTED).subquery()
    return int(session.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def _rows(session: Session, ids: sa.Select[Any], calendar: BusinessCalendar, now: datetime) -> list[Found]:
    i, p, u, s = _instances.c, _projects.c, _units.c, _people.c
    joined = (
        _instances.outerjoin(_projects, (p.tenant_id == i.tenant_id) & (p.id == i.project_id))
        .outerjoin(_units, (u.tenant_id == i.tenant_id) & (u.id == i.unit_id))
        .outerjoin(_people, (s.tenant_id == i.tenant_id) & (s.id == i.started_by))
    )
    query = ids.with_only_columns(
        i.id, i.process_key, i.business_key, i.title, sa.func.coalesce(p.code, "").label("project_code"),
        sa.func.coalesce(u.name, i.unit_id).label("unit"), sa.func.coalesce(s.name, "").label("starter"),
        i.status, i.outcome_name, i.started_at, i.due_at.label("due"), i.ended_at, i.stopped_at,
    ).select_from(joined)  # fmt: skip
    return [_found(row, calendar, now) for row in session.execute(query).mappings().all()]


def _found(row: RowMapping, calendar: BusinessCalendar, now: datetime) -> Found:
    light = ""
    if row["status"] in OPEN and row["due"]:
        light = "stopped" if row["stopped_at"] else calendar.light(row["due"], now)
    return Found(**row, light=light)


def _in_order(
    session: Session, person: Person, ids: list[str], calendar: BusinessCalendar, now: datetime
) -> list[Found]:
    i = _instances.c
    query = sa.select(i.id).where(i.tenant_id == person.tenant_id, i.id.in_(ids))
    by_id = {row.id: row for row in _rows(session, query, calendar, now)}
    return [by_id[one] for one in ids if one in by_id]
