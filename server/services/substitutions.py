"""代理: entering who acts for whom from day to day, and ending it earlier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import colleagues, deployed, rights_log
from server.services.absences import day
from server.services.authorization import ALLOWED, HOUSE_GROUPS, Person, Verdict, denied
from server.services.errors import NotFound, NotPermitted
from server.services.rights_log import Change
from server.store.columns import new_id
from server.store.hands import Substitution
from server.store.identity import User

_substitutions = Substitution.metadata.tables["substitution"]
_people = User.metadata.tables["person"]
LONGEST = 200
"""Characters of a reason."""
LONGEST_DAYS = 366
"""Days of one substitution: whoever stays away longer has left, and hands over."""
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be entered: who is away and who acts for them, by id, from day to day, both included; all
    processes and groups where none are named."""

    absent: str
    substitute: str
    first_day: date
    last_day: date
    reason: str
    processes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubstitutionView:
    """One substitution in words. `state` is coming, running, over or withdrawn; `endable` says that the
    person may move its last day; `entered_by` is "" where the absent person did it."""

    id: str
    absent: str
    absent_post: str
    substitute: str
    substitute_post: str
    first_day: date
    last_day: date
    processes: tuple[str, ...]
    groups: tuple[str, ...]
    reason: str
    entered_by: str
    state: str
    endable: bool


def listing(session: Session, person: Person, now: datetime) -> list[SubstitutionView]:
    """The substitutions in which the person is away or stands in, for admins all; those that matter first."""
    s, absent, other, by = (
        _substitutions.c, _people.alias("absent"), _people.alias("other"), _people.alias("entered"),
    )  # fmt: skip

    def of(people: sa.FromClause, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return sa.and_(people.c.tenant_id == s.tenant_id, people.c.id == column)

    query = (
        sa.select(
            *s, absent.c.name.label("absent"), absent.c.post.label("absent_post"),
            other.c.name.label("substitute"), other.c.post.label("substitute_post"),
            by.c.name.label("by"),
        )
        .join(absent, of(absent, s.absent_id))
        .join(other, of(other, s.substitute_id))
        .join(by, of(by, s.entered_by), isouter=True)
        .where(s.tenant_id == person.tenant_id)
        .order_by(s.last_day.desc(), s.id.desc())
        .limit(SHOWN)
    )  # fmt: skip
    if not person.has("admin"):
        query = query.where(sa.or_(s.absent_id == person.id, s.substitute_id == person.id))
    used, today = deployed.active(session, person.tenant_id), day(now)
    found = []
    for row in session.execute(query).mappings():
        state = _state(row["first_day"], row["last_day"], today)
        found.append(
            SubstitutionView(
                row["id"], row["absent"], row["absent_post"], row["substitute"], row["substitute_post"],
                row["first_day"], row["last_day"],
                tuple(_process_name(used, key) for key in row["processes"]),
                tuple(used.group_name(group) for group in row["groups"]), row["reason"],
                (row["by"] or "") if row["entered_by"] != row["absent_id"] else "", state,
                state in ("coming", "running") and _may_end(person, dict(row)),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: ("running", "coming", "over", "withdrawn").index(one.state))


def enter(session: Session, person: Person, wanted: Wanted, now: datetime) -> str:
    """Enter a substitution; gives its id. Everybody for themselves, admins for all.

    Raises:
        NotPermitted: who may not, days that are no span, somebody who is away then, a scope that is unknown,
            what is entered already.
    """
    may_enter(person, wanted.absent).require()
    absent = colleagues.person(session, person.tenant_id, wanted.absent)
    substitute = colleagues.person(session, person.tenant_id, wanted.substitute)
    if absent.id == substitute.id:
        denied("Nobody stands in for themselves: choose somebody else.").require()
    _check_days(wanted, day(now))
    _check_scope(session, absent, wanted)
    _take_turn(session, absent, substitute)
    _check_presence(session, substitute, wanted)
    _check_news(session, wanted, absent)
    row = {
        "tenant_id": person.tenant_id, "id": new_id(now), "absent_id": absent.id,
        "substitute_id": substitute.id, "first_day": wanted.first_day, "last_day": wanted.last_day,
        "processes": list(wanted.processes), "groups": list(wanted.groups),
        "reason": wanted.reason.strip()[:LONGEST], "entered_by": person.id, "entered_at": now,
        "changed_by": "",
    }  # fmt: skip
    session.execute(_substitutions.insert(), row)
    _tell(session, person, "substitution_entered", row, now)
    return str(row["id"])


def may_enter(person: Person, absent_id: str) -> Verdict:
    """Everybody enters who acts for themselves; admins for all."""
    if absent_id == person.id or person.has("admin"):
        return ALLOWED
    return denied("Only administrators enter who stands in for somebody else.", ask=("admin",))


def end(session: Session, person: Person, substitution_id: str, last_day: date, now: datetime) -> None:
    """Let a substitution end on another day, at the earliest yesterday: whoever is back today acts alone
    again. One that has not begun is withdrawn so. The absent person may, and admins."""
    s = _substitutions.c
    where = (s.tenant_id == person.tenant_id, s.id == substitution_id)
    found = session.execute(_substitutions.select().where(*where).with_for_update()).mappings().one_or_none()
    if found is None:
        raise NotFound("substitution", substitution_id)
    row, today = dict(found), day(now)
    if not _may_end(person, row):
        denied("Only the person who is away, or an administrator, may change this substitution.").require()
    if _state(row["first_day"], row["last_day"], today) not in ("coming", "running"):
        denied("This substitution is over already.").require()
    if not today - timedelta(days=1) <= last_day <= row["last_day"]:
        denied("It can end between yesterday and {day}; what was done meanwhile stays done.",
               day=row["last_day"].isoformat()).require()  # fmt: skip
    session.execute(_substitutions.update().where(*where).values(last_day=last_day, changed_by=person.id))
    _tell(session, person, "substitution_ended", {**row, "last_day": last_day}, now)


def _may_end(person: Person, row: Mapping[str, Any]) -> bool:
    return person.id == row["absent_id"] or person.has("admin")


def _state(first: date, last: date, today: date) -> str:
    if last < first:
        return "withdrawn"
    if today < first:
        return "coming"
    return "running" if today <= last else "over"


def _check_days(wanted: Wanted, today: date) -> None:
    if wanted.last_day < wanted.first_day:
        denied("The last day lies before the first.").require()
    if wanted.last_day < today:
        denied("These days are over: nobody can act for somebody afterwards.").require()
    if wanted.first_day < today:
        denied("A substitution begins today at the earliest.").require()
    if (wanted.last_day - wanted.first_day).days >= LONGEST_DAYS:
        denied("A substitution lasts a year at most. Whoever leaves for good hands over.").require()


def _check_scope(session: Session, absent: Person, wanted: Wanted) -> None:
    used = deployed.active(session, absent.tenant_id)
    for key in wanted.processes:
        used.process(key)
    for group in wanted.groups:
        if group in HOUSE_GROUPS or group not in absent.groups:
            raise NotPermitted(
                "{name} does not hold the post {group}.",
                {"name": absent.name, "group": used.group_name(group)},
            )


def _check_presence(session: Session, substitute: Person, wanted: Wanted) -> None:
    """Whoever is away themselves in these days can do nothing for others."""
    s = _substitutions.c
    query = sa.select(s.first_day, s.last_day).where(
        s.tenant_id == substitute.tenant_id, s.absent_id == substitute.id, s.first_day <= s.last_day,
        s.first_day <= wanted.last_day, s.last_day >= wanted.first_day,
    )  # fmt: skip
    clash = session.execute(query.order_by(s.first_day).limit(1)).one_or_none()
    if clash is not None:
        denied(
            "{name} is away themselves from {first} to {last}. Choose somebody else, or other days.",
            name=substitute.name, first=clash.first_day.isoformat(), last=clash.last_day.isoformat(),
        ).require()  # fmt: skip


def _take_turn(session: Session, *people: Person) -> None:
    """Of two who enter something about one person at the same moment, the second sees what the first did."""
    p = _people.c
    tenant_id = people[0].tenant_id
    query = sa.select(p.id).where(p.tenant_id == tenant_id, p.id.in_([one.id for one in people]))
    session.execute(query.order_by(p.id).with_for_update())


def _check_news(session: Session, wanted: Wanted, absent: Person) -> None:
    """The same person need not be asked twice to stand in for the same things on the same days."""
    s = _substitutions.c
    query = sa.select(s.processes, s.groups).where(
        s.tenant_id == absent.tenant_id, s.absent_id == absent.id, s.substitute_id == wanted.substitute,
        s.first_day == wanted.first_day, s.last_day == wanted.last_day,
    )  # fmt: skip
    scope = (sorted(wanted.processes), sorted(wanted.groups))
    if scope in [(sorted(row.processes), sorted(row.groups)) for row in session.execute(query)]:
        denied("This substitution is entered already.").require()


def _process_name(used: deployed.Deployed, key: str) -> str:
    known = used.model.processes.get(key)
    return known.name if known else key


def _tell(session: Session, person: Person, kind: str, row: Mapping[str, Any], now: datetime) -> None:
    """A substitution gives rights away, so it stands in the trail of rights."""
    told = {name: row[name].isoformat() for name in ("first_day", "last_day")}
    told |= {name: row[name] for name in ("absent_id", "processes", "groups", "reason")}
    rights_log.add(session, person, person.tenant_id, now, Change(kind, row["substitute_id"], told))
