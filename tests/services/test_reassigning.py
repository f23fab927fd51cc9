"""转办 and 委派: who may, to whom, what becomes of drafts, and two people at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from server.services import colleagues, delegating, drafts, history, reassigning, tasks
from server.services.errors import NotPermitted, StaleTask
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together


def held(lab: Lab, by: str = "ann") -> str:
    """A task that waits for clerks, held by who started its case."""
    task: str = lab.task(lab.start(by, process="lab.due"), "work")["id"]
    return task


def write(lab: Lab, by: str, act: Callable[..., Any], *args: Any) -> Any:
    """Do something in a unit of work."""
    with lab.database.write() as session:
        return act(session, lab.people[by], *args, lab.now)


def row(lab: Lab, task: str) -> dict[str, Any]:
    """A task as it lies in the database."""
    return lab.rows("select * from task where id = :t", t=task)[0]


def listed(lab: Lab, task: str) -> list[str]:
    """On whose lists a task is."""
    found = lab.rows("select principal from worklist where task_id = :t order by 1", t=task)
    return [entry["principal"] for entry in found]


def reason_of(refused: pytest.ExceptionInfo[NotPermitted]) -> str:
    """A refusal in words."""
    return refused.value.reason.format(**refused.value.params)


def told(lab: Lab, kind: str) -> dict[str, Any]:
    """The last entry of a kind."""
    with lab.database.read() as session:
        case = lab.rows("select id from process_instance order by id desc")[0]["id"]
        entry = next(e for e in history.timeline(session, TENANT, case) if e.kind == kind)
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))
    return {"actor": entry.actor_name, **entry.payload}


def test_its_holder_gives_a_task_to_a_colleague(lab: Lab) -> None:
    """It is theirs from then on: on their list alone, the case open to them, the record says why."""
    task = held(lab)
    with lab.database.read() as session:
        found = reassigning.look(session, lab.people["ann"], task, lab.now)
    assert [one.name for one in found.people] == ["Admin", "Bob"]
    assert found.holder == "Ann"
    write(lab, "ann", reassigning.reassign, task, found.revision, "bob", " 出差 ")
    assert row(lab, task)["assignee_id"] == "bob"
    assert listed(lab, task) == ["u:bob"]
    entry = told(lab, "task_reassigned")
    assert (entry["actor"], entry["before"], entry["to"], entry["reason"]) == ("Ann", "Ann", "Bob", "出差")
    with pytest.raises(NotPermitted):
        write(lab, "ann", tasks.release, task)


def test_an_admin_gives_what_nobody_holds(lab: Lab) -> None:
    """Nobody else does: those for whom it waits claim it."""
    task = lab.task(lab.start(process="lab.due"), "work")["id"]
    write(lab, "ann", tasks.release, task)  # its starter had it
    revision = row(lab, task)["revision"]
    with pytest.raises(NotPermitted, match="Nobody holds"):
        write(lab, "bob", reassigning.reassign, task, revision, "ann", "x")
    write(lab, "admin", reassigning.reassign, task, revision, "bob", "分派")
    assert listed(lab, task) == ["u:bob"]


@pytest.mark.parametrize(
    ("by", "to", "reason", "says"),
    [
        ("bob", "bob", "x", "Only Ann, who holds this task, their leader or an administrator"),
        ("ann", "head", "x", "Head cannot hold this task: it waits for clerks"),
        ("admin", "head", "x", "Head cannot hold this task"),
        ("ann", "nobody", "x", "in office"),
        ("ann", "ann", "x", "Ann holds this task already"),
        ("ann", "bob", " ", "Say why"),
    ],
)
def test_who_may_not_and_to_whom(lab: Lab, by: str, to: str, reason: str, says: str) -> None:
    """Each refusal says why, and nothing has changed."""
    task = held(lab)
    before = row(lab, task)
    with pytest.raises(NotPermitted) as refused:
        write(lab, by, reassigning.reassign, task, before["revision"], to, reason)
    assert says in reason_of(refused)
    assert row(lab, task) == before


def test_a_leader_gives_tasks_of_their_unit(lab: Lab) -> None:
    """From one of their people to another; not from or to another unit."""
    task = held(lab)
    leader = replace(lab.people["head"], groups=frozenset({"leader"}))
    away = replace(leader, unit_id="elsewhere")
    revision = row(lab, task)["revision"]
    with lab.database.write() as session, pytest.raises(NotPermitted):
        reassigning.reassign(session, away, task, revision, "bob", "x", lab.now)
    with lab.database.write() as session:
        assert "bob" in {one.id for one in reassigning.look(session, leader, task, lab.now).people}
        reassigning.reassign(session, leader, task, revision, "bob", "x", lab.now)
    assert row(lab, task)["assignee_id"] == "bob"


def test_a_task_that_moved_on_is_looked_at_again(lab: Lab) -> None:
    """The page was old: who came first is named."""
    task = held(lab)
    revision = row(lab, task)["revision"]
    write(lab, "ann", reassigning.reassign, task, revision, "bob", "x")
    with pytest.raises(StaleTask) as stale:
        write(lab, "admin", reassigning.reassign, task, revision, "ann", "y")
    assert stale.value.by == "Bob"


def test_of_two_who_give_a_task_away_one_wins(lab: Lab) -> None:
    """Every time exactly one; the other is told."""
    for _ in range(8):
        task = held(lab)
        revision = row(lab, task)["revision"]
        raised = together(
            lambda t=task, r=revision: write(lab, "ann", reassigning.reassign, t, r, "bob", "x"),
            lambda t=task, r=revision: write(lab, "admin", reassigning.reassign, t, r, "admin", "y"),
        )
        assert [type(error) for error in raised] == [StaleTask]
        assert listed(lab, task) == [f"u:{row(lab, task)['assignee_id']}"]


# --------------------------------------------------------------------------- 委派
def test_a_delegated_task_comes_back_to_its_owner(lab: Lab) -> None:
    """The delegate fills the form and cannot complete it; what they typed is the owner's draft."""
    task = held(lab)
    write(lab, "ann", tasks.save, task, [("note", "半成品")])
    write(lab, "ann", delegating.delegate, task, row(lab, task)["revision"], "head", "请核对金额")
    assert listed(lab, task) == ["u:head"]
    assert told(lab, "task_delegated")["note"] == "请核对金额"
    with lab.database.read() as session:
        seen = tasks.view(session, lab.people["head"], task, lab.now)
        mine = tasks.view(session, lab.people["ann"], task, lab.now)
    assert (seen.delegation, seen.owner, bool(seen.act), seen.owns) == ("pending", "Ann", True, False)
    assert seen.draft is not None
    assert seen.draft.pairs == (("note", "半成品"),)
    assert (bool(mine.act), mine.owns, mine.draft) == (False, True, None)
    write(lab, "head", tasks.save, task, [("note", "已核对")])
    for act in (tasks.release, lambda s, p, t, n: tasks.complete(s, p, t, seen.revision, n)):
        with pytest.raises(NotPermitted, match="give it back"):
            write(lab, "head", act, task)
    write(lab, "head", delegating.resolve, task, seen.revision, "金额无误")
    assert listed(lab, task) == ["u:ann"]
    assert told(lab, "task_resolved")["to"] == "Ann"
    with lab.database.read() as session:
        mine = tasks.view(session, lab.people["ann"], task, lab.now)
        assert drafts.kept(session, lab.people["head"], f"task:{task}") is None
    assert mine.draft is not None
    assert mine.draft.pairs == (("note", "已核对"),)
    write(lab, "ann", lambda s, p, t, n: tasks.complete(s, p, t, mine.revision, n), task)
    assert row(lab, task)["completed_by"] == "ann"


def test_an_owner_takes_a_delegated_task_back(lab: Lab) -> None:
    """With what was typed meanwhile; nobody else does, and not twice."""
    task = held(lab)
    write(lab, "ann", delegating.delegate, task, row(lab, task)["revision"], "bob", "x")
    write(lab, "bob", tasks.save, task, [("note", "一半")])
    revision = row(lab, task)["revision"]
    with pytest.raises(NotPermitted, match="Only who delegated"):
        write(lab, "head", delegating.recall, task, revision)
    write(lab, "ann", delegating.recall, task, revision)
    assert row(lab, task)["delegation"] == ""
    with lab.database.read() as session:
        draft = tasks.view(session, lab.people["ann"], task, lab.now).draft
    assert draft is not None
    assert draft.pairs == (("note", "一半"),)
    with pytest.raises(StaleTask):
        write(lab, "ann", delegating.recall, task, revision)


@pytest.mark.parametrize(
    ("by", "to", "note", "says"),
    [
        ("bob", "head", "x", "This task waits for clerks"),
        ("ann", "ann", "x", "your own task"),
        ("ann", "bob", "", "Say what you ask"),
        ("ann", "ghost", "x", "in office"),
    ],
)
def test_who_may_not_delegate(lab: Lab, by: str, to: str, note: str, says: str) -> None:
    """The holder only, to somebody else, saying what for."""
    task = held(lab)
    with pytest.raises(NotPermitted) as refused:
        write(lab, by, delegating.delegate, task, row(lab, task)["revision"], to, note)
    assert says in reason_of(refused)


def test_what_was_delegated_is_not_passed_on(lab: Lab) -> None:
    """Neither delegated again nor given away by who works on it; its owner may give it away."""
    task = held(lab)
    write(lab, "ann", delegating.delegate, task, row(lab, task)["revision"], "bob", "x")
    revision = row(lab, task)["revision"]
    with pytest.raises(NotPermitted):
        write(lab, "bob", delegating.delegate, task, revision, "head", "x")
    with pytest.raises(NotPermitted):
        write(lab, "bob", reassigning.reassign, task, revision, "admin", "x")
    write(lab, "ann", reassigning.reassign, task, revision, "admin", "x")
    assert (row(lab, task)["owner_id"], row(lab, task)["delegation"]) == (None, "")


def test_giving_back_and_taking_back_at_once(lab: Lab) -> None:
    """The task is the owner's either way, and one of the two is told."""
    for _ in range(6):
        task = held(lab)
        write(lab, "ann", delegating.delegate, task, row(lab, task)["revision"], "bob", "x")
        revision = row(lab, task)["revision"]
        raised = together(
            lambda t=task, r=revision: write(lab, "bob", delegating.resolve, t, r, ""),
            lambda t=task, r=revision: write(lab, "ann", delegating.recall, t, r),
        )
        assert [type(error) for error in raised] == [StaleTask]
        assert listed(lab, task) == ["u:ann"]


def test_who_is_away_is_marked_in_the_list(lab: Lab) -> None:
    """Nobody is, so far."""
    with lab.database.read() as session:
        found = colleagues.everybody(session, TENANT, lab.now)
    assert {one.id: one.away for one in found} == dict.fromkeys(("admin", "ann", "bob", "head"), "")
