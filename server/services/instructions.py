"""督办意见: a leader's word on a case, with a day by which somebody who works on it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import calendars, faster, supervision
from server.services.announcing import News, announce
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import Case, finish, hold
from server.services.errors import NotFound, StaleTask
from server.services.messages import RUNNING
from server.services.stops import holders, open_tasks
from server.store.clocks import Instruction
from server.store.columns import new_id

_instructions = Instruction.metadata.tables["instruction"]
LONGEST = 2000
"""Characters of an instruction or an answer."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a leader says, and the last day for an answer."""

    text: str
    answer_by: date


def may_instruct(person: Person, case: Case) -> Verdict:
    """Those who lead a body for which the case waits, and admins."""
    if person.has("admin"):
        return ALLOWED
    bodies = set(supervision.reach(person, case.deployed.manifest).bodies)
    waiting = {key for task in open_tasks(case) for key in task["candidates"]}
    if bodies & waiting:
        return ALLOWED
    return denied(
        "Only those who lead a body that has this case, and administrators, may instruct.", ask=("admin",)
    )


def give(session: Session, person: Person, instance_id: str, word: Word, now: datetime) -> str:
    """Give an instruction on a running case; gives its id. Those who have it are told."""
    case = hold(session, person, instance_id, now)
    if case.row["status"] not in RUNNING:
        raise StaleTask("", "moved", instance_id=instance_id)
    may_instruct(person, case).require()
    if not (text := word.text.strip()[:LONGEST]):
        denied("Say what is to be done.").require()
    if word.answer_by < calendars.local(case.now).date():
        denied("The day for the answer has passed already.").require()
    tasks = open_tasks(case)
    row: dict[str, Any] = {
        "tenant_id": person.tenant_id, "id": new_id(case.now), "instance_id": case.id,
        "task_id": tasks[0]["id"] if tasks else None, "text": text, "given_at": case.now,
        "given_by": person.id, "given_by_name": person.name, "answer_by": word.answer_by, "answer": "",
    }  # fmt: skip
    session.execute(_instructions.insert().values(row))
    case.record.add("instruction_given", "", row["task_id"], text=text, answer_by=word.answer_by.isoformat())
    if not case.rehearsed:
        announce(session, person.tenant_id, _news(case, tasks, word), case.now, but=person.id)
    finish(case)
    return str(row["id"])


def answer(
    session: Session, person: Person, instance_id: str, instruction_id: str, text: str, now: datetime,
    seen: int = 0,
) -> None:  # fmt: skip
    """Answer an instruction: whoever holds a step of the case. StaleTask when somebody has, or where the
    person held one while they looked (`seen`: the last entry on their page)."""
    case = hold(session, person, instance_id, now)
    where = (
        _instructions.c.tenant_id == person.tenant_id, _instructions.c.id == instruction_id,
        _instructions.c.instance_id == instance_id,
    )  # fmt: skip
    row = session.execute(_instructions.select().where(*where)).mappings().one_or_none()
    if row is None:
        raise NotFound("instruction", instruction_id)
    faster.refuse(session, person, case, _may_answer(person, case), seen)
    if row["answered_at"] is not None:
        raise faster.moved(session, person, instance_id)
    if not (said := text.strip()[:LONGEST]):
        denied("Write an answer.").require()
    done = {
        "answered_at": case.now,
        "answered_by": person.id,
        "answered_by_name": person.name,
        "answer": said,
    }
    session.execute(_instructions.update().where(*where).values(done))
    case.record.add("instruction_answered", answer=said, text=row["text"])
    if not case.rehearsed:
        about = {"by": person.name, "number": case.row["business_key"], "title": case.row["title"]}
        to = (f"u:{row['given_by']}",)
        news = News("instruction_answered", to, case.id, None, {**about, "note": said[:500]})
        announce(session, person.tenant_id, [news], case.now, but=person.id)
    finish(case)


def _may_answer(person: Person, case: Case) -> Verdict:
    if person.id in holders(case) or person.has("admin"):
        return ALLOWED
    return denied("Only somebody who holds a step of this case may answer.")


def of_case(session: Session, tenant_id: str, instance_id: str) -> list[dict[str, Any]]:
    """The instructions on a case, newest first."""
    n = _instructions.c
    query = _instructions.select().where(n.tenant_id == tenant_id, n.instance_id == instance_id)
    return [dict(row) for row in session.execute(query.order_by(n.id.desc())).mappings()]


def open_of(task: Any) -> sa.ScalarSelect[Any]:
    """How many instructions wait for an answer in the case of a task: a column for a query of tasks."""
    n = _instructions.c
    same = (n.tenant_id == task.tenant_id, n.instance_id == task.instance_id, n.answered_at.is_(None))
    return sa.select(sa.func.count()).select_from(_instructions).where(*same).scalar_subquery()


def _news(case: Case, tasks: list[dict[str, Any]], word: Word) -> list[News]:
    about = {"by": case.person.name, "number": case.row["business_key"], "title": case.row["title"]}
    news = []
    for task in tasks:
        to = (f"u:{task['assignee_id']}",) if task["assignee_id"] else tuple(task["candidates"])
        said = {**about, "name": task["name"], "note": word.text[:500]}
        news.append(News("task_supervised", to, case.id, task["id"], said))
    return news
