"""代理: who is away today, and who acts for them. Read with each visit, so it costs next to nothing while
nobody is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.services.authorization import HOUSE_GROUPS, Absent, Person
from server.store.hands import Substitution
from server.store.identity import Membership, User
from server.store.worklist import Lane

_substitutions = Substitution.metadata.tables["substitution"]
_people = User.metadata.tables["person"]
_memberships = Membership.metadata.tables["membership"]
_HOME = ZoneInfo("Asia/Shanghai")


def day(now: datetime) -> date:
    """The civil day of a moment: substitutions begin and end with it."""
    return now.astimezone(_HOME).date()


def holds(today: Any) -> sa.ColumnElement[bool]:
    """The substitutions of a day."""
    s = _substitutions.c
    return sa.and_(s.first_day <= today, s.last_day >= today)


def stands_in(person: Any) -> sa.ColumnElement[bool]:
    """For the query of a person: whether they act for somebody on the day `today`."""
    s = _substitutions.c
    mine = (s.tenant_id == person.tenant_id, s.substitute_id == person.id)
    return sa.exists().where(*mine, holds(bindparam("today", type_=sa.Date)))


def _of_substitute() -> sa.Select[Any]:
    """For whom a person acts, with the posts of these people in one text each."""
    s, p, m = _substitutions.c, _people.c, _memberships.c
    groups = (
        sa.select(sa.func.aggregate_strings(m.group_id, " "))
        .where(m.tenant_id == p.tenant_id, m.user_id == p.id)
        .scalar_subquery()
    )
    return (
        sa.select(s.processes, s.groups, p.id, p.name, p.post, p.unit_id, groups.label("held"))
        .join(_people, (p.tenant_id == s.tenant_id) & (p.id == s.absent_id))
        .where(
            s.tenant_id == bindparam("of_tenant"), s.substitute_id == bindparam("of_person"),
            holds(bindparam("today", type_=sa.Date)), p.active,
        )
        .order_by(s.first_day, s.id)
    )  # fmt: skip


_OF_SUBSTITUTE = _of_substitute()


def with_absent(session: Session, person: Person, now: datetime) -> Person:
    """The person, with those for whom they act today."""
    values = {"of_tenant": person.tenant_id, "of_person": person.id, "today": day(now)}
    rows = session.execute(_OF_SUBSTITUTE, values).mappings().all()
    return replace(person, stands_for=tuple(_absent(dict(row)) for row in rows))


def _absent(row: Mapping[str, Any]) -> Absent:
    """What waits for somebody who is away. Posts of the house itself are nobody else's to use; that somebody
    leads is kept, since who acts for a head reads what the head reads."""
    chosen, every = frozenset(row["groups"]), frozenset((row["held"] or "").split())
    held = every - HOUSE_GROUPS
    posts = held & chosen if chosen else held
    keys = set() if chosen else {f"u:{row['id']}"}
    for group in posts:
        keys |= {f"g:{group}", f"g:{group}@{row['unit_id']}"}
    return Absent(
        row["id"], row["name"], row["post"], tuple(sorted(keys)), frozenset(row["processes"]), chosen,
        posts, row["unit_id"], "leader" in every,
    )  # fmt: skip


def acting(person: Person, task: Mapping[str, Any]) -> Person:
    """The person as they stand before a task (its row, `root_key` the process of its case): for somebody who
    is away where it is theirs, else for themselves."""
    holder, candidates = task["assignee_id"], task["candidates"]
    if not person.stands_for or holder == person.id:
        return person
    if holder is None and not set(person.principals).isdisjoint(candidates):
        return person
    absent = absent_of(person, holder, candidates, task["root_key"])
    return replace(person, acting_for=absent) if absent else person


def absent_of(
    person: Person, holder: str | None, candidates: Iterable[str], process_key: str
) -> Absent | None:
    """For whom the person would act in a task of a process, None if for nobody."""
    waits = frozenset(candidates)
    for absent in person.stands_for:
        theirs = holder == absent.id or (holder is None and not waits.isdisjoint(absent.principals))
        if theirs and absent.covers(process_key, waits):
            return absent
    return None


def lanes(person: Person, absent_id: str = "") -> tuple[str | Lane, ...]:
    """The person's worklists: their own, and of those for whom they act; of one of these only if `absent_id`
    names them."""
    own: dict[str | Lane, None] = {} if absent_id else dict.fromkeys(person.principals)
    for absent in person.stands_for:
        if absent_id in ("", absent.id):
            own |= dict.fromkeys(_lanes_of(absent, own))
    return tuple(own)


def _lanes_of(absent: Absent, own: Mapping[str | Lane, None]) -> Iterable[str | Lane]:
    processes = tuple(sorted(absent.processes))
    for principal in absent.principals:
        if principal not in own:
            yield Lane(principal, processes) if processes else principal
    if absent.groups:  # what they hold themselves, as far as it waited for one of the groups
        yield Lane(f"u:{absent.id}", processes, absent.principals)
