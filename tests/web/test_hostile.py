"""Whatever is sent, a page answers that says what is wrong: no request ends in a fault of ours."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.web.routes import PAGES
from server.web.routing import Page
from tests.web.office import Office, Visitor, apply, csrf_of, first_task

ODD = [
    "\x00", "\ud800", "NaN", "1e999",
    "9" * 400, "../../etc/passwd", "' OR 1=1 --", "{{7*7}}", "{0}", "%s",
    "0001-01-01", "9999-12-31", "9999-12-31T23:59:59+00:00~x", "items.0", "\u202e",
    "<script>alert(1)</script>",
]  # fmt: skip
TEXT = st.one_of(st.text(max_size=40), st.sampled_from(ODD))
NAMES = st.sampled_from(
    [
        "q", "process", "group", "mine", "after", "before", "ended", "saved", "next", "task", "day",
        "working", "note", "kind", "key", "revision", "element", "reason", "project_id", "project_name",
        "total", "activity", "_add", "_remove", "_shown", "_save", "_detach", "materials_verdict",
        "entry_application", "account", "password", "tenant", "who", "demo", "language", "back",
    ]
)  # fmt: skip


def known(office: Office) -> dict[str, str]:
    """Addresses of things that exist."""
    case = apply(office.visitor("clerk"))
    return {"id": first_task(office.visitor("bureau")), "case": case, "key": "hongshan.library_entry",
            "document": "approval_opinion"}  # fmt: skip


@pytest.fixture(scope="module")
def world(office: Office) -> tuple[dict[str, Visitor], dict[str, str]]:
    visitors = {name: office.visitor(name) for name in ("clerk", "bureau", "admin")}
    for visitor in visitors.values():
        visitor.hostile = True
    return visitors, known(office)


def address_of(page: Page, ids: dict[str, str], odd: str, use_odd: bool) -> str:
    def part(found: re.Match[str]) -> str:
        if use_odd:
            return re.sub(r"[/?#\x00-\x20\x7f]|[\ud800-\udfff]", "-", odd) or "-"
        name = found[1]
        if name == "id" and page.path.startswith(("/instances", "/start/done")):
            return ids["case"]
        return ids.get(name, "nothing")

    return re.sub(r"\{(\w+)(?::path)?\}", part, page.path)


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31"])
@pytest.mark.parametrize(
    "place",
    ["/board", "/board/tasks", "/board/tasks.csv", "/board/cases", "/board/cases.csv", "/search",
     "/search/cases.csv", "/registers/project_library", "/registers/project_library/register.csv",
     "/calendar"],
)  # fmt: skip
def test_the_first_and_the_last_day_there_is(office: Office, place: str, day: str) -> None:
    """Days that have no midnight in every zone bound lists as any other."""
    admin = office.visitor("admin")
    bounds = [f"{name}={day}" for name in ("first", "last", "ended_first", "ended_last", "month")]
    for query in ("&".join(bounds), *bounds):
        assert admin.get(f"{place}?{query}").status_code == 200, query


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    page=st.sampled_from(PAGES),
    who=st.sampled_from(["clerk", "bureau", "admin"]),
    fields=st.lists(st.tuples(NAMES, TEXT), max_size=6),
    odd=TEXT,
    use_odd=st.booleans(),
    htmx=st.booleans(),
)
def test_nothing_ends_in_a_fault(
    world: Any, page: Page, who: str, fields: list[tuple[str, str]], odd: str, use_odd: bool, htmx: bool
) -> None:
    visitors, ids = world
    visitor = visitors[who]
    if page.path in ("/sign-out", "/sign-in"):
        return
    clean = [(name, value.encode("utf-8", "ignore").decode()) for name, value in fields]
    headers = {"HX-Request": "true"} if htmx else {}
    address = address_of(page, ids, odd, use_odd)
    if page.method == "GET":
        answer = visitor.request("GET", address, params=clean, headers=headers)
    else:
        token = ("csrf", csrf_of(visitor.get("/ui")))
        parts = [(name, (None, value)) for name, value in [token, *clean]]
        answer = visitor.request("POST", address, files=parts, headers=headers)
    assert answer.status_code < 500 or answer.status_code == 503, (page.path, answer.text[-600:])


@pytest.mark.parametrize("host", ["a" * 300, "a b", "evil.example/path", "x" * 8000 + ".cn", "<b>"])
def test_a_host_that_is_no_machine(office: Office, host: str) -> None:
    """Its name would stand on printed papers, and a long one fits no code on them."""
    visitor = office.visitor("clerk")
    visitor.hostile = True
    assert visitor.get("/tasks", host=host).status_code == 400
    assert visitor.get("/tasks", host="oa.hongshan.gov.cn:8443").status_code == 200
    assert visitor.get("/tasks", host="[::1]:8000").status_code == 200


def test_a_visitor_by_a_name_we_never_gave_gets_another(office: Office) -> None:
    """What stands in forms comes from us, whatever the cookie says."""
    for name in ('"><script>', "\x7f", "a" * 65, "%00"):
        page = office.visitor("").request("GET", "/sign-in", headers={"Cookie": f"visitor={name}"})
        token = re.search(r'name="csrf" value="([^"]*)"', page.text)
        assert token is not None
        assert re.fullmatch(r"[\w-]{20,64}", token[1])
        assert f"visitor={token[1]}" in page.headers["set-cookie"]
