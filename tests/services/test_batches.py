"""One act on many tasks: each is done or refused by itself, and nothing of a refused one is left."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine.forms import Form
from server.services import batches, tasks
from server.services.errors import InvalidSubmission, NotPermitted, StaleTask
from tests.services.conftest import Office
from tests.services.lab import Lab
from tests.services.test_reassigning import listed, row, write
from tests.services.test_together import together


def works(lab: Lab, count: int = 3, by: str = "ann") -> list[str]:
    """Tasks that somebody holds."""
    return [lab.task(lab.start(by, process="lab.due"), "work")["id"] for _ in range(count)]


def run(lab: Office, by: str, act: Any, *args: Any) -> list[batches.Result]:
    """Act in one unit of work."""
    with lab.database.write() as session:
        found: list[batches.Result] = act(session, lab.people[by], *args, lab.now)
        return found


def picked(lab: Office, by: str, ids: list[str]) -> list[batches.Picked]:
    """The tasks as a page shows them."""
    with lab.database.read() as session:
        return batches.pick(session, lab.people[by], ids)


def test_each_reports_for_itself(lab: Lab) -> None:
    """Of three to be put back one is somebody else's; the two others are free for all."""
    mine, theirs = works(lab, 2), works(lab, 1, "bob")
    results = run(lab, "ann", batches.release, [mine[0], *theirs, mine[1]])
    assert [type(one.problem) for one in results] == [type(None), NotPermitted, type(None)]
    assert [listed(lab, task) for task in (mine[0], *theirs, mine[1])] == [
        ["g:clerks"], ["u:bob"], ["g:clerks"],
    ]  # fmt: skip
    results = run(lab, "bob", batches.claim, mine)
    assert [one.problem for one in results] == [None, None]
    refused = run(lab, "head", batches.claim, works(lab, 1))
    assert [type(one.problem) for one in refused] == [NotPermitted]
    results = run(lab, "bob", batches.claim, ["nothing", *mine])
    assert [one.task.id for one in results] == mine  # what does not exist is not told of


def test_giving_many_away(lab: Lab) -> None:
    """A task that moved since the page was made stays, and the others go."""
    mine = works(lab)
    shown = picked(lab, "ann", mine)
    write(lab, "ann", tasks.release, mine[1])
    results = run(lab, "ann", batches.reassign, shown, "bob", "出差")
    assert [type(one.problem) for one in results] == [type(None), StaleTask, type(None)]
    assert listed(lab, mine[1]) == ["g:clerks"]
    assert listed(lab, mine[2]) == ["u:bob"]


def test_alike_tasks_are_done_with_one_form(lab: Lab) -> None:
    """Looked at first, then sent; the answers stand in each record."""
    mine = works(lab)
    with lab.database.read() as session:
        group = batches.alike(session, lab.people["ann"], mine, lab.now)
        looked = batches.check(session, lab.people["ann"], group, [("note", "同意")], lab.now)
    assert [one.advance.ended is not None for one in looked if one.advance] == [True] * 3
    write(lab, "ann", tasks.release, mine[1])
    results = run(lab, "ann", batches.complete, list(group.picked), [("note", "同意")])
    assert [type(one.problem) for one in results] == [type(None), StaleTask, type(None)]
    done = lab.rows("select payload from history_event where kind = 'task_completed'")
    assert len(done) == 2
    assert all("同意" in entry["payload"] for entry in done)


def test_what_is_not_alike(lab: Lab) -> None:
    """Other steps, single tasks, tasks of others."""
    mine = works(lab, 2)
    other = lab.task(lab.start("ann", process="lab.chased"), "work")["id"]
    theirs = works(lab, 2, "bob")
    for ids, says in (([*mine, other], "not alike"), (mine[:1], "at least two"), (theirs, "waits for")):
        with lab.database.read() as session, pytest.raises(NotPermitted, match=says):
            batches.alike(session, lab.people["ann"], ids, lab.now)


def test_forms_that_are_long_or_ask_for_files(office: Office) -> None:
    """Each case needs its own then."""
    first, second = (office.start(project_name=name) for name in ("智慧校园", "智慧医院"))
    for case in (first, second):
        office.do("chenwei", case, "check_materials", materials_verdict="complete")
    ids = [office.task(case, "pre_review")["id"] for case in (first, second)]
    for task in ids:
        with office.database.write() as session:
            tasks.claim(session, office.people["wulan"], task, office.now)
    with office.database.read() as session, pytest.raises(NotPermitted, match="asks for files"):
        batches.alike(session, office.people["wulan"], ids, office.now)
    assert batches.is_short(None)


def test_a_form_of_a_real_office(office: Office) -> None:
    """What one case lacks is told for that case; nothing of it is written."""
    cases = [office.start(project_name=name) for name in ("智慧校园", "智慧医院")]
    ids = [office.task(case, "check_materials")["id"] for case in cases]
    assert [one.problem for one in run(office, "chenwei", batches.claim, ids)] == [None, None]
    with office.database.read() as session:
        group = batches.alike(session, office.people["chenwei"], ids, office.now)
        assert isinstance(group.task.form, Form)
        wrong = batches.check(session, office.people["chenwei"], group, [], office.now)
    assert [type(one.problem) for one in wrong] == [InvalidSubmission] * 2
    results = run(office, "chenwei", batches.complete, list(group.picked), [])
    assert [type(one.problem) for one in results] == [InvalidSubmission] * 2
    assert [office.open(case) for case in cases] == [["check_materials"]] * 2
    answers = [("materials_verdict", "complete"), ("_shown", "materials_verdict")]
    results = run(office, "chenwei", batches.complete, list(group.picked), answers)
    assert [one.problem for one in results] == [None, None]
    assert [office.open(case) for case in cases] == [["pre_review"]] * 2


def _told(lab: Office, kind: str) -> int:
    """How many entries of a kind the records of all cases have."""
    return len(lab.rows("select seq from history_event where kind = :k", k=kind))


def test_a_batch_done_in_two_windows(lab: Lab) -> None:
    """Each task is sent once, by one of the two; the other is told of each."""
    mine, sent = works(lab), list[bool]()
    with lab.database.read() as session:
        group = batches.alike(session, lab.people["ann"], mine, lab.now)

    def send() -> None:
        results = run(lab, "ann", batches.complete, list(group.picked), [("note", "同意")])
        sent.extend(one.problem is None for one in results)
        assert {type(one.problem) for one in results} <= {type(None), StaleTask}

    assert together(send, send) == []
    assert (sorted(sent), _told(lab, "task_completed")) == ([False] * 3 + [True] * 3, 3)


def test_two_batches_at_once(lab: Lab) -> None:
    """Whatever their order, each task is claimed once, and nobody waits for ever; put back from two windows,
    each goes back once, and every case tells it."""
    for _ in range(5):
        free = works(lab, 4)
        run(lab, "ann", batches.release, free)
        won: dict[str, list[bool]] = {}
        claimed = _told(lab, "task_claimed")

        def claim(name: str, ids: list[str], won: dict[str, list[bool]] = won) -> None:
            won[name] = [one.problem is None for one in run(lab, name, batches.claim, ids)]

        raised = together(
            lambda f=free, c=claim: c("ann", f), lambda f=free, c=claim: c("bob", list(reversed(f)))
        )
        assert raised == []
        assert [a != b for a, b in zip(won["ann"], reversed(won["bob"]), strict=True)] == [True] * 4
        assert all(row(lab, task)["assignee_id"] in ("ann", "bob") for task in free)
        assert _told(lab, "task_claimed") == claimed + 4
        hers = [task for task, by_ann in zip(free, won["ann"], strict=True) if by_ann]
        before = _told(lab, "task_released")
        assert together(*[lambda h=hers: run(lab, "ann", batches.release, h)] * 2) == []
        assert _told(lab, "task_released") == before + len(hers)
