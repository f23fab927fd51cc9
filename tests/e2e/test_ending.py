"""终止 in the browser: from the case page over the page that asks why to the record, also on a telephone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from server.bundles.scenario_files import read_scenario
from tests.e2e.conftest import ROOT, Server
from tests.e2e.driver import WHO, Desk

SCENARIO = ROOT / "tests" / "scenarios" / "hongshan" / "project_approval" / "large_600000_00.yaml"
PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None


@pytest.mark.timeout(300)
def test_ending_a_case(browser: Browser, server: Server, tmp_path: Path) -> None:
    """Its starter ends it; whoever opened the page before is told who was faster."""
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
    starter.close()
    admin.close()
