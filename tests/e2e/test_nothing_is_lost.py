"""What somebody types outlives the end of their session, a line that is cut while they send it, and a server
that dies before it answers."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from server.bundles.scenario_files import read_scenario
from tests.e2e.conftest import ROOT, Server, serve
from tests.e2e.driver import WHO, Desk
from tests.nursery import Child
from tests.patience import PATIENCE

ACCOUNT, START = "zhoumin", "/start/hongshan.project_approval"
STORY = ROOT / "tests" / "scenarios" / "hongshan" / "library_entry" / "large_600000_00.yaml"
TYPED = "政务数据共享平台"
SEND, SAVE = "button[data-submit]", "button[name=_save]"
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


def _send(desk: Desk, how: Callable[[Route], None], target: str, button: str = SEND) -> None:
    """Press a button; what becomes of the request is `how`'s to say, no answer comes, and the browser shows
    its own page of errors: opening another one before that is there would race with it."""
    desk.context.route(target, how, times=1)
    with desk.page.expect_event("requestfailed", Request.is_navigation_request):
        desk.page.locator(button).click(no_wait_after=True)
    desk.page.wait_for_url("chrome-error://**")


@pytest.mark.parametrize("button", [SEND, SAVE], ids=["sent", "saved"])
@pytest.mark.parametrize("script", [True, False], ids=["scripted", "plain"])
def test_the_session_ends_while_typing(browser: Browser, server: Server, script: bool, button: str) -> None:
    """What is sent or saved after the end is a draft when the person is back; where nobody can tell any more
    whose session it was, the page gives the text back."""
    desk = _at_form(browser, server, script=script)
    text = f"{TYPED}（{'一' if script else '二'}期{'' if button == SEND else '暂存'}）"
    desk.page.locator(FIELD).fill(text)
    _sessions(server, "update sign_in_session set expires_at = datetime('now', '-1 hour')")
    desk.page.locator(f"#task-form {button}").click()
    desk.page.wait_for_url("**/sign-in**")
    expect(desk.page.locator("main")).to_contain_text("所填内容已保存为草稿")
    desk.page.locator(f"button[name=who][value$=' {ACCOUNT}']").click()
    desk.page.wait_for_url(f"**{START}")
    expect(desk.page.locator(FIELD)).to_have_value(text)

    desk.page.locator(FIELD).fill(f"{text}二次修改")
    _sessions(server, "delete from sign_in_session")
    desk.page.locator(f"#task-form {button}").click()
    expect(desk.page.locator("h1")).to_have_text("登录已失效")
    expect(desk.page.locator("#typed")).to_contain_text(f"{text}二次修改")
    desk.close()


def test_the_line_is_cut(browser: Browser, server: Server) -> None:
    """While it is sent or saved: the browser shows a page of its own. While the page saves it by itself: it
    says so. Opened again, the form holds what was typed."""
    desk = _at_form(browser, server)

    def is_back(text: str) -> None:
        expect(desk.page.locator(FIELD)).to_have_value(text)
        expect(desk.page.locator("#announcements")).to_have_text("已恢复上次未提交的内容。")

    # Nothing may arrive by another way: the page saves a draft of its own after two seconds.
    desk.context.route("**/draft", lambda route: route.abort("internetdisconnected"))
    for button in (SEND, SAVE):
        text = f"{TYPED}（断网，{button}）"
        desk.page.locator(FIELD).fill(text)
        _send(desk, lambda route: route.abort("internetdisconnected"), f"**{START}", button)
        desk.page.goto(START)
        is_back(text)
    text = f"{TYPED}（断网，未点按钮）"
    desk.page.locator(FIELD).fill(text)
    desk.page.locator(FIELD).blur()
    expect(desk.page.locator("#announcements")).to_contain_text("无法连接服务器")
    desk.page.reload()
    is_back(text)
    desk.context.unroute("**/draft")
    desk.page.locator(FIELD).fill(f"{text}，已恢复")
    desk.page.locator(FIELD).blur()
    expect(desk.page.locator("#draft")).to_contain_text("草稿已保存")
    assert desk.page.evaluate("Object.keys(sessionStorage).filter(name => name.startsWith('typed:'))") == []
    text = f"{text}，已恢复"
    desk.page.locator("#task-form button[name=_save]").click()
    desk.page.wait_for_url("**saved=1")
    other = _at_form(browser, server)
    expect(other.page.locator(FIELD)).to_have_value(text)
    other.close()
    desk.close()


@dataclass
class Mortal:
    """A server that is killed and comes back at the same address, as after a power cut."""

    data: Path
    process: Child
    address: str

    @property
    def url(self) -> str:
        """Its database."""
        return f"sqlite:///{self.data / 'guicheng.db'}"

    def die(self) -> None:
        """Without a chance to finish anything."""
        self.process.kill()
        self.process.wait(timeout=PATIENCE)

    def die_before_it_hears(self, route: Route) -> None:
        """Frozen when the request comes, then gone: it has arrived at the machine and is never read."""
        self.process.send_signal(signal.SIGSTOP)
        route.continue_()
        self.die()

    def die_before_it_answers(self, route: Route) -> None:
        """All is done and written; nobody is told."""
        assert route.fetch(max_redirects=0).status == 303
        self.die()
        route.abort("connectionreset")

    def rise(self) -> None:
        """Start it again."""
        port = int(self.address.rpartition(":")[2])
        self.process, self.address = serve(self.data, self.url, port)


@pytest.fixture
def mortal(tmp_path: Path, prepared: Path) -> Iterator[Mortal]:
    """A server of this test's own."""
    shutil.copytree(prepared, tmp_path / "data")
    process, address = serve(tmp_path / "data", f"sqlite:///{tmp_path / 'data' / 'guicheng.db'}")
    made = Mortal(tmp_path / "data", process, address)
    yield made
    made.die()


def test_the_server_dies_while_somebody_sends(browser: Browser, mortal: Mortal, tmp_path: Path) -> None:
    """Killed before it reads the draft, or the form: what was typed is put back. Killed after the case is
    begun and before it says so: the case is there once, and who looks again is led to it."""
    told = read_scenario(STORY.read_bytes(), STORY.stem)
    desk = Desk(browser, mortal.address, WHO[told.by])
    page, start = desk.page, f"/start/{told.process}"
    page.goto(start)
    desk.fill(told.start, tmp_path)
    typed = page.locator(FIELD).input_value()
    assert typed
    for button in (SAVE, SEND):
        _send(desk, mortal.die_before_it_hears, f"**{start}", button)
        mortal.rise()
        page.goto(start)
        expect(page.locator(FIELD)).to_have_value(typed)

    desk.fill_and_check(told.start, tmp_path)
    _send(desk, mortal.die_before_it_answers, "**/submit")
    mortal.rise()
    page.goto(f"{start}/check")
    page.wait_for_url("**/start/done/*")
    expect(page.locator("main")).to_contain_text(typed)
    with sqlite3.connect(mortal.data / "guicheng.db", timeout=30) as database:
        begun = database.execute("select id, title from process_instance").fetchall()
    database.close()
    assert [title for _id, title in begun] == [typed]
    desk.close()
