"""退签, 撤回 and 退回 in the browser: a task goes back to the others, to who sent it, to an earlier step."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Server, inside
from tests.e2e.driver import Desk
from tests.e2e.test_hands import held
from tests.services.conftest import PRE_REVIEW

PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None
TITLE = "退回样本项目"
WHY = "请补充云网资源意见"


def _send(desk: Desk) -> None:
    desk.page.locator("button[data-submit]").click()
    desk.page.wait_for_url("**/done*")


def test_put_back_taken_back_and_returned(browser: Browser, server: Server, tmp_path: Path) -> None:
    """The bureau puts the task back and claims it again; the centre takes back what it sent too early; the
    bureau returns the case, and corrected it comes straight back."""
    with inside(server) as office:
        case = office.start(project_name=TITLE)
    bureau = Desk(browser, server.address, "chenwei")
    page = bureau.page
    held(bureau, TITLE)
    page.get_by_role("button", name="退签，交回候选岗位").click()
    page.wait_for_load_state()
    held(bureau, TITLE)
    bureau.fill_and_check({"materials_verdict": "complete"}, tmp_path)
    _send(bureau)

    centre = Desk(browser, server.address, "wulan", width=360)
    held(centre, TITLE)
    answers = {**PRE_REVIEW, "result": "pass", "pre_review_opinion": ["意见.pdf"]}
    centre.fill_and_check(answers, tmp_path)
    _send(centre)
    centre.picture(PICTURES, "sent-360")
    centre.page.get_by_role("button", name="撤回").click()
    centre.page.wait_for_load_state()
    held(centre, TITLE)
    centre.fill_and_check(answers, tmp_path)
    _send(centre)

    held(bureau, TITLE)
    page.get_by_role("link", name="退回…").click()
    page.get_by_label("直接送回本环节").check()
    page.get_by_label("原因").fill(WHY)
    bureau.picture(PICTURES, "return")
    page.get_by_role("button", name="退回办件").click()
    expect(page.locator("h1")).to_have_text("已退回")

    held(centre, TITLE)
    expect(centre.page.locator("main")).to_contain_text(WHY)
    centre.picture(PICTURES, "returned-360")
    centre.fill_and_check(answers, tmp_path)
    _send(centre)
    expect(centre.page.locator("main")).to_contain_text("研究是否评审")
    centre.close()
    page.goto(f"/instances/{case}/history")
    for words in ("退签", "撤回", "退回", WHY):
        expect(page.locator("main")).to_contain_text(words)
    bureau.picture(PICTURES, "ways-back-record")
    bureau.close()
