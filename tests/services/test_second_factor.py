"""The second factor: set up with a first code, good once, through every post of one human being."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest

from server.services import identity, people, rights_log, second_factor, sessions, signing_in
from server.services.authorization import Person
from server.services.errors import NotPermitted, NotSignedIn, TooManyAttempts
from server.services.second_factor import GUESSES, STEP, Rule
from server.services.signing_in import Pending
from tests.services.conftest import MORNING, TENANT, Office
from tests.services.test_together import together

KEY = "k" * 40


def set_up(office: Office, account: str = "chenwei") -> tuple[str, tuple[str, ...]]:
    """Set it up; gives its secret and the recovery codes."""
    with office.database.write() as session:
        of = second_factor.owner(session, TENANT, account)
        told = second_factor.enrolment(of, account, KEY, MORNING)
        code = pyotp.TOTP(told.secret).at(MORNING)
        codes = second_factor.enrol(session, of, told.sealed, code, KEY, MORNING)
    assert codes is not None
    return told.secret, codes


def verified(office: Office, code: str, at: float = 0, account: str = "chenwei") -> bool:
    """Try a code some seconds later."""
    with office.database.write() as session:
        of = second_factor.owner(session, TENANT, account)
        return second_factor.verify(session, of, code, KEY, MORNING + timedelta(seconds=at))


def sign_in(office: Office, account: str = "chenwei", rule: Rule = "optional") -> str:
    """Sign in with the password; gives the session's token."""
    with office.database.write() as session:
        checked = identity.check(session, TENANT, account, "demo", "10.0.0.1", MORNING)
        token = identity.open_session(session, checked, "10.0.0.1", MORNING, 8, rule=rule)
    assert token is not None
    return token


def waiting(office: Office, token: str, at: float = 0) -> Pending | None:
    """What is still to come."""
    with office.database.read() as session:
        return signing_in.pending(session, token, MORNING + timedelta(seconds=at))


def person_of(office: Office, token: str) -> Person:
    """Whose session it is."""
    with office.database.read() as session:
        return identity.person_of(session, token, MORNING)


def test_a_code_is_right_once(office: Office) -> None:
    """Neither it nor the one it was set up with, nor an earlier one, counts again."""
    secret, _codes = set_up(office)
    made = pyotp.TOTP(secret)
    assert not verified(office, made.at(MORNING))
    later = made.at(MORNING + timedelta(seconds=2 * STEP))
    assert verified(office, later, 2 * STEP)
    assert not verified(office, later, 2 * STEP)
    assert not verified(office, made.at(MORNING + timedelta(seconds=STEP)), 2 * STEP)
    assert verified(office, made.at(MORNING + timedelta(seconds=4 * STEP)), 3 * STEP), "a clock that is ahead"
    assert not verified(office, made.at(MORNING + timedelta(seconds=9 * STEP)), 5 * STEP)


def test_of_two_who_send_one_code_at_once_one_is_let_in(office: Office) -> None:
    """A code that somebody reads over a shoulder opens no second session."""
    secret, codes = set_up(office)
    for number, code in enumerate((pyotp.TOTP(secret).at(MORNING + timedelta(seconds=60)), codes[0])):
        found: list[bool] = []
        assert together(*[lambda c=code, f=found: f.append(verified(office, c, 60))] * 2) == [], number
        assert sorted(found) == [False, True]


def test_a_recovery_code_takes_its_place_once(office: Office) -> None:
    """Typed in capitals and blanks, too; only its digest is kept, and its use is told."""
    _secret, codes = set_up(office)
    assert len(set(codes)) == 10
    assert verified(office, codes[3].upper().replace("-", " "))
    assert not verified(office, codes[3])
    kept = str(office.rows("select * from recovery_code"))
    assert not any(code in kept for code in codes)
    kinds = [row["kind"] for row in office.rows("select kind from right_event order by seq")]
    assert kinds == ["factor_enrolled", "recovery_code_used"]
    with office.database.read() as session:
        assert second_factor.codes_left(session, second_factor.owner(session, TENANT, "chenwei")) == 9
        assert all(isinstance(found, int) for found in rights_log.verify(session, TENANT))


def test_guesses_are_counted_although_the_password_is_right(office: Office) -> None:
    """Whoever knows the password does not get new guesses by signing in again."""
    _secret, codes = set_up(office)
    for _ in range(GUESSES):
        assert not verified(office, "000000")
        sign_in(office)
    with pytest.raises(TooManyAttempts):
        verified(office, codes[0])
    assert verified(office, codes[0], 16 * 60)


def test_the_secret_is_not_kept_in_the_open(office: Office) -> None:
    """A copy of the database opens nothing; with another key it cannot be read."""
    secret, _codes = set_up(office)
    assert secret not in str(office.rows("select * from second_factor"))
    with office.database.write() as session:
        of = second_factor.owner(session, TENANT, "chenwei")
        with pytest.raises(NotPermitted):
            second_factor.verify(session, of, "123456", "x" * 40, MORNING)


def test_a_secret_of_somebody_else_or_of_yesterday_is_not_taken(office: Office) -> None:
    """The sealed secret of a page is for its person and for an hour; a wrong first code keeps nothing."""
    with office.database.write() as session:
        mine, other = (second_factor.owner(session, TENANT, a) for a in ("chenwei", "sunlei"))
        told = second_factor.enrolment(mine, "chenwei", KEY, MORNING)
        code = pyotp.TOTP(told.secret).at(MORNING)
        assert second_factor.enrol(session, mine, told.sealed, "000000", KEY, MORNING) is None
        for of, at, sealed in (
            (other, MORNING, told.sealed), (mine, MORNING + timedelta(hours=2), told.sealed),
            (mine, MORNING, "x"),
        ):  # fmt: skip
            with pytest.raises(NotPermitted):
                second_factor.enrol(session, of, sealed, code, KEY, at)
    assert office.rows("select * from second_factor") == []


def test_a_session_opens_nothing_before_the_code(office: Office) -> None:
    """Password first, then the code: the token changes on the way, and the waiting one is gone."""
    set_up(office)
    token = sign_in(office)
    found = waiting(office, token)
    assert found is not None
    assert found.step == "code"
    with pytest.raises(NotSignedIn):
        person_of(office, token)
    assert waiting(office, token, 601) is None
    with office.database.write() as session:
        opened = signing_in.go_on(session, found, MORNING, 8)
    assert person_of(office, opened).id == "chenwei"
    with pytest.raises(NotSignedIn), office.database.write() as session:
        signing_in.go_on(session, found, MORNING, 8)


@pytest.mark.parametrize(
    ("rule", "groups", "step"),
    [
        ("optional", "admin", ""),
        ("admins", "clerk", ""),
        ("admins", "admin", "factor"),
        ("everybody", "", "factor"),
    ],
)
def test_the_house_may_ask_for_one(office: Office, rule: Rule, groups: str, step: str) -> None:
    """Admins, or everybody, set one up before they do anything else."""
    if groups == "admin":
        with office.database.write() as session:
            session.connection().exec_driver_sql(
                f"insert into membership (tenant_id, user_id, group_id)"
                f" values ('{TENANT}', 'chenwei', 'admin')"
            )
    token = sign_in(office, rule=rule)
    found = waiting(office, token)
    assert (found.step if found else "") == step


def test_a_factor_counts_for_every_post_of_one_human_being(office: Office) -> None:
    """Set up in one jurisdiction, it is asked for in the other."""
    set_up(office)
    with office.database.write() as session:
        identity.add_jurisdiction(session, "far", "Far", MORNING)
        identity.add_unit(session, "far", "office", "Office")
        session.connection().exec_driver_sql("update person set identity = 'one' where id = 'chenwei'")
        identity.add_person(
            session, "far", "chenwei", "陈伟", "", "office", ["admin"], identity.hash_first_password("demo"),
            MORNING, identity="one",
        )  # fmt: skip
        of = second_factor.owner(session, "far", "chenwei")
        assert second_factor.is_enrolled(session, of)
        assert signing_in.first_step(session, of, "optional", "password") == "code"
        assert second_factor.is_required(session, second_factor.owner(session, TENANT, "chenwei"), "admins")


def test_an_admin_takes_away_what_was_lost(office: Office) -> None:
    """Others may not."""
    set_up(office)
    admin = Person(TENANT, "boss", "boss", "B", "", "", "", frozenset({"admin"}))
    with office.database.write() as session:
        of = second_factor.owner(session, TENANT, "chenwei")
        with pytest.raises(NotPermitted):
            second_factor.remove(session, office.people["sunlei"], of, MORNING)
        second_factor.remove(session, admin, of, MORNING)
    assert waiting(office, sign_in(office)) is None
    kept = office.rows("select kind, actor_id from right_event order by seq desc")
    assert kept[0] == {"kind": "factor_removed", "actor_id": "boss"}


def test_a_first_password_is_used_once(office: Office) -> None:
    """After the code comes a password of one's own."""
    admin = Person(TENANT, "boss", "boss", "B", "", "", "", frozenset({"admin"}))
    with office.database.write() as session:
        session.connection().exec_driver_sql("update person set demo = false where id = 'chenwei'")
        password = people.renew_password(session, admin, "chenwei", MORNING)
        checked = identity.check(session, TENANT, "chenwei", password, "", MORNING)
        token = identity.open_session(session, checked, "", MORNING, 8)
    found = waiting(office, token or "")
    assert found is not None
    assert found.step == "password"
    with office.database.read() as session:
        assert sessions.of_person(session, office.people["chenwei"], "chenwei", MORNING) == []


def test_browsers_are_told_apart(office: Office) -> None:
    """By name and system, not by the text that they send."""
    agent = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0"
    )
    with office.database.write() as session:
        checked = identity.check(session, TENANT, "chenwei", "demo", "10.1.2.3", MORNING)
        identity.open_session(session, checked, "10.1.2.3", MORNING, 8, agent=agent)
    with office.database.read() as session:
        (one,) = sessions.of_person(session, office.people["chenwei"], "chenwei", MORNING)
    assert (one.agent, one.address, one.method) == ("Edge · Windows", "10.1.2.3", "password")
