"""Numbers, projects and the sheet for the file: what people say aloud and put on paper."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from server.bundles.archive import Bundle
from server.bundles.scenario_files import read_scenario
from server.cli import demo
from server.engine.business_calendar import ZONE
from server.services import instances, numbering, printing, projects, starts
from server.services.errors import InvalidSubmission, NotFound, NotPermitted
from server.services.projects import Choice
from server.services.starts import Matter
from tests.services.conftest import ENTRY, MORNING, TENANT, Office
from tests.services.test_together import together


def next_number(office: Office, series: str = "s", at: datetime = MORNING) -> str:
    with office.database.write() as session:
        return numbering.next_number(session, TENANT, series, "〔{year}〕{n}号", at)


# --- Numbers ---


def test_numbers_rise_by_one_in_each_series_and_year(office: Office) -> None:
    """The year is that of the office's clocks: half past midnight on New Year's day is still 2025 in UTC."""
    assert [next_number(office) for _ in range(3)] == ["〔2026〕1号", "〔2026〕2号", "〔2026〕3号"]
    assert next_number(office, "other") == "〔2026〕1号"
    new_year = datetime(2027, 1, 1, 0, 30, tzinfo=ZONE)
    assert next_number(office, at=new_year) == "〔2027〕1号"
    assert next_number(office, at=new_year - timedelta(minutes=31)) == "〔2026〕4号"


def test_a_number_that_was_rolled_back_is_given_again(office: Office) -> None:
    """No gap that an auditor would ask about."""
    assert next_number(office) == "〔2026〕1号"

    def fail() -> None:
        with office.database.write() as session:
            assert numbering.next_number(session, TENANT, "s", "{n}", MORNING) == "2"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert next_number(office) == "〔2026〕2号"


def test_two_at_once_never_get_the_same_number(office: Office) -> None:
    """And none is left out."""
    numbers: list[str] = []

    def many() -> None:
        for _ in range(25):
            numbers.append(next_number(office))

    assert together(many, many, many) == []
    assert sorted(numbers) == sorted(f"〔2026〕{n}号" for n in range(1, 76))


def test_cases_are_numbered_as_the_manifest_says(office: Office) -> None:
    """A start that is refused uses no number up."""
    first = office.start()
    with pytest.raises(InvalidSubmission):
        office.start(total="many")
    second = office.start(project_name="别的项目")
    keys = {
        row["id"]: row["business_key"] for row in office.rows("select id, business_key from process_instance")
    }
    assert keys == {first: "红数入库〔2026〕1号", second: "红数入库〔2026〕2号"}


# --- Projects ---


def choose(office: Office, person: str, choice: Choice) -> projects.ProjectView:
    with office.database.write() as session:
        return projects.choose(session, office.people[person], choice, office.now)


def test_a_new_project_gets_a_code(office: Office) -> None:
    """And stands first in the list of its unit, not in that of another."""
    first, second = (choose(office, "zhoumin", Choice(name=f" 项目{n} ")) for n in "一二")
    assert [(p.code, p.name) for p in (first, second)] == [
        ("XM-2026-0001", "项目一"),
        ("XM-2026-0002", "项目二"),
    ]
    with office.database.read() as session:
        listed = [p.code for p in projects.of_unit(session, office.people["zhoumin"])]
        assert sorted(listed) == ["XM-2026-0001", "XM-2026-0002"]
        assert projects.of_unit(session, office.people["hejun"]) == []


def test_a_project_is_chosen_by_its_unit_only(office: Office) -> None:
    """A foreign id, an unknown one, and no choice at all: each with its reason."""
    mine = choose(office, "zhoumin", Choice(name="智慧校园"))
    assert choose(office, "zhoumin", Choice(id=mine.id)).code == mine.code
    with pytest.raises(NotPermitted) as foreign:
        choose(office, "hejun", Choice(id=mine.id))
    assert "another unit" in foreign.value.reason
    with pytest.raises(NotFound):
        choose(office, "zhoumin", Choice(id="unknown"))
    with pytest.raises(NotPermitted) as refused:
        choose(office, "zhoumin", Choice(name="  "))
    assert "name" in refused.value.reason
    assert len(office.rows("select * from project")) == 1


def test_what_a_case_fixed_is_known_to_the_next_one(office: Office) -> None:
    """A library entry that ends well leaves its facts; one that was cancelled leaves none."""
    instance = office.start()
    (project,) = office.rows("select id from project")
    with office.database.write() as session:
        instances.cancel(session, office.people["zhoumin"], instance, "立项取消", office.now)
    assert choose(office, "zhoumin", Choice(id=project["id"])).facts == {}
    office.now += timedelta(minutes=1)
    again = office.start(project_id=project["id"])
    office.do("chenwei", again, "check_materials", materials_verdict="complete")
    office.pre_review(again)
    office.do("chenwei", again, "decide_review", review_needed=False, opinion_text="材料齐全，不再组织评审")
    assert office.open(again) == []
    view = choose(office, "zhoumin", Choice(id=project["id"]))
    assert view.facts["in_library"] is True
    assert view.facts["tier"] == "large"
    assert str(view.facts["total"]) == "600000.00"
    with office.database.read() as session:
        seen = starts.view(session, office.people["zhoumin"], Matter("hongshan.project_approval"), office.now)
    assert [p.id for p in seen.projects] == [project["id"]]


def test_the_amount_is_exact_to_the_cent(office: Office) -> None:
    """What was typed is what the record holds, on both databases."""
    instance = office.start(total="599999.99")
    (row,) = office.rows(
        "select payload from history_event where instance_id = :i and kind = 'instance_started'", i=instance
    )
    assert '"total":599999.99' in row["payload"]
    assert ENTRY["total"] == "600000.00"


# --- The sheet ---


def test_the_sheet_of_an_approved_project(office: Office, bundle: Bundle) -> None:
    """Letterhead, every step with officer, post and opinion in order, articles, materials, and the digest of
    the record that it was made from."""
    path = next(p for p in bundle.scenarios if p.endswith("project_approval/small_599999_99.yaml"))
    scenario = read_scenario(bundle.scenarios[path], path)
    played = demo.Office(office.database, office.files, bundle, MORNING + timedelta(days=60))
    instance = played.play(demo.Play(scenario, len(scenario.steps), "防汛会商系统", MORNING))
    with office.database.read() as session:
        sheet = printing.sheet(session, office.people["chenwei"], instance, MORNING + timedelta(days=60))
        with pytest.raises(NotPermitted):
            printing.sheet(session, office.people["baoyin"], instance, MORNING)
    assert sheet.letterhead == "赤峰市红山区人民政府"
    assert sheet.finished
    assert sheet.instance.outcome == "approved"
    assert [line.name for line in sheet.lines][-1] == "实施方案审批"
    assert {line.officer for line in sheet.lines} >= {"陈伟", "张静", "李强"}
    assert all(line.post and line.form for line in sheet.lines)
    assert [line.at for line in sheet.lines] == sorted(line.at for line in sheet.lines)
    assert sheet.lines[-1].opinion
    assert "hongshan#12.1" in sheet.regulation
    assert sheet.materials
    head = office.rows("select history_head from process_instance where id = :i", i=instance)[0][
        "history_head"
    ]
    assert sheet.digest == head


def test_the_sheet_of_a_running_case_says_so(office: Office) -> None:
    """Steps that are still to come are not on it."""
    instance = office.start()
    with office.database.read() as session:
        sheet = printing.sheet(session, office.people["zhoumin"], instance, office.now)
    assert not sheet.finished
    assert [line.name for line in sheet.lines if line.name] == []
