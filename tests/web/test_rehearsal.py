"""试运行 on pages: chosen, marked everywhere, played by one person, moved in time, apart from the real."""

from __future__ import annotations

import re

import httpx
from lxml import html

from tests.web.office import SELF_CHECK, Office, Visitor, apply, fill

ENTRY = "/rehearse/hongshan.library_entry"


def rehearse(visitor: Visitor, day: str = "2025-06-30", name: str = "试运行平台") -> str:
    """Begin a rehearsal of a library entry on a day; gives the case's address."""
    page = visitor.get(ENTRY)
    page = fill(
        visitor, page, project_name=name, rehearsal_day=day, activity="new", total="600,000.00",
        is_state_secret="false",
    )  # fmt: skip
    assert page.status_code == 200, page.text
    papers = ("entry_application", "feasibility_report_two_in_one", "implementation_plan_three_in_one")
    sent = fill(visitor, page, tuple(p for p in papers if f'id="f-{p}"' in page.text), **SELF_CHECK)
    assert sent.headers.get("location") == f"{ENTRY}/check", sent.text
    check = visitor.get(f"{ENTRY}/check")
    assert marked(check)
    begun = visitor.post(f"{ENTRY}/submit", check)
    assert begun.status_code == 303, begun.text
    return "/instances/" + begun.headers["location"].rpartition("/")[2]


def marked(page: httpx.Response) -> bool:
    """Whether a page says that it is about a rehearsal, in its title too."""
    tree = html.fromstring(page.text)
    return (tree.findtext(".//title") or "").startswith("试运行") and bool(tree.find_class("rehearsal"))


def open_task(visitor: Visitor, case: str) -> str:
    found = re.search(r'href="(/tasks/[0-9a-z]{26})"', visitor.get(case).text)
    assert found
    return found[1]


def test_every_page_of_it_is_marked(office: Office) -> None:
    """The start page, the case and its parts, its task, the paper; none of a real case is."""
    clerk = office.visitor("clerk")
    real = "/instances/" + apply(clerk)
    case = rehearse(clerk)
    number = "试-红数入库〔2025〕"
    assert number in clerk.get(case).text
    for part in ("", "/diagram", "/history", "/materials", "/decisions"):
        assert marked(clerk.get(case + part)), part
        assert not marked(clerk.get(real + part)), part
    assert marked(clerk.get(ENTRY))
    assert marked(clerk.get(open_task(clerk, case)))
    assert "2025-06-30" in clerk.get(case).text
    paper = clerk.get(f"{case}/print").text
    assert "试运行：本表不具有效力" in paper
    assert "试运行" not in clerk.get(f"{real}/print").text


def test_lists_show_one_or_the_other(office: Office) -> None:
    """And each row of a rehearsal is marked."""
    clerk, bureau = office.visitor("clerk"), office.visitor("admin")
    case, real = rehearse(clerk), "/instances/" + apply(clerk)
    for visitor, address in ((clerk, "/instances"), (bureau, "/instances/all")):
        shown, tried = visitor.get(address).text, visitor.get(f"{address}?rehearsal=1").text
        assert real in shown
        assert case not in shown
        assert case in tried
        assert real not in tried
        assert "tag rehearsed" in tried
    task = open_task(clerk, case)
    assert task not in clerk.get("/tasks").text
    listed = clerk.get("/tasks?rehearsal=1").text
    assert task in listed
    assert "data-claim" not in listed


def test_one_person_goes_through_it_alone(office: Office) -> None:
    """The clerk acts for the bureau, is named as such, and lets a day pass; others may not."""
    clerk, other = office.visitor("clerk"), office.visitor("centre")
    case = rehearse(clerk)
    address = open_task(clerk, case)
    page = clerk.get(address)
    assert "以“区政数局”身份办理" in page.text
    principal = re.search(r'name="principal" value="([^"]+)"', page.text)
    assert principal
    token = other.get("/tasks")
    assert other.post(f"{address}/play", token, principal=principal[1]).status_code == 403
    assert clerk.post(f"{address}/play", page, principal=principal[1]).status_code == 303
    assert '<form id="task-form"' in clerk.get(address).text
    assert "周明（区政数局）" in clerk.get(f"{case}/history").text
    overview = clerk.get(case)
    assert clerk.post(f"{case}/clock", overview, next="1").status_code == 303
    assert "2025-07-01 09:00" in clerk.get(case).text
    for day, status in (("2025-06-01", 403), ("morgen", 403), ("2025-07-04", 303)):
        assert clerk.post(f"{case}/clock", overview, until=day).status_code == status, day
    assert "推进了试运行时间" in clerk.get(f"{case}/history").text
    assert other.post(f"{case}/clock", token, next="1").status_code == 403


def test_a_day_that_is_none_is_named(office: Office) -> None:
    """Beside the form's own errors."""
    clerk = office.visitor("clerk")
    page = fill(clerk, clerk.get(ENTRY), rehearsal_day="30.6.2025")
    answers = {"activity": "new", "total": "1.00", "is_state_secret": "false", "rehearsal_day": "30.6.2025"}
    page = fill(clerk, page, project_name="甲", **answers)
    assert page.status_code in (200, 422)
    sent = fill(clerk, page, **SELF_CHECK, rehearsal_day="30.6.2025")
    assert sent.status_code == 422
    assert 'href="#f-rehearsal_day"' in sent.text
