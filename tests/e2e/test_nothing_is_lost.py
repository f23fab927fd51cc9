"""What somebody types outlives the end of their session, and a line that is cut while they send it."""

from __future__ import annotations

import sqlite3

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Server
from tests.e2e.driver import Desk

ACCOUNT, START = "zhoumin", "/start/hongshan.project_approval"
TYPED = "政务数据共享平台"
FIELD = "#task-form :is(textarea, input[type=text]):visible >> nth=0"


def _at_form(browser: Browser, server: Server, *, script: bool = True) -> Desk:
    """Somebody with a form before them."""
    desk = Desk(browser, server.address, ACCOUNT, script=script)
    desk.page.goto(START)
    desk.page.locator(FIELD).wait_for()
    return desk


def _sessions(server: Server, statement: str) -> None:
    with sqlite3.connect(server.data / "guicheng.db", timeout=30) as database:
        assert database.execute(statement).rowcount
    database.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("script", [True, False], ids=["scripted", "plain"])
def test_the_session_ends_while_typing(browser: Browser, server: Server, script: bool) -> None:
    """What is sent after the end is a draft when the person is back; where nobody can tell any more whose
    session it was, the page gives the text back."""
    desk = _at_form(browser, server, script=script)
    text = f"{TYPED}（{'一' if script else '二'}期）"
    desk.page.locator(FIELD).fill(text)
    _sessions(server, "update sign_in_session set expires_at = datetime('now', '-1 hour')")
    desk.page.locator("#task-form button[data-submit]").click()
    desk.page.wait_for_url("**/sign-in**")
    expect(desk.page.locator("main")).to_contain_text("所填内容已保存为草稿")
    desk.page.locator(f"button[name=who][value$=' {ACCOUNT}']").click()
    desk.page.wait_for_url(f"**{START}")
    expect(desk.page.locator(FIELD)).to_have_value(text)

    desk.page.locator(FIELD).fill(f"{text}二次修改")
    _sessions(server, "delete from sign_in_session")
    desk.page.locator("#task-form button[data-submit]").click()
    expect(desk.page.locator("h1")).to_have_text("登录已失效")
    expect(desk.page.locator("#typed")).to_contain_text(f"{text}二次修改")
    desk.close()


@pytest.mark.timeout(300)
def test_the_line_is_cut_while_sending(browser: Browser, server: Server) -> None:
    """The browser shows a page of its own; opened again, the form holds what was typed."""
    desk = _at_form(browser, server)
    text = f"{TYPED}（断网）"
    desk.page.locator(FIELD).fill(text)
    desk.context.set_offline(True)
    with desk.page.expect_event("requestfailed"):
        desk.page.locator("#task-form button[data-submit]").click(no_wait_after=True)
    desk.context.set_offline(False)
    desk.page.goto(START)
    expect(desk.page.locator(FIELD)).to_have_value(text)
    expect(desk.page.locator("#announcements")).to_have_text("已恢复上次未提交的内容。")
    desk.page.locator("#task-form button[name=_save]").click()
    desk.page.wait_for_url("**saved=1")
    other = _at_form(browser, server)
    expect(other.page.locator(FIELD)).to_have_value(text)
    other.close()
    desk.close()
