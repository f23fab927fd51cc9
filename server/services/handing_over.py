"""移交: all open tasks of somebody who leaves or is away for long, given to others at once, item by item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import colleagues, deployed, reassigning, recording
from server.services.authorization import Person, denied, may_administer
from server.services.case import finish
from server.services.colleagues import Colleague
from server.services.errors import NotPermitted, StaleTask
from server.services.tasks import hold_open
from server.store.database import part
from server.store.identity import User
from server.store.runtime import ProcessInstance, Task, WorklistEntry

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_people = User.metadata.tables["person"]
_worklist = WorklistEntry.metadata.tables["worklist"]
GROUP = "group"
"""The receiver that puts a task back for those for whom it waits."""
MOST = 500
"""Tasks of one hand-over; whoever holds more hands over in two goes."""


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


@dataclass(frozen=True, slots=True)
class Item:
    """An open task of the leaver: to whom it can go (`people`; `group` where it can also be put back for the
    others), and what is proposed: an id, GROUP, or "" where nobody can take it. With `owned` somebody else
    works on it for the leaver: it is the ownership that goes."""

    id: str
    revision: int
    name: str
    business_key: str
    title: str
    process_name: str
    waits_for: tuple[str, ...]
    people: tuple[Colleague, ...]
    group: bool
    proposed: str
    owned: bool
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with one task: as the preview showed it, to whom it goes."""

    task_id: str
    revision: int
    to: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one task: to whom it went (`to`; "" with GROUP for all of them), or why it stayed: an
    English template with its values."""

    task_id: str
    name: str
    business_key: str
    to: str
    reason: str = ""
    params: Mapping[str, object] | None = None

    @property
    def moved(self) -> bool:
        """Whether the task has a new holder, or waits for its group."""
        return not self.reason


def preview(session: Session, person: Person, leaver: str, to: str, now: datetime) -> list[Item]:
    """What would move, with `to` proposed wherever they may hold it. For admins."""
    may_administer(person).require()
    colleagues.known(session, person.tenant_id, leaver)
    offered: dict[tuple[str, ...], tuple[Colleague, ...]] = {}
    found = []
    for row in _open_of(session, person.tenant_id, leaver):
        used = deployed.of(session, person.tenant_id, row["deployment_id"])
        keys = tuple(reassigning.keys(session, person, row, used))
        if keys not in offered:
            offered[keys] = tuple(colleagues.listing(session, person.tenant_id, keys, now))
        people = tuple(one for one in offered[keys] if one.id != leaver)
        owned = row["assignee_id"] != leaver
        group = not owned and any(key.startswith("g:") for key in row["candidates"])
        known = used.model.processes.get(row["root_key"])
        found.append(
            Item(
                row["id"], row["revision"], row["name"], row["business_key"], row["title"],
                known.name if known else row["root_key"],
                tuple(used.principal_name(key) for key in row["candidates"]), people, group,
                to if any(one.id == to for one in people) else GROUP if group else "", owned, row["due_at"],
            )
        )  # fmt: skip
    return found


def hand_over(
    session: Session, person: Person, leaver: str, wishes: Sequence[Wish], reason: str, now: datetime
) -> list[Outcome]:
    """Do it: each task by itself, all in one unit of work; what cannot go stays and says why. Cases are
    locked in one order, so that two hand-overs at once never wait for each other."""
    may_administer(person).require()
    if not reason.strip():
        denied("Say why the tasks go to others.").require()
    name = colleagues.known(session, person.tenant_id, leaver).name
    rows = {row["id"]: row for row in _open_of(session, person.tenant_id, leaver)}
    chosen = [wish for wish in wishes if wish.to]
    order = {task_id: (row["instance_id"], task_id) for task_id, row in rows.items()}
    done = []
    for wish in sorted(chosen, key=lambda one: order.get(one.task_id, ("", one.task_id))):
        done.append(_one(session, person, rows.get(wish.task_id), wish, f"{name}：{reason.strip()}", now))
    return done


def _one(
    session: Session, person: Person, row: dict[str, Any] | None, wish: Wish, reason: str, now: datetime
) -> Outcome:
    if row is None:
        return Outcome(wish.task_id, "", "", "", _("This task is no longer theirs."), {})
    told = (row["id"], row["name"], row["business_key"])
    try:
        with part(session):
            to = _move(session, person, wish, row, reason, now)
    except NotPermitted as refused:
        return Outcome(*told, "", refused.reason, refused.params)
    except StaleTask as stale:
        return Outcome(*told, "", _("{who} has acted on this task meanwhile."), {"who": stale.by or "—"})
    return Outcome(*told, to)


def _move(
    session: Session, person: Person, wish: Wish, row: dict[str, Any], reason: str, now: datetime
) -> str:
    """Give one task away; gives the name of who has it now."""
    case, held = hold_open(session, person, wish.task_id, wish.revision, now)
    held = {**held, "holder": row["leaver"], "holder_unit": row["leaver_unit"]}
    if wish.to == GROUP:
        recording.assign(case, held, None)
        reassigning.forget_delegation(session, held)
        case.record.add("task_put_back", held["element"], held["id"], name=held["name"], reason=reason)
        finish(case)
        return ""
    if row["assignee_id"] == row["leaver_id"]:
        reassigning.give(session, case, held, wish.to, reason)
        return colleagues.known(session, person.tenant_id, wish.to).name
    target = colleagues.person(session, person.tenant_id, wish.to)
    waits_for = reassigning.keys(session, person, held, case.deployed)
    colleagues.may_hold(session, target, held, waits_for, case.deployed, case.row["started_by"]).require()
    reassigning.delegate_row(session, held, target.id, "pending")
    told = {"name": held["name"], "to": target.name, "to_id": target.id, "to_post": target.post}
    told |= {"before": row["leaver"], "reason": reason}
    case.record.add("task_reassigned", held["element"], held["id"], **told)
    finish(case)
    return target.name


def _open_of(session: Session, tenant_id: str, leaver: str) -> list[dict[str, Any]]:
    """The real open tasks that somebody holds, or that others do for them, the most urgent first."""
    t, i, p, w = _tasks.c, _instances.c, _people.c, _worklist.c
    listed = sa.select(w.task_id).where(w.tenant_id == tenant_id, w.principal == f"u:{leaver}")
    query = (
        sa.select(
            *t, i.deployment_id, i.business_key, i.title, i.rehearsal_at, i.process_key.label("root_key"),
            p.id.label("leaver_id"), p.name.label("leaver"), p.unit_id.label("leaver_unit"),
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .join(_people, (p.tenant_id == t.tenant_id) & (p.id == leaver))
        .where(t.tenant_id == tenant_id, t.status == "open", i.rehearsal_at.is_(None))
        .where(
            sa.or_(
                sa.and_(t.id.in_(listed), sa.func.coalesce(t.assignee_id, leaver) == leaver),
                sa.and_(t.owner_id == leaver, t.delegation == "pending"),
            )
        )
        .order_by(t.due_at.is_(None), t.due_at, t.id)
        .limit(MOST)
    )  # fmt: skip
    return [
        {**row, "holder": row["leaver"], "holder_unit": row["leaver_unit"]}
        for row in session.execute(query).mappings()
    ]
