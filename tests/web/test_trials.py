"""A draft is rehearsed on pages, and what was played becomes a scenario of it."""

from __future__ import annotations

import re

from server.web.routes import PAGES
from tests.web.office import SELF_CHECK, Office, apply, fill

KEY = "hongshan.library_entry"


def test_from_a_draft_to_a_scenario(own_office: Office) -> None:
    """Chosen, filled, begun, kept; what is in use is not touched by any of it."""
    admin = own_office.visitor("admin")
    begun = admin.post("/design", admin.get("/design"), name="修订稿", **{"from": ""})
    assert begun.status_code == 303, begun.text
    draft = begun.headers["location"]
    page = admin.get(f"{draft}/rehearse")
    assert "试运行草稿" in page.text
    chosen = admin.post(f"{draft}/rehearse", page, process=KEY)
    assert chosen.status_code == 303
    start = chosen.headers["location"]
    assert re.fullmatch(rf"/rehearse/{KEY}@[0-9a-z]+", start)
    page = admin.get(start)
    facts = {
        "project_name": "试运行的项目", "activity": "new", "total": "600,000.00", "is_state_secret": "false",
        "rehearsal_day": "2026-03-02",
    }  # fmt: skip
    page = fill(admin, page, **facts)
    papers = ("entry_application", "feasibility_report_two_in_one", "implementation_plan_three_in_one")
    shown = tuple(paper for paper in papers if f'id="f-{paper}"' in page.text)
    sent = fill(admin, page, shown, **SELF_CHECK)
    assert sent.headers.get("location") == f"{start}/check", sent.text
    case = admin.post(f"{start}/submit", admin.get(f"{start}/check")).headers["location"].rpartition("/")[2]
    assert f"/instances/{case}/scenario" in admin.get(f"/instances/{case}").text
    page = admin.get(f"/instances/{case}/scenario?title=入库")
    assert "已重新演算，结果一致" in page.text
    text = admin.get(f"/instances/{case}/scenario.yaml?title=入库").text
    assert text.startswith(f"process: {KEY}\ntitle: 入库\n")
    address, given = f"/instances/{case}/scenario", {"title": "入库", "draft": draft.rpartition("/")[2]}
    assert admin.post(address, page, **given, stem="../evil").status_code == 422
    kept = admin.post(address, page, **given, stem="played_once")
    assert kept.headers.get("location") == f"{draft}/edit/scenarios/library_entry/played_once.yaml", kept.text
    assert admin.post(address, page, **given, stem="played_once").status_code in (409, 422)
    assert "played_once.yaml" in admin.get(draft).text


def test_who_may_not_is_told_so(office: Office) -> None:
    clerk, admin = office.visitor("clerk"), office.visitor("admin")
    real = apply(clerk, "真实的项目")
    assert clerk.get(f"/instances/{real}/scenario").status_code == 403
    begun = admin.post("/design", admin.get("/design"), name="修订稿", **{"from": ""})
    draft = begun.headers["location"]
    assert clerk.get(f"{draft}/rehearse").status_code == 403
    chosen = admin.post(f"{draft}/rehearse", admin.get(f"{draft}/rehearse"), process=KEY)
    assert clerk.get(chosen.headers["location"]).status_code == 403
    assert admin.post(f"{draft}/rehearse", admin.get(f"{draft}/rehearse"), process="none").status_code == 404
    assert admin.get(f"/rehearse/{KEY}@nowhere").status_code == 404


def test_a_draft_that_is_no_more_is_told_so(own_office: Office) -> None:
    """Who still has a page of it open: no page fails, and nothing of it can be rehearsed."""
    admin = own_office.visitor("admin")
    draft = admin.post("/design", admin.get("/design"), name="作废稿", **{"from": ""}).headers["location"]
    page = admin.get(f"{draft}/rehearse")
    assert admin.post(f"{draft}/discard", admin.get(draft)).status_code == 303
    ways = [
        each.path.removeprefix("/design/{draft_id}")
        for each in PAGES
        if each.method == "GET" and each.path.startswith("/design/{draft_id}") and each.path.count("{") == 1
    ]
    assert len(ways) > 10
    for way in ways:
        assert admin.get(f"{draft}{way}").status_code in (200, 303, 404), way
    for told in (admin.get(f"{draft}/rehearse"), admin.post(f"{draft}/rehearse", page, process=KEY)):
        assert told.status_code == 404
