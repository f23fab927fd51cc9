"""催办: once a day, by those who may, told to those who hold the task."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.services import history, reminding, tasks
from server.services.errors import NotFound, NotPermitted, StaleTask
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together


def remind(lab: Lab, name: str, task_id: str, note: str = "请尽快办理") -> reminding.Reminded:
    """One reminder in a unit of work of its own."""
    with lab.database.write() as session:
        return reminding.remind(session, lab.people[name], task_id, note, lab.now)


def waiting(lab: Lab, started_by: str = "ann") -> str:
    """A task that waits for the clerks; gives its id."""
    task = lab.task(lab.start(started_by, "lab.due"), "work")
    with lab.database.write() as session:
        tasks.release(session, lab.people[started_by], task["id"], lab.now)
    return str(task["id"])


def test_the_starter_reminds_those_who_may_claim(lab: Lab) -> None:
    """All of the body but the starter; the record and the task's row show it."""
    task_id = waiting(lab)
    done = remind(lab, "ann", task_id)
    assert (done.name, done.told) == ("work", 2)
    told = lab.rows("select user_id, kind, payload from notice where kind = 'task_reminded' order by 1")
    assert [row["user_id"] for row in told] == ["admin", "bob"]
    assert "请尽快办理" in told[0]["payload"]
    assert lab.rows("select reminded_at from task")[0]["reminded_at"] is not None
    (line,) = lab.rows("select actor_id, task_id from history_event where kind = 'task_reminded'")
    assert line == {"actor_id": "ann", "task_id": task_id}
    with lab.database.read() as session:
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))


def test_only_the_holder_is_told_once_somebody_holds_it(lab: Lab) -> None:
    """The others of the body have nothing to do with it any more."""
    task_id = waiting(lab)
    with lab.database.write() as session:
        tasks.claim(session, lab.people["bob"], task_id, lab.now)
    assert remind(lab, "ann", task_id).told == 1
    assert [row["user_id"] for row in lab.rows("select user_id from notice")] == ["bob"]


def test_a_second_reminder_waits_for_the_next_day(lab: Lab) -> None:
    """It says who was first; the next morning it goes again."""
    task_id = waiting(lab)
    remind(lab, "admin", task_id)
    with pytest.raises(StaleTask) as refused:
        remind(lab, "ann", task_id)
    assert (refused.value.status, refused.value.by) == ("reminded", "Admin")
    lab.now += timedelta(days=1)
    assert remind(lab, "ann", task_id).told == 2


def test_a_colleague_may_not_remind(lab: Lab) -> None:
    """And nothing is written."""
    task_id = waiting(lab)
    with pytest.raises(NotPermitted):
        remind(lab, "bob", task_id)
    assert lab.rows("select * from notice") == []
    with pytest.raises(NotFound):
        remind(lab, "ann", "nothing")


def test_a_done_task_is_not_reminded_of(lab: Lab) -> None:
    """Whoever was faster is named."""
    task_id = waiting(lab)
    lab.do("bob", lab.rows("select instance_id from task")[0]["instance_id"], "work")
    with pytest.raises(StaleTask) as refused:
        remind(lab, "ann", task_id)
    assert (refused.value.status, refused.value.by) == ("completed", "Bob")


def test_of_two_who_remind_at_once_one_does(lab: Lab) -> None:
    """The task is reminded of once; the other is told."""
    task_id = waiting(lab)
    raised = together(lambda: remind(lab, "ann", task_id), lambda: remind(lab, "admin", task_id))
    assert [type(error) for error in raised] == [StaleTask]
    assert len(lab.rows("select * from history_event where kind = 'task_reminded'")) == 1


def test_two_who_remind_of_many_at_once(lab: Lab) -> None:
    """Whoever ticked them, and in whatever order: each step is reminded of once, and of each the slower one
    is told who did it."""
    cases = [lab.rows("select instance_id from task where id = :t", t=waiting(lab))[0] for _ in range(3)]
    ticked = [str(case["instance_id"]) for case in cases]
    tried: dict[str, list[reminding.Tried]] = {}

    def remind_of(name: str, *order: str) -> None:
        with lab.database.write() as session:
            tried[name] = reminding.remind_of_cases(session, lab.people[name], order, "", lab.now)

    raised = together(lambda: remind_of("ann", *ticked), lambda: remind_of("admin", *reversed(ticked)))
    assert raised == []
    done = {name: [not one.reason for one in found] for name, found in tried.items()}
    assert sorted(done.values()) == [[False] * 3, [True] * 3]
    slower = "ann" if done["admin"][0] else "admin"
    faster = {"ann": "Ann", "admin": "Admin"}["admin" if slower == "ann" else "ann"]
    assert {one.params["who"] for one in tried[slower]} == {faster}
    lines = lab.rows("select instance_id from history_event where kind = 'task_reminded'")
    assert sorted(line["instance_id"] for line in lines) == sorted(ticked)
