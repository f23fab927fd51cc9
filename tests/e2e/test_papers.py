"""Papers in the browser: phrases, files in their frame, new versions, the opinion sheet, verification."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from server.bundles.scenario_files import read_scenario
from server.services.archive_proof import prove
from tests.e2e.conftest import ROOT, Server
from tests.e2e.driver import WHO, Desk

SCENARIO = ROOT / "tests" / "scenarios" / "hongshan" / "library_entry" / "large_600000_00.yaml"
PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 44>>stream
BT /F1 24 Tf 40 150 Td (Version two) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""
NAMES = {"check_materials": "核对材料", "pre_review": "前置审核", "decide_review": "研究是否评审"}


def test_the_papers_of_a_case(browser: Browser, server: Server, tmp_path: Path) -> None:
    """From the file that is replaced over the phrase in the opinion to the package for the archive."""
    told = read_scenario(SCENARIO.read_bytes(), SCENARIO.stem)
    steps = {step.subject: step for step in told.steps if step.kind == "task" and step.acts}
    clerk = Desk(browser, server.address, WHO[told.by], width=360)
    case = clerk.start(told.process, told.start, tmp_path)
    _replace_a_file(clerk, case, tmp_path)
    clerk.close()
    for name in ("check_materials", "pre_review"):
        desk = Desk(browser, server.address, WHO[steps[name].by])
        if name == "pre_review":
            _let_be_missing(desk, case)
        desk.do(NAMES[name], dict(steps[name].values), tmp_path)
        desk.close()
    bureau = Desk(browser, server.address, WHO[steps["decide_review"].by])
    _decide_with_a_phrase(bureau, dict(steps["decide_review"].values), tmp_path)
    _read_the_opinions(bureau, case)
    code = _give_out(bureau, case)
    _archive(bureau, case, tmp_path)
    bureau.close()
    _verify(browser, server, code)


def _replace_a_file(clerk: Desk, case: str, files: Path) -> None:
    """On a telephone: the file, its new version, both in the list of versions."""
    page, new = clerk.page, files / "new.pdf"
    new.write_bytes(PDF)
    page.goto(f"{case}/materials")
    clerk.picture(PICTURES, "materials-360")
    page.locator("a[href$='/view']").first.click()
    page.wait_for_url("**/view")  # and the file in its frame: a click while that takes its place is lost
    page.get_by_label("新版文件").set_input_files(new)
    page.get_by_label("更换理由").fill("盖章页不清")
    page.get_by_role("button", name="更换").click()
    expect(page.locator(".versions li")).to_have_count(2)
    expect(page.locator("main")).to_contain_text("盖章页不清")
    clerk.picture(PICTURES, "file-360")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _let_be_missing(desk: Desk, case: str) -> None:
    """容缺: the holder of the step says why a document may come later, and then wants it after all."""
    page = desk.page
    page.goto("/tasks")
    page.get_by_role("link", name=NAMES["pre_review"], exact=True).first.click()
    page.locator("button[data-claim]").click()
    page.goto(f"{case}/materials")
    page.get_by_text("容缺…").first.click()
    page.locator(".checklist input[name=reason]").first.fill("一周内补交盖章件")
    desk.picture(PICTURES, "waive")
    page.locator(".checklist form[action$='/waive'] button").first.click()
    expect(page.locator(".checklist")).to_contain_text("一周内补交盖章件")
    page.get_by_role("button", name="取消容缺").click()
    expect(page.locator(".checklist")).not_to_contain_text("一周内补交盖章件")
    page.goto(f"{case}/history")
    for words in ("一周内补交盖章件", "取消容缺"):
        expect(page.locator("main")).to_contain_text(words)


def _decide_with_a_phrase(bureau: Desk, answers: dict[str, Any], files: Path) -> None:
    """The phrase is put behind what stands in the opinion, and goes into the record."""
    page = bureau.page
    page.goto("/phrases")
    page.get_by_label("新增常用语").first.fill("请按程序纳入项目库。")
    page.locator("form.phrase-row button.primary").first.click()
    bureau.picture(PICTURES, "phrases")
    page.goto("/tasks")
    page.get_by_role("link", name=NAMES["decide_review"], exact=True).first.click()
    page.locator("button[data-claim]").click()
    page.wait_for_load_state()
    bureau.fill(answers | {"opinion_text": "同意。"}, files)
    page.get_by_role("button", name="请按程序纳入项目库。").click()
    expect(page.locator("textarea[name=opinion_text]")).to_have_value("同意。\n请按程序纳入项目库。")
    bureau.picture(PICTURES, "opinion-with-phrase")
    page.locator("button[data-submit]").click()
    page.wait_for_url("**/check")
    page.locator("button[data-submit]").click()
    page.wait_for_url("**/done*")


def _read_the_opinions(bureau: Desk, case: str) -> None:
    """All of them on one sheet; the file of the case is shown in its frame."""
    page = bureau.page
    page.goto(case)
    bureau.picture(PICTURES, "case-with-papers")
    page.get_by_role("link", name="意见汇总").click()
    expect(page.locator("main")).to_contain_text("请按程序纳入项目库。")
    bureau.picture(PICTURES, "opinions")
    page.goto(f"{case}/materials")
    bureau.picture(PICTURES, "materials")
    page.locator("a[href$='/view']").first.click()
    expect(page.locator("iframe.preview")).to_be_visible()
    bureau.picture(PICTURES, "file")


def _give_out(bureau: Desk, case: str) -> str:
    """The opinion of the library, with its code."""
    page = bureau.page
    page.goto(f"{case}/documents/library_opinion")
    page.get_by_role("button", name="出具（附验证码）").click()
    expect(page.locator(".verification strong")).to_be_visible()
    bureau.picture(PICTURES, "document-issued")
    return page.locator(".verification strong").inner_text()


def _archive(bureau: Desk, case: str, files: Path) -> None:
    """The package is sound."""
    page = bureau.page
    page.goto(case)
    with page.expect_download() as begun:
        page.get_by_role("button", name="归档包").click()
    begun.value.save_as(files / "case.zip")
    with (files / "case.zip").open("rb") as file:
        assert prove(file).faults == ()
    with zipfile.ZipFile(files / "case.zip") as book:
        assert PDF in [book.read(name) for name in book.namelist() if name.startswith("files/")]
        book.extractall(files / "case")
    if PICTURES is not None:
        page.goto((files / "case" / "index.html").as_uri())
        bureau.picture(PICTURES, "archive-index")
        page.goto("/tasks")


def _verify(browser: Browser, server: Server, code: str) -> None:
    """A stranger with a telephone: the code from the paper, once wrong, once right."""
    stranger = browser.new_page(
        base_url=server.address, locale="zh-CN", viewport={"width": 360, "height": 800}
    )
    stranger.goto(f"/verify?code={re.sub(' ', '', code)}")
    stranger.get_by_label("验证码").fill("2" * 16)
    stranger.get_by_role("button", name="核验").click()
    expect(stranger.locator("main")).to_contain_text("没有该验证码的文书")
    stranger.get_by_label("验证码").fill(code)
    stranger.get_by_role("button", name="核验").click()
    expect(stranger.locator("main")).to_contain_text("核验属实")
    if PICTURES is not None:
        stranger.screenshot(path=PICTURES / "verify-360.png", full_page=True)
    stranger.close()
