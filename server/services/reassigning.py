"""转办: an open task becomes somebody else's, who may hold it by the diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import absences, colleagues, deployed, recording
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import Case, finish
from server.services.colleagues import Colleague
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.services.tasks import hold_open
from server.store.identity import User
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_people = User.metadata.tables["person"]
LONGEST = 500
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Reassignable:
    """An open task that the person may give away: who holds it ("" while nobody does), and to whom it can
    go."""

    id: str
    revision: int
    name: str
    business_key: str
    title: str
    holder: str
    waits_for: tuple[str, ...]
    people: tuple[Colleague, ...]


def look(session: Session, person: Person, task_id: str, now: datetime) -> Reassignable:
    """The task, and the people to choose from. NotPermitted for all but its holder, their leader and
    admins."""
    row = read(session, person.tenant_id, task_id)
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    verdict(person, row, used).require()
    found = colleagues.listing(session, person.tenant_id, keys(session, person, row, used), now)
    if _leads_only(person, row):
        mine = {one.id for one in found} & _of_unit(session, person)
        found = [one for one in found if one.id in mine]
    return Reassignable(
        row["id"], row["revision"], row["name"], row["business_key"], row["title"], row["holder"] or "",
        tuple(used.principal_name(key) for key in row["candidates"]),
        tuple(one for one in found if one.id != row["assignee_id"]),
    )  # fmt: skip


def reassign(
    session: Session, person: Person, task_id: str, revision: int, to: str, reason: str, now: datetime
) -> None:
    """Give an open task to somebody, by id. What its holder typed stays their own draft. Raises StaleTask
    when the task has changed since the page of this `revision`."""
    case, row = hold_open(session, person, task_id, revision, now)
    give(session, case, {**row, **_holder(session, row)}, to, reason)


def give(session: Session, case: Case, row: dict[str, Any], to: str, reason: str) -> None:
    """Give an open task that is held for writing (its row, with `holder` and `holder_unit`) to somebody."""
    person, used = case.person, case.deployed
    verdict(person, row, used).require()
    reason = reason.strip()[:LONGEST]
    if not reason:
        denied("Say why the task goes to somebody else.").require()
    target = colleagues.person(session, person.tenant_id, to)
    if target.id == row["assignee_id"]:
        denied("{name} holds this task already.", name=target.name).require()
    if _leads_only(person, row) and target.unit_id != person.unit_id:
        denied("A leader gives tasks to people of their own unit only.").require()
    waits_for = keys(session, person, row, used)
    colleagues.may_hold(session, target, row, waits_for, used, case.row["started_by"]).require()
    before = row["holder"] or ""
    recording.assign(case, row, target)
    forget_delegation(session, row)
    told = {"name": row["name"], "to": target.name, "to_id": target.id, "to_post": target.post}
    case.record.add("task_reassigned", row["element"], row["id"], before=before, reason=reason, **told)
    finish(case)


def verdict(person: Person, row: Mapping[str, Any], used: Deployed) -> Verdict:
    """Who gives a task away: its owner, whoever leads the unit of its holder (or, while nobody holds it,
    whoever leads a unit), and admins. Somebody who works on it for its owner does not."""
    if row["rehearsal_at"] is not None:
        return denied("In a rehearsal its leader plays everybody: nothing has to change hands.")
    owner = row["owner_id"] if row["delegation"] == "pending" else row["assignee_id"]
    acting = absences.acting(person, {**row, "assignee_id": owner})
    if person.has("admin") or (owner is not None and acting.as_id == owner) or leads(person, row):
        return ALLOWED
    if owner is None:
        names = "、".join(used.principal_name(key) for key in row["candidates"])
        return denied("Nobody holds this task yet: it waits for {groups}, who claim it.", groups=names)
    return denied(
        "Only {name}, who holds this task, their leader or an administrator may give it to somebody else.",
        name=row["holder"] or "",
    )


def leads(person: Person, row: Mapping[str, Any]) -> bool:
    """Whether the person leads the unit of whoever holds a task."""
    return person.has("leader") and row["holder_unit"] in (None, person.unit_id)


def keys(session: Session, person: Person, row: Mapping[str, Any], used: Deployed) -> Sequence[str]:
    """For whom a task may wait. One that the diagram gives to somebody by name goes, by their leader or an
    admin, to those who hold the same posts."""
    candidates: list[str] = list(row["candidates"])
    if candidates and all(key.startswith("u:") for key in candidates) and _above(person, row):
        for key in tuple(candidates):
            candidates += colleagues.keys_of_colleagues(session, used, key[2:])
    return candidates


def read(session: Session, tenant_id: str, task_id: str) -> dict[str, Any]:
    """An open task with its case and holder. Raises NotFound."""
    t, i, p = _tasks.c, _instances.c, _people.c
    query = (
        sa.select(
            *t, i.deployment_id, i.business_key, i.title, i.rehearsal_at, i.process_key.label("root_key"),
            p.name.label("holder"), p.unit_id.label("holder_unit"),
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .join(_people, (p.tenant_id == t.tenant_id) & (p.id == t.assignee_id), isouter=True)
        .where(t.tenant_id == tenant_id, t.id == task_id, t.status == "open")
    )  # fmt: skip
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    return dict(row)


def forget_delegation(session: Session, row: dict[str, Any]) -> None:
    """A task that has a new holder is worked on for nobody else."""
    if row["owner_id"] is not None or row["delegation"]:
        delegate_row(session, row, None, "")


def delegate_row(session: Session, row: dict[str, Any], owner_id: str | None, delegation: str) -> None:
    """Write for whom a task is worked on."""
    row.update(owner_id=owner_id, delegation=delegation)
    where = (_tasks.c.tenant_id == row["tenant_id"], _tasks.c.id == row["id"])
    session.execute(_tasks.update().where(*where).values(owner_id=owner_id, delegation=delegation))


def _holder(session: Session, row: Mapping[str, Any]) -> dict[str, Any]:
    p = _people.c
    query = sa.select(p.name.label("holder"), p.unit_id.label("holder_unit"))
    found = session.execute(query.where(p.tenant_id == row["tenant_id"], p.id == row["assignee_id"]))
    held = found.mappings().one_or_none()
    return dict(held) if held else {"holder": None, "holder_unit": None}


def _above(person: Person, row: Mapping[str, Any]) -> bool:
    return person.has("admin") or leads(person, row)


def _leads_only(person: Person, row: Mapping[str, Any]) -> bool:
    """Whether it is only as a leader that the person may give the task away."""
    return leads(person, row) and not person.has("admin") and row["assignee_id"] != person.id


def _of_unit(session: Session, person: Person) -> set[str]:
    p = _people.c
    where = (p.tenant_id == person.tenant_id, p.unit_id == person.unit_id)
    return set(session.execute(sa.select(p.id).where(*where)).scalars())
