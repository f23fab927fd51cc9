"""终止 and 重新办理 in the browser: from the case page over the pages that ask why to the records, also on a
telephone."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Browser, expect

from server.bundles.scenario_files import read_scenario
from tests.e2e.conftest import ROOT, Server
from tests.e2e.driver import WHO, Desk

SCENARIO = ROOT / "tests" / "scenarios" / "hongshan" / "project_approval" / "large_600000_00.yaml"
PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None


def test_ending_a_case(browser: Browser, server: Server, tmp_path: Path) -> None:
    """Its starter ends it, then takes it up again in a new one that is filled as the old one was; whoever
    opened either page before is told who was faster."""
    told = read_scenario(SCENARIO.read_bytes(), SCENARIO.stem)
    starter = Desk(browser, server.address, WHO[told.by], width=360)
    case = starter.start(told.process, told.start, tmp_path)
    admin = Desk(browser, server.address, "fangzheng")
    admin.page.goto(f"{case}/end")
    admin.picture(PICTURES, "end-admin")

    starter.page.goto(case)
    starter.page.get_by_role("link", name="终止办件").click()
    expect(starter.page.locator("h1")).to_have_text("终止办件")
    starter.picture(PICTURES, "end-360")
    starter.page.get_by_label("终止理由").fill("单位撤销，项目不再建设")
    starter.page.get_by_role("button", name="终止办件").click()
    starter.page.wait_for_url("**/history")
    expect(starter.page.locator("main")).to_contain_text("单位撤销，项目不再建设")
    starter.picture(PICTURES, "end-record")
    starter.page.goto(case)
    expect(starter.page.locator("main")).to_contain_text("已终止")
    expect(starter.page.get_by_role("link", name="终止办件")).to_have_count(0)

    admin.page.get_by_label("终止理由").fill("重复申报")
    admin.page.get_by_role("button", name="终止办件").click()
    expect(admin.page.locator("h1")).to_contain_text("已有他人先行办理")
    _take_up_again(starter, admin, case)
    starter.close()
    admin.close()


def _take_up_again(starter: Desk, admin: Desk, case: str) -> None:
    """重新办理 by two people: the starter is faster, the other one finds what they wrote."""
    admin.page.goto(f"{case}/reopen")
    admin.page.get_by_label("重新办理理由").fill("单位要求重新申报")
    admin.picture(PICTURES, "reopen-1440")

    page = starter.page
    page.get_by_role("link", name="重新办理", exact=True).click()
    expect(page.locator("h1")).to_contain_text("重新办理：")
    starter.picture(PICTURES, "reopen-360")
    page.locator("button[data-submit]").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写重新办理理由")
    page.get_by_label("重新办理理由").fill("原申请投资额有误")
    page.locator("button[data-submit]").click()
    page.wait_for_url("**/reopen/check")
    starter.picture(PICTURES, "reopen-check-360")
    page.get_by_role("button", name="重新办理").click()
    page.wait_for_url("**/start/done/*")
    expect(page.locator("main")).to_contain_text("原办件")
    page.get_by_role("link", name="查看办件").click()
    page.get_by_role("link", name="办理记录").click()
    expect(page.locator("main")).to_contain_text("原申请投资额有误")
    starter.picture(PICTURES, "reopen-record-360")
    page.goto(case)
    expect(page.locator("main")).to_contain_text("重新办理为")
    expect(page.get_by_role("link", name="重新办理", exact=True)).to_have_count(0)
    starter.picture(PICTURES, "reopen-old-360")

    admin.page.locator("button[data-submit]").click()
    expect(admin.page.locator("h1")).to_contain_text("已有他人先行办理")
    expect(admin.page.locator("#typed")).to_contain_text("单位要求重新申报")
    admin.picture(PICTURES, "reopen-late")
