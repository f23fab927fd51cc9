"""The studio in a browser: a draft, a file edited elsewhere, findings, a deployment, a case on it, back."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from server.bundles.scenario_files import read_scenario
from tests.e2e.conftest import ROOT, Server
from tests.e2e.driver import WHO, Desk

PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None
FORM = ROOT / "forms" / "hongshan" / "f_library_entry.form"
SCENARIO = ROOT / "tests" / "scenarios" / "hongshan" / "project_approval" / "large_600000_00.yaml"
BEGIN = "/start/hongshan.library_entry"


@pytest.mark.parametrize("script", [True, False])
def test_a_draft_comes_into_use_and_is_gone_back_from(
    browser: Browser, server: Server, tmp_path: Path, script: bool
) -> None:
    """With and without JavaScript. People see the new form at once, and the old one after going back."""
    desk = Desk(browser, server.address, "fangzheng", script=script)
    page = desk.page
    page.get_by_role("link", name="设计", exact=True).click()
    expect(page.locator("h1")).to_have_text("设计")
    page.get_by_label("名称").fill("活动类型改称")
    page.get_by_role("button", name="新建草稿").first.click()
    expect(page.locator("h1")).to_have_text("活动类型改称")
    desk.picture(PICTURES, f"draft-{script}")

    broken = tmp_path / "f_library_entry.form"
    broken.write_text("{", "utf-8")
    page.get_by_label("文件", exact=True).first.set_input_files(broken)
    page.get_by_role("button", name="上传").click()
    expect(page.locator("h1")).to_have_text("文件不能这样保存")
    page.go_back()

    wrong = FORM.read_text("utf-8").replace('"key": "project_name"', '"key": "project name"', 1)
    upload(desk, tmp_path, wrong)
    expect(page.locator("#findings")).to_contain_text("错误")
    desk.picture(PICTURES, f"findings-{script}")
    page.get_by_role("link", name="检查并部署").click()
    expect(page.locator("#steps")).to_contain_text("项错误，不能部署")
    page.get_by_role("link", name="返回草稿").click()

    upload(desk, tmp_path, FORM.read_text("utf-8").replace('"项目活动类型"', '"项目活动的类型"', 1))
    page.get_by_role("link", name="检查并部署").click()
    run = page.get_by_role("link", name="运行全部情景")
    if not script and run.count():  # they are known where the same files were tried before
        run.click()
    expect(page.locator("#scenarios")).to_contain_text("个情景全部成立")
    desk.picture(PICTURES, f"steps-{script}")
    page.get_by_label("说明").fill("第九条：活动类型改称")
    tick = page.get_by_label(re.compile("已阅知"))
    if tick.count():
        tick.check()
    page.get_by_role("button", name=re.compile("部署 1 项变更")).click()
    expect(page.locator("main")).to_contain_text("新办件使用此部署")
    desk.picture(PICTURES, f"deployed-{script}")

    clerk = Desk(browser, server.address, "zhoumin", script=script)
    clerk.page.goto(BEGIN)
    expect(clerk.page.locator("form").filter(has_text="项目活动的类型").first).to_be_visible()
    if script:
        told = read_scenario(SCENARIO.read_bytes(), SCENARIO.stem)
        starter = Desk(browser, server.address, WHO[told.by])
        assert starter.start(told.process, told.start, tmp_path)
        starter.close()

    page.goto("/deployments")
    desk.picture(PICTURES, f"deployments-{script}")
    page.locator("tbody tr").last.get_by_role("link").click()
    page.get_by_label("说明").fill("恢复原表单")
    page.locator("form[action$='/activate'] button").click()
    expect(page.locator("main")).to_contain_text("恢复原表单")
    clerk.page.goto(BEGIN)
    expect(clerk.page.locator("main")).to_contain_text("项目活动类型")
    expect(clerk.page.locator("main")).not_to_contain_text("项目活动的类型")
    clerk.close()
    desk.close()


def upload(desk: Desk, folder: Path, text: str) -> None:
    """Put the form, edited elsewhere, into the draft."""
    file = folder / "f_library_entry.form"
    file.write_text(text, "utf-8")
    desk.page.get_by_label("文件", exact=True).first.set_input_files(file)
    desk.page.get_by_role("button", name="上传").click()
    expect(desk.page.locator("h1")).to_have_text("活动类型改称")


def test_two_who_open_the_same_page(browser: Browser, server: Server, tmp_path: Path) -> None:
    """Whoever was slower is told who was faster; on a telephone nothing is wider than the screen."""
    first = Desk(browser, server.address, "fangzheng")
    first.page.goto("/design")
    first.page.get_by_label("名称").fill("活动类型改称")
    first.page.get_by_role("button", name="新建草稿").first.click()
    expect(first.page.locator("h1")).to_have_text("活动类型改称")
    second = Desk(browser, server.address, "fangzheng", width=360)
    second.page.goto(first.page.url)
    second.picture(PICTURES, "draft-360")
    upload(first, tmp_path, FORM.read_text("utf-8").replace('"项目活动类型"', '"项目活动的类型"', 1))
    file = tmp_path / "f_library_entry.form"
    file.write_text(FORM.read_text("utf-8").replace('"项目活动类型"', '"活动类型"', 1), "utf-8")
    second.page.get_by_label("文件", exact=True).first.set_input_files(file)
    second.page.get_by_role("button", name="上传").click()
    expect(second.page.locator("h1")).to_have_text("已有他人先行办理")
    draft = first.page.url
    shown = (draft, f"{draft}/deploy", f"{draft}/findings", "/design")
    for address in (*shown, "/deployments", "/deployments/groups", "/deployments/log"):
        second.page.goto(address)
        wide = second.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, (address, wide)
        name = address.rpartition("/")[2]
        second.picture(PICTURES, f"360-{name}")
    first.close()
    second.close()
