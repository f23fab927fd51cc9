"""Takes the pictures of docs/screens: a demo office of its own, walked through in a headless Chromium.

`make screenshots` starts a server with an empty data folder, so every run shows the same people and cases.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from tests.provision import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screens"
WIDTHS: Mapping[str, tuple[int, int]] = {"desktop": (1440, 900), "phone": (360, 780)}
TALLEST = {"desktop": 1_300, "phone": 1_800}
"""Pictures of longer pages end here."""

MAX_BYTES = 200 * 1024
"""A picture that would be larger ends earlier still."""

OFFICER, CLERK, LEADER, OWNER, AUDITOR = "chenwei", "zhoumin", "sunlei", "owner", "yanming"
TAKEN_UP = "重新申报入库"
"""Stands in the reason for which the demo takes a case up again."""

READY_SECONDS = 300
PROCESS = "hongshan.project_approval"
FIGURE = "td[data-element-id=large_total] [contenteditable]"
EDITOR_MS = 90_000

APPROVAL = re.compile("审批$|^文本评审")
"""The tasks the story can be told with: an approval, else the review of a text."""

ANSWERS: Mapping[str, str] = {
    "verdict": "pass",
    "text_passed": "true",
    "opinion_text": "方案符合要求，同意。",
    "approval_no": "红数审批〔2026〕101号",
}
"""What the officer writes, by field name; fields the form does not have are passed over."""

Picture = Callable[[str], None]


def main() -> None:
    """Start the office, walk through it at both widths, write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", help="take them from this address instead of a server of its own")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the pictures")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    for name, size in WIDTHS.items():
        # The story sends a task, so each width has an office of its own.
        with _office(wanted.server) as address, _browser() as browser:
            _walk(browser, address, size, wanted.out, name)


# --------------------------------------------------------------------------- the walk
def _walk(browser: Browser, address: str, size: tuple[int, int], out: Path, width: str) -> None:
    def enter(account: str) -> tuple[Page, Picture]:
        page = _visitor(browser, address, size)
        if account:
            _sign_in(page, account)
        return page, _camera(page, out, width)

    page, shoot = enter("")
    page.goto("/sign-in")
    shoot("sign-in")
    _shoot_each(*enter(CLERK), {"start": "/start"})
    page, shoot = enter(OFFICER)
    _shoot_each(page, shoot, {"worklist": "/tasks"})
    _do_a_task(page, shoot)
    case = _look_at_the_case(page, shoot)
    _shoot_each(page, shoot, {"done": "/tasks/done", "search": "/search?q=系统"})
    _shoot_each(
        *enter(LEADER), {"supervision": "/supervision", "board": "/board", "calendar": "/calendar?whose=all"}
    )
    page, shoot = enter(AUDITOR)
    _shoot_each(page, shoot, {"why": f"{case}/why"})
    _look_at_both(page, shoot)
    _design(*enter(OWNER), editors=width == "desktop")


def _shoot_each(page: Page, shoot: Picture, addresses: Mapping[str, str]) -> None:
    for name, address in addresses.items():
        page.goto(address)
        page.wait_for_load_state("networkidle")
        shoot(name)


def _do_a_task(page: Page, shoot: Picture) -> None:
    page.get_by_role("link", name=APPROVAL).first.click()
    claim = page.locator("button[data-claim]")
    if claim.count():
        claim.first.click()
    _fill(page.locator("#task-form"))
    page.wait_for_load_state("networkidle")
    shoot("task")
    page.locator("#task-form button[data-submit]").click()
    page.wait_for_url("**/check")
    shoot("check")
    page.locator("button[data-submit]").click()
    page.wait_for_url("**/done")
    shoot("result")


def _design(page: Page, shoot: Picture, *, editors: bool) -> None:
    """What a process owner sees: a process, a table being tried, a changed figure and what stops it."""
    _shoot_each(page, shoot, {"process": f"/definitions/{PROCESS}"})
    page.goto("/definitions")
    table = page.locator("a[href^='/decisions/'][href$='tier']").first.get_attribute("href")
    assert table, "no link leads to the table"
    _shoot_each(page, shoot, {"decision": table})
    page.goto("/design")
    page.get_by_label("名称").fill("提高标准")
    page.get_by_role("button", name="新建草稿").first.click()
    page.wait_for_url(re.compile(r"/design/\w{20,}"))
    draft = page.url
    if not editors:
        return  # drawing needs a wide screen, and the pages say so
    page.goto(f"{draft}/edit/bpmn/project_approval.bpmn")
    page.wait_for_selector("#studio[data-ready]", timeout=EDITOR_MS)
    page.wait_for_load_state("networkidle")
    shoot("modeler")
    page.goto(f"{draft}/edit/dmn/tier.dmn")
    page.wait_for_selector("#studio[data-ready]", timeout=EDITOR_MS)
    page.locator(FIGURE).click()
    page.keyboard.press("Control+A")
    page.keyboard.type(">= 650000")
    page.locator("#save").click()
    page.wait_for_selector("#status[data-state=saved]", timeout=EDITOR_MS)
    shoot("table-editor")
    page.goto(f"{draft}/deploy?play=1", timeout=EDITOR_MS)
    page.locator("#scenarios").get_by_text("恰好60万元").first.wait_for(timeout=EDITOR_MS)
    shoot("deploy")


def _look_at_the_case(page: Page, shoot: Picture) -> str:
    """All pages of a case; gives its address."""
    case = page.locator("a[href^='/instances/']:not([href$='/print'])").last.get_attribute("href")
    assert case, "the result page leads to no case"
    for name in ("", "diagram", "history", "decisions", "materials", "print"):
        page.goto(f"{case}/{name}".rstrip("/"))
        if name == "diagram" and page.locator(".diagram[data-source]").count():
            page.locator(".djs-container").first.wait_for()
            page.wait_for_load_state("networkidle")
        shoot({"": "case", "history": "record"}.get(name, name))
    return case


def _look_at_both(page: Page, shoot: Picture) -> None:
    """An ended case that was taken up again, and the one that takes it up."""
    page.goto(f"/search?q={TAKEN_UP}&state=ended")
    page.locator("td.lead a").first.click()
    page.wait_for_load_state("networkidle")
    shoot("reopened")
    page.get_by_text("重新办理为").locator("a").first.click()
    page.wait_for_load_state("networkidle")
    shoot("successor")


def _fill(form: Locator) -> None:
    """Answer what is still open: our own words where the form asks for them, what is likely elsewhere."""
    for name, value in ANSWERS.items():
        fields = form.locator(f"[name='{name}']")
        for field in fields.all():
            _answer(field, value)
    for field in form.locator("input[aria-required='true'][inputmode='decimal']").all():
        if not field.input_value():
            field.fill("600000.00")


def _answer(field: Locator, value: str) -> None:
    kind = field.evaluate("e => e.type")
    if kind in ("radio", "checkbox"):
        if field.get_attribute("value") == value:
            field.check()
    elif kind in ("select-one",):
        field.select_option(value)
    elif kind not in ("hidden", "file"):
        field.fill(value)


# --------------------------------------------------------------------------- browser
@contextmanager
def _browser() -> Iterator[Browser]:
    chromium.ensure()
    with sync_playwright() as playwright:
        options: dict[str, Any] = dict(chromium.launch_options())
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


def _visitor(browser: Browser, address: str, size: tuple[int, int]) -> Page:
    width, height = size
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        locale="zh-CN",
        reduced_motion="reduce",
    )
    return context.new_page()


def _sign_in(page: Page, account: str) -> None:
    page.goto("/sign-in")
    button = page.locator(f"button[name='who'][value$=' {account}']").first
    button.evaluate("e => { const folded = e.closest('details'); if (folded) folded.open = true; }")
    button.click()
    page.wait_for_url("**/tasks")


def _camera(page: Page, out: Path, width: str) -> Picture:
    def shoot(name: str) -> None:
        file = out / f"{name}-{width}.png"
        inner = page.viewport_size or {"width": 0, "height": 0}
        full = {n: page.evaluate(f"document.documentElement.scroll{n}") for n in ("Width", "Height")}
        height = min(max(full["Height"], inner["height"]), TALLEST[width])
        size = _take(page, file, inner["width"], height)
        while size > MAX_BYTES:
            height = int(height * 0.95 * MAX_BYTES / size)
            size = _take(page, file, inner["width"], height)
        over = full["Width"] - inner["width"]
        note = f"  wider than the window by {over} px" if over > 0 else ""
        print(f"{file.name:<24} {inner['width']} x {height}  {size // 1024} KB{note}", flush=True)

    return shoot


def _take(page: Page, file: Path, width: int, height: int) -> int:
    """Write the top of the page as a picture; gives its size in bytes."""
    clip: Any = {"x": 0, "y": 0, "width": width, "height": height}
    page.screenshot(path=file, clip=clip, full_page=True, animations="disabled", caret="hide")
    return file.stat().st_size


# --------------------------------------------------------------------------- office
@contextmanager
def _office(address: str | None) -> Iterator[str]:
    """A demo office that lasts as long as the block, or the one that runs already."""
    if address:
        yield address.rstrip("/")
        return
    with tempfile.TemporaryDirectory(prefix="guicheng-screens-") as folder:
        port = _free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GUICHENG_")}
        environment |= {"GUICHENG_DEMO": "true", "GUICHENG_DATA_DIR": folder, "GUICHENG_LOG_LEVEL": "WARNING"}
        command = [sys.executable, "-c", "from server.cli import main; main()", "serve", "--prepare"]
        server = subprocess.Popen(
            [*command, "--port", str(port)], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            raise SystemExit(f"The server ended with code {server.returncode} before it answered.")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise SystemExit(f"The server did not answer within {READY_SECONDS} seconds.")


if __name__ == "__main__":
    main()
