"""催办, 抄送 and 关注 in the browser: the bell rings, the copy is read, the sender sees it."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Browser, expect

from server.bundles.scenario_files import read_scenario
from server.services import tasks
from tests.e2e.conftest import ROOT, Server, inside
from tests.e2e.driver import WHO, Desk

SCENARIO = ROOT / "tests" / "scenarios" / "hongshan" / "project_approval" / "large_600000_00.yaml"
PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None


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


def test_opinions_beside_the_case(browser: Browser, server: Server, tmp_path: Path) -> None:
    """沟通: the holder asks two, takes one question back, reads the answer beside the task, which never
    left."""
    with inside(server) as office:
        case = office.start(project_name="征询样本项目")
        task = office.task(case, "check_materials")["id"]
        with office.database.write() as session:
            tasks.claim(session, office.people["chenwei"], task, office.now)
    holder = Desk(browser, server.address, "chenwei")
    page = holder.page
    for account, question in (("wulan", "云资源是否够用？"), ("liqiang", "等保定级是否合适？")):
        page.goto(f"/tasks/{task}")
        page.get_by_role("link", name="征询意见…").click()
        page.get_by_label("征询内容").fill(question)
        page.locator("details:not([open]) > summary").evaluate_all(
            "found => found.forEach(one => one.click())"
        )
        page.locator(f"input[name=to][value='u:{account}']").check()
        holder.picture(PICTURES, f"ask-{account}")
        page.get_by_role("button", name="发出征询").click()
        expect(page.locator("main")).to_contain_text("未答复")
    page.goto("/questions?mine=1")
    page.locator("section", has_text="等保定级是否合适？").get_by_role("button", name="撤回征询").click()
    expect(page.locator("section", has_text="等保定级是否合适？")).to_contain_text("已收回")

    asked = Desk(browser, server.address, "wulan", width=360)
    asked.page.goto("/questions")
    asked.page.locator("section", has_text="云资源是否够用？").get_by_label("我的意见").fill("够用，建议扩容")
    asked.picture(PICTURES, "questions-360")
    asked.page.get_by_role("button", name="答复", exact=True).first.click()
    expect(asked.page.locator("main")).to_contain_text("够用，建议扩容")
    asked.close()
    page.goto(f"/tasks/{task}")
    expect(page.locator("aside")).to_contain_text("够用，建议扩容")
    page.goto(f"/instances/{case}/history")
    for words in ("征询意见：", "够用，建议扩容", "撤回对李强的征询"):
        expect(page.locator("main")).to_contain_text(words)
    holder.close()
