"""The pages of what cases tell each other: the button by which people report, and what time begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from server.app import create_app
from server.services import identity, instances, schedules
from server.settings import Settings
from tests.bundles import linked
from tests.services.lab import TENANT, Lab, open_lab
from tests.web.office import PASSWORD, Visitor


@pytest.fixture
def lab(migrated_database_url: str, tmp_path: Path) -> Iterator[Lab]:
    """The linked jurisdiction with people who can sign in."""
    opened = open_lab(migrated_database_url, tmp_path / "files")
    opened.deploy(linked.files())
    hashed = identity.hash_password(PASSWORD)
    with opened.database.write() as session:
        for account, groups in {"eve": ["clerks"], "root": ["admin"], "kim": ["heads"]}.items():
            identity.add_person(
                session, TENANT, account, account.title(), "", "office", groups, hashed, opened.now
            )
    yield opened
    opened.database.close()


def visitor(lab: Lab, tmp_path: Path, account: str) -> Visitor:
    app = create_app(Settings(tmp_path, lab.database.url, "s" * 40, secure_cookies=False), lab.database)
    found = Visitor(app)
    page = found.get("/sign-in")
    assert found.post("/sign-in", page, account=account, password=PASSWORD, tenant=TENANT).status_code == 303
    return found


def receiver(lab: Lab) -> str:
    with lab.database.write() as session:
        given = {"project_name": "试验", "amount": "600"}
        return instances.start(session, lab.people["ann"], "lab.receiver", lab.now, given).instance_id


def seen_on(page: httpx.Response) -> str:
    return _form(page)[1]


def address_on(page: httpx.Response) -> str:
    return _form(page)[0]


def _form(page: httpx.Response) -> tuple[str, str]:
    """The address of the button that reports, and how far the record went when it was drawn."""
    found = re.search(
        r'action="/instances/([^"]+/messages/[^"]+)".*?name="seen" value="(\d+)"', page.text, re.DOTALL
    )
    assert found
    return found[1], found[2]


def test_people_report_by_a_button(lab: Lab, tmp_path: Path) -> None:
    """The page bears the element's name, works without a script, and the record tells who."""
    case = receiver(lab)
    clerk = visitor(lab, tmp_path, "eve")
    page = clerk.get(f"/instances/{case}")
    assert "上报：problem" in page.text
    address, seen = f"/instances/{address_on(page)}", seen_on(page)
    answer = clerk.post(address, page, seen=seen)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/instances/{case}")
    assert lab.open(case) == ["look_at_problem"]
    assert "已上报：problem" in clerk.get(f"/instances/{case}/history").text
    again = clerk.post(address, page, seen=seen)
    assert again.status_code == 409
    assert "Eve" in again.text
    assert lab.open(case) == ["look_at_problem"]


def test_a_button_is_no_way_round_permission(lab: Lab, tmp_path: Path) -> None:
    """Who is not named sees no button and is refused; so is a form without its token."""
    case = receiver(lab)
    clerk = visitor(lab, tmp_path, "eve")
    page = clerk.get(f"/instances/{case}")
    address = f"/instances/{address_on(page)}"
    root = visitor(lab, tmp_path, "root")
    theirs = root.get(f"/instances/{case}")
    assert theirs.status_code == 200
    assert "上报" not in theirs.text
    assert root.post(address, theirs, seen=seen_on(page)).status_code == 403
    assert visitor(lab, tmp_path, "kim").get(f"/instances/{case}").status_code == 403
    assert clerk.request("POST", address, data={"seen": "1"}).status_code == 403
    with lab.database.write() as session:
        instances.cancel(session, lab.people["ann"], case, "重复", lab.now)
    assert clerk.post(address, page, seen=seen_on(page)).status_code == 409


def test_a_follow_on_says_where_it_came_from(lab: Lab, tmp_path: Path) -> None:
    """Both records link to each other."""
    with lab.database.write() as session:
        given = {"project_name": "试验", "amount": "600"}
        sender = instances.start(session, lab.people["ann"], "lab.sender", lab.now, given).instance_id
    lab.do("ann", sender, "decide")
    lab.runner().catch_up()
    (follower,) = lab.rows("select id from process_instance where process_key = 'lab.follower'")
    clerk = visitor(lab, tmp_path, "eve")
    record = clerk.get(f"/instances/{follower['id']}/history").text
    assert f'<a href="/instances/{sender}">lab.sender-2026-1</a>' in record
    assert "由办件启动" in record
    assert "发往 lab.follower" in visitor(lab, tmp_path, "root").get(f"/instances/{sender}/history").text


def test_what_time_began_and_what_comes(lab: Lab, tmp_path: Path) -> None:
    """For administrators, in their language; others are refused."""
    root = visitor(lab, tmp_path, "root")
    lab.now = datetime.now(lab.now.tzinfo)
    page = root.get("/admin/schedule")
    assert "今后 60 天" in page.text
    assert "lab.monthly" in page.text
    assert "尚无自动启动的办件" in page.text
    daily = ("-", "-", f'"{linked.MONTHLY}"', "string(day)", '"installation"', "null")
    lab.deploy(linked.files(schedule=linked.schedule((*linked.RULES, daily))))
    lab.runner().catch_up()
    (case,) = lab.rows("select id from process_instance where process_key = 'lab.monthly' limit 1")
    page = root.get("/admin/schedule")
    assert f'<a href="/instances/{case["id"]}">lab.monthly-{lab.now.year}-1</a>' in page.text
    assert "定期工作" in root.get(f"/instances/{case['id']}/history").text
    assert visitor(lab, tmp_path, "eve").get("/admin/schedule").status_code == 403
    with lab.database.read() as session:
        assert schedules.behind(session, lab.now) == []


def test_a_case_without_a_project_has_its_pages(lab: Lab, tmp_path: Path) -> None:
    """A duty of a unit or of the whole jurisdiction is of no project; every page of its case answers."""
    lab.now = lab.now.replace(month=4, day=4)
    lab.runner().catch_up()
    lab.now = lab.now.replace(day=5)
    lab.runner().catch_up()
    (case,) = lab.rows("select id, unit_id from process_instance where process_key = 'lab.monthly'")
    root = visitor(lab, tmp_path, "root")
    for part in ("", "/diagram", "/history", "/materials", "/decisions", "/print"):
        page = root.get(f"/instances/{case['id']}{part}")
        assert page.status_code == 200, part
        assert "lab.monthly 2026-4" in page.text, part
    worklist = visitor(lab, tmp_path, "eve").get("/tasks")
    assert "lab.monthly 2026-4" in worklist.text
    task = lab.task(case["id"], "report")
    assert visitor(lab, tmp_path, "eve").get(f"/tasks/{task['id']}").status_code == 200
