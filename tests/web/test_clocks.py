"""时限: how a limit was counted stands wherever it is shown; stopping, restarting, suspending on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from lxml import html

from server.services import tasks
from tests.originals import Originals
from tests.services.clocked import case
from tests.services.lab import WAITING, bundle
from tests.web.clock_office import ClockOffice, open_clock_office, settle

REASON = "组织专家评审，评审通知〔2026〕3号"


@pytest.fixture
def office(originals: Originals, tmp_path: Path) -> Iterator[ClockOffice]:
    """The lab with limits, behind the application."""
    with originals.copied("sqlite", tmp_path, settle) as url:
        office = open_clock_office(url, tmp_path)
        yield office
        office.lab.database.close()


def seen(text: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', text)
    assert found
    return found[1]


def test_how_it_was_counted_stands_on_task_case_and_paper(office: ClockOffice) -> None:
    """The day it ran from, its length, the days that did not count, the article."""
    instance = case(office.lab)
    ann = office.visitor("ann")
    task = office.lab.task(instance, "review")["id"]
    for address in (f"/tasks/{task}", f"/instances/{instance}", f"/instances/{instance}/limits",
                    f"/instances/{instance}/print"):  # fmt: skip
        page = ann.get(address)
        assert page.status_code == 200, address
        for told in (
            "10 个工作日",
            "2026-03-02 周一（当日不计）",
            "2026-03-07 至 2026-03-08",
            "第1条",
            "2026-03-16",
        ):
            assert told in page.text, (address, told)


def test_the_clock_is_stopped_and_restarted(office: ClockOffice) -> None:
    """The page says so, the light stands still, the limit moves, the record has both."""
    instance = case(office.lab)
    ann = office.visitor("ann")
    address = f"/instances/{instance}"
    page = ann.get(f"{address}/limits")
    answer = ann.post(f"{address}/stop", page, ground="expert_review", reason=REASON, seen=seen(page.text))
    assert answer.headers["location"] == f"{address}/limits"
    office.days(7)
    ann = office.visitor("ann")
    assert "已停表" in ann.get(address).text
    assert "已停表" in ann.get("/tasks").text
    page = ann.get(f"{address}/limits")
    assert "停表，" not in page.text
    assert "已停 5 个工作日" in page.text
    assert ann.post(f"{address}/restart", page, reason="已出具意见", seen=seen(page.text)).status_code == 303
    page = ann.get(f"{address}/limits")
    assert "2026-03-23" in page.text
    assert "专家评审（第2条）：5 个工作日不计" in page.text
    record = ann.get(f"{address}/history").text
    assert REASON in record
    assert "恢复计时" in record


def test_what_is_missing_is_asked_for_again(office: ClockOffice) -> None:
    """A reason and a ground; what was typed stays."""
    instance = case(office.lab)
    ann = office.visitor("ann")
    page = ann.get(f"/instances/{instance}/limits")
    answer = ann.post(f"/instances/{instance}/stop", page, ground="", reason=REASON, seen=seen(page.text))
    assert answer.status_code == 422
    assert REASON in answer.text
    answer = ann.post(
        f"/instances/{instance}/stop", page, ground="expert_review", reason=" ", seen=seen(page.text)
    )
    assert answer.status_code == 422


def test_those_who_may_not(office: ClockOffice) -> None:
    """No form, and a refusal that says who may."""
    instance = case(office.lab)
    page = office.visitor("ann").get(f"/instances/{instance}/limits")
    bob = office.visitor("bob")
    assert f'action="/instances/{instance}/stop"' not in bob.get(f"/instances/{instance}/limits").text
    own = bob.get(f"/instances/{instance}/limits")
    for verb in ("stop", "extension", "suspend"):
        given = {"ground": "expert_review", "reason": REASON, "seen": seen(page.text), "days": "2"}
        answer = bob.post(f"/instances/{instance}/{verb}", own, **given)
        assert answer.status_code == 403, verb


def test_two_at_once(office: ClockOffice) -> None:
    """Who comes second reads who was faster, and keeps what was typed."""
    instance = case(office.lab)
    ann, admin = office.visitor("ann"), office.visitor("admin")
    address = f"/instances/{instance}"
    pages = [visitor.get(f"{address}/limits") for visitor in (ann, admin)]
    given = {"ground": "expert_review", "reason": REASON}
    assert ann.post(f"{address}/stop", pages[0], **given, seen=seen(pages[0].text)).status_code == 303
    late = admin.post(
        f"{address}/stop", pages[1], ground="hearing", reason="举行听证", seen=seen(pages[1].text)
    )
    assert late.status_code == 409
    assert "Ann" in late.text
    assert "举行听证" in late.text


def test_an_extension_is_asked_for_and_granted_by_the_head(office: ClockOffice) -> None:
    """As far as the manifest allows; the limit moves, and says by whose word."""
    instance = case(office.lab)
    ann, head = office.visitor("ann"), office.visitor("head")
    address = f"/instances/{instance}"
    page = ann.get(f"{address}/limits")
    for days, status in (("6", 403), ("3", 303)):
        answer = ann.post(f"{address}/extension", page, days=days, reason="外省调档", seen=seen(page.text))
        assert answer.status_code == status
    page = ann.get(f"{address}/limits")
    assert ann.post(f"{address}/extension/decide", page, decision="grant", reason="同意",
                    seen=seen(page.text)).status_code == 403  # fmt: skip
    page = head.get(f"{address}/limits")
    answer = head.post(
        f"{address}/extension/decide", page, decision="grant", reason="同意", seen=seen(page.text)
    )
    assert answer.status_code == 303
    text = head.get(f"{address}/limits").text
    assert "2026-05-08" in text
    assert "经 Head 批准延长 3 个工作日" in text


def test_nothing_moves_in_a_suspended_case(office: ClockOffice) -> None:
    """An admin suspends it and lets it go on."""
    instance = case(office.lab)
    admin, ann = office.visitor("admin"), office.visitor("ann")
    address = f"/instances/{instance}"
    page = admin.get(f"{address}/limits")
    assert (
        admin.post(f"{address}/suspend", page, reason="等待上级答复", seen=seen(page.text)).status_code == 303
    )
    task = office.lab.task(instance, "review")["id"]
    revision = office.lab.rows("select revision from task where id = :t", t=task)[0]["revision"]
    page = ann.get(f"/tasks/{task}")
    assert ann.post(f"/tasks/{task}", page).status_code == 303
    answer = ann.post(f"/tasks/{task}/complete", page, revision=str(revision))
    assert answer.status_code == 403
    assert "已挂起" in answer.text
    page = admin.get(f"{address}/limits")
    assert admin.post(f"{address}/resume", page, reason="已答复", seen=seen(page.text)).status_code == 303
    page = ann.get(f"/tasks/{task}")
    assert ann.post(f"/tasks/{task}/complete", page, revision=str(revision)).status_code == 303
    with office.lab.database.read() as session:
        assert tasks.view(session, office.lab.people["ann"], task, office.lab.now).status == "completed"


def test_lights_stand_on_the_record(office: ClockOffice) -> None:
    """What turned yellow and red is said on the task, the case and the record, by step and limit."""
    instance = case(office.lab)
    office.days(80)
    office.lab.runner().catch_up()
    ann = office.visitor("ann")
    task = office.lab.task(instance, "review")["id"]
    for address in (f"/tasks/{task}", f"/instances/{instance}", f"/instances/{instance}/history"):
        page = ann.get(address)
        assert page.status_code == 200, address
    for said in ("超期", "临期"):
        assert re.search(f"{said}：[^<]+，期限 2026-03-16", page.text), page.text


def test_a_case_that_waits_for_nobody_says_for_what(office: ClockOffice) -> None:
    """No task is open: who began it sees the timer and its moment; once that has come, the task."""
    office.lab.deploy(bundle({"lab.waiting": WAITING}))
    instance = office.lab.start(process="lab.waiting", pause="PT1H")
    ann = office.visitor("ann")
    (waiting,) = html.fromstring(ann.get(f"/instances/{instance}").text).xpath("//*[@id='awaited']//li")
    due = office.lab.now + timedelta(hours=1)
    assert "pause_first" in waiting.text_content()
    assert datetime.fromisoformat(waiting.xpath(".//time/@datetime")[0]) == due
    office.lab.now = due
    assert office.lab.runner().catch_up() == 1
    page = ann.get(f"/instances/{instance}").text
    assert 'id="awaited"' not in page
    assert office.lab.open(instance) == ["work"]
