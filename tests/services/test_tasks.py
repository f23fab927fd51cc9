"""Tasks: who may do what, what one of two people sees, and that nothing typed is lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from server.services import drafts, history, instance_views, instances, tasks, worklist
from server.services.errors import InvalidSubmission, NotFound, NotPermitted, Refused, StaleTask
from server.services.worklist import Filters
from tests.services.conftest import PRE_REVIEW, TENANT, Office


def waiting(office: Office, person: str) -> list[str]:
    """The names of the tasks in a person's worklist."""
    with office.database.read() as session:
        page = worklist.page(session, office.people[person], Filters(), office.now)
    return [row.name for row in page.rows]


def test_a_complete_application_waits_for_the_bureau(office: Office) -> None:
    """The materials are complete, so the bureau checks them; nobody else has anything to do."""
    office.start()
    assert waiting(office, "chenwei") == ["核对材料"]
    assert waiting(office, "linfang") == ["核对材料"]
    assert waiting(office, "zhoumin") == waiting(office, "wulan") == waiting(office, "admin") == []


def test_a_claimed_task_leaves_the_others_lists(office: Office) -> None:
    """签收 takes it off every other list; 退签 puts it back."""
    task = office.task(office.start(), "check_materials")["id"]
    with office.database.write() as session:
        tasks.claim(session, office.people["chenwei"], task, office.now)
    assert waiting(office, "chenwei") == ["核对材料"]
    assert waiting(office, "linfang") == []
    with office.database.write() as session:
        tasks.release(session, office.people["chenwei"], task, office.now)
    assert waiting(office, "linfang") == ["核对材料"]


def test_somebody_elses_task_cannot_be_claimed(office: Office) -> None:
    """The second one is told who has it; an outsider is told for whom it waits."""
    task = office.task(office.start(), "check_materials")["id"]
    with office.database.write() as session:
        tasks.claim(session, office.people["chenwei"], task, office.now)
    with pytest.raises(StaleTask) as stale, office.database.write() as session:
        tasks.claim(session, office.people["linfang"], task, office.now)
    assert stale.value.by == "陈伟"
    with pytest.raises((NotPermitted, StaleTask)), office.database.write() as session:
        tasks.claim(session, office.people["wulan"], task, office.now)


def test_a_task_must_be_claimed_before_it_is_done(office: Office) -> None:
    """The reason says so."""
    task = office.task(office.start(), "check_materials")["id"]
    with pytest.raises(NotPermitted) as refused, office.database.write() as session:
        tasks.complete(
            session, office.people["chenwei"], task, 0, office.now, {"materials_verdict": "complete"}
        )
    assert "Claim" in refused.value.reason


def test_a_clerk_of_another_unit_sees_neither_row_nor_page(office: Office) -> None:
    """The post is the same, the unit is not."""
    instance = office.start("zhoumin")
    with office.database.read() as session:
        assert instance_views.view(session, office.people["zhoumin"], instance, office.now).title
        with pytest.raises(NotPermitted):
            instance_views.view(session, office.people["hejun"], instance, office.now)
        task = office.task(instance, "check_materials")["id"]
        with pytest.raises(NotPermitted):
            tasks.view(session, office.people["hejun"], task, office.now)
        assert worklist.cases(session, office.people["hejun"]) == []


def test_another_jurisdiction_does_not_even_know_the_id(office: Office) -> None:
    """A foreign id is not found rather than forbidden."""
    instance = office.start()
    stranger = office.people["chenwei"].__class__(
        "elsewhere", "x", "x", "x", "", "u", "u", frozenset({"admin"})
    )
    with office.database.read() as session, pytest.raises(NotFound):
        instance_views.view(session, stranger, instance, office.now)


def test_a_wrong_answer_names_its_field_and_moves_nothing(office: Office) -> None:
    """An empty form is refused field by field; the task stays open and the draft is kept."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    task = office.task(instance, "pre_review")["id"]
    with office.database.write() as session:
        tasks.claim(session, office.people["wulan"], task, office.now)
        answer = tasks.save(session, office.people["wulan"], task, [("feasibility", "技术可行")], office.now)
    assert {error.name for error in answer.errors} >= {"result", "sharing"}
    with pytest.raises(InvalidSubmission), office.database.write() as session:
        tasks.complete(session, office.people["wulan"], task, 1, office.now)
    with office.database.read() as session:
        kept = drafts.kept(session, office.people["wulan"], f"task:{task}")
    assert kept is not None
    assert kept.pairs == (("feasibility", "技术可行"),)
    assert office.open(instance) == ["pre_review"]


def test_the_preview_says_what_comes_next_and_moves_nothing(office: Office) -> None:
    """The dry run names the next task; the store is untouched."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    task = office.task(instance, "pre_review")["id"]
    with office.database.write() as session:
        tasks.claim(session, office.people["wulan"], task, office.now)
        document = office.attach(session, "wulan", f"task:{task}", "pre_review_opinion")
        typed = [*PRE_REVIEW.items(), ("result", "pass"), ("pre_review_opinion", document)]
        answer = tasks.save(session, office.people["wulan"], task, typed, office.now)
    assert answer.accepted, answer.errors
    with office.database.read() as session:
        preview = tasks.preview(session, office.people["wulan"], task, office.now)
    assert [opened.name for opened in preview.advance.opened] == ["研究是否评审"]
    assert office.open(instance) == ["pre_review"]


def test_withdrawn_while_nobody_has_acted(office: Office) -> None:
    """撤回 gives the task back to its sender; once the next person has claimed, it is too late."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    done = office.pre_review(instance)
    with office.database.read() as session:
        offered = instance_views.view(session, office.people["wulan"], instance, office.now).withdrawable
    assert offered == ((done.task_id, "前置审核"),)
    with office.database.write() as session:
        tasks.withdraw(session, office.people["wulan"], done.task_id, office.now)
    assert office.open(instance) == ["pre_review"]
    with pytest.raises(StaleTask), office.database.write() as session:
        tasks.withdraw(session, office.people["wulan"], done.task_id, office.now)
    again = office.pre_review(instance)
    with office.database.write() as session:
        tasks.claim(
            session, office.people["chenwei"], office.task(instance, "decide_review")["id"], office.now
        )
    with pytest.raises(StaleTask), office.database.write() as session:
        tasks.withdraw(session, office.people["wulan"], again.task_id, office.now)


def test_returned_with_a_reason(office: Office) -> None:
    """退回 needs a reason and goes only where the diagram says and the case has been."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    task = office.task(instance, "decide_review")["id"]
    chenwei = office.people["chenwei"]
    with office.database.write() as session:
        tasks.claim(session, chenwei, task, office.now)
        view = tasks.view(session, chenwei, task, office.now)
    assert view.returns == (("pre_review", "前置审核"),)
    for target, reason, error in (("pre_review", " ", NotPermitted), ("supplement", "材料不清", Refused)):
        with pytest.raises(error), office.database.write() as session:
            tasks.return_to(session, chenwei, task, view.revision, target, reason, office.now)
    with office.database.write() as session:
        tasks.return_to(session, chenwei, task, view.revision, "pre_review", "请补充云网资源意见", office.now)
    assert office.open(instance) == ["pre_review"]
    with office.database.read() as session:
        told = [
            entry for entry in history.timeline(session, TENANT, instance) if entry.kind == "task_returned"
        ]
    assert told[0].payload["reason"] == "请补充云网资源意见"


def test_returned_it_comes_straight_back(office: Office) -> None:
    """补正后直送: the same task waits for the same people again, and only then the case goes on."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    first = office.task(instance, "decide_review")
    chenwei = office.people["chenwei"]
    with office.database.write() as session:
        tasks.claim(session, chenwei, first["id"], office.now)
        revision = tasks.view(session, chenwei, first["id"], office.now).revision
        tasks.return_to(
            session,
            chenwei,
            first["id"],
            revision,
            "pre_review",
            "请补充云网资源意见",
            office.now,
            straight=True,
        )
    assert office.open(instance) == ["pre_review"]
    office.pre_review(instance)
    again = office.task(instance, "decide_review")
    assert again["id"] != first["id"]
    assert again["candidates"] == first["candidates"]
    assert waiting(office, "chenwei") == ["研究是否评审"]
    with office.database.read() as session:
        (told,) = [e for e in history.timeline(session, TENANT, instance) if e.kind == "task_returned"]
        sound = list(history.verify(session, TENANT, instance))
    assert told.payload["straight"] is True
    assert all(isinstance(one, int) for one in sound)


def test_ended_by_its_starter_with_a_reason(office: Office) -> None:
    """终止 closes every task; the record says why."""
    instance = office.start()
    with pytest.raises(NotPermitted), office.database.write() as session:
        instances.cancel(session, office.people["chenwei"], instance, "不办了", office.now)
    with office.database.write() as session:
        instances.cancel(session, office.people["zhoumin"], instance, "立项取消", office.now)
    assert office.open(instance) == []
    assert waiting(office, "chenwei") == []
    assert (
        office.rows("select status from process_instance where id = :i", i=instance)[0]["status"]
        == "cancelled"
    )


def test_of_two_people_exactly_one_succeeds(office: Office) -> None:
    """Two people complete the same task at the same moment, two hundred times."""
    tries = 200
    for number in range(tries):
        instance = office.start(project_name=f"项目{number}")
        task = office.task(instance, "check_materials")["id"]
        results = _race(office, task)
        assert sorted(results) == ["done", "stale"], results
        assert office.open(instance) == ["pre_review"]
    moved = office.rows("select count(*) as n from history_event where kind = 'task_completed'")[0]["n"]
    assert moved == tries
    with office.database.read() as session:
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))


def _race(office: Office, task: str) -> list[str]:
    results: list[str] = []
    barrier = threading.Barrier(2)

    def attempt(person: str) -> None:
        barrier.wait()
        try:
            with office.database.write() as session:
                actor = office.people[person]
                tasks.claim(session, actor, task, office.now)
                tasks.complete(session, actor, task, 1, office.now, {"materials_verdict": "complete"})
            results.append("done")
        except StaleTask:
            results.append("stale")

    threads = [threading.Thread(target=attempt, args=(name,)) for name in ("chenwei", "linfang")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_persons_two_clicks_count_once(office: Office) -> None:
    """The second click of the same page finds the task done."""
    instance = office.start()
    task: dict[str, Any] = office.task(instance, "check_materials")
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    with pytest.raises(StaleTask) as stale, office.database.write() as session:
        tasks.complete(
            session, office.people["chenwei"], task["id"], 1, office.now, {"materials_verdict": "complete"}
        )
    assert stale.value.status == "completed"
    assert stale.value.by == "陈伟"
