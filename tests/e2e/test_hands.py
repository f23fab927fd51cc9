"""Tasks change hands in the browser: reassigned, delegated and given back, done for who is away, done
together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Server
from tests.e2e.driver import WHO, Desk

PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None
ENTRY = {
    "project_name": "", "activity": "new", "total": "600000.00", "is_state_secret": False,
    "can_be_met_by_upgrade": False, "can_be_shared": False, "isolated": False, "needs_unclear": False,
    "earlier_low_use": False, "still_usable": False, "entry_application": ["a.pdf"],
    "feasibility_report_two_in_one": ["b.pdf"],
}  # fmt: skip


def held(desk: Desk, title: str) -> None:
    """Open the task of a case from the worklist, and claim it if it must be."""
    desk.page.goto("/tasks")
    desk.page.locator("tr[data-row]", has_text=title).first.locator("td.lead a").click()
    desk.page.wait_for_load_state()
    if desk.page.locator("button[data-claim]").count():
        desk.page.locator("button[data-claim]").click()
        desk.page.wait_for_load_state()


def begin(browser: Browser, server: Server, files: Path, *titles: str) -> None:
    """The unit files library entries."""
    clerk = Desk(browser, server.address, WHO["project_unit"])
    for title in titles:
        answers: dict[str, Any] = {**ENTRY, "project_name": title}
        clerk.start("hongshan.library_entry", answers, files)
    clerk.close()


def test_reassigned_delegated_and_given_back(browser: Browser, server: Server, tmp_path: Path) -> None:
    """Chen gives the task to Lin, who asks Sun to fill it and sends it herself; the record tells it all."""
    begin(browser, server, tmp_path, "转办样本项目")
    chen = Desk(browser, server.address, "chenwei")
    held(chen, "转办样本项目")
    chen.picture(PICTURES, "hands-task")
    chen.page.get_by_role("link", name="转办…").click()
    chen.picture(PICTURES, "hands-reassign")
    chen.page.get_by_label("转交给").select_option("linfang")
    chen.page.get_by_label("转办理由").fill("外出培训三天")
    chen.page.get_by_role("button", name="转办").click()
    chen.page.wait_for_load_state()
    chen.close()

    lin = Desk(browser, server.address, "linfang", width=360)
    held(lin, "转办样本项目")
    lin.picture(PICTURES, "hands-task-360")
    lin.page.get_by_role("link", name="委派…").click()
    lin.picture(PICTURES, "hands-delegate-360")
    lin.page.get_by_label("委派给").select_option("sunlei")
    lin.page.get_by_label("委派事项").fill("请核对申报材料")
    lin.page.get_by_role("button", name="委派").click()
    expect(lin.page.locator("main")).to_contain_text("孙磊正在代您填写")
    lin.page.get_by_role("button", name="立即收回").click()
    lin.page.get_by_role("link", name="委派…").click()
    lin.page.get_by_label("委派给").select_option("sunlei")
    lin.page.get_by_label("委派事项").fill("请核对申报材料是否齐全")
    lin.page.get_by_role("button", name="委派").click()
    expect(lin.page.locator("main")).to_contain_text("孙磊正在代您填写")

    sun = Desk(browser, server.address, "sunlei")
    held(sun, "转办样本项目")
    sun.fill_and_check({"materials_verdict": "complete"}, tmp_path)
    sun.picture(PICTURES, "hands-give-back")
    sun.page.get_by_label("给林芳的说明").fill("材料齐全")
    sun.page.get_by_role("button", name="交回").click()
    expect(sun.page.locator("h1")).to_contain_text("待办")
    sun.close()

    held(lin, "转办样本项目")
    expect(lin.page.locator("main")).to_contain_text("受委派人已填写并交回")
    lin.fill_and_check({}, tmp_path)
    lin.page.locator("button[data-submit]").click()
    lin.page.wait_for_url("**/done*")
    lin.page.get_by_role("link", name="查看办件").click()
    lin.page.goto(f"{lin.page.url}/history")
    for words in ("转办：", "外出培训三天", "委派：", "请核对申报材料", "收回委派：", "交回：", "材料齐全"):
        expect(lin.page.locator("main")).to_contain_text(words)
    lin.picture(PICTURES, "hands-record-360")
    lin.close()


def test_standing_in_doing_many_at_once_and_handing_over(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    """Chen enters that he is away; Lin does what waits for him, both cases with one form. What he still holds
    an administrator hands over to her."""
    begin(browser, server, tmp_path, "代理样本甲", "代理样本乙", "移交样本丙", "转办样本丁")
    chen = Desk(browser, server.address, "chenwei")
    _claimed_put_back_and_given_away_at_once(chen)
    chen.page.goto("/substitutions")
    chen.picture(PICTURES, "substitutions")
    chen.page.get_by_label("代理人").select_option("linfang")
    chen.page.get_by_label("截止日期").fill(chen.page.get_by_label("起始日期").input_value())
    chen.page.get_by_label("离岗事由").fill("年休假")
    chen.page.get_by_role("button", name="登记代理").click()
    expect(chen.page.locator("table")).to_contain_text("代理中")
    chen.picture(PICTURES, "substitutions-entered")
    chen.page.goto("/tasks")
    chen.close()

    lin = Desk(browser, server.address, "linfang", width=360)
    expect(lin.page.locator("#worklist")).to_contain_text("代 陈伟")
    lin.picture(PICTURES, "worklist-for-360")
    lin.page.set_viewport_size({"width": 1440, "height": 900})
    lin.picture(PICTURES, "worklist-for")
    for title in ("代理样本甲", "代理样本乙"):
        lin.page.locator("tr[data-row]", has_text=title).locator("input[type=checkbox]").check()
    lin.page.get_by_role("button", name="一并办理…").click()
    lin.fill({"materials_verdict": "complete"}, tmp_path)
    lin.picture(PICTURES, "batch-form")
    lin.page.locator("button[data-submit]").click()
    expect(lin.page.locator("main")).to_contain_text("将提交：2/2")
    lin.picture(PICTURES, "batch-check")
    lin.page.locator("button[data-submit]").click()
    expect(lin.page.locator("h1")).to_have_text("已办：2/2")
    lin.picture(PICTURES, "batch-done")
    lin.close()

    admin = Desk(browser, server.address, "fangzheng")
    admin.page.goto("/admin/hand-over")
    admin.page.get_by_label("移交人").select_option("chenwei")
    admin.page.get_by_label("接收人（可承办的任务）").select_option("linfang")
    admin.page.get_by_role("button", name="预览").click()
    expect(admin.page.locator("table")).to_contain_text("移交样本丙")
    admin.picture(PICTURES, "hand-over")
    admin.page.set_viewport_size({"width": 360, "height": 900})
    admin.picture(PICTURES, "hand-over-360")
    admin.page.get_by_label("移交理由").fill("调任")
    admin.page.get_by_role("button", name="移交", exact=True).click()
    expect(admin.page.locator("#done-title")).to_have_text("已移交 1/1 项")
    admin.page.goto("/substitutions")
    admin.page.get_by_role("button", name="自今日起结束：陈伟").click()
    expect(admin.page.locator("table")).to_contain_text("已撤销")
    admin.page.goto("/rights")
    expect(admin.page.locator("main")).to_contain_text("年休假")
    admin.close()


def _ticked(desk: Desk, *titles: str) -> None:
    """Tick these rows of the worklist."""
    for title in titles:
        desk.page.locator("tr[data-row]", has_text=title).locator("input[type=checkbox]").check()


def _claimed_put_back_and_given_away_at_once(chen: Desk) -> None:
    """Batches on the worklist: all are claimed, two put back and claimed again, one given away."""
    chen.page.goto("/tasks")
    _ticked(chen, "代理样本甲", "代理样本乙", "移交样本丙", "转办样本丁")
    chen.page.get_by_role("button", name="签收所选").click()
    expect(chen.page.locator("#worklist")).to_contain_text("4")
    _ticked(chen, "代理样本甲", "代理样本乙")
    chen.page.get_by_role("button", name="退签", exact=True).click()
    chen.page.goto("/tasks")
    _ticked(chen, "代理样本甲", "代理样本乙")
    chen.page.get_by_role("button", name="签收所选").click()
    _ticked(chen, "转办样本丁")
    chen.page.get_by_role("button", name="转办…").click()
    chen.page.get_by_label("转交给").select_option("linfang")
    chen.page.get_by_label("转办理由").fill("分工调整")
    chen.page.get_by_role("button", name="转办", exact=True).click()
    expect(chen.page.locator("main")).to_contain_text("转办样本丁")
    chen.page.goto("/tasks")
    expect(chen.page.locator("tr[data-row]", has_text="转办样本丁")).to_have_count(0)
