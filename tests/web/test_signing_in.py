"""Signing in beyond the password, as a browser does it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyotp
import pytest

from tests.originals import Originals
from tests.web.office import PASSWORD, TENANT, Office, Visitor, open_office, settle


def code_for(page: httpx.Response, later: int = 0) -> str:
    """The code that a telephone would show for the key of a page."""
    key = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)
    assert key, page.text
    return pyotp.TOTP(key[1]).at(datetime.now(UTC) + timedelta(seconds=later))


def sealed(page: httpx.Response) -> str:
    """The sealed key of a page."""
    found = re.search(r'name="sealed" value="([^"]+)"', page.text)
    assert found
    return html.unescape(found[1])


def with_password(visitor: Visitor, account: str, password: str = PASSWORD) -> httpx.Response:
    """Send account and password."""
    page = visitor.get("/sign-in")
    sent = {"account": account, "password": password, "tenant": TENANT, "next": "/projects"}
    return visitor.post("/sign-in", page, **sent)


@pytest.fixture
def strict(originals: Originals, tmp_path: Path) -> Iterator[Office]:
    """An office whose admins need a second factor, and whose passwords are long."""
    with originals.copied("sqlite", tmp_path, settle) as url:
        office = open_office(url, tmp_path, second_factor="admins", shortest_password=14)
        yield office
        office.database.close()


def test_an_admin_sets_one_up_and_signs_in_with_it(strict: Office) -> None:
    """First nothing opens; then the codes are shown; the next time the code is asked for, and one works."""
    visitor = strict.visitor()
    answer = with_password(visitor, "admin")
    assert answer.headers["location"] == "/sign-in/step?next=/projects"
    assert visitor.get("/tasks").headers["location"].startswith("/sign-in")
    step = visitor.get("/sign-in/step")
    wrong = visitor.post("/sign-in/step", step, sealed=sealed(step), code="000000")
    assert wrong.status_code == 422
    assert sealed(wrong) == sealed(step), "the key that the telephone has read stays"
    codes = visitor.post("/sign-in/step", wrong, sealed=sealed(step), code=code_for(step))
    assert codes.status_code == 200
    recovery = re.findall(r"<code>(\w{5}-\w{5}-\w{5})</code>", codes.text)
    assert len(recovery) == 10
    assert visitor.get("/people").status_code == 200

    again = Visitor(strict.app)
    with_password(again, "admin")
    page = again.get("/sign-in/step")
    assert again.post("/sign-in/step", page, code="123").status_code == 422
    assert again.get("/people").status_code == 303
    opened = again.post("/sign-in/step", page, code=recovery[0], next="/projects")
    assert opened.headers["location"] == "/projects"
    assert again.get("/people").status_code == 200
    assert "启用动态口令" in again.get("/rights?person=admin").text
    gone = again.post(
        "/account/second-factor/remove", again.get("/account/second-factor"), present=recovery[1]
    )
    assert gone.status_code == 422, "the house asks for it"


def test_others_sign_in_as_before(strict: Office) -> None:
    """Who is no admin needs none, and may set one up: changing it takes a code."""
    visitor = strict.visitor("clerk")
    page = visitor.get("/account/second-factor")
    done = visitor.post("/account/second-factor", page, sealed=sealed(page), code=code_for(page))
    (first, second, *_rest) = re.findall(r"<code>(\w{5}-\w{5}-\w{5})</code>", done.text)
    page = visitor.get("/account/second-factor")
    sent = {"sealed": sealed(page), "code": code_for(page)}
    assert visitor.post("/account/second-factor", page, **sent).status_code == 422
    assert visitor.post("/account/second-factor", page, **sent, present=first).status_code == 200
    assert visitor.post("/account/second-factor/remove", page, present=first).status_code == 422
    fresh = visitor.get("/account/second-factor")
    assert "剩余恢复码10个" in fresh.text
    del second


def test_a_program_does_not_go_round_the_second_factor(strict: Office) -> None:
    """Account and password alone open the interface for machines no more than the pages."""
    visitor = Visitor(strict.app)
    for account, status in (("clerk", 200), ("admin", 401)):
        answer = visitor.request("GET", "/engine-rest/task/count", auth=(f"{TENANT}/{account}", PASSWORD))
        assert answer.status_code == status, (account, answer.text)


def test_a_first_password_is_replaced_before_anything_else(strict: Office) -> None:
    """By one that is long enough and no usual one; then the first one is worth nothing."""
    admin = Visitor(strict.app)
    with_password(admin, "admin")
    step = admin.get("/sign-in/step")
    admin.post("/sign-in/step", step, sealed=sealed(step), code=code_for(step))
    page = admin.get("/people/bureau")
    first = re.search(r"<code>([a-z2-9-]{23})</code>", admin.post("/people/bureau/password", page).text)
    assert first
    visitor = Visitor(strict.app)
    with_password(visitor, "bureau", first[1])
    step = visitor.get("/sign-in/step")
    for new, told in (
        ("short", "至少使用 14 个字符"), ("password1234567890", "过于常见"),
        ("my bureau password", "账号或姓名"),
    ):  # fmt: skip
        answer = visitor.post("/sign-in/step", step, new=new, again=new)
        assert answer.status_code == 422
        assert told in answer.text
    assert visitor.get("/tasks").status_code == 303
    opened = visitor.post("/sign-in/step", step, new="fourteen different 字", again="fourteen different 字")
    assert opened.status_code == 303
    assert visitor.get("/tasks").status_code == 200
    other = Visitor(strict.app)
    assert with_password(other, "bureau", first[1]).status_code == 422
    assert with_password(other, "bureau", "fourteen different 字").status_code == 303


def test_a_step_without_a_waiting_session_leads_to_the_sign_in_page(office: Office) -> None:
    """Nothing to go on with: for a stranger, and for whoever is signed in already."""
    stranger = office.visitor()
    page = stranger.get("/sign-in")
    assert stranger.get("/sign-in/step").headers["location"] == "/sign-in"
    assert stranger.post("/sign-in/step", page, code="1").headers["location"] == "/sign-in"
    someone = office.visitor("clerk")
    assert someone.get("/sign-in/step").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    ("password", "usual"),
    [
        ("password123!", True), ("P@ssw0rd2026", True), ("1234567890", True), ("qwertyuiop", True),
        ("1q2w3e4r5t6y", True), ("woaini1314520", True), ("abcabc12abcabc12", True), ("19991231", True),
        ("13812345678", True), ("correct horse battery", False), ("红山区的新系统密码很长", False),
        ("k7m-2fq-9xw-3hd", False),
    ],
)  # fmt: skip
def test_usual_passwords_are_known(password: str, usual: bool) -> None:
    """Words with figures around them, runs of keys, dates, telephone numbers, halves that repeat."""
    from server.services.usual_passwords import is_usual

    assert is_usual(password) is usual
