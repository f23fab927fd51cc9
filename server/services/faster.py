"""Who was faster: what a person is told whose page was older than the case or the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import heads
from server.services.authorization import Person, Verdict
from server.services.case import Case
from server.services.errors import StaleTask
from server.store.history import HistoryEvent
from server.store.identity import User

_events = HistoryEvent.metadata.tables["history_event"]
_people = User.metadata.tables["person"]


def moved(session: Session, person: Person, instance_id: str) -> StaleTask:
    """The refusal that names the last thing somebody did in a case."""
    e = _events.c
    query = sa.select(e.actor_name, e.at).where(
        e.tenant_id == person.tenant_id, e.instance_id == instance_id, e.actor_id.is_not(None)
    )
    last = session.execute(query.order_by(e.seq.desc()).limit(1)).one_or_none()
    by, at = (last.actor_name, last.at) if last else (None, None)
    return StaleTask("", "moved", by=by, at=at, instance_id=instance_id)


def settle(session: Session, person: Person, case: Case, verdict: Verdict, seen: int) -> None:
    """Let a person go on who may, and has seen the last entry of the case (the last on their page)."""
    refuse(session, person, case, verdict, seen)
    if case.row["history_seq"] > seen:
        raise moved(session, person, case.id)


def refuse(session: Session, person: Person, case: Case, verdict: Verdict, seen: int) -> None:
    """Refuse what a person may not do. Whoever looked before the case moved on (`seen`, 0: they did not) is
    told that it did instead: they were allowed to when they looked."""
    if not verdict and 0 < seen < case.row["history_seq"]:
        heads.may_read(session, person, case.id, case.key).require()
        raise moved(session, person, case.id)
    verdict.require()


def task_moved(session: Session, person: Person, row: Mapping[str, Any]) -> StaleTask:
    """Who did what to a task meanwhile. Leaders act on tasks of cases that they need not see: they are told
    who it was of their own unit only. A person whom the case does not concern is told nothing of it."""
    who = row["completed_by"] or row["assignee_id"]
    query = sa.select(_people.c.name, _people.c.unit_id)
    found = session.execute(
        query.where(_people.c.tenant_id == row["tenant_id"], _people.c.id == who)
    ).one_or_none()
    by, unit = (found.name, found.unit_id) if found else (None, None)
    leads = person.has("leader") and unit == person.unit_id
    if not leads and set(person.reach).isdisjoint(row["candidates"]):
        sees = heads.may_read(session, person, row["instance_id"], row["root_key"])
        if not sees and person.has("leader"):
            return StaleTask(row["id"], row["status"])
        sees.require()
    at = row["completed_at"] or row["claimed_at"]
    return StaleTask(row["id"], row["status"], by, at, row["outcome"], row["instance_id"])


def settle_task(
    session: Session, person: Person, row: Mapping[str, Any], verdict: Verdict, revision: int | None
) -> None:
    """Refuse what a person may not do with an open task. Whose page (of this `revision`, None where it does
    not tell) is older than the task is told who has acted on it instead."""
    if not verdict and revision is not None and row["revision"] != revision:
        raise task_moved(session, person, row)
    verdict.require()
