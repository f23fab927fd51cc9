"""From sign-in to the printed opinion by keys alone, with scripts; and what a screen reader is told there."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from server.bundles.scenario_files import read_scenario
from server.services.identity import DEMO_PASSWORD
from tests.e2e.conftest import ROOT, Server, inside
from tests.e2e.driver import WHO
from tests.e2e.keyboard import Keys

SCENARIO = ROOT / "tests" / "scenarios" / "hongshan" / "library_entry" / "large_600000_00.yaml"


def _heard(page: Page) -> None:
    """The page's places are named, its headings go down step by step, and somebody says what has changed."""
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)  # type: ignore[arg-type]
    expect(page.get_by_role("navigation", name="主导航")).to_have_count(1)
    expect(page.locator("#announcements[role=status][aria-live=polite]")).to_have_count(1)
    levels = [
        int(level)
        for level in page.locator("h1, h2, h3, h4, h5, h6").evaluate_all(
            "found => found.filter(one => one.checkVisibility()).map(one => one.localName[1])"
        )
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


def _begin(browser: Browser, server: Server, files: Path) -> str:
    """The unit files the entry; gives the address of the case."""
    told = read_scenario(SCENARIO.read_bytes(), SCENARIO.stem)
    clerk = Keys(browser, server.address)
    clerk.sign_in(WHO[told.by], DEMO_PASSWORD)
    clerk.press("g")
    clerk.page.keyboard.press("s")
    clerk.page.wait_for_url("**/start")
    clerk.follow("^项目入库$", f"**/start/{told.process}")
    clerk.page.keyboard.press("Control+Enter")
    clerk.page.wait_for_load_state()
    _errors_lead_to_their_fields(clerk)
    clerk.fill(told.start, files)
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_url("**/check")
    clerk.follow("^发起办件$", "**/start/done/*")
    clerk.follow("查看办件", "**/instances/*")
    case = clerk.page.url
    clerk.close()
    return case


def _errors_lead_to_their_fields(clerk: Keys) -> None:
    """An empty form: the summary has the focus, is read out, and its lines lead to their fields, which say
    that they are wrong and why."""
    page = clerk.page
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    clerk.press("Tab")
    clerk.press("Enter")
    field = page.locator(":focus")
    expect(field).to_have_attribute("aria-invalid", "true")
    described = (field.get_attribute("aria-describedby") or "").split()
    wrong = page.locator(", ".join(f"[id='{one}']" for one in described)).filter(has_text="请")
    expect(summary).to_contain_text(wrong.last.inner_text())


def _told_aloud(page: Page) -> None:
    """Each list says how much its filters left, and that they left nothing; the board says its period."""
    said = page.locator("#announcements")
    for address in ("/projects", "/search", "/registers/project_library"):
        page.goto(address)
        seek = page.locator("main input[name=q]")
        seek.fill("内涝")
        expect(said).to_have_text("查到 1 条")
        seek.fill("没有这样的名称")
        expect(said).to_have_text("没有符合条件的内容")
    page.goto("/board")
    period = page.get_by_label("以下统计期")
    period.focus()
    period.select_option("1")
    expect(said).to_have_text("已显示近 1 个月的数据")
    expect(page.locator("#period")).to_be_focused()


def test_by_keys_alone(browser: Browser, server: Server, tmp_path: Path) -> None:
    """The unit begins, the bureau finds, claims, fills, checks, sends, gives out and prints."""
    case = _begin(browser, server, tmp_path).rpartition("/")[2]
    with inside(server) as office:
        office.do("chenwei", case, "check_materials", materials_verdict="complete")
        office.pre_review(case)
        office.start(project_name="另一个项目")

    bureau = Keys(browser, server.address)
    page = bureau.page
    bureau.sign_in("chenwei", DEMO_PASSWORD)
    _heard(page)
    bureau.press("j")
    assert bureau.here()["kind"] == "a"
    bureau.press("/")
    bureau.type("内涝")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert bureau.here()["value"] == "内涝"
    expect(page.locator("#announcements")).to_contain_text("1")
    bureau.follow("^研究是否评审", "**/tasks/*")
    _heard(page)
    bureau.reach("^签收$")
    bureau.press("Space")
    expect(page.locator("#task-form")).to_be_visible()
    bureau.press("Tab")
    bureau.fill({"review_needed": False, "opinion_text": "无须评审，同意入库"}, tmp_path)
    bureau.page.keyboard.press("Control+Enter")
    page.wait_for_url("**/check")
    bureau.follow("^提交", "**/done*")
    bureau.follow("查看办件", "**/instances/*")
    bureau.follow("入库意见", "**/documents/library_opinion")
    bureau.reach("出具（附验证码）")
    page.keyboard.press("Enter")
    expect(page.locator(".verification strong")).to_be_visible()
    expect(page.locator("main.sheet")).to_contain_text("城区内涝监测平台")
    bureau.reach("^打印")
    bureau.press("Enter")
    assert page.evaluate("window.printed") == 1
    _told_aloud(page)
    bureau.close()
    assert re.fullmatch(r"[0-9a-z]{26}", case)


def test_the_list_of_keys(browser: Browser, server: Server) -> None:
    """The list of keys is a dialog: opened by one, closed by another, focus comes back."""
    keys = Keys(browser, server.address)
    keys.sign_in("zhoumin", DEMO_PASSWORD)
    keys.reach("快捷键")
    keys.press("Enter")
    expect(keys.page.get_by_role("dialog", name="快捷键")).to_be_visible()
    keys.press("Tab")
    keys.here()
    keys.press("Escape")
    expect(keys.page.get_by_role("dialog", name="快捷键")).to_be_hidden()
    assert keys.here()["name"] == "快捷键"
    keys.close()
