"""Looking after people in the browser: a list is looked at and entered, the newcomer signs in, somebody is
recused and told why they may not act."""

from __future__ import annotations

import os
from pathlib import Path

import pyotp
from playwright.sync_api import Browser, Page, expect

from server.bundles.scenario_files import read_scenario
from tests.e2e.conftest import ROOT, Server
from tests.e2e.driver import WHO, Desk

SCENARIO = ROOT / "tests" / "scenarios" / "hongshan" / "project_approval" / "large_600000_00.yaml"
PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None
LIST = (
    "账号,姓名,岗位,部门编码,部门,用户组\nlixin,李新,审批科,data,,data_bureau\nsunlei,孙磊,局长,nowhere,,\n"
)


def newcomer(browser: Browser, address: str, password: str) -> Page:
    """Somebody new signs in and chooses a password of their own."""
    page = browser.new_context(base_url=address, locale="zh-CN").new_page()
    page.goto("/sign-in")
    page.get_by_label("账号").fill("lixin")
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.locator("h1")).to_have_text("设置本人密码")
    page.get_by_label("新密码", exact=False).first.fill("一个新的好密码2026")
    page.get_by_label("再次输入新密码").fill("一个新的好密码2026")
    page.get_by_role("button", name="继续").click()
    expect(page.locator("h1")).to_contain_text("待办")
    return page


def test_people_from_a_list_to_a_recusal(browser: Browser, server: Server, tmp_path: Path) -> None:
    """An admin enters a list; the newcomer signs in and sets up a second factor; a clerk is recused."""
    told = read_scenario(SCENARIO.read_bytes(), SCENARIO.stem)
    starter = Desk(browser, server.address, WHO[told.by])
    case = starter.start(told.process, told.start, tmp_path)
    starter.close()

    admin = Desk(browser, server.address, "fangzheng")
    admin.page.goto("/people/import")
    (tmp_path / "人员.csv").write_text(LIST, "utf-8")
    admin.page.get_by_label("名单文件").set_input_files(tmp_path / "人员.csv")
    admin.page.get_by_role("button", name="预览").click()
    expect(admin.page.locator("main")).to_contain_text("没有部门“nowhere”")
    admin.picture(PICTURES, "people-preview")
    admin.page.get_by_role("button", name="确认导入").click()
    password = admin.page.locator("code").inner_text()
    admin.picture(PICTURES, "people-entered")
    page = newcomer(browser, server.address, password)
    page.goto("/account/second-factor")
    page.get_by_label("当前显示的6位数字").fill(pyotp.TOTP(page.locator("code").inner_text()).now())
    page.get_by_role("button", name="启用").click()
    expect(page.locator("h1")).to_have_text("动态口令已启用")

    clerk = Desk(browser, server.address, WHO["data_bureau"], width=360)
    clerk.page.goto(case)
    clerk.page.get_by_role("link", name="回避", exact=True).click()
    clerk.page.get_by_label("回避理由").fill("申请单位负责人是本人亲属")
    clerk.picture(PICTURES, "recusal-360")
    clerk.page.get_by_role("button", name="确认回避").click()
    expect(clerk.page.locator("main")).to_contain_text("不得参与本办件")
    clerk.page.goto(f"/why?case={case}")
    expect(clerk.page.locator("main")).to_contain_text("各项条件均满足")
    page.goto("/tasks")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    task = page.url
    clerk.page.goto(task)
    expect(clerk.page.locator("main")).to_contain_text("您已回避，不得办理本办件")
    clerk.page.locator("#task").get_by_role("link", name="为何我不能办理").click()
    expect(clerk.page.locator("main")).to_contain_text("申请单位负责人是本人亲属")
    clerk.picture(PICTURES, "why-360")
    clerk.page.goto(f"{case}/history")
    expect(clerk.page.locator("main")).to_contain_text("回避：")

    admin.page.goto(f"{case}/recusals")
    admin.page.get_by_role("button", name="解除回避").click()
    clerk.page.goto(f"{case}/history")
    expect(clerk.page.locator("main")).to_contain_text("解除回避：")
    admin.page.goto("/rights")
    expect(admin.page.locator("main")).to_contain_text("回避办件")
    admin.picture(PICTURES, "rights")
    for name, address in (
        ("people", "/people"),
        ("person", "/people/lixin"),
        ("departments", "/departments"),
    ):
        admin.page.goto(address)
        admin.picture(PICTURES, name)
    page.context.close()
    clerk.close()
    admin.close()
