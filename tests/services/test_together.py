"""Two people at work on one case at the same time: nothing that one of them did is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from server.services import history, tasks
from server.services.errors import StaleTask
from tests.services.lab import TENANT, Lab, finish


def together(*works: Callable[[], object]) -> list[BaseException]:
    """Do all at the same moment; gives what was raised."""
    barrier, raised = threading.Barrier(len(works)), []

    def attempt(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=attempt, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_branches_of_one_case_are_completed_at_once(lab: Lab) -> None:
    """Both steps count: the join opens what follows, in every one of thirty cases."""
    for _ in range(30):
        instance = lab.start(process="lab.parallel")
        raised = together(
            lambda i=instance: lab.do("ann", i, "left"), lambda i=instance: lab.do("bob", i, "right")
        )
        assert raised == []
        assert lab.open(instance) == ["after"]
    with lab.database.read() as session:
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))
    done = lab.rows(
        "select actor_id, count(*) as n from history_event where kind = 'task_completed' group by 1"
    )
    assert {row["actor_id"]: row["n"] for row in done} == {"ann": 30, "bob": 30}


def test_of_two_who_claim_exactly_one_holds_the_task(lab: Lab) -> None:
    """The other one is told who was faster."""
    for _ in range(20):
        task = lab.task(lab.start(process="lab.due"), "work")["id"]

        def claim(name: str, task: str = task) -> None:
            with lab.database.write() as session:
                tasks.claim(session, lab.people[name], task, lab.now)

        raised = together(lambda: claim("ann"), lambda: claim("bob"))
        holder = lab.rows("select assignee_id from task where id = :t", t=task)[0]["assignee_id"]
        assert [type(error) for error in raised] == [StaleTask]
        assert raised[0].by == {"ann": "Ann", "bob": "Bob"}[holder]  # type: ignore[attr-defined]
        listed = lab.rows("select principal from worklist where task_id = :t", t=task)
        assert [row["principal"] for row in listed] == [f"u:{holder}"]


def test_a_command_that_fails_late_leaves_nothing(lab: Lab) -> None:
    """What was written before the failure is rolled back with it."""
    instance = lab.start(process="lab.parallel")
    before = lab.rows("select * from history_event where instance_id = :i order by seq", i=instance)

    def fail(session: object) -> None:
        raise RuntimeError("the wake-up could not be enqueued")

    lab.database.before_commit.append(fail)
    with pytest.raises(RuntimeError), lab.database.write() as session:
        finish(session, lab.people["ann"], lab.task(instance, "left")["id"], lab.now)
    lab.database.before_commit.clear()
    assert lab.open(instance) == ["left", "right"]
    assert lab.rows("select * from history_event where instance_id = :i order by seq", i=instance) == before
    lab.do("ann", instance, "left")
    assert lab.open(instance) == ["right"]
