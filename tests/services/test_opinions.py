"""意见汇总: rounds are counted, nothing that was said or taken back is missing."""

from __future__ import annotations

import pytest

from server.services import opinions, tasks
from server.services.errors import NotPermitted
from server.services.opinions import OpinionSheet
from tests.services.conftest import Office


def sheet(office: Office, instance: str, person: str = "chenwei") -> OpinionSheet:
    with office.database.read() as session:
        return opinions.sheet(session, office.people[person], instance, office.now)


def test_a_step_that_is_done_again_is_a_second_round(office: Office) -> None:
    """The return stands between both with its reason and the step to which the case went back."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    task = office.task(instance, "decide_review")["id"]
    with office.database.write() as session:
        tasks.claim(session, office.people["chenwei"], task, office.now)
        tasks.return_to(
            session, office.people["chenwei"], task, 1, "pre_review", "整合共享的意见过于简单", office.now
        )
    office.pre_review(instance)
    found = sheet(office, instance)
    assert [step.element for step in found.steps] == ["check_materials", "pre_review", "decide_review"]
    assert [(one.round, one.officer) for one in found.steps[1].opinions] == [(1, "乌兰"), (2, "乌兰")]
    (returned,) = found.steps[2].opinions
    assert (returned.text, returned.back_to) == ("整合共享的意见过于简单", "前置审核")
    assert found.digest == office.rows("select history_head from process_instance")[0]["history_head"]


def test_what_was_taken_back_is_marked(office: Office) -> None:
    """It stays on the sheet beside what was said instead."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    done = office.pre_review(instance)
    with office.database.write() as session:
        tasks.withdraw(session, office.people["wulan"], done.task_id, office.now)
    office.pre_review(instance)
    reviewed = sheet(office, instance).steps[1]
    assert [(one.round, one.withdrawn) for one in reviewed.opinions] == [(1, True), (2, False)]


def test_signers_of_one_round_stand_in_one_round(office: Office) -> None:
    """Two experts are asked at once: neither is a second round."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    experts = [
        {"account": "baoyin", "name": "包音", "organisation": "某研究院"},
        {"account": "gaoshan", "name": "高山", "organisation": "某大学"},
    ]
    office.do(
        "chenwei", instance, "decide_review",
        review_needed=True, review_by="experts", experts=experts, opinion_text="组织评审",
    )  # fmt: skip
    for row in office.rows(
        "select id, assignee_id, revision from task where instance_id = :i and status = 'open'", i=instance
    ):
        with office.database.write() as session:
            person = office.people[row["assignee_id"]]
            answers = {"no_conflict": True, "verdict": "fail", "opinion_text": "不同意"}
            tasks.complete(session, person, row["id"], row["revision"], office.now, answers)
    signed = next(step for step in sheet(office, instance).steps if len(step.opinions) == 2)
    assert [one.round for one in signed.opinions] == [1, 1]
    assert len({one.officer for one in signed.opinions}) == 2


def test_strangers_do_not_see_it(office: Office) -> None:
    """The sheet is for those who may see the case."""
    instance = office.start()
    with pytest.raises(NotPermitted):
        sheet(office, instance, "hejun")
