"""The pages of one's own account: signing in keeps nobody waiting."""

from __future__ import annotations

import threading

import pytest

from server.services import identity
from tests.web.office import Office


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
