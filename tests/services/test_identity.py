"""Signing in: who may, how often one may try, how long it lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from server.services import identity
from server.services.attempts import WINDOW
from server.services.authorization import Person
from server.services.errors import NotPermitted, NotSignedIn, TooManyAttempts
from tests.services.conftest import MORNING, TENANT, Office


def try_sign_in(
    office: Office, account: str = "chenwei", password: str = "demo", address: str = "10.0.0.1",
    at: datetime = MORNING,
) -> str | None:  # fmt: skip
    """One attempt, committed as the door does."""
    with office.database.write() as session:
        return identity.sign_in(session, TENANT, account, password, address, at, hours=8)


def person_of(office: Office, token: str | None, at: datetime = MORNING) -> Person:
    with office.database.read() as session:
        return identity.person_of(session, token, at)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting attempts needs no slow hash: only `right` is right."""
    monkeypatch.setattr(identity, "_matches", lambda kept, given: given == "right")


def test_the_right_password_opens_a_session(office: Office) -> None:
    """The session knows person, unit, posts and a form token; only a hash of its token is kept."""
    token = try_sign_in(office)
    assert token is not None
    person = person_of(office, token)
    assert (person.id, person.name, person.unit_name) == ("chenwei", "陈伟", "区政数局")
    assert person.groups == {"data_bureau"}
    assert person.csrf
    assert person.calendar_revision == 0
    kept = office.rows("select * from sign_in_session")
    assert token not in str(kept)


def test_passwords_cost_what_the_standard_recommends(
    house_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argon2id as RFC 9106 has it where memory is short; in other tests they cost nothing."""
    monkeypatch.setattr(identity, "_hasher", house_hasher)
    kept = identity.hash_password("长密码")
    assert extract_parameters(kept) == RFC_9106_LOW_MEMORY
    assert identity._matches(kept, "长密码")
    assert not identity._matches(kept, "短密码")


def test_several_posts_are_all_known(office: Office) -> None:
    """Each post counts for the worklist, alone and within the unit."""
    person = person_of(office, try_sign_in(office, "dingxue"))
    assert person.groups == {"supervising_department", "lead_department"}
    assert person.principals == (
        "g:lead_department", "g:lead_department@emergency", "g:supervising_department",
        "g:supervising_department@emergency", "u:dingxue",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("account", "password"),
    [
        ("chenwei", "wrong"), ("chenwei", ""), ("nobody", "demo"), ("", "demo"), ("CHENWEI", "demo"),
        ("chenwei' or '1'='1", "demo"), ("chenwei", "demo\x00"), ("陈伟", "demo"),
    ],
)  # fmt: skip
def test_anything_else_opens_none(office: Office, account: str, password: str) -> None:
    """Whether the account or the password was wrong does not show."""
    assert try_sign_in(office, account, password) is None
    assert office.rows("select * from sign_in_session") == []


def test_a_person_who_has_left_cannot_sign_in_nor_go_on(office: Office) -> None:
    """The right password does not help, and the session that was open ends."""
    token = try_sign_in(office)
    with office.database.write() as session:
        session.execute(sa.text("update person set active = false where account = 'chenwei'"))
    with pytest.raises(NotSignedIn):
        person_of(office, token)
    assert try_sign_in(office) is None


@pytest.mark.usefixtures("quick")
def test_ten_failures_close_the_account_for_a_while(office: Office) -> None:
    """Whoever tries from wherever, even with the right password; until the window ends."""
    for n in range(identity.ATTEMPTS):
        assert try_sign_in(office, password="wrong", address=f"10.0.0.{n}") is None
    with pytest.raises(TooManyAttempts) as refused:
        try_sign_in(office, password="right", address="10.9.9.9")
    assert refused.value.until == MORNING + WINDOW
    assert try_sign_in(office, "linfang", "right", "10.9.9.9") is not None
    last_moment = MORNING + WINDOW - timedelta(seconds=1)
    with pytest.raises(TooManyAttempts):
        try_sign_in(office, password="right", address="10.9.9.9", at=last_moment)
    assert try_sign_in(office, password="right", address="10.9.9.9", at=MORNING + WINDOW) is not None


@pytest.mark.usefixtures("quick")
def test_a_hundred_failures_close_the_address_for_a_while(office: Office) -> None:
    """One address that tries many accounts, existing or not."""
    for n in range(identity.ADDRESS_ATTEMPTS):
        assert try_sign_in(office, f"account{n}", "wrong") is None
    with pytest.raises(TooManyAttempts):
        try_sign_in(office, "linfang", "right")
    assert try_sign_in(office, "linfang", "right", "10.0.0.2") is not None
    assert try_sign_in(office, "linfang", "right", at=MORNING + WINDOW) is not None


@pytest.mark.usefixtures("quick")
def test_a_success_forgives_the_accounts_failures(office: Office) -> None:
    """Nine wrong, one right, nine wrong again: still open."""
    for _ in range(2):
        for n in range(identity.ATTEMPTS - 1):
            assert try_sign_in(office, password="wrong", address=f"10.0.0.{n}") is None
        assert try_sign_in(office, password="right", address="10.0.1.1") is not None


def test_a_session_ends_after_its_hours(office: Office) -> None:
    """To the second, and it is cleared away at the next sign-in."""
    token = try_sign_in(office)
    assert person_of(office, token, MORNING + timedelta(hours=8, seconds=-1)).id == "chenwei"
    with pytest.raises(NotSignedIn):
        person_of(office, token, MORNING + timedelta(hours=8))
    try_sign_in(office, "linfang", at=MORNING + timedelta(hours=9))
    assert len(office.rows("select * from sign_in_session")) == 1


def test_signed_out_is_signed_out(office: Office) -> None:
    """Only this session ends."""
    first, second = try_sign_in(office), try_sign_in(office)
    with office.database.write() as session:
        identity.sign_out(session, str(first))
    with pytest.raises(NotSignedIn):
        person_of(office, first)
    assert person_of(office, second).id == "chenwei"


@pytest.mark.parametrize("token", [None, "", "x", "' or 1=1 --", "令牌"])
def test_a_made_up_token_is_nobodys(office: Office, token: str | None) -> None:
    """Guessing does not help."""
    try_sign_in(office)
    with pytest.raises(NotSignedIn):
        person_of(office, token)


def test_a_language_is_remembered(office: Office) -> None:
    """For every later session."""
    person = person_of(office, try_sign_in(office))
    with office.database.write() as session:
        identity.set_locale(session, person, "en")
    assert person_of(office, try_sign_in(office)).locale == "en"


def test_an_unknown_account_is_named(office: Office) -> None:
    """The command line says which."""
    with office.database.read() as session, pytest.raises(NotPermitted) as refused:
        identity.person_by_account(session, TENANT, "nobody")
    assert refused.value.params == {"account": "nobody"}


def test_holders_of_a_post(office: Office) -> None:
    """Those who are active, in order of account."""
    with office.database.write() as session:
        session.execute(sa.text("update person set active = false where account = 'gaoshan'"))
    with office.database.read() as session:
        assert [a.account for a in identity.members(session, TENANT, "expert")] == ["baoyin"]
        assert [a.account for a in identity.members(session, TENANT, "data_bureau")] == ["chenwei", "linfang"]
        assert identity.jurisdictions(session) == [("hongshan", "赤峰市红山区")]
