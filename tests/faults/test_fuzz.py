"""Hostile requests to every page, as each kind of person and as nobody: a clear refusal, never a fault.

`FUZZ_REQUESTS` sets how many requests each page gets (kinds of people take turns), `FUZZ_SEED` which ones.
For thousands of each there is `python -m tests.faults.fuzz_long`, which can be stopped and goes on later.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlencode

import html5lib
import pytest
from starlette.routing import Mount, Route

from server.web.routes import PAGES
from server.web.routing import Page
from tests.conftest import SESSION_FOLDER
from tests.faults.fuzz_fire import FIRED_AT, NOWHERE, STATIC, bombard, in_haste
from tests.faults.fuzz_judge import Judge, judge_of
from tests.faults.fuzz_office import Answer, FuzzOffice, Request
from tests.faults.fuzz_prepare import open_office

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "42"))


@pytest.fixture(scope="module")
def office(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzOffice]:
    """A copy of the office that all workers share; it is put back as it was before each page's requests."""
    with in_haste():
        opened = open_office(pytestconfig.stash[SESSION_FOLDER] / "fuzz", tmp_path_factory.mktemp("fuzz"))
        yield opened
    opened.close()


@pytest.fixture(scope="module")
def judge(office: FuzzOffice) -> Judge:
    """The judge of this office."""
    return judge_of(office)


@pytest.mark.timeout(900 + REQUESTS // 5)
@pytest.mark.parametrize("page", FIRED_AT, ids=lambda page: f"{page.method} {page.path}")
def test_hostile_requests(office: FuzzOffice, judge: Judge, page: Page) -> None:
    complaints = bombard(office, judge, page, REQUESTS).complaints
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


REPAIRED = (
    ("admin", "/supervision/instruct", b"application/json", {"note": "", "answer_by": ""}),
    ("admin", "/supervision/instruct", b"application/json", {"note": "", "answer_by": "2026-03-05"}),
)


@pytest.mark.parametrize(("kind", "address", "accept", "sent"), REPAIRED)
def test_what_once_earned_a_complaint(
    office: FuzzOffice, judge: Judge, kind: str, address: str, accept: bytes, sent: dict[str, str]
) -> None:
    """A program that asks wrongly is told what is wrong, in words."""
    badge = office.badges[kind]
    body = urlencode({"csrf": badge.csrf, **sent}).encode()
    headers = ((b"accept", accept), (b"content-type", b"application/x-www-form-urlencoded"))
    answer = office.send(Request("POST", address.encode(), headers, body), badge)
    assert answer.status == 422
    judge.look(Request("POST", address.encode(), headers, body), answer, kind, "")


def test_a_page_of_which_htmx_wants_a_part(office: FuzzOffice, judge: Judge) -> None:
    """A part of a page is made without what stands outside of it."""
    request = Request("GET", b"/start", ((b"hx-request", b"true"),))
    answer = office.send(request, office.badges["unit clerk"])
    judge.look(request, answer, "unit clerk", "")
    assert answer.status == 200


def test_a_stranger_with_htmx_at_a_chinese_address(office: FuzzOffice, judge: Judge) -> None:
    """A header holds no Chinese: the address to which htmx is sent is escaped."""
    request = Request("GET", b"/tasks/%E5%AD%97", ((b"hx-request", b"true"),))
    answer = office.send(request, office.badges["nobody"])
    judge.look(request, answer, "nobody", "")
    assert (answer.status, answer.headers["hx-redirect"]) == (204, "/sign-in?next=/tasks/%E5%AD%97")
