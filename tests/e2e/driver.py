"""What people do with the pages, in their own words: sign in, start, claim, fill, check, send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.patience import BROWSER

WHO = {
    "project_unit": "zhoumin",
    "data_bureau": "chenwei",
    "mengdong_centre": "wulan",
    "secrecy_crypto_office": "zhangjing",
    "public_security": "liqiang",
    "expert": "baoyin",
    "third_party_agency": "tianhe",
    "bureau_head": "sunlei",
}
"""The demo person who acts for a group of a scenario."""


QUIET = "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')"


class Desk:
    """One person's browser. Works with and without JavaScript; an answer of 500 fails the test at once."""

    def __init__(
        self, browser: Browser, address: str, account: str, *, script: bool = True, width: int = 1440
    ) -> None:
        self.context = browser.new_context(
            base_url=address, locale="zh-CN", timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": 900}, java_script_enabled=script,
        )  # fmt: skip
        self.context.set_default_timeout(BROWSER)
        self.script = script
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("response", lambda r: self.faults.append(r.url) if r.status >= 500 else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto("/sign-in")
        self.page.locator(f"button[name=who][value$=' {account}']").click()
        expect(self.page.locator("h1")).to_contain_text("待办")

    def close(self) -> None:
        """Leave; whatever went wrong on the way is told now."""
        self.context.close()
        assert not self.faults, self.faults

    def picture(self, folder: Path | None, name: str) -> None:
        """Keep a picture of the page for people to look at."""
        if folder is not None:
            self.page.screenshot(path=folder / f"{name}.png", full_page=True)

    def start(self, process: str, answers: Mapping[str, Any], files: Path) -> str:
        """Start a process with a filled form; gives the address of the case."""
        self.page.goto(f"/start/{process}")
        self.fill_and_check(answers, files)
        self.page.locator("button[data-submit]").click()
        self.page.wait_for_url("**/done/*")
        link = self.page.locator("a[href^='/instances/']").first.get_attribute("href") or ""
        return re.sub(r"/print.*", "", link)

    def do(self, task: str, answers: Mapping[str, Any], files: Path, pictures: Path | None = None) -> None:
        """Open a task of the worklist by its name, claim it if need be, fill it, check it, send it."""
        self.page.goto("/tasks")
        self.picture(pictures, f"{task}-0-worklist")
        self.page.get_by_role("link", name=task, exact=True).first.click()
        self.page.wait_for_load_state()
        claim = self.page.locator("button[data-claim]")
        if claim.count():
            claim.click()
            self.page.wait_for_load_state()
        self.fill_and_check(answers, files, pictures, task)
        self.picture(pictures, f"{task}-2-check")
        self.page.locator("button[data-submit]").click()
        self.page.wait_for_url("**/done*")
        self.picture(pictures, f"{task}-3-done")

    def fill_and_check(
        self, answers: Mapping[str, Any], files: Path, pictures: Path | None = None, name: str = ""
    ) -> None:
        """Fill the form and go on to the check page. Without scripts the server asks once more when an answer
        made further questions necessary."""
        for _ in range(3):
            self.fill(answers, files)
            self.picture(pictures, f"{name}-1-form")
            self.page.locator("button[data-submit]").click()
            self.page.wait_for_load_state()
            if self.page.url.endswith("/check"):
                return
        raise AssertionError(self.page.locator("main").inner_text()[:2000])

    def fill(self, answers: Mapping[str, Any], files: Path) -> None:
        """Fill every field that the answers name and the page shows, until all are seen: an answer may bring
        up further fields."""
        left = dict(answers)
        for _ in range(6):
            before = len(left)
            for name in list(left):
                if self._answer(name, left[name], files):
                    del left[name]
            if not left or len(left) == before:
                return

    def _answer(self, name: str, value: Any, files: Path) -> bool:
        found = self.page.locator(
            f"#task-form [name='{name}']:visible, #task-form input[type=file][name='{name}']"
        )
        if not found.count():
            return False
        first = found.first
        kind = first.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type")
        if kind == "file":
            first.set_input_files([_file(files, entry) for entry in value])
        elif kind == "select":
            first.select_option(_text(value))
        elif kind == "radio":
            self.page.locator(f"#task-form input[name='{name}'][value='{_text(value)}']").check()
        elif kind == "checkbox":
            first.set_checked(bool(value))
        else:
            first.fill(_text(value))
            first.dispatch_event("change")
        if self.script:  # an answer may change which fields there are
            self.page.wait_for_function(QUIET)
        return True


def _file(folder: Path, name: str) -> Path:
    file = folder / f"{Path(name).stem}.pdf"
    file.write_bytes(b"%PDF-1.4\n" + name.encode())
    return file


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
