"""Two real projects, one cent apart, driven through the browser to their different approved documents."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from server.bundles.scenario_files import Scenario, read_scenario
from tests.e2e.conftest import ROOT, Server
from tests.e2e.driver import WHO, Desk

SCENARIOS = ROOT / "tests" / "scenarios" / "hongshan"
PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None


def scenario(name: str) -> Scenario:
    """A scenario of Hongshan."""
    return read_scenario((SCENARIOS / f"{name}.yaml").read_bytes(), name)


NAMES = {
    "check_materials": "核对材料",
    "text_review": "文本评审",
    "review_crypto": "审核密码应用",
    "review_protection": "审核等保定级",
    "decide_feasibility": "可研报告审批",
    "decide_design": "初步设计审批",
    "decide_plan": "实施方案审批",
    "pre_review": "前置审核",
    "decide_review": "研究是否评审",
}


def play(
    browser: Browser, server: Server, told: Scenario, files: Path, *, script: bool, pictures: Path | None
) -> str:
    """Play a scenario as its people; gives the address of the case."""
    desk = Desk(browser, server.address, WHO[told.by], script=script)
    case = desk.start(told.process, told.start, files)
    desk.close()
    for step in told.steps:
        if step.kind != "task" or not step.acts:
            continue
        assert isinstance(step.values, dict)
        if "approval_no" in step.values:  # each exists once, and the cases of this office share its numbers
            step.values["approval_no"] = f"红数审批〔2026〕{Path(told.path).stem}号"
        desk = Desk(browser, server.address, WHO[step.by], script=script)
        desk.do(NAMES[step.subject], step.values, files, pictures)
        desk.close()
    return case


@pytest.mark.parametrize(
    ("name", "documents", "script"),
    [
        pytest.param(
            "large_600000_00", ["可研报告审批", "初步设计审批"], True, id="600,000.00, with scripts"
        ),
        pytest.param("small_599999_99", ["实施方案审批"], False, id="599,999.99, without scripts"),
    ],
)
def test_a_project_reaches_its_documents(
    browser: Browser, server: Server, tmp_path: Path, name: str, documents: list[str], script: bool
) -> None:
    """600,000.00 needs feasibility report and preliminary design, 599,999.99 the implementation plan."""
    told = scenario(f"project_approval/{name}")
    pictures = PICTURES / name if PICTURES and script else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    case = play(browser, server, told, tmp_path, script=script, pictures=pictures)
    auditor = Desk(browser, server.address, "auditor", script=script)
    page = auditor.page
    page.goto(case)
    expect(page.locator("main")).to_contain_text("批准")
    auditor.picture(pictures, "9-case")
    page.goto(f"{case}/history")
    for document in ("可研报告审批", "初步设计审批", "实施方案审批"):
        shown = page.locator("main").get_by_text(document).count() > 0
        assert shown == (document in documents), document
    page.goto(f"{case}/decisions")
    expect(page.locator("main")).to_contain_text("第12条第1项")
    auditor.picture(pictures, "9-decisions")
    page.goto(f"{case}/print")
    auditor.picture(pictures, "9-print")
    sheet = page.request.get(f"{case}/print.pdf")
    assert sheet.ok
    assert sheet.body().startswith(b"%PDF-")
    auditor.close()


def test_a_project_enters_the_library(browser: Browser, server: Server, tmp_path: Path) -> None:
    """Application, check, pre-review, no expert review: in the library; the unit finds it when it applies."""
    told = scenario("library_entry/large_600000_00")
    case = play(browser, server, told, tmp_path, script=True, pictures=PICTURES)
    clerk = Desk(browser, server.address, "zhoumin")
    clerk.page.goto(case)
    expect(clerk.page.locator("main")).to_contain_text("纳入项目库")
    clerk.page.goto("/start/hongshan.project_approval")
    expect(clerk.page.locator("#f-project_id")).to_contain_text(str(told.start["project_name"]))
    clerk.close()


LIST = """项目名称,建设单位,依据文件,依据日期,已入项目库,总投资,项目活动类型
老旧校园网改造,区教育局,红政数库〔2024〕7号,2024-03-05,是,820000,升级改造
另一个项目,没有的局,红政数库〔2024〕8号,2024-03-06,是,,
"""


def test_a_project_from_before_is_brought_in(browser: Browser, server: Server, tmp_path: Path) -> None:
    """An admin enters a list and corrects a figure with a reason; the unit is not asked again."""
    (tmp_path / "存量项目.csv").write_text(LIST, "utf-8")
    admin = Desk(browser, server.address, "fangzheng", width=360)
    page, main = admin.page, admin.page.locator("main")
    page.goto("/projects")
    page.get_by_role("link", name="存量项目补录").click()
    page.get_by_label("项目清单").set_input_files(tmp_path / "存量项目.csv")
    page.get_by_role("button", name="预览").click()
    expect(main).to_contain_text("没有建设单位“没有的局”")
    expect(main).to_contain_text("总投资：820,000.00")
    admin.picture(PICTURES, "past-preview-360")
    page.get_by_role("button", name="确认补录").click()
    expect(main).to_contain_text("新增 1 个项目")
    page.goto("/projects?q=老旧校园网改造")
    page.get_by_role("link", name="老旧校园网改造").click()
    project = page.url
    page.get_by_role("link", name="补录…").click()
    page.get_by_label("依据文件").fill("红政数库〔2024〕7号（更正）")
    page.get_by_label("依据日期").fill("2024-03-08")
    page.get_by_label("总投资", exact=True).fill("860000")
    page.get_by_role("button", name="录入").click()
    expect(main).to_contain_text("总投资已录入为820,000.00，更正须说明理由")
    admin.picture(PICTURES, "past-refused-360")
    page.get_by_label("更正理由").fill("原件为八十六万元")
    page.get_by_role("button", name="录入").click()
    expect(page.locator("#past")).to_contain_text("820,000.00 → 860,000.00")
    admin.picture(PICTURES, "past-project-360")
    page.goto("/projects/past")
    expect(main).to_contain_text("更正理由：原件为八十六万元")
    admin.close()
    clerk = Desk(browser, server.address, "zhoumin")
    clerk.page.goto(f"/start/hongshan.project_approval?project={project.rsplit('/', 1)[1]}")
    expect(clerk.page.locator("#f-total")).to_have_value("860,000.00")
    clerk.page.goto("/projects/new")
    expect(clerk.page.locator("main")).to_contain_text("管理员")
    clerk.close()
