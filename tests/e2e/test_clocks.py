"""停表 and 督办 in the browser: the clock of a case is stopped and started again; a leader instructs, the
holder answers; the month is a table on a wide screen and a list on a telephone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from server.cli import house
from tests.e2e.conftest import Server, serve
from tests.originals import Originals
from tests.patience import BROWSER, PATIENCE
from tests.services.clocked import case
from tests.web.clock_office import open_clock_office, settle
from tests.web.office import PASSWORD

PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None


@pytest.fixture
def lab_server(originals: Originals, tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A real server over the lab, with one case that is over its limit and one whose limit runs; gives the
    latter's id."""
    with originals.copied("sqlite", tmp_path, settle) as url:
        office = open_clock_office(url, tmp_path)
        office.lab.now = house.now() - timedelta(days=40)
        case(office.lab)
        office.lab.now = house.now()
        instance = case(office.lab)
        office.lab.database.close()
        process, address = serve(tmp_path, url)
        yield Server(address, tmp_path), instance
        process.terminate()
        process.wait(timeout=PATIENCE)


def desk(browser: Browser, address: str, account: str, width: int = 1440) -> Page:
    """Somebody's browser, signed in."""
    context = browser.new_context(
        base_url=address,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": width, "height": 900},
    )
    context.set_default_timeout(BROWSER)
    page = context.new_page()
    page.goto("/sign-in")
    page.locator("[name=account]").fill(account)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.locator("h1")).to_contain_text("待办")
    return page


def picture(page: Page, name: str) -> None:
    if PICTURES is not None:
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def test_the_clock_and_who_watches_it(browser: Browser, lab_server: tuple[Server, str]) -> None:
    """From the task to the clock of the case, stopped and started again; the board, an instruction, its
    answer; the calendar."""
    server, instance = lab_server
    ann = desk(browser, server.address, "ann", width=360)
    ann.goto(f"/instances/{instance}")
    ann.locator("details.counted summary").first.click()
    expect(ann.locator("details.counted").first).to_contain_text("当日不计")
    picture(ann, "case-360")
    ann.get_by_role("link", name="时限与停表").click()
    expect(ann.locator("h1")).to_have_text("时限")
    picture(ann, "limits-360")
    ann.get_by_label("停表事由").select_option("expert_review")
    ann.get_by_label("理由和文书").fill("组织专家评审，通知〔2026〕3号")
    ann.get_by_role("button", name="停表").click()
    expect(ann.locator("main")).to_contain_text("起停表")
    picture(ann, "stopped-360")
    ann.goto("/tasks")
    expect(ann.locator("#section-stopped")).to_be_visible()
    ann.goto(f"/instances/{instance}/limits")
    ann.get_by_label("理由和文书").fill("评审意见已出具")
    ann.get_by_role("button", name="恢复计时").click()
    expect(ann.locator("main")).not_to_contain_text("起停表")
    ann.goto(f"/instances/{instance}/history")
    expect(ann.locator("main")).to_contain_text("评审意见已出具")
    _extended_and_suspended(browser, server, ann, instance)

    head = desk(browser, server.address, "head")
    head.goto("/supervision")
    expect(head.locator("h1")).to_have_text("督办")
    head.locator("tbody input[name=row]").first.check()
    head.get_by_label("催办说明或督办意见").fill("三日内办结")
    head.get_by_label("督办回复期限").fill((house.now() + timedelta(days=3)).date().isoformat())
    picture(head, "board")
    head.get_by_role("button", name="督办所选").click()
    expect(head.locator(".notice.done")).to_contain_text("已督办 1 件")
    head.locator("tbody input[name=row]").first.check()
    head.get_by_label("催办说明或督办意见").fill("请抓紧")
    head.get_by_role("button", name="催办所选").click()
    expect(head.locator(".notice.done")).to_contain_text("已催办 1 项")
    head.goto("/supervision?list=instructed")
    head.locator("td.number a").first.click()
    head.get_by_role("link", name="时限与停表").click()
    expect(head.locator("h1")).to_have_text("时限")
    address = head.url
    ann.goto(address)
    ann.get_by_label("回复").fill("明日办结")
    ann.get_by_role("button", name="提交回复").click()
    expect(ann.locator("main")).to_contain_text("明日办结")
    picture(ann, "limits-answered-360")
    head.goto(address)
    picture(head, "limits")
    for page, name in ((head, "calendar"), (ann, "calendar-360")):
        page.goto("/calendar?whose=group")
        expect(page.locator("ol.month")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        picture(page, name)
    ann.set_viewport_size({"width": 1440, "height": 900})
    head.set_viewport_size({"width": 360, "height": 900})
    head.goto("/supervision")
    picture(head, "board-360")
    assert head.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for page in (ann, head):
        page.context.close()


def _extended_and_suspended(browser: Browser, server: Server, ann: Page, instance: str) -> None:
    """Who holds the step asks for three days, the head grants them; an administrator halts the case and lets
    it go on. The record has all four."""
    address = f"/instances/{instance}/limits"
    ann.goto(address)
    ann.locator("#f-days").fill("3")
    ann.locator("#f-more").fill("外省调档")
    ann.get_by_role("button", name="申请延期").click()
    expect(ann.locator("main")).to_contain_text("待批准")
    picture(ann, "extension-asked-360")
    head = desk(browser, server.address, "head")
    head.goto(address)
    head.locator("#f-decision").fill("同意延期")
    picture(head, "extension-decide")
    head.get_by_role("button", name="准予").click()
    expect(head.locator("main")).to_contain_text("经 Head 批准延长 3 个工作日")
    admin = desk(browser, server.address, "admin")
    for why, button in (("等待上级答复", "挂起"), ("上级已答复", "恢复办理")):
        admin.goto(address)
        admin.locator("#f-suspend").fill(why)
        admin.get_by_role("button", name=button).click()
        admin.wait_for_load_state()
    admin.goto(f"/instances/{instance}/history")
    for words in ("外省调档", "同意延期", "等待上级答复", "上级已答复"):
        expect(admin.locator("main")).to_contain_text(words)
    for page in (head, admin):
        page.context.close()
