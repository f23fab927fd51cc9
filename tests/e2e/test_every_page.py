"""Every page in a real browser, as whoever may see it: no violation of WCAG 2.2 AA that axe knows, in light
and dark, nothing to scroll sideways from 320 px to 1920 px, and light enough for a slow line.

`EVERY_PAGE` sets how many addresses of each page. The pages come from the application itself without a server
between: the browser's requests are handed to it.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from lxml import html
from playwright.sync_api import Browser, Page, Route

from server.web.routes import PAGES
from tests.conftest import SESSION_FOLDER
from tests.faults.fuzz_crawl import LARGE
from tests.faults.fuzz_fire import in_haste
from tests.faults.fuzz_office import KINDS, Answer, FuzzOffice, Request
from tests.faults.fuzz_prepare import open_office
from tests.patience import BROWSER
from tests.web.office import Visitor, apply, fill, fill_start, form_answers

EACH = int(os.environ.get("EVERY_PAGE", "1"))
"""How many addresses of one page are looked at."""
WIDTHS = (320, 768, 1920)
MAX_BYTES = 60_000
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
HEAVY = ("bpmn-js", "diagram.js", ".json", "/studio/", "modeler", "/files/", "/findings")
"""What a page with a diagram loads besides: viewer and editors, and what they show."""
DRAWN = {"exclude": [[".watermark"]]}
"""Decoration is pale on purpose."""
BY_COLOUR = ("color-contrast", "link-in-text-block")
"""The rules that can come out otherwise in the dark: nothing but colours differs there."""
ONLY_WRONG = {"resultTypes": ["violations"]}
"""What is in order is not listed: that takes ten times as long as finding what is not."""
PACKED = ((b"accept-encoding", b"gzip"),)
_GETS = sorted({page.path for page in PAGES if page.method == "GET" and not page.path.endswith(LARGE)})


@dataclass
class Window:
    """A browser's tab on the application, as one kind of person after the other."""

    office: FuzzOffice
    page: Page
    kind: str = "nobody"
    weight: dict[str, int] = field(default_factory=dict)
    known: dict[tuple[str, str], Answer] = field(default_factory=dict)

    def sees(self, kind: str, address: str) -> bool:
        """Whether this kind of person gets a page there. The answer is kept for the browser."""
        answer = self.office.send(Request("GET", address.encode(), PACKED), self.office.badges[kind])
        is_page = answer.status == 200 and answer.headers.get("content-type", "").startswith("text/html")
        if is_page:
            self.known = {(kind, address): answer}
        return is_page

    def hand_over(self, route: Route) -> None:
        """Let the application answer what the browser asks; other addresses do not exist."""
        asked = urlsplit(route.request.url)
        if asked.hostname != "127.0.0.1" or route.request.method != "GET":
            route.abort()
            return
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        answer = self.known.pop((self.kind, target), None) or self.office.send(
            Request("GET", target.encode(), PACKED), self.office.badges[self.kind]
        )
        packed = answer.headers.get("content-encoding") == "gzip"
        self.weight[asked.path] = int(answer.headers.get("content-length", len(answer.body)))
        if packed and "content-length" not in answer.headers:
            self.weight[asked.path] = len(gzip.compress(answer.body, 3))
        kept = {n: v for n, v in answer.headers.items() if n not in ("content-encoding", "content-length")}
        route.fulfill(status=answer.status, headers=kept, body=answer.body)

    def open(self, kind: str, address: str) -> None:
        """Open a page as this kind of person, with axe in it."""
        self.kind = kind
        self.weight.clear()
        self.page.goto(f"http://127.0.0.1:8000{address}", wait_until="load")
        self.page.evaluate(AXE_SCRIPT)

    def wrong(self, scheme: str, rules: tuple[str, ...]) -> list[str]:
        """What axe finds against rules, or sets of them, in light or dark."""
        self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = self.page.evaluate(
            "([where, how]) => axe.run(where, how)", [DRAWN, ONLY_WRONG | {"runOnly": list(rules)}]
        )
        return [f"{scheme}: {text}" for text in _wrong(found)]


@pytest.fixture(scope="module")
def office(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzOffice]:
    """An office with cases in many states; prepared once for all who look at such a one."""
    with in_haste():
        opened = open_office(pytestconfig.stash[SESSION_FOLDER] / "fuzz", tmp_path_factory.mktemp("office"))
        yield opened
    opened.close()


@pytest.fixture(scope="module")
def window(office: FuzzOffice, browser: Browser) -> Iterator[Window]:
    """The browser's tab."""
    context = browser.new_context(locale="zh-CN", bypass_csp=True)
    context.set_default_timeout(BROWSER)
    tab = Window(office, context.new_page())
    context.route("**/*", tab.hand_over)
    yield tab
    context.close()


def _found(window: Window, pattern: str) -> list[tuple[str, str]]:
    """Who opens which addresses of a page: the first kind of person that sees it as a page."""
    wanted = [pattern] if "{" not in pattern else window.office.addresses.get(pattern, [])
    pages: list[tuple[str, str]] = []
    for address in wanted:
        kind = next((kind for kind in KINDS if window.sees(kind, address)), "")
        if kind:
            pages.append((kind, address))
        if len(pages) == EACH:
            break
    return pages


def _wrong(found: dict[str, Any]) -> list[str]:
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]


def _problems(window: Window, kind: str, address: str) -> list[str]:
    """Axe, widths and weight of a page."""
    window.page.set_viewport_size({"width": 1440, "height": 900})
    window.open(kind, address)
    problems = []
    weight = sum(size for path, size in window.weight.items() if not any(h in path for h in HEAVY))
    if weight > MAX_BYTES:
        problems.append(f"weighs {weight}: {window.weight}")
    problems += window.wrong("dark", BY_COLOUR)
    problems += window.wrong("light", RULES)
    for width in WIDTHS:
        window.page.set_viewport_size({"width": width, "height": 800})
        wide = window.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            problems.append(f"{wide} px too wide at {width} px")
    return [f"{address} as {kind}: {problem}" for problem in problems]


@pytest.mark.parametrize("pattern", _GETS)
def test_page_for_everybody(window: Window, pattern: str) -> None:
    """Axe, widths and weight."""
    wrong = [text for kind, address in _found(window, pattern) for text in _problems(window, kind, address)]
    assert not wrong, "\n".join(wrong)


# --------------------------------------------------------------------------- what is confirmed
def _visitor(office: FuzzOffice, kind: str) -> Visitor:
    """A browser that holds the session of a kind of person."""
    visitor = Visitor(office.app)
    visitor.cookies.set(*office.badges[kind].cookie.decode().split("=", 1))
    return visitor


def _claimed(office: FuzzOffice, count: int) -> list[str]:
    """Tasks of the bureau that have one form, claimed."""
    clerk, bureau = _visitor(office, "unit clerk"), _visitor(office, "bureau")
    for number in range(count):
        apply(clerk, f"待核项目{number}")
    worklist = html.fromstring(bureau.get("/tasks?q=待核项目").text)
    ids = [str(one) for one in worklist.xpath("//input[@name='task']/@value")]
    for task in ids:
        page = bureau.get(f"/tasks/{task}")
        assert bureau.post(f"/tasks/{task}/claim", page).status_code == 303
    return ids


def test_what_is_confirmed_before_it_is_sent(window: Window) -> None:
    """The pages between form and sending, which stand only behind a form without errors: of a start, of a
    task, and of alike tasks together."""
    office = window.office
    clerk, bureau = _visitor(office, "unit clerk"), _visitor(office, "bureau")
    task, *others = _claimed(office, 3)
    started = fill_start(clerk, "/start/hongshan.library_entry", "雨水监测平台")
    page = fill(bureau, bureau.get(f"/tasks/{task}"), materials_verdict="complete")
    form = bureau.post("/tasks/batch", bureau.get("/tasks?q=待核项目"), task=others, verb="complete")
    carried: dict[str, list[str]] = {}
    for name, value in form_answers(form):
        carried.setdefault(name, []).append(value)
    together = bureau.post("/tasks/batch/check", **carried | {"materials_verdict": ["complete"]})
    assert (page.status_code, together.status_code) == (303, 200)
    wrong = []
    for kind, address in (("unit clerk", started), ("bureau", page.headers["location"])):
        assert window.sees(kind, address), address
        wrong += _problems(window, kind, address)
    wrong += _answered(window, "bureau", "/tasks/batch/check", together)
    office.restore()
    assert not wrong, "\n".join(wrong)


def _answered(window: Window, kind: str, address: str, told: Any) -> list[str]:
    """What is wrong with the page that a form was answered with."""
    answer = Answer(200, dict(told.headers), told.content, 0)
    answer.headers.pop("content-encoding", None)
    window.known = {(kind, address): answer}
    return _problems(window, kind, address)


def test_what_is_refused(window: Window) -> None:
    """The three pages of refusals: a reason and who can help, as of all that is refused for good; a form
    with its errors; what somebody did first."""
    clerk, start = _visitor(window.office, "unit clerk"), "/start/hongshan.library_entry"
    unfilled = clerk.post(start, clerk.get(start))
    bureau = _visitor(window.office, "bureau")
    (task,) = _claimed(window.office, 1)
    page = bureau.get(f"/tasks/{task}")
    assert bureau.post(f"/tasks/{task}/release", page).status_code == 303
    late = bureau.post(f"/tasks/{task}/complete", page)
    wrong = []
    for told, status in ((clerk.get("/people"), 403), (unfilled, 422), (late, 409)):
        assert told.status_code == status, told.text[-3000:]
        wrong += _answered(window, "unit clerk", "/answered", told)
    window.office.restore()
    assert not wrong, "\n".join(wrong)
