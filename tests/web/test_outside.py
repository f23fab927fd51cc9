"""Signing in with another system's account, against a server that really signs its tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from tests.originals import Originals
from tests.web.issuer import CLIENT, SECRET, Issuer
from tests.web.office import Office, Visitor, open_office, settle

SUBJECT = "person-4711"


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    """The other system."""
    opened = Issuer().open()
    yield opened
    opened.close()


@pytest.fixture
def issuer(server: Issuer) -> Issuer:
    """The other system, answering rightly."""
    server.claims, server.header, server.discovery, server.signing = {}, {}, {}, None
    server.silent, server.asked = False, []
    return server


@pytest.fixture(scope="module")
def office(
    originals: Originals, tmp_path_factory: pytest.TempPathFactory, server: Issuer
) -> Iterator[Office]:
    """An office that lets people sign in there; the clerk is linked."""
    issuer, folder = server, tmp_path_factory.mktemp("office")
    outside = {"oidc_issuer": issuer.address, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with originals.copied("sqlite", folder, settle) as url:
        opened = open_office(url, folder, **outside, oidc_name="统一身份平台")
        admin = opened.visitor("admin")
        page = admin.get("/people/clerk")
        assert admin.post("/people/clerk/outside", page, subject=SUBJECT).status_code == 303
        yield opened
        opened.database.close()


def depart(visitor: Visitor, wanted: str = "/projects") -> str:
    """Leave for the other system; gives its address."""
    assert "统一身份平台" in visitor.get("/sign-in").text
    gone = visitor.get(f"/sign-in/outside?next={wanted}")
    assert gone.status_code == 303
    return gone.headers["location"]


def arrive(visitor: Visitor, back: str) -> httpx.Response:
    """Come back, and let the page lead on."""
    page = visitor.get(back.removeprefix("http://127.0.0.1:8000"))
    if page.status_code != 200:
        return page
    code, state = (re.search(rf'name="{name}" value="([^"]+)"', page.text)[1] for name in ("code", "state"))
    return visitor.post("/sign-in/outside", page, code=code, state=state)


def test_a_linked_person_signs_in(office: Office, issuer: Issuer) -> None:
    """They come to where they wanted to go; the session tells how it was opened; the code was used once."""
    visitor = Visitor(office.app)
    back = issuer.sign_in(depart(visitor), SUBJECT)
    opened = arrive(visitor, back)
    assert opened.headers["location"] == "/projects"
    assert "周明" in visitor.get("/projects").text
    assert len(issuer.asked) == 1
    assert issuer.address in str(_rows(office, "select method from sign_in_session"))
    again = arrive(visitor, back)
    assert again.status_code == 400, "what was remembered for this sign-in is gone"


def test_somebody_unknown_is_told_what_to_give_to_an_admin(office: Office, issuer: Issuer) -> None:
    """Nobody is entered by signing in elsewhere; the link of another is no help."""
    visitor = Visitor(office.app)
    refused = arrive(visitor, issuer.sign_in(depart(visitor), "somebody-else"))
    assert refused.status_code == 403
    assert "somebody-else" in refused.text
    assert visitor.get("/tasks").status_code == 303


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"iss": "http://127.0.0.1:1"}, {}), ({"aud": "another"}, {}), ({"aud": [CLIENT, "other"]}, {}),
        ({"azp": "another"}, {}), ({"nonce": "another"}, {}), ({"nonce": None}, {}), ({"exp": 1}, {}),
        ({"sub": ""}, {}), ({"sub": 7}, {}), ({"iat": 9_999_999_999}, {}), ({}, {"kid": "unknown"}),
    ],
)  # fmt: skip
def test_a_token_that_does_not_hold_opens_nothing(
    office: Office, issuer: Issuer, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    """Each claim is checked, and the key."""
    issuer.claims, issuer.header = claims, header
    visitor = Visitor(office.app)
    answer = arrive(visitor, issuer.sign_in(depart(visitor), SUBJECT))
    assert answer.headers["location"] == "/sign-in?outside=failed"
    assert visitor.get("/tasks").status_code == 303
    assert "未能登录" in visitor.get("/sign-in?outside=failed").text


@pytest.mark.parametrize("kind", ["another key", "a shared key"])
def test_a_forged_signature_opens_nothing(office: Office, issuer: Issuer, kind: str) -> None:
    """Neither a key that the issuer does not publish, nor one that is shared instead of published."""
    if kind == "another key":
        issuer.signing = RSAKey.generate_key(2048, {"kid": "one"})
    else:
        issuer.signing = OctKey.generate_key(256, {"kid": "one"})
        issuer.header = {"alg": "HS256"}
    visitor = Visitor(office.app)
    answer = arrive(visitor, issuer.sign_in(depart(visitor), SUBJECT))
    assert answer.headers["location"] == "/sign-in?outside=failed"


def test_another_browser_cannot_end_a_sign_in(office: Office, issuer: Issuer) -> None:
    """Whoever is given somebody else's way back is not signed in by it."""
    mine, other = Visitor(office.app), Visitor(office.app)
    back = issuer.sign_in(depart(mine), SUBJECT)
    depart(other)
    for visitor in (other, Visitor(office.app)):
        assert arrive(visitor, back).status_code == 400
    assert issuer.asked == []
    own = mine.get(back.removeprefix("http://127.0.0.1:8000"))
    (code,) = re.findall(r'name="code" value="([^"]+)"', own.text)
    forged = mine.post("/sign-in/outside", own, code=code, state="another")
    assert forged.headers["location"] == "/sign-in?outside=failed"
    assert issuer.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://another.example"}, {"token_endpoint": "http://10.0.0.1/token"},
        {"authorization_endpoint": "javascript:alert(1)"}, {"authorization_endpoint": None},
    ],
)  # fmt: skip
def test_an_issuer_that_is_not_what_it_says_is_not_believed(
    office: Office, issuer: Issuer, wrong: dict[str, Any]
) -> None:
    """It must call itself what was set, and name safe addresses."""
    issuer.discovery = wrong
    visitor = Visitor(office.app)
    gone = visitor.get("/sign-in/outside")
    if gone.headers["location"] != "/sign-in?outside=failed":
        gone = arrive(visitor, issuer.sign_in(gone.headers["location"], SUBJECT))
    assert gone.headers["location"] == "/sign-in?outside=failed"


def test_an_issuer_that_cannot_be_reached_is_told(office: Office, issuer: Issuer) -> None:
    """The password still works."""
    issuer.silent = True
    assert Visitor(office.app).get("/sign-in/outside").headers["location"] == "/sign-in?outside=failed"
    assert office.visitor("clerk").get("/tasks").status_code == 200


def test_a_link_is_one_persons_and_ends_at_once(office: Office, issuer: Issuer) -> None:
    """Nobody else gets the same subject; without the link, or out of office, the subject is nobody."""
    admin = office.visitor("admin")
    page = admin.get("/people/bureau")
    assert admin.post("/people/bureau/outside", page, subject=SUBJECT).status_code == 403
    assert admin.post("/people/bureau/outside", page, subject=" ").status_code == 403
    assert office.visitor("bureau").post("/people/bureau/outside", page, subject="x").status_code == 403
    assert admin.post("/people/second/outside", page, subject="second-1").status_code == 303
    visitor = Visitor(office.app)
    assert arrive(visitor, issuer.sign_in(depart(visitor), "second-1")).status_code == 303
    gone = {"subject": "second-1", "issuer": issuer.address}
    assert admin.post("/people/second/outside", page, **gone).status_code == 303
    assert admin.post("/people/second/outside", page, **gone).status_code == 404
    visitor = Visitor(office.app)
    assert arrive(visitor, issuer.sign_in(depart(visitor), "second-1")).status_code == 403
    trail = admin.get("/rights?person=second").text
    assert "关联统一身份账号" in trail
    assert "解除统一身份账号" in trail


def _rows(office: Office, query: str) -> list[Any]:
    with office.database.read() as session:
        return [tuple(row) for row in session.connection().exec_driver_sql(query)]
