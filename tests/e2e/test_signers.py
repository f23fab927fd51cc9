"""前加签, 后加签 and 减签 in the browser: asked, signed, objected, called off; also on a telephone."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from server.bundles.scenario_files import read_scenario
from tests.e2e.conftest import ROOT, Server, inside
from tests.e2e.driver import WHO, Desk
from tests.services.test_panel import at_the_experts, round_of

SCENARIO = ROOT / "tests" / "scenarios" / "hongshan" / "project_approval" / "large_600000_00.yaml"
PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None
OPINION = {"verdict": "pass", "opinion_text": "资金来源清楚，同意"}


def ask(desk: Desk, when: str, who: str, why: str) -> None:
    """Ask somebody to sign, on the page of added signers."""
    desk.page.get_by_role("radio", name=re.compile(when)).check()
    desk.page.locator("#f-who").select_option(who)
    desk.page.locator("#f-reason").fill(why)
    desk.page.locator("form:has(#f-who) button[data-submit]").click()
    expect(desk.page.locator("main")).to_contain_text("已加签。")


def test_signing_before_and_after(browser: Browser, server: Server, tmp_path: Path) -> None:
    """The holder asks one before and one after; the case moves on when both agree."""
    told = read_scenario(SCENARIO.read_bytes(), SCENARIO.stem)
    starter = Desk(browser, server.address, WHO[told.by])
    case = starter.start(told.process, told.start, tmp_path)
    starter.close()

    holder = Desk(browser, server.address, "chenwei")
    holder.page.goto("/tasks")
    holder.page.get_by_role("link", name="核对材料").first.click()
    holder.page.locator("button[data-claim]").click()
    holder.page.get_by_role("link", name="加签…").click()
    task = holder.page.url.removesuffix("/signers")
    holder.picture(PICTURES, "signers-empty")
    ask(holder, "前加签", "wulan", "请核对云资源是否重复")
    ask(holder, "后加签", "sunlei", "请复核")
    ask(holder, "后加签", "liqiang", "请一并看")
    holder.picture(PICTURES, "signers-asked")
    off = holder.page.locator("li", has_text="请一并看")
    off.get_by_text("减签", exact=True).first.click()
    off.locator("textarea").fill("无需公安复核")
    holder.picture(PICTURES, "signers-off")
    off.locator("button[data-submit]").click()
    expect(holder.page.locator("main")).to_contain_text("已减签。")
    holder.page.goto(task)
    expect(holder.page.locator("main")).to_contain_text("未签")
    holder.picture(PICTURES, "signers-task")

    before = Desk(browser, server.address, "wulan", width=360)
    before.page.goto("/tasks")
    before.picture(PICTURES, "signers-worklist-360")
    before.page.get_by_role("link", name=re.compile("（前加签）")).first.click()
    expect(before.page.locator("main")).to_contain_text("请您在办理前签署：请核对云资源是否重复")
    before.picture(PICTURES, "signers-sign-360")
    before.fill_and_check(OPINION, tmp_path)
    before.picture(PICTURES, "signers-check-360")
    before.page.locator("button[data-submit]").click()
    before.page.wait_for_url("**/done*")
    before.close()

    step = next(s for s in told.steps if (s.kind, s.subject) == ("task", "check_materials"))
    holder.page.goto(task)
    expect(holder.page.locator("main")).to_contain_text("资金来源清楚，同意")
    assert isinstance(step.values, dict)
    holder.fill_and_check(step.values, tmp_path)
    holder.page.locator("button[data-submit]").click()
    holder.page.wait_for_url("**/done*")

    after = Desk(browser, server.address, "sunlei")
    after.page.goto("/tasks")
    after.page.get_by_role("link", name=re.compile("（后加签）")).first.click()
    after.fill_and_check(OPINION, tmp_path)
    after.page.locator("button[data-submit]").click()
    after.page.wait_for_url("**/done*")
    after.close()

    holder.page.goto(f"{case}/history")
    for words in ("前加签：", "请核对云资源是否重复", "后加签：", "减签：", "无需公安复核", "已签："):
        expect(holder.page.locator("main")).to_contain_text(words)
    holder.picture(PICTURES, "signers-record")
    holder.page.set_viewport_size({"width": 360, "height": 800})
    holder.picture(PICTURES, "signers-record-360")
    holder.close()


def test_signing_together(browser: Browser, server: Server, tmp_path: Path) -> None:
    """会签: two experts are asked; who sent it takes one out and adds him again; both sign, and the case goes
    on."""
    with inside(server) as office:
        case, _task = at_the_experts(office)
        first = round_of(office, case, "baoyin")
    sender = Desk(browser, server.address, "chenwei")
    page = sender.page
    page.goto(f"/tasks/{first}/joint")
    expect(page.locator("main")).to_contain_text("已签0人，共2人")
    out = page.locator("li", has_text="高山")
    out.get_by_text("减签", exact=True).first.click()
    out.locator("textarea").fill("有利害关系")
    out.locator("button[data-submit]").click()
    expect(page.locator("main")).to_contain_text("已减签")
    page.goto(f"/tasks/{first}/joint")
    page.locator("#f-who").select_option("gaoshan")
    page.locator("#f-reason").fill("经核实无利害关系")
    sender.picture(PICTURES, "joint")
    page.get_by_role("button", name="添加").click()
    expect(page.locator("main")).to_contain_text("共2人")
    for account in ("baoyin", "gaoshan"):
        expert = Desk(browser, server.address, account, width=360)
        expert.page.locator("tr[data-row] td.lead a").first.click()
        expert.fill_and_check(
            {"no_conflict": True, "verdict": "pass", "opinion_text": f"{account}同意"}, tmp_path
        )
        expert.picture(PICTURES, f"joint-{account}-360")
        expert.page.locator("button[data-submit]").click()
        expert.page.wait_for_url("**/done*")
        expert.close()
    page.goto(f"/instances/{case}/history")
    for words in ("减签：", "有利害关系", "增加会签：", "经核实无利害关系", "baoyin同意", "gaoshan同意"):
        expect(page.locator("main")).to_contain_text(words)
    sender.close()
