"""Who may hold a task: the people for whom the diagram lets it wait, and why somebody else may not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import absences, identity, separation
from server.services.authorization import ALLOWED, HOUSE_GROUPS, Person, Verdict, denied
from server.services.deployed import Deployed
from server.services.errors import NotFound, NotPermitted
from server.store.hands import Substitution
from server.store.identity import Membership, Unit, User
from server.store.runtime import Task

_people = User.metadata.tables["person"]
_units = Unit.metadata.tables["unit"]
_memberships = Membership.metadata.tables["membership"]
_substitutions = Substitution.metadata.tables["substitution"]
_tasks = Task.metadata.tables["task"]
MOST = 500
"""How many people are offered to choose from."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody to choose: with post and unit, and who stands in for them today ("" while they are here)."""

    id: str
    name: str
    post: str
    unit_name: str
    away: str = ""


def listing(session: Session, tenant_id: str, keys: Sequence[str], now: datetime) -> list[Colleague]:
    """The people in office whom one of these keys names, by unit and name."""
    p, u = _people.c, _units.c
    query = (
        sa.select(p.id, p.name, p.post, u.name.label("unit_name"), _away(now).label("away"))
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
        .where(p.tenant_id == tenant_id, p.active, _named(keys))
        .order_by(u.name, p.name, p.id)
        .limit(MOST)
    )
    return [Colleague(*row) for row in session.execute(query)]


def everybody(session: Session, tenant_id: str, now: datetime) -> list[Colleague]:
    """The people in office, by unit and name."""
    p, u = _people.c, _units.c
    query = (
        sa.select(p.id, p.name, p.post, u.name.label("unit_name"), _away(now).label("away"))
        .join(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
        .where(p.tenant_id == tenant_id, p.active)
        .order_by(u.name, p.name, p.id)
        .limit(MOST)
    )
    return [Colleague(*row) for row in session.execute(query)]


def person(session: Session, tenant_id: str, user_id: str) -> Person:
    """Somebody in office. Raises NotPermitted for all others: nothing can be given to them."""
    p = _people.c
    query = sa.select(p.account).where(p.tenant_id == tenant_id, p.id == user_id, p.active)
    account = session.execute(query).scalar_one_or_none()
    if account is None:
        raise NotPermitted("Choose somebody from the list who is in office.")
    return identity.person_by_account(session, tenant_id, account)


def known(session: Session, tenant_id: str, user_id: str) -> Person:
    """A person, in office or not. Raises NotFound."""
    p = _people.c
    query = sa.select(p.account).where(p.tenant_id == tenant_id, p.id == user_id)
    account = session.execute(query).scalar_one_or_none()
    if account is None:
        raise NotFound("person", user_id)
    return identity.person_by_account(session, tenant_id, account)


def keys_of_colleagues(session: Session, used: Deployed, user_id: str) -> list[str]:
    """The keys of those who hold the same posts as somebody, where a post counts in its unit: in their
    unit."""
    p, m = _people.c, _memberships.c
    query = (
        sa.select(p.unit_id, m.group_id)
        .join(_memberships, (m.tenant_id == p.tenant_id) & (m.user_id == p.id))
        .where(p.tenant_id == used.tenant_id, p.id == user_id, m.group_id.not_in(HOUSE_GROUPS))
    )
    return sorted(
        f"g:{group}@{unit}" if used.scope_of(group) == "unit" else f"g:{group}"
        for unit, group in session.execute(query)
    )


def may_hold(
    session: Session, target: Person, task: Any, keys: Sequence[str], used: Deployed, starter: str
) -> Verdict:
    """Whether a task (its row) can be given to somebody: one of `keys`, and not kept from this case."""
    if set(target.principals).isdisjoint(keys):
        groups = "、".join(used.principal_name(key) for key in keys)
        return denied("{name} cannot hold this task: it waits for {groups}.", name=target.name, groups=groups)
    query = sa.select(*separation.columns()).where(
        _tasks.c.tenant_id == target.tenant_id, _tasks.c.id == task["id"]
    )
    found = session.execute(query, {"of_person": target.id}).mappings().one()
    verdict = separation.standing(target, {**task, **found}, used, task["root_key"], starter).verdict
    if verdict:
        return ALLOWED
    return denied("{name} must not act on this case, so the task cannot be given to them.", name=target.name)


def _named(keys: Iterable[str]) -> sa.ColumnElement[bool]:
    p, m = _people.c, _memberships.c
    found: list[sa.ColumnElement[bool]] = [sa.false()]
    for key in keys:
        kind, _, rest = key.partition(":")
        if kind == "u":
            found.append(p.id == rest)
            continue
        group, _, unit = rest.partition("@")
        holds = sa.exists().where(m.tenant_id == p.tenant_id, m.user_id == p.id, m.group_id == group)
        found.append(holds & (p.unit_id == unit) if unit else holds)
    return sa.or_(*found)


def _away(now: datetime) -> sa.ScalarSelect[str]:
    """Who stands in for a person today, one of them if there are several; "" for nobody."""
    s, other = _substitutions.c, _people.alias("substitute")
    query = (
        sa.select(sa.func.min(other.c.name))
        .select_from(_substitutions)
        .join(other, (other.c.tenant_id == s.tenant_id) & (other.c.id == s.substitute_id))
        .where(s.tenant_id == _people.c.tenant_id, s.absent_id == _people.c.id)
        .where(absences.holds(absences.day(now)))
        .correlate(_people)
    )
    return sa.func.coalesce(query.scalar_subquery(), "")  # type: ignore[return-value]
