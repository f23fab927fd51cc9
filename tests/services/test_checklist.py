"""材料清单: what is given, replaced, missing, or need not be given because somebody said why."""

from __future__ import annotations

import pytest

from server.services import checklist, file_versions, history, tasks
from server.services.errors import InvalidSubmission, NotFound, NotPermitted, StaleTask
from server.services.file_versions import Given
from tests.services.conftest import PRE_REVIEW, TENANT, Office
from tests.services.test_together import together

LACKING = "pre_review_opinion"


@pytest.fixture
def case(office: Office) -> str:
    """A case whose centre holds its step, of which a document is asked."""
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    with office.database.write() as session:
        tasks.claim(session, office.people["wulan"], office.task(instance, "pre_review")["id"], office.now)
    return instance


def states(office: Office, case: str, person: str = "wulan") -> dict[str, str]:
    with office.database.read() as session:
        found = checklist.look(session, office.people[person], case)
    return {item.field: item.state for item in found.items}


def waive(office: Office, case: str, person: str = "wulan", reason: str = "一周内补交") -> None:
    with office.database.write() as session:
        checklist.waive(session, office.people[person], case, LACKING, reason, office.now)


def ask_again(office: Office, case: str) -> None:
    with office.database.write() as session:
        checklist.ask_again(session, office.people["wulan"], case, LACKING, office.now)


def complete(office: Office, case: str) -> None:
    task = office.task(case, "pre_review")
    with office.database.write() as session:
        answers = {**PRE_REVIEW, "result": "pass"}
        tasks.complete(session, office.people["wulan"], task["id"], task["revision"], office.now, answers)


def test_how_each_material_stands(office: Office, case: str) -> None:
    """A new version counts as replaced; what the open step asks for is missing until it is there."""
    assert states(office, case) == {
        "entry_application": "given", "feasibility_report_two_in_one": "given", LACKING: "missing"
    }  # fmt: skip
    file = office.rows("select id from attachment where field = 'entry_application'")[0]["id"]
    with office.database.write() as session:
        given = Given("改.pdf", b"%PDF-2", "补正")
        file_versions.replace(
            session, office.files, office.people["zhoumin"], file, given, office.now, limit=99
        )
    assert states(office, case)["entry_application"] == "replaced"


def test_what_was_waived_is_not_asked_for(office: Office, case: str) -> None:
    """The step can be sent without it; the record says who let it be missing, and why."""
    with pytest.raises(InvalidSubmission):
        complete(office, case)
    waive(office, case)
    assert states(office, case)[LACKING] == "waived"
    complete(office, case)
    assert office.open(case) == ["decide_review"]
    told = office.rows("select actor_id, payload from history_event where kind = 'material_waived'")
    assert [row["actor_id"] for row in told] == ["wulan"]
    assert "一周内补交" in told[0]["payload"]
    with office.database.read() as session:
        assert all(isinstance(one, int) for one in history.verify(session, TENANT))


def test_it_can_be_asked_for_after_all(office: Office, case: str) -> None:
    """Then the form wants it again; twice is once too often."""
    waive(office, case)
    ask_again(office, case)
    assert states(office, case)[LACKING] == "missing"
    with pytest.raises(InvalidSubmission):
        complete(office, case)
    with pytest.raises(StaleTask):
        ask_again(office, case)


def test_of_two_who_waive_one_is_told(office: Office, case: str) -> None:
    """By whom it was."""
    raised = together(lambda: waive(office, case), lambda: waive(office, case, reason="另行报送"))
    assert [type(error) for error in raised] == [StaleTask]
    assert raised[0].by == office.people["wulan"].name  # type: ignore[attr-defined]
    assert len(office.rows("select field from waiver")) == 1


@pytest.mark.parametrize(
    ("person", "reason", "why"),
    [
        ("zhoumin", "x", "cannot free it"), ("chenwei", "x", "holds a task"), ("hejun", "x", "another unit"),
        ("wulan", " ", "Say why"),
    ],
)  # fmt: skip
def test_who_may_not(office: Office, case: str, person: str, reason: str, why: str) -> None:
    """Its starter, those without a task of it, strangers, nobody without a reason."""
    with pytest.raises(NotPermitted, match=why):
        waive(office, case, person, reason)


def test_only_what_is_missing_can_be_waived(office: Office, case: str) -> None:
    """Not what is there, nor what nobody asks for."""
    with office.database.write() as session, pytest.raises(StaleTask):
        checklist.waive(session, office.people["wulan"], case, "entry_application", "x", office.now)
    with office.database.write() as session, pytest.raises(NotFound):
        checklist.waive(session, office.people["wulan"], case, "nothing", "x", office.now)
