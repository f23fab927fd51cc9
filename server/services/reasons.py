"""为什么我不能: for a task, a case or a process, each condition that somebody must meet, whether they do, and
whom to ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.services import deployed, heads, identity, legal_status, separation, starts
from server.services.authorization import Person, may_administer
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.services.identity import Account
from server.services.starts import Matter
from server.store.identity import User
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_people = User.metadata.tables["person"]
MOST_ASKED = 5
_TASK = (
    sa.select(
        *_tasks.c, *separation.columns(), _instances.c.deployment_id, _instances.c.started_by,
        _instances.c.process_key.label("root_key"), _instances.c.rehearsal_at, _instances.c.business_key,
        _people.c.name.label("holder"),
    )
    .join(
        _instances, (_instances.c.tenant_id == _tasks.c.tenant_id) & (_instances.c.id == _tasks.c.instance_id)
    )
    .join(
        _people,
        (_people.c.tenant_id == _tasks.c.tenant_id) & (_people.c.id == _tasks.c.assignee_id),
        isouter=True,
    )
    .where(_tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.id == bindparam("of_task"))
)  # fmt: skip


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold (an English template and its values), whether it does, why not, and who can
    help."""

    text: str
    holds: bool
    params: dict[str, object] = field(default_factory=dict)
    why: str = ""
    why_params: dict[str, object] = field(default_factory=dict)
    ask: tuple[Account, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked about (its name and, where it may be told, its address) and every condition. `allowed`:
    nothing stands in the way."""

    name: str
    conditions: tuple[Condition, ...]
    address: str = ""

    @property
    def allowed(self) -> bool:
        """Whether every condition holds."""
        return all(condition.holds for condition in self.conditions)


def person_asked_about(session: Session, asker: Person, account: str) -> Person:
    """Whom the question is about: the asker, or for an admin anybody of the jurisdiction."""
    if not account or account == asker.account:
        return asker
    may_administer(asker).require()
    if not identity.is_known(session, asker.tenant_id, account):
        raise NotFound("person", account)
    return identity.person_by_account(session, asker.tenant_id, account)


def of_task(session: Session, asker: Person, person: Person, task_id: str) -> Answer:
    """Why somebody may or may not act on a task. Whoever may not see the case learns no more than that."""
    values = {"of_tenant": person.tenant_id, "of_task": task_id, "of_person": person.id}
    row = session.execute(_TASK, values).mappings().one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    seen = _seen(session, asker, person, row["instance_id"])
    if not (seen.holds or may_administer(asker)):
        return Answer("", (seen,))
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    admins = holders(session, person.tenant_id, "admin")
    conditions = (seen, _open(row), *_posts(session, person, used, row), _unheld(person, row, admins))
    found = separation.standing(person, dict(row), used, row["root_key"], row["started_by"]).verdict
    text = _("No recusal, and no rule against doing what somebody else must do, stands in the way")
    apart = Condition(text, bool(found), {}, found.reason, found.params, () if found else admins)
    return Answer(f"{row['name']} · {row['business_key']}", (*conditions, apart), f"/tasks/{task_id}")


def of_case(session: Session, asker: Person, person: Person, instance_id: str) -> Answer:
    """Why somebody may or may not see a case."""
    i = _instances.c
    query = sa.select(i.business_key, i.title).where(i.tenant_id == person.tenant_id, i.id == instance_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("instance", instance_id)
    seen = _seen(session, asker, person, instance_id)
    told = seen.holds or bool(may_administer(asker))
    return Answer(f"{row.business_key} {row.title}" if told else "", (seen,), f"/instances/{instance_id}")


def of_start(session: Session, person: Person, process_key: str, now: datetime) -> Answer:
    """Why somebody may or may not begin a process."""
    used = deployed.active(session, person.tenant_id)
    entry = used.manifest.processes.get(process_key) if used.manifest else None
    if entry is None:
        raise NotFound("process", process_key)
    names = "、".join(used.group_name(group) for group in entry.started_by) or "—"
    holds = person.has(*entry.started_by)
    ask = () if holds else holders(session, person.tenant_id, *entry.started_by)
    post = Condition(_("Holds one of the posts that begin it: {groups}"), holds, {"groups": names}, ask=ask)
    law = legal_status.may_begin(used, process_key, legal_status.day_of(now))
    force = Condition(_("Its regulation is in force today"), bool(law), {}, law.reason, law.params)
    all_ = starts.may_begin(person, used, Matter(process_key), now)
    conditions = [_in_office(session, person), post, force]
    if not all_ and all(condition.holds for condition in conditions):
        conditions.append(
            Condition(_("People begin it"), holds=False, why=all_.reason, why_params=all_.params)
        )
    return Answer(entry.name, tuple(conditions), f"/start/{process_key}")


def _seen(session: Session, asker: Person, person: Person, instance_id: str) -> Condition:
    found = heads.may_read(session, person, instance_id)
    text = _("Has or had to do with the case, in person or through a post, or heads its body or unit")
    ask = () if found else holders(session, person.tenant_id, "admin")
    return Condition(text, bool(found), {}, found.reason, found.params, ask)


def _open(row: Any) -> Condition:
    text = _("The task is open")
    if row["status"] == "open":
        return Condition(text, holds=True)
    return Condition(text, holds=False, why=_("It was done, returned or cancelled already."))


def _posts(session: Session, person: Person, used: Deployed, row: Any) -> list[Condition]:
    """The post, and where it is a post in a department: in the right one."""
    keys: Sequence[str] = row["candidates"]
    names = "、".join(used.principal_name(key) for key in keys)
    holds = not set(person.principals).isdisjoint(keys) or row["assignee_id"] == person.id
    groups = [key[2:].partition("@")[0] for key in keys if key.startswith("g:")]
    why, ask = "", tuple[Account, ...]()
    if not holds:
        ask = holders(session, person.tenant_id, *groups) or holders(session, person.tenant_id, "admin")
        if person.has(*groups):
            why = _("The post is held in another department than that of the case.")
    text = _("Is one of those for whom it waits: {groups}")
    return [_in_office(session, person), Condition(text, holds, {"groups": names}, why, {}, ask)]


def _unheld(person: Person, row: Any, admins: tuple[Account, ...]) -> Condition:
    text = _("Nobody else holds it")
    if row["assignee_id"] in (None, person.id):
        return Condition(text, holds=True)
    why = _("{name} holds it: ask them to put it back, or their leader to reassign it.")
    return Condition(text, False, {}, why, {"name": row["holder"] or row["assignee_id"]}, admins)


def _in_office(session: Session, person: Person) -> Condition:
    p = _people.c
    query = sa.select(p.active).where(p.tenant_id == person.tenant_id, p.id == person.id)
    active = bool(session.execute(query).scalar())
    ask = () if active else holders(session, person.tenant_id, "admin")
    return Condition(_("Is in office"), active, ask=ask)


def holders(session: Session, tenant_id: str, *groups: str) -> tuple[Account, ...]:
    """Some of those who hold one of these posts."""
    found: dict[str, Account] = {}
    for group in groups:
        found |= {one.account: one for one in identity.members(session, tenant_id, group)}
    return tuple(found.values())[:MOST_ASKED]
