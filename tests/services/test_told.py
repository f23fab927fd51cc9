"""Whom verbs tell besides those who get the task: who delegated it, who instructed, whoever is late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from server.services import delegating, instructions
from server.services.errors import NotPermitted
from server.services.instructions import Word
from server.store.runtime import ProcessInstance
from tests.services.clocked import MORNING, Lab, case, clocked
from tests.services.test_stops import last_moment

__all__ = ["clocked"]
CASES = ProcessInstance.metadata.tables["process_instance"]


def notices(lab: Lab, kind: str) -> list[tuple[str, str | None]]:
    rows = lab.rows("select user_id, task_id from notice where kind = :k order by user_id, task_id", k=kind)
    return [(row["user_id"], row["task_id"]) for row in rows]


def revision(lab: Lab, task: str) -> int:
    return int(lab.rows("select revision from task where id = :t", t=task)[0]["revision"])


def test_who_delegated_is_told_that_it_came_back(clocked: Lab) -> None:
    """As that, not as a new task; nobody else is."""
    task = clocked.task(case(clocked), "review")["id"]
    ann, bob = clocked.people["ann"], clocked.people["bob"]
    with clocked.database.write() as session:
        delegating.delegate(session, ann, task, revision(clocked, task), "bob", "请代填", clocked.now)
    assert notices(clocked, "task_for_me") == [("bob", task)]
    with clocked.database.write() as session:
        delegating.resolve(session, bob, task, revision(clocked, task), "已填好", clocked.now)
    assert notices(clocked, "task_resolved") == [("ann", task)]
    assert notices(clocked, "task_for_me") == [("bob", task)]


def test_who_instructed_is_told_the_answer(clocked: Lab) -> None:
    """Those who have the case hear the instruction; a refused answer tells nobody."""
    instance = case(clocked)
    review, report = (clocked.task(instance, element)["id"] for element in ("review", "report"))
    with clocked.database.write() as session:
        word = Word("抓紧办", clocked.now.date() + timedelta(days=3))
        given = instructions.give(session, clocked.people["admin"], instance, word, clocked.now)
    assert notices(clocked, "task_supervised") == [("ann", review), ("head", report)]
    with pytest.raises(NotPermitted), clocked.database.write() as session:
        instructions.answer(session, clocked.people["bob"], instance, given, "已办", clocked.now)
    assert notices(clocked, "instruction_answered") == []
    with clocked.database.write() as session:
        instructions.answer(session, clocked.people["ann"], instance, given, "已办", clocked.now)
    assert notices(clocked, "instruction_answered") == [("admin", None)]


def test_a_notice_names_the_limit_that_has_passed(clocked: Lab) -> None:
    """The case is over though the report is not: who has the report is told the limit of the case."""
    instance = case(clocked)
    clocked.now = MORNING + timedelta(days=80)
    clocked.runner().record_lights()
    told: dict[str, Any] = {
        row["task_id"]: row["payload"]
        for row in clocked.rows("select task_id, payload from notice where kind = 'task_overdue'")
    }
    for element, due in (("review", last_moment("2026-03-16")), ("report", last_moment("2026-05-02"))):
        assert due.isoformat()[:10] in str(told[clocked.task(instance, element)["id"]])


def test_a_case_that_waits_for_nobody_tells_its_starter(lab: Lab) -> None:
    """Its limit passes while only a timer runs."""
    instance = lab.start(process="lab.waiting")
    with lab.database.write() as session:
        session.execute(sa.update(CASES).where(CASES.c.id == instance).values(due_at=lab.now))
    lab.now += timedelta(days=1)
    for _ in range(2):
        lab.runner().record_lights()
        assert notices(lab, "task_overdue") == [("ann", None)]
