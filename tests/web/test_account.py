"""The pages of one's own account: signing in keeps nobody waiting; a new password ends what the old one
opened."""

from __future__ import annotations

import threading

import httpx
import pytest
import sqlalchemy as sa

from server.services import identity
from tests.web.office import PASSWORD, Office, Visitor


def test_a_slow_password_keeps_no_writer_waiting(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the hash of a password is worked out, other people's work is written."""
    looking, go_on = threading.Event(), threading.Event()

    def slowly(kept: str, given: str) -> bool:
        looking.set()
        assert go_on.wait(20), "the other writer had to wait for the password"
        return True

    monkeypatch.setattr(identity, "_matches", slowly)
    visitor = office.visitor()
    page = visitor.get("/sign-in")
    answers: list[int] = []

    def sign_in() -> None:
        sent = {"account": "clerk", "password": "x", "tenant": "hongshan"}
        answers.append(visitor.post("/sign-in", page, **sent).status_code)

    thread = threading.Thread(target=sign_in)
    thread.start()
    assert looking.wait(20)
    with office.database.write() as session:
        identity.add_unit(session, "hongshan", "meanwhile", "x")
    go_on.set()
    thread.join()
    assert answers == [303]


def change(visitor: Visitor, present: str, new: str, again: str | None = None) -> httpx.Response:
    """Fill the page."""
    page = visitor.get("/account/password")
    return visitor.post("/account/password", page, present=present, new=new, again=again or new)


@pytest.mark.parametrize(
    ("present", "new", "again", "told"),
    [
        ("wrong", "a much better one", None, "当前密码不正确。"),
        (PASSWORD, "short", None, "至少使用 10 个字符。"),
        (PASSWORD, "x" * 501, None, "至少使用 10 个字符。"),
        (PASSWORD, "my Clerk 2026!", None, "密码不得包含账号或姓名。"),
        (PASSWORD, "周明的新密码二〇二六", None, "密码不得包含账号或姓名。"),
        (PASSWORD, "aaaabbbbccccdddd", None, "请使用更多不同的字符。"),
        (PASSWORD, PASSWORD, None, "新密码与当前密码相同。"),
        (PASSWORD, "a much better one", "another one", "两次输入的新密码不一致。"),
    ],
)
def test_what_is_wrong_with_a_new_password(
    office: Office, present: str, new: str, again: str | None, told: str
) -> None:
    """Each is said at its field, and the old password still holds."""
    answer = change(office.visitor("clerk"), present, new, again)
    assert answer.status_code == 422
    assert told in answer.text
    assert new not in answer.text or new == PASSWORD
    office.visitor("clerk")


def test_changing_ones_password(own_office: Office) -> None:
    """The new one holds, the old one does not; other sessions end, this one goes on; it is on record."""
    here, elsewhere, other = (own_office.visitor(account) for account in ("clerk", "clerk", "other_clerk"))
    assert change(here, PASSWORD, "a much better one").headers["location"] == "/account/password?saved=1"
    told = here.get("/account/password?saved=1")
    assert "新密码已生效" in told.text
    assert "127.0.0.1" in told.text
    assert elsewhere.get("/tasks").headers["location"].startswith("/sign-in")
    assert other.get("/tasks").status_code == 200
    page = own_office.visitor().get("/sign-in")
    for password, status in ((PASSWORD, 422), ("a much better one", 303)):
        visitor = own_office.visitor()
        page = visitor.get("/sign-in")
        sent = visitor.post("/sign-in", page, account="clerk", password=password, tenant="hongshan")
        assert sent.status_code == status
    with own_office.database.read() as session:
        rows = session.execute(sa.text("select user_id, kind, by, address from account_event")).all()
    assert [tuple(row) for row in rows] == [("clerk", "password_changed", "clerk", "127.0.0.1")]


def test_guessing_the_present_password(own_office: Office) -> None:
    """A page left open is no place to guess: after ten wrong ones there is a pause, also for signing in."""
    visitor = own_office.visitor("clerk")
    answers = [change(visitor, f"guess {n}", "a much better one").status_code for n in range(11)]
    assert answers == [*[422] * 10, 429]


def test_people_of_a_demonstration_keep_their_password(own_office: Office) -> None:
    """Everybody knows it, and the next visitor needs it."""
    with own_office.database.write() as session:
        session.execute(sa.text("update person set demo = true where account = 'clerk'"))
    answer = change(own_office.visitor("clerk"), PASSWORD, "a much better one")
    assert answer.status_code == 403
    assert "演示人员不能修改密码。" in answer.text
    own_office.visitor("clerk")
