"""Documents that were given out: kept as they were, known by their code, by nothing else."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from server.bundles.archive import Bundle
from server.cli import house
from server.services import deployments, documents, history, issuing
from server.services.errors import NotPermitted, StaleTask, TooManyAttempts
from server.services.issuing import Issued
from tests.services.conftest import TENANT, Office
from tests.services.test_together import together

RECEIPT = """
[[document]]
id = "t_receipt"
name = "收件回执"
processes = ["hongshan.library_entry"]
state = "open"
when = "total >= 600000"
text = "收悉。"

[[document]]
id = "t_reply"
name = "复函"
processes = ["hongshan.library_entry"]
state = "open"
text = "收悉。"
issued_by = ["bureau_head"]
"""
PAPER = {"title": "收件回执", "number": "红收〔2026〕1号", "day": "2026年3月2日", "paragraphs": ["收悉。"]}


@pytest.fixture
def case(office: Office, bundle: Bundle) -> str:
    """A case whose bureau has done its first step."""
    files = {**bundle.files, "jurisdiction.toml": bundle.files["jurisdiction.toml"] + RECEIPT.encode()}
    with office.database.write() as session:
        admin = house.operator(session, TENANT)
        deployments.deploy(session, admin, TENANT, files, office.now, name="t", source="test")
    instance = office.start()
    office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    return instance


def issue(
    office: Office, case: str, person: str = "chenwei", seen: int = 0, document: str = "t_receipt",
    **texts: str,
) -> Issued:  # fmt: skip
    with office.database.write() as session:
        who = office.people[person]
        return issuing.issue(session, who, case, document, {**PAPER, **texts}, seen, office.now)


def verify(office: Office, code: str, address: str = "10.0.0.1") -> issuing.Genuine | None:
    with office.database.write() as session:
        return issuing.verify(session, code, address, office.now)


def test_what_was_given_out_stays_as_it_was(office: Office, case: str) -> None:
    """Its texts are kept, the record names it, and the chain holds."""
    issued = issue(office, case)
    with office.database.read() as session:
        again = issuing.latest(session, office.people["chenwei"], case, "t_receipt")
        offered = documents.offered(session, office.people["chenwei"], case, office.now).papers
        assert all(isinstance(one, int) for one in history.verify(session, TENANT))
    assert again is not None
    assert again.paper["paragraphs"] == ["收悉。"]
    assert again.digest == issued.digest == issuing.digest_of(PAPER)
    assert "t_receipt" in [document.id for document in offered]
    (entry,) = office.rows("select payload from history_event where kind = 'document_issued'")
    assert issued.code in entry["payload"]
    assert "收悉" not in entry["payload"]


def test_whoever_holds_the_code_learns_that_it_is_genuine(office: Office, case: str) -> None:
    """Written with blanks and small letters too; of what it says nothing is told."""
    issued = issue(office, case)
    typed = " ".join(issued.code[at : at + 4] for at in range(0, 16, 4)).lower()
    found = verify(office, typed)
    assert found is not None
    assert (found.title, found.number, found.day) == ("收件回执", "红收〔2026〕1号", "2026年3月2日")
    assert (found.digest, found.superseded) == (issued.digest, False)
    assert "收悉" not in str(found)
    issue(office, case, seen=1, number="红收〔2026〕2号")
    older = verify(office, issued.code)
    assert older is not None
    assert older.superseded


def test_nobody_finds_codes_by_trying(office: Office, case: str) -> None:
    """A wrong character is a wrong code; after twenty of them the address waits, and others do not."""
    issued = issue(office, case)
    last = "2" if issued.code[-1] != "2" else "3"
    for _ in range(issuing.WRONG_CODES):
        assert verify(office, issued.code[:-1] + last) is None
    with pytest.raises(TooManyAttempts):
        verify(office, issued.code)
    assert verify(office, issued.code, "10.0.0.2") is not None
    assert verify(office, issued.code + "2", "10.0.0.2") is None
    office.now += timedelta(minutes=16)
    assert verify(office, issued.code) is not None


def test_of_two_who_give_it_out_one_is_told(office: Office, case: str) -> None:
    """There is one paper, and the slower knows whose."""
    raised = together(lambda: issue(office, case), lambda: issue(office, case, number="红收〔2026〕9号"))
    assert [type(error) for error in raised] == [StaleTask]
    assert raised[0].by == office.people["chenwei"].name  # type: ignore[attr-defined]
    assert len(office.rows("select serial from issued_paper")) == 1


def test_who_may_not(office: Office, case: str) -> None:
    """Those who only see the case, strangers, and others than the groups that the manifest names."""
    with pytest.raises(NotPermitted, match="another unit"):
        issue(office, case, "hejun")
    with pytest.raises(NotPermitted, match="done a step"):
        issue(office, case, "zhoumin")
    with pytest.raises(NotPermitted, match="may give this document out") as refused:
        issue(office, case, document="t_reply")
    assert refused.value.params["groups"]
    head = office.people["chenwei"]
    office.people["chenwei"] = dataclasses.replace(head, groups=head.groups | {"bureau_head"})
    assert issue(office, case, document="t_reply").serial == 1
