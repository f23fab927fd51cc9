"""督办: counts are those of the lists they lead to; reminding and instructing; the calendar of limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from lxml import html

from server.services import supervision
from tests.originals import Originals
from tests.services.clocked import case, stop
from tests.services.test_stops import last_moment
from tests.web.clock_office import ClockOffice, open_clock_office, settle
from tests.web.office import csrf_of


@pytest.fixture
def office(originals: Originals, tmp_path: Path) -> Iterator[ClockOffice]:
    """The lab with limits, behind the application."""
    with originals.copied("sqlite", tmp_path, settle) as url:
        office = open_clock_office(url, tmp_path)
        yield office
        office.lab.database.close()


def listed(text: str) -> list[str]:
    return [str(value) for value in html.fromstring(text).xpath("//input[@name='row']/@value")]


def late(office: ClockOffice) -> list[str]:
    """Two cases whose review is over, one nearly due, one whose clock stands still."""
    found = [case(office.lab) for _ in range(3)]
    stop(office.lab, found[2])
    office.lab.now = last_moment("2026-03-05")
    found.append(case(office.lab))
    office.lab.now = last_moment("2026-03-18")
    return found


def test_counts_equal_the_lists_they_lead_to(office: ClockOffice) -> None:
    """Each number of the table is a link to as many rows."""
    cases = late(office)
    admin = office.visitor("admin")
    page = admin.get("/supervision")
    assert page.status_code == 200
    counts = html.fromstring(page.text).xpath("//table[contains(@class,'counts')]//a")
    told = {str(a.get("href")): int(a.text_content()) for a in counts}
    assert {href: n for href, n in told.items() if "unit=" not in href} == {
        "/supervision?list=step_red": 2, "/supervision?list=step_yellow": 1, "/supervision?list=stopped": 1,
    }  # fmt: skip
    for href, number in told.items():
        assert len(listed(admin.get(href).text)) == number, href
    over = [key.partition(" ")[0] for key in listed(admin.get("/supervision?list=step_red").text)]
    assert set(over) == set(cases[:2])
    assert "专家评审：组织专家评审" in admin.get("/supervision?list=stopped").text


def test_a_leader_sees_what_waits_for_their_body_only(office: ClockOffice) -> None:
    """The head leads the clerks; a clerk leads nobody and is told who may."""
    late(office)
    assert len(listed(office.visitor("head").get("/supervision?list=step_red").text)) == 2
    refused = office.visitor("bob").get("/supervision")
    assert refused.status_code == 403
    assert "负责人" in refused.text
    assert office.visitor("bob").get("/calendar?whose=all").status_code == 403
    assert office.visitor("admin").get("/supervision?list=nothing").status_code == 404


def test_the_ticked_steps_are_reminded_of(office: ClockOffice) -> None:
    """Each by itself: one that was reminded of today says so, the other is done."""
    late(office)
    admin = office.visitor("admin")
    page = admin.get("/supervision?list=step_red")
    first, second = listed(page.text)
    bob = office.visitor("bob")
    assert bob.post("/supervision/remind", bob.get("/tasks"), row=first, note="请抓紧").status_code == 403
    assert (
        "已催办 1 项"
        in admin.post("/supervision/remind", page, row=first, note="请抓紧", list="step_red").text
    )
    given = {"csrf": csrf_of(page), "row": [first, second], "list": "step_red"}
    again = admin.request("POST", "/supervision/remind", data=given)
    assert "已催办 1 项" in again.text
    assert "已先行办理" in again.text


def test_an_instruction_is_given_shown_and_answered(office: ClockOffice) -> None:
    """By a leader, with a day; it stands on the task until the holder answers."""
    instance = late(office)[0]
    head, ann = office.visitor("head"), office.visitor("ann")
    page = head.get("/supervision?list=step_red")
    key = next(one for one in listed(page.text) if one.startswith(instance))
    given = {"row": key, "note": "本周内办结", "list": "step_red"}
    assert head.post("/supervision/instruct", page, **given, answer_by="").status_code == 422
    told = head.post("/supervision/instruct", page, **given, answer_by="2026-03-20")
    assert "已督办 1 件" in told.text
    task = office.lab.task(instance, "review")["id"]
    assert "有督办意见待回复" in ann.get(f"/tasks/{task}").text
    assert len(listed(head.get("/supervision?list=instructed").text)) == 1
    limits = ann.get(f"/instances/{instance}/limits")
    assert "本周内办结" in limits.text
    address = re.findall(rf'action="(/instances/{instance}/instructions/[^"]+)"', limits.text)[0]
    bob = office.visitor("bob")
    own = bob.get(f"/instances/{instance}/limits")
    assert bob.post(address, own, answer="我来").status_code == 403
    assert ann.post(address, limits, answer="明日办结").status_code == 303
    assert ann.post(address, limits, answer="再答一次").status_code == 409
    assert "有督办意见待回复" not in ann.get(f"/tasks/{task}").text
    record = head.get(f"/instances/{instance}/history").text
    assert "本周内办结" in record
    assert "明日办结" in record


def test_the_month_has_each_day_with_what_falls_due(office: ClockOffice) -> None:
    """Mine, my groups' and all; without JavaScript a list of links."""
    late(office)
    for who, whose, number in (
        ("ann", "mine", 4),
        ("ann", "group", 4),
        ("bob", "mine", 0),
        ("admin", "all", 4),
    ):
        page = office.visitor(who).get(f"/calendar?month=2026-03&whose={whose}")
        found = html.fromstring(page.text).xpath(
            "//ol[contains(@class,'month')]//a[starts-with(@href,'/tasks/')]"
        )
        assert len(found) == number, (who, whose)
    page = office.visitor("admin").get("/calendar?month=2026-06&whose=all")
    assert len(re.findall('href="/tasks/[^"]+">report<', page.text)) == 4
    days = html.fromstring(page.text).xpath("//ol[contains(@class,'month')]/li")
    assert len(days) == 30
    assert office.visitor("ann").get("/calendar?month=abc").status_code == 200


def test_few_statements(office: ClockOffice) -> None:
    """The whole board takes as many statements whatever lies in it."""
    late(office)
    counted: list[str] = []
    lab = office.lab
    sa.event.listen(lab.database._reader, "before_cursor_execute", lambda c, k, s, *a: counted.append(s))
    with lab.database.read() as session:
        supervision.board(session, lab.people["admin"], lab.now)
        supervision.rows(session, lab.people["admin"], "step_red", lab.now)
    assert len(counted) <= 8
