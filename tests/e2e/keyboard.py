"""Somebody who has no mouse: keys alone, focus always visible and never lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, FileChooser, Page, TimeoutError, expect

from tests.e2e.driver import QUIET, _file, _text
from tests.patience import BROWSER

FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body || e === document.documentElement) return null;
  const shape = e.getBoundingClientRect(), style = getComputedStyle(e);
  const label = e.labels && e.labels.length ? e.labels[0].innerText : "";
  const name = e.getAttribute("aria-label") || label || e.innerText || e.title || "";
  return {
    name: name.trim(), field: e.name || "", kind: e.type || e.localName, value: e.value ?? "", id: e.id,
    checked: Boolean(e.checked), html: e.outerHTML.slice(0, 200),
    ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: shape.width > 0 && shape.height > 0 && shape.bottom > 0 && shape.top < innerHeight,
  };
}"""
MOST = 250
"""No page has more places to stop at."""


class Keys:
    """One person's browser, moved by keys."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.context = browser.new_context(
            base_url=address, locale="zh-CN", timezone_id="Asia/Shanghai",
            viewport={"width": 1440, "height": 900},
        )  # fmt: skip
        self.context.set_default_timeout(BROWSER)
        self.context.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; };")
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("response", lambda r: self.faults.append(r.url) if r.status >= 500 else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def close(self) -> None:
        """Leave; what went wrong on the way is told now."""
        self.context.close()
        assert not self.faults, self.faults

    def press(self, key: str) -> None:
        """Press a key and wait until the page is quiet."""
        self.page.keyboard.press(key)
        self.page.wait_for_function(QUIET)

    def type(self, text: str) -> None:
        """Write in place of what stands there."""
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def here(self) -> dict[str, Any]:
        """What has the focus. It is somewhere, on the screen, and one sees where."""
        found: dict[str, Any] | None = self.page.evaluate(FOCUSED)
        assert found, f"the focus is lost on {self.page.url}"
        assert found["seen"], f"the focus is off the screen on {self.page.url}: {found['html']}"
        assert found["ringed"], f"nobody sees the focus on {self.page.url}: {found['html']}"
        return found

    def reach(self, name: str, *, back: bool = False) -> None:
        """Go on with Tab until what bears this name has the focus."""
        passed = []
        for _ in range(MOST):
            self.press("Shift+Tab" if back else "Tab")
            found = self.here()
            if re.search(name, found["name"]):
                return
            passed.append(found["name"])
        raise AssertionError(f"{name} is out of reach on {self.page.url}; passed {passed}")

    def follow(self, name: str, to: str) -> None:
        """Reach a link or button, press Enter; a page at `to` opens."""
        self.reach(name)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(to)
        self.page.wait_for_load_state()

    def sign_in(self, account: str, password: str) -> None:
        """From the empty sign-in page to the worklist."""
        self.page.goto("/sign-in")
        self.reach("^账号")
        self.type(account)
        self.press("Tab")
        self.here()
        self.type(password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/tasks")
        expect(self.page.locator("h1")).to_contain_text("待办")

    def fill(self, answers: Mapping[str, Any], files: Path) -> None:
        """Pass through the form once, in its order, from where the focus is, and answer what is asked; every
        question that comes up lies ahead. Ends on the button that goes on."""
        left = dict(answers)
        for _ in range(MOST):
            found = self.here()
            if found["field"] in left:
                self._answer(found, left.pop(found["field"]), files)
            elif found["name"].startswith("下一步"):
                break
            self.press("Tab")
        assert not left, f"never asked: {sorted(left)}"

    def _chooser(self) -> FileChooser:
        """What Space opens on a field for files. Fields that depend on an answer just given take their places
        meanwhile; a key that is pressed in that moment is lost, and people press it again."""
        for _ in range(10):
            field = self.here()["field"]
            try:
                with self.page.expect_file_chooser(timeout=10_000) as chooser:
                    self.page.keyboard.press("Space")
                return chooser.value
            except TimeoutError:
                assert self.here()["field"] == field
        raise AssertionError(f"{field} opens nothing")

    def _answer(self, found: dict[str, Any], value: Any, files: Path) -> None:
        if found["kind"] == "file":
            self._chooser().set_files([_file(files, name) for name in value])
        elif found["kind"] == "radio":
            self.press("Space")
            self._move_to(_text(value))
        elif found["kind"] == "checkbox":
            if found["checked"] != bool(value):
                self.press("Space")
        elif found["kind"].startswith("select"):
            self._move_to(_text(value))
        else:
            self.type(_text(value))
        self.page.wait_for_function(QUIET)
        # a chosen file's name stands where it was chosen
        stands = ("", "_detach", found["field"]) if found["kind"] == "file" else (found["field"],)
        assert self.here()["field"] in stands, f"an answer moved the focus from {found['html']}"

    def _move_to(self, value: str) -> None:
        """With the arrow keys among the choices of a field."""
        for _ in range(MOST):
            if self.here()["value"] == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"no choice {value} at {self.here()['html']}")
