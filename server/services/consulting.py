"""沟通: asking others for an opinion on a case without moving it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import addressees, faster
from server.services.announcing import News, announce
from server.services.authorization import Person, denied, may_act
from server.services.case import Case, finish, hold, hold_of_task
from server.services.errors import NotFound, StaleTask
from server.services.participants import admit
from server.store.columns import new_id
from server.store.letters import OpinionRequest
from server.store.runtime import ProcessInstance, Task

_requests = OpinionRequest.metadata.tables["opinion_request"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_tasks = Task.metadata.tables["task"]
_RUNNING = ("running", "incident")
LONGEST = 2000
"""Characters of a question or an answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to one person, and what they said."""

    id: str
    instance_id: str
    task_id: str
    task_name: str
    text: str
    asked_by: str
    asked_by_name: str
    asked_of: str
    asked_of_name: str
    asked_at: datetime
    answer: str
    ended_at: datetime | None
    business_key: str
    title: str


def ask(
    session: Session, person: Person, task_id: str, keys: Sequence[str], text: str, now: datetime,
    revision: int | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Ask the people whom some keys name, as the holder of an open task. They are told and may see the case
    from then on; the task is not kept waiting. Gives their names. Raises StaleTask where the task is done or
    went to somebody else since the page of this `revision`."""
    case = hold_of_task(session, person, task_id, now)
    row = {**_task(session, person, task_id), "root_key": case.key}
    if row["status"] != "open":
        raise faster.task_moved(session, person, row)
    names = "、".join(case.deployed.principal_name(key) for key in row["candidates"])
    holds = may_act(person, row["assignee_id"], row["candidates"], names)
    faster.settle_task(session, person, row, holds, revision)
    text = text.strip()[:LONGEST]
    if not text:
        denied("Say what you want to know.").require()
    if case.rehearsed:
        denied("In a rehearsal its leader plays everybody: nobody else is asked or told.").require()
    found = addressees.chosen(session, person, keys)
    session.execute(_requests.insert(), [_request(case, row, one, text) for one in found])
    admit(session, person.tenant_id, case.id, [f"u:{one.id}" for one in found])
    named = [one.name for one in found]
    case.record.add("opinion_asked", row["element"], task_id, name=row["name"], text=text, of=named)
    payload = {**_about(case), "name": row["name"], "by": person.name, "note": text}
    news = News("question_asked", tuple(f"u:{one.id}" for one in found), case.id, task_id, payload)
    announce(session, person.tenant_id, [news], case.now)
    finish(case)
    return tuple(named)


def answer(session: Session, person: Person, request_id: str, text: str, now: datetime) -> str:
    """Say what one thinks, once; gives the case's id. StaleTask when the question was answered or taken back
    meanwhile, NotFound for everybody who was not asked."""
    case, row = _held(session, person, request_id, now)
    if row["asked_of"] != person.id:
        raise NotFound("question", request_id)
    text = text.strip()[:LONGEST]
    if not text:
        denied("Write what you think.").require()
    if case.row["status"] not in _RUNNING:
        denied("The case has ended: an opinion changes nothing any more.").require()
    _end(session, row, text, case.now)
    case.record.add(
        "opinion_given", "", row["task_id"], name=row["task_name"], text=text, to=row["asked_by_name"]
    )
    payload = {**_about(case), "name": row["task_name"], "by": person.name, "note": text}
    news = News("question_answered", (f"u:{row['asked_by']}",), case.id, row["task_id"], payload)
    announce(session, person.tenant_id, [news], case.now)
    finish(case)
    return case.id


def take_back(session: Session, person: Person, request_id: str, now: datetime) -> str:
    """Take a question back that nobody has answered; gives the task's id."""
    case, row = _held(session, person, request_id, now)
    if row["asked_by"] != person.id:
        denied("Only the person who asked may take the question back.").require()
    _end(session, row, "", case.now)
    of = row["asked_of_name"]
    case.record.add("opinion_recalled", "", row["task_id"], name=row["task_name"], of=of)
    finish(case)
    return str(row["task_id"])


def waiting(session: Session, person: Person, limit: int = 100) -> list[Asked]:
    """The questions that wait for the person, the oldest first."""
    r = _requests.c
    query = _listing().where(
        r.tenant_id == person.tenant_id, r.asked_of == person.id, r.ended_at.is_(None),
        _instances.c.status.in_(_RUNNING),
    )  # fmt: skip
    return [Asked(**row) for row in session.execute(query.order_by(r.id).limit(limit)).mappings()]


def settled(session: Session, person: Person, limit: int = 50) -> list[Asked]:
    """What the person was asked and answered, newest first."""
    r = _requests.c
    query = _listing().where(r.tenant_id == person.tenant_id, r.asked_of == person.id, r.answer != "")
    found = session.execute(query.order_by(r.ended_at.desc()).limit(limit))
    return [Asked(**row) for row in found.mappings()]


def asked(session: Session, person: Person, limit: int = 50) -> list[Asked]:
    """What the person has asked others, newest first."""
    r = _requests.c
    query = _listing().where(r.tenant_id == person.tenant_id, r.asked_by == person.id)
    return [Asked(**row) for row in session.execute(query.order_by(r.id.desc()).limit(limit)).mappings()]


def of_case(session: Session, tenant_id: str, instance_id: str) -> list[Asked]:
    """What was asked and answered in a case, oldest first. Who may see it is for the caller to know."""
    r = _requests.c
    query = _listing().where(r.tenant_id == tenant_id, r.instance_id == instance_id)
    return [Asked(**row) for row in session.execute(query.order_by(r.id)).mappings()]


def counts(task: Any) -> tuple[Any, Any]:
    """Two columns for a query about tasks (`task` are its columns): how many opinions were asked in the case,
    and how many of them for this task are still open."""
    r = _requests.c
    of_case = (r.tenant_id == task.tenant_id, r.instance_id == task.instance_id)
    total = sa.select(sa.func.count()).select_from(_requests).where(*of_case)
    still = total.where(r.task_id == task.id, r.ended_at.is_(None))
    return total.scalar_subquery().label("opinions"), still.scalar_subquery().label("unanswered")


def _listing() -> sa.Select[Any]:
    r, i = _requests.c, _instances.c
    names = [name for name in Asked.__slots__ if name in r]
    return sa.select(*(r[name] for name in names), i.business_key, i.title).join(
        _instances, (i.tenant_id == r.tenant_id) & (i.id == r.instance_id)
    )


def _held(session: Session, person: Person, request_id: str, now: datetime) -> tuple[Case, dict[str, Any]]:
    """The case of a question held for writing, and the question as it is then."""
    r = _requests.c
    where = (r.tenant_id == person.tenant_id, r.id == request_id)
    instance_id = session.execute(sa.select(r.instance_id).where(*where)).scalar_one_or_none()
    if instance_id is None:
        raise NotFound("question", request_id)
    case = hold(session, person, instance_id, now)
    row = dict(session.execute(_requests.select().where(*where)).mappings().one())
    mine = person.id in (row["asked_of"], row["asked_by"])
    if row["ended_at"] is not None and mine:
        by = row["asked_of_name"] if row["answer"] else row["asked_by_name"]
        status = "answered" if row["answer"] else "recalled"
        raise StaleTask(row["task_id"], status, by, row["ended_at"], instance_id=instance_id)
    return case, row


def _end(session: Session, row: dict[str, Any], answer: str, at: datetime) -> None:
    r = _requests.c
    where = (r.tenant_id == row["tenant_id"], r.id == row["id"])
    session.execute(_requests.update().where(*where).values(answer=answer, ended_at=at))


def _task(session: Session, person: Person, task_id: str) -> dict[str, Any]:
    t = _tasks.c
    query = _tasks.select().where(t.tenant_id == person.tenant_id, t.id == task_id)
    return dict(session.execute(query).mappings().one())


def _request(case: Case, task: dict[str, Any], one: addressees.Addressee, text: str) -> dict[str, Any]:
    return {
        "tenant_id": case.person.tenant_id, "id": new_id(case.now), "instance_id": case.id,
        "task_id": task["id"], "task_name": task["name"], "text": text, "asked_by": case.person.id,
        "asked_by_name": case.person.name, "asked_of": one.id, "asked_of_name": one.name,
        "asked_at": case.now, "answer": "", "ended_at": None,
    }  # fmt: skip


def _about(case: Case) -> dict[str, Any]:
    return {"number": case.row["business_key"], "title": case.row["title"]}
