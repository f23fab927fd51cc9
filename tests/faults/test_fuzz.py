"""Hostile requests to every page, as each kind of person and as nobody: a clear refusal, never a fault.

`FUZZ_REQUESTS` sets how many requests each page gets (kinds of people take turns), `FUZZ_SEED` which ones.
One request is answered at a time, so what the application hands to threads is done at once: two thirds of the
time would go into handing it over. Passwords are hashed in no time.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sqlite3
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import anyio.to_thread
import html5lib
import pytest
from argon2 import PasswordHasher
from lxml import html
from starlette.routing import Mount, Route

from server.api import engine_rest
from server.services import identity
from server.web.routes import PAGES
from server.web.routing import Page, Permission
from tests.faults.fuzz import Fuzzer
from tests.faults.fuzz_office import KINDS, STRANGERS, Answer, FuzzOffice, Request, open_office

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "60"))
SEED = os.environ.get("FUZZ_SEED", "1")
CHUNK = 500
SETUP_SECONDS = 400
"""The office is made by whichever test comes first; a busy machine takes minutes."""
MAX_CPU_SECONDS = 4.0
pytestmark = pytest.mark.timeout(SETUP_SECONDS)
_log = logging.getLogger("fuzz")
_UNFILLED = re.compile(r"\{[a-z_]+\}")
_VALUES = re.compile(rb'="[^"]*"')
_BETWEEN = re.compile(rb">[^<]*<")


def _machine_pages() -> list[Page]:
    """The interface for machines, as if each of its addresses were a page."""
    routes = engine_rest.application(None).routes  # type: ignore[arg-type]
    return [
        Page(method, engine_rest.ADDRESS + route.path, Permission.ANYONE, PAGES[0].answer)
        for route in routes
        if isinstance(route, Route)
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


OVERSEEN = b"/definitions/"
"""Where process owners see on which versions all cases run, to take them to another."""
STATIC = Page("GET", "/static/{path:path}", Permission.ANYONE, PAGES[0].answer)
NOWHERE = Page("GET", "/{id}/{key}", Permission.ANYONE, PAGES[0].answer)
FIRED_AT = (*PAGES, *_machine_pages(), STATIC, NOWHERE)
"""All that is fired at. NOWHERE stands for the addresses that no page has."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzOffice]:
    """One office; it is put back as it was before each page's requests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", _at_once)
        patch.setattr(identity, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        opened = open_office(tmp_path_factory.mktemp("fuzz"))
        yield opened
    opened.loop.close()
    opened.database.close()


async def _at_once(function: Any, *args: Any, **_: Any) -> Any:
    return function(*args)


class Faults(logging.Handler):
    """Keeps where each fault of ours came from."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the innermost lines of a traceback."""
        if record.exc_info and record.exc_info[1]:
            self.last = "".join(traceback.format_exception(record.exc_info[1])[-4:])


@dataclass
class Judge:
    """Looks at every answer. `seen` are page skeletons that a strict parser has already read."""

    office: FuzzOffice
    leaks: re.Pattern[str]
    seen: set[bytes] = field(default_factory=set)

    def look(self, request: Request, answer: Answer, kind: str, sent: str) -> None:
        """Assert what holds for every answer; `sent` is all that this kind has typed so far."""
        assert answer.status < 500 or answer.status == 503, f"status {answer.status}"
        assert answer.seconds < MAX_CPU_SECONDS, f"{answer.seconds:.1f} s"
        media_type = answer.headers.get("content-type", "")
        text = "" if media_type == "application/pdf" else answer.body.decode("utf-8", "replace")
        assert "Traceback" not in text
        if not (kind == "process owner" and request.target.startswith(OVERSEEN)):
            self._look_for_leaks(text, kind, sent)
        if 300 <= answer.status < 400:
            location = answer.headers.get("location", "/")
            assert location.startswith(("/", "http://")), location
            assert not location.startswith(("//", "/\\")), location
        elif request.method == "HEAD" or not answer.body:
            pass
        elif media_type.startswith("application/json"):
            self._look_at_json(answer, request)
        elif media_type.startswith("text/html"):
            assert answer.status < 400 or not _wants_json(request), "a machine was told in HTML"
            self._look_at_page(answer, request, text)

    def _look_for_leaks(self, text: str, kind: str, sent: str) -> None:
        if kind in STRANGERS:
            for found in set(self.leaks.findall(text)):
                assert found in sent, f"{kind} was shown {found}"

    def _look_at_json(self, answer: Answer, request: Request) -> None:
        told = json.loads(answer.body)
        if answer.status >= 400:
            asked = unquote(request.target.decode("latin-1").partition("?")[0])
            machine = asked.startswith(engine_rest.ADDRESS) and "\n" not in asked  # no mount has such a path
            kind, more = ("type", {"code", "findings", "details", "fields"}) if machine else ("error", set())
            assert {kind, "message"} <= set(told) <= {kind, "message"} | more, told
            assert all(isinstance(told[name], str) and told[name] for name in (kind, "message")), told

    def _look_at_page(self, answer: Answer, request: Request, text: str) -> None:
        skeleton = _BETWEEN.sub(b"><", _VALUES.sub(b"=", answer.body))
        is_new = skeleton not in self.seen
        self.seen.add(skeleton)
        if is_new:
            parser = html5lib.HTMLParser(strict=True)
            parser.parse(text) if text.startswith("<!doctype") else parser.parseFragment(text)
        if text.startswith("<!doctype") and (is_new or answer.status >= 400):
            tree = html.fromstring(answer.body)
            titles = [title.text_content().strip() for title in tree.iter("h1")]
            assert len(titles) == 1, titles
            assert titles[0]
            if answer.status >= 400:
                self._look_at_refusal(tree, request)

    def _look_at_refusal(self, tree: html.HtmlElement, request: Request) -> None:
        told = [p.text_content().strip() for p in tree.xpath("//main//p|//main//li|//*[@role='alert']")]
        assert any(len(sentence) >= 5 for sentence in told), "no sentence says what is wrong"
        for sentence in told:
            assert not _UNFILLED.search(sentence) or _UNFILLED.search(request.text), sentence


def _wants_json(request: Request) -> bool:
    accept = next((value for name, value in request.headers if name == b"accept"), b"")
    return b"application/json" in accept and b"text/html" not in accept


def bombard(office: FuzzOffice, judge: Judge, page: Page, count: int) -> dict[str, str]:
    """Send `count` requests; gives each different complaint with the first request that earned it."""
    complaints: dict[str, str] = {}
    for start in range(0, count, CHUNK):
        office.restore()
        _bombard_chunk(office, judge, page, range(start, min(start + CHUNK, count)), complaints)
    return complaints


def _bombard_chunk(
    office: FuzzOffice, judge: Judge, page: Page, numbers: range, complaints: dict[str, str]
) -> None:
    fuzzer = Fuzzer(office, f"{SEED} {page.method} {page.path} {numbers.start}")
    faults, logs = Faults(), [logging.getLogger(name) for name in ("guicheng.web", "guicheng.api")]
    for log in logs:
        log.addHandler(faults)
    sent = dict.fromkeys(STRANGERS, "")
    witness = sqlite3.connect(office.file)
    kinds = list(KINDS)
    for number in numbers:
        kind = kinds[number % len(kinds)]
        leaving = page.path == "/sign-out" and kind != "nobody"
        badge = office.open_session(KINDS[kind]) if leaving else office.badges[kind]
        request = fuzzer.request(page, kind, badge)
        if kind in sent:
            sent[kind] += request.text[:20_000]
        version = _version(witness)
        try:
            answer = office.send(request, badge)
            judge.look(request, answer, kind, sent.get(kind, ""))
            may_write = request.method == "POST" or _signs_in(request)
            assert may_write or _version(witness) == version, f"{request.method} has written"
        except Exception as error:  # each complaint is told once, at the end
            what = faults.last or f"{type(error).__name__}: {str(error).partition(chr(10))[0][:300]}"
            if what not in complaints:
                complaints[what] = f"{number} as {kind}: {str(request)[:1500]}"
                _log.critical("%s %s: %s\n%s", page.method, page.path, what, complaints[what])
        faults.last = ""
    witness.close()
    for log in logs:
        log.removeHandler(faults)


def _signs_in(request: Request) -> bool:
    """Whether a program sends a password or what is no token along: wrong ones are counted."""
    sent = [value for name, value in request.headers if name == b"authorization"]
    return any(not value.startswith(b"Bearer guicheng_") for value in sent)


def _version(witness: sqlite3.Connection) -> int:
    """Rises whenever anybody else commits a change."""
    return int(witness.execute("PRAGMA data_version").fetchone()[0])


@pytest.fixture(scope="module")
def judge(office: FuzzOffice) -> Judge:
    """The judge of this office, who knows what strangers must not see."""
    words = sorted(office.secrets, key=len, reverse=True)
    return Judge(office, re.compile("|".join(map(re.escape, words))))


@pytest.mark.timeout(SETUP_SECONDS + REQUESTS // 5)
@pytest.mark.parametrize("page", FIRED_AT, ids=lambda page: f"{page.method} {page.path}")
def test_hostile_requests(office: FuzzOffice, judge: Judge, page: Page) -> None:
    complaints = bombard(office, judge, page, REQUESTS)
    assert not complaints, "\n\n".join(f"{what}\n  {request}" for what, request in complaints.items())


def test_all_that_answers_is_fired_at(office: FuzzOffice) -> None:
    """A new address is a new target: nothing answers that stands outside the list."""
    listed = {(page.method, page.path) for page in FIRED_AT}
    found = set()
    for route in office.app.routes:
        if isinstance(route, Mount) and route.path == "/static":
            found.add(("GET", STATIC.path))
        elif isinstance(route, Mount):
            inner = [each for each in route.routes if isinstance(each, Route)]
            found |= {(how, route.path + each.path) for each in inner for how in each.methods or ()}
        else:
            assert isinstance(route, Route), route
            found |= {(how, route.path) for how in route.methods or ()}
    assert {(how, path) for how, path in found if how != "HEAD"} == listed - {("GET", NOWHERE.path)}


def test_real_addresses_are_known(office: FuzzOffice) -> None:
    """Of every page with an id, and every form, at least one real address is among those that are bent."""
    missing = {f"{page.method} {page.path}" for page in PAGES if "{" in page.path} - {
        f"{page.method} {page.path}" for page in PAGES if office.addresses.get(page.path)
    }
    assert not missing, missing


def test_the_judge_sees(office: FuzzOffice, judge: Judge) -> None:
    """What the judge must not let pass: a fault, a leak, a broken page, JSON of another shape."""
    request = Request("GET", b"/tasks")
    page = {"content-type": "text/html; charset=utf-8"}
    word = next(iter(office.secrets)).encode()
    whole = b"<!doctype html><html><head><title>t</title></head><body><main><h1>t</h1>%b</main></body></html>"
    judge.look(request, Answer(200, page, whole % b"<p>fine</p>", 0), "nobody", "")
    for status, headers, body in (
        (500, page, whole % b""), (200, page, whole % word), (200, page, whole % b"<p><b></p>"),
        (200, page, whole % b"<h1>two</h1>"), (404, page, whole % b""),
        (404, {"content-type": "application/json"}, b'{"detail": "x"}'), (303, {"location": "//evil"}, b""),
    ):  # fmt: skip
        with pytest.raises((AssertionError, html5lib.html5parser.ParseError)):
            judge.look(request, Answer(status, headers, body, 0), "nobody", "")


def test_a_stranger_with_htmx_at_a_chinese_address(office: FuzzOffice, judge: Judge) -> None:
    """A header holds no Chinese: the address to which htmx is sent is escaped."""
    request = Request("GET", b"/tasks/%E5%AD%97", ((b"hx-request", b"true"),))
    answer = office.send(request, office.badges["nobody"])
    judge.look(request, answer, "nobody", "")
    assert (answer.status, answer.headers["hx-redirect"]) == (204, "/sign-in?next=/tasks/%E5%AD%97")
