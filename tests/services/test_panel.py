"""The experts of a panel are those the case names: nobody else gives their opinion for them."""

from __future__ import annotations

from server.services import tasks
from tests.services.conftest import Office


def test_each_named_expert_gets_their_own_round(office: Office) -> None:
    """Two registered experts and one conflicted: two rounds, each in its own worklist only."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    experts = [
        {"account": "baoyin", "name": "包音", "organisation": "某研究院"},
        {"account": "gaoshan", "name": "高山", "organisation": "某大学"},
        {"account": "tianhe", "name": "田禾", "organisation": "某公司", "conflict_of_interest": True},
    ]
    office.do(
        "chenwei", instance, "decide_review",
        review_needed=True, review_by="experts", experts=experts, opinion_text="组织评审",
    )  # fmt: skip
    rounds = office.rows(
        "select id, assignee_id from task where instance_id = :i and status = 'open' order by assignee_id",
        i=instance,
    )
    assert [row["assignee_id"] for row in rounds] == ["baoyin", "gaoshan"]
    with office.database.read() as session:
        assert tasks.view(session, office.people["baoyin"], rounds[0]["id"], office.now).act
        assert not tasks.view(session, office.people["gaoshan"], rounds[0]["id"], office.now).act


def test_the_form_offers_the_registered_experts(office: Office) -> None:
    """The bureau chooses from the people who hold the post."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    office.pre_review(instance)
    with office.database.read() as session:
        task = office.task(instance, "decide_review")["id"]
        view = tasks.view(session, office.people["chenwei"], task, office.now)
    assert [person["value"] for person in view.variables["members"]["expert"]] == ["baoyin", "gaoshan"]
