"""A process owner's whole way: a figure is changed against the article, every effect is seen, it is repaired,
and an improvement gets a day. And an administrator's: a bundle from outside comes in and goes."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from server.bundles import archive
from server.bundles.scenario_files import read_scenario
from server.cli import house
from tests.e2e.conftest import ROOT, TENANT, Server
from tests.e2e.driver import WHO, Desk

pytestmark = pytest.mark.browser
PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None
STORY = ROOT / "tests" / "scenarios" / TENANT / "library_entry" / "large_600000_00.yaml"
FORM = "forms/f_library_entry.form"
OLD, NEW = "项目活动类型", "项目活动的类型"
CELL = "td[data-element-id=large_total] [contenteditable]"


def write_figure(page: Page, draft: str, figure: str) -> None:
    """Change the figure in the editor of the table, and save it."""
    page.goto(f"{draft}/edit/dmn/tier.dmn")
    page.wait_for_selector("#studio[data-ready]")
    page.locator(CELL).click()
    page.keyboard.press("Control+A")
    page.keyboard.type(figure)
    page.locator("#save").click()
    page.wait_for_selector("#status[data-state=saved]")


def upload(page: Page, file: Path) -> None:
    """Put a file that was edited elsewhere into the draft that is open."""
    page.get_by_label("文件", exact=True).first.set_input_files(file)
    page.get_by_role("button", name="上传").click()
    expect(page.get_by_role("link", name="检查并部署")).to_be_visible()


def deploy(page: Page, note: str, day: str = "") -> None:
    """Go through the steps of a draft that holds, to their end."""
    expect(page.locator("#scenarios")).to_contain_text("个情景全部成立")
    page.get_by_label("说明").fill(note)
    if day:
        page.locator("#f-effective").fill(day)
    tick = page.get_by_label(re.compile("已阅知"))
    if tick.count():
        tick.check()
    page.get_by_role("button", name=re.compile(r"部署 \d+ 项变更")).click()


def test_a_figure_against_the_article_is_seen_everywhere_and_repaired(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    told = read_scenario(STORY.read_bytes(), STORY.stem)
    clerk = Desk(browser, server.address, WHO[told.by])
    case = clerk.start(told.process, {**told.start, "total": "620000.00"}, tmp_path)
    clerk.close()
    desk = Desk(browser, server.address, "owner")
    page = desk.page
    page.goto("/design")
    page.get_by_label("名称").fill("提高标准")
    page.get_by_role("button", name="新建草稿").first.click()
    expect(page.locator("h1")).to_have_text("提高标准")
    draft = page.url
    write_figure(page, draft, ">= 650000")
    expect(page.locator("#findings")).to_contain_text("600,000")  # what the article says
    page.goto(f"{draft}/deploy?play=1")
    expect(page.locator("#steps")).to_contain_text("项错误，不能部署")
    expect(page.locator("#scenarios")).to_contain_text("恰好60万元")
    expect(page.get_by_role("button", name=re.compile(r"部署 \d+ 项变更"))).to_have_count(0)
    desk.picture(PICTURES, "walk-failing")
    page.goto(f"{draft}/would-change")
    expect(page.locator(f"tbody a[href^='{case}/']")).to_have_count(1)
    desk.picture(PICTURES, "walk-would-change")

    write_figure(page, draft, ">= 600000")
    page.goto(f"{draft}/would-change")
    expect(page.locator(f"tbody a[href^='{case}/']")).to_have_count(0)
    page.goto(draft)
    file = tmp_path / "f_library_entry.form"
    file.write_text((ROOT / "forms" / TENANT / file.name).read_text("utf-8").replace(OLD, NEW, 1), "utf-8")
    upload(page, file)
    page.goto(f"{draft}/deploy?play=1")
    day = page.locator("#f-effective").get_attribute("min") or ""
    assert day
    deploy(page, "第九条：活动类型改称", day)
    expect(page.locator("main")).to_contain_text("第九条：活动类型改称")
    assert "/deployments/releases/" in page.url
    page.get_by_role("link", name=re.compile(r"^部署 \d+$")).click()
    address = page.locator("main a[href*='/differences/']").first.get_attribute("href")
    page.goto(str(address))
    expect(page.locator("main")).to_contain_text(NEW)
    expect(page.locator("main")).not_to_contain_text("650000")
    desk.picture(PICTURES, "walk-difference")
    desk.close()


def test_a_bundle_from_outside_comes_in_and_is_gone_back_from(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    """A zip that was never here: looked at, tried, used by a case; then the old one again."""
    read = archive.read_folder(house.ROOT, TENANT)
    form = read.files[FORM].replace(OLD.encode(), f"{NEW}（新）".encode(), 1)
    bundle = tmp_path / "outside.zip"
    bundle.write_bytes(archive.write_zip(replace(read, files={**read.files, FORM: form})))
    desk = Desk(browser, server.address, "fangzheng")
    page = desk.page
    page.goto("/design")
    page.locator("#f-bundle").set_input_files(bundle)
    page.locator("form:has(#f-bundle) button[data-submit]").click()
    expect(page.get_by_role("link", name="检查并部署")).to_be_visible()
    draft = page.url
    page.goto(f"{draft}/groups")
    expect(page.locator("main")).to_contain_text("区政数局")
    page.goto(f"{draft}/deploy?play=1")
    deploy(page, "换用外来版本")
    expect(page.locator("main")).to_contain_text("新办件使用此部署")
    told = read_scenario(STORY.read_bytes(), STORY.stem)
    clerk = Desk(browser, server.address, WHO[told.by])
    clerk.page.goto(f"/start/{told.process}")
    expect(clerk.page.locator("main")).to_contain_text(f"{NEW}（新）")
    case = clerk.start(told.process, told.start, tmp_path)
    page.goto("/deployments")
    page.locator("tbody tr").last.get_by_role("link").click()
    page.get_by_label("说明").fill("恢复原版本")
    page.locator("form[action$='/activate'] button").click()
    expect(page.locator("main")).to_contain_text("恢复原版本")
    clerk.page.goto(f"/start/{told.process}")
    expect(clerk.page.locator("main")).not_to_contain_text(NEW)
    clerk.page.goto(case)
    expect(clerk.page.locator("h1")).to_contain_text(str(told.start["project_name"]))
    clerk.close()
    desk.close()
