"""催办, 抄送 and 关注 in the browser: the bell rings, the copy is read, the sender sees it."""

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
def test_telling_others_of_a_case(browser: Browser, server: Server, tmp_path: Path) -> None:
    """The starter reminds, sends a copy and follows; the reader sees the bell, reads and says so."""
    told = read_scenario(SCENARIO.read_bytes(), SCENARIO.stem)
    starter = Desk(browser, server.address, WHO[told.by])
    case = starter.start(told.process, told.start, tmp_path)
    page = starter.page
    page.goto(case)
    page.get_by_role("button", name="关注", exact=True).click()
    expect(page.get_by_role("button", name="取消关注")).to_be_visible()
    starter.picture(PICTURES, "letters-case")
    page.get_by_role("link", name="催办").first.click()
    page.locator("#f-note").fill("企业在等")
    starter.picture(PICTURES, "letters-remind")
    page.get_by_role("button", name="催办").click()
    page.wait_for_url("**/history")
    expect(page.locator("main")).to_contain_text("企业在等")
    page.goto(f"{case}/copies")
    page.locator("details:not([open]) > summary").evaluate_all("found => found.forEach(one => one.click())")
    page.locator("input[name=to][value='u:sunlei']").check()
    page.get_by_label("传阅").check()
    starter.picture(PICTURES, "letters-send")
    page.get_by_role("button", name="提交").click()
    expect(page.locator("main")).to_contain_text("未阅")

    reader = Desk(browser, server.address, "sunlei", width=360)
    reader.page.locator("a.bell").click()
    expect(reader.page.locator("main")).to_contain_text("送您阅知")
    reader.picture(PICTURES, "letters-notices-360")
    wide = reader.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360
    reader.page.get_by_role("button", name="送您阅知").first.click()
    reader.page.wait_for_url("**/copies")
    reader.page.get_by_label("备注").first.fill("知悉")
    reader.picture(PICTURES, "letters-copies-360")
    reader.page.get_by_role("button", name="已阅").first.click()
    reader.page.wait_for_load_state()
    page.goto(f"{case}/copies")
    expect(page.locator("main")).to_contain_text("知悉")
    starter.picture(PICTURES, "letters-receipts")
    starter.close()
    reader.close()
