"""The experts of a panel are those the case names: nobody else gives their opinion for them."""

from __future__ import annotations

from typing import Any

import pytest

from server.services import instance_views, printing, tasks
from server.services.errors import NotPermitted, Refused, StaleTask
from tests.services.conftest import Office

EXPERTS = [
    {"account": "baoyin", "name": "包音", "organisation": "某研究院"},
    {"account": "gaoshan", "name": "高山", "organisation": "某大学"},
]


def ask_experts(office: Office, instance: str) -> tasks.Done:
    return office.do(
        "chenwei", instance, "decide_review",
        review_needed=True, review_by="experts", experts=EXPERTS, opinion_text="组织评审",
    )  # fmt: skip


def at_the_experts(office: Office) -> tuple[str, str]:
    """A case in which both experts are asked, and the task by which they were."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    return instance, ask_experts(office, instance).task_id


def rounds(office: Office, instance: str) -> list[dict[str, Any]]:
    query = "select id, assignee_id from task where instance_id = :i and status = 'open' order by assignee_id"
    return office.rows(query, i=instance)


def round_of(office: Office, instance: str, expert: str) -> str:
    return next(str(row["id"]) for row in rounds(office, instance) if row["assignee_id"] == expert)


def give(office: Office, instance: str, expert: str, text: str) -> tasks.Done:
    task, person = round_of(office, instance, expert), office.people[expert]
    answers = {"no_conflict": True, "verdict": "pass", "opinion_text": text}
    with office.database.write() as session:
        revision = tasks.view(session, person, task, office.now).revision
        return tasks.complete(session, person, task, revision, office.now, answers)


def test_each_named_expert_gets_their_own_round(office: Office) -> None:
    """Two registered experts and one conflicted: two rounds, each in its own worklist only."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    conflicted = {"account": "tianhe", "name": "田禾", "organisation": "某公司", "conflict_of_interest": True}
    office.do(
        "chenwei", instance, "decide_review",
        review_needed=True, review_by="experts", experts=[*EXPERTS, conflicted], opinion_text="组织评审",
    )  # fmt: skip
    assert [row["assignee_id"] for row in rounds(office, instance)] == ["baoyin", "gaoshan"]
    task = round_of(office, instance, "baoyin")
    with office.database.read() as session:
        assert tasks.view(session, office.people["baoyin"], task, office.now).act
        assert not tasks.view(session, office.people["gaoshan"], task, office.now).act


def test_the_form_offers_the_registered_experts(office: Office) -> None:
    """The bureau chooses from the people who hold the post."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    with office.database.read() as session:
        task = office.task(instance, "decide_review")["id"]
        view = tasks.view(session, office.people["chenwei"], task, office.now)
    assert [person["value"] for person in view.variables["members"]["expert"]] == ["baoyin", "gaoshan"]


def test_what_went_to_people_by_name_is_taken_back_until_one_has_begun(office: Office) -> None:
    """Nobody claims what is theirs by name: it counts as begun when something is typed."""
    instance, sent = at_the_experts(office)
    with office.database.read() as session:
        seen = instance_views.view(session, office.people["chenwei"], instance, office.now)
    assert seen.withdrawable == ((sent, "研究是否评审"),)
    with office.database.write() as session:
        again = tasks.withdraw(session, office.people["chenwei"], sent, office.now)
    assert office.open(instance) == ["decide_review"]
    sent = ask_experts(office, instance).task_id
    assert sent == again.task_id
    baoyin = office.people["baoyin"]
    with office.database.write() as session:
        tasks.save(
            session, baoyin, round_of(office, instance, "baoyin"), [("opinion_text", "同")], office.now
        )
    with office.database.read() as session:
        assert instance_views.view(session, office.people["chenwei"], instance, office.now).withdrawable == ()
    with pytest.raises(StaleTask), office.database.write() as session:
        tasks.withdraw(session, office.people["chenwei"], sent, office.now)


def test_an_expert_takes_their_own_round_back_while_the_other_writes(office: Office) -> None:
    """The round opens again for them with what they had written, and the other is left alone."""
    instance, _sent = at_the_experts(office)
    other = round_of(office, instance, "gaoshan")
    done = give(office, instance, "baoyin", "同意建设")
    for person in ("gaoshan", "chenwei"):
        with pytest.raises(NotPermitted), office.database.write() as session:
            tasks.withdraw(session, office.people[person], done.task_id, office.now)
    with office.database.read() as session:
        baoyin = office.people["baoyin"]
        offered = instance_views.view(session, baoyin, instance, office.now).withdrawable
    assert offered == ((done.task_id, "出具评审意见"),)
    with office.database.write() as session:
        back = tasks.withdraw(session, baoyin, done.task_id, office.now)
        assert tasks.view(session, baoyin, back.task_id, office.now).variables["opinion_text"] == "同意建设"
    assert {row["assignee_id"] for row in rounds(office, instance)} == {"baoyin", "gaoshan"}
    assert round_of(office, instance, "gaoshan") == other
    with pytest.raises(StaleTask), office.database.write() as session:
        tasks.withdraw(session, baoyin, done.task_id, office.now)
    again = give(office, instance, "baoyin", "不同意建设")
    give(office, instance, "gaoshan", "同意")
    assert office.open(instance) == ["conclude"]
    with pytest.raises(Refused), office.database.write() as session:
        tasks.withdraw(session, baoyin, again.task_id, office.now)
    with office.database.read() as session:
        sheet = printing.sheet(session, office.people["chenwei"], instance, office.now)
    assert [line.opinion for line in sheet.lines[-2:]] == ["不同意建设", "同意"]
    assert "同意建设" not in [line.opinion for line in sheet.lines]
    told = office.rows("select kind from history_event where instance_id = :i order by seq", i=instance)
    assert [row["kind"] for row in told].count("task_withdrawn") == 1
