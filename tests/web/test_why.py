"""Why a case went as it did: decisions, conditions, returns and the chain; for auditors and admins only."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from tests.web.office import Office, apply


@pytest.fixture(scope="module")
def case(office: Office) -> str:
    """A case that has passed a decision and a gateway."""
    return apply(office.visitor("clerk"), "审计样例", "600,000.00")


def told(office: Office, case: str) -> dict[str, Any]:
    """The explanation as programs get it."""
    answer = office.visitor("admin").get(f"/instances/{case}/why.json")
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_each_decision_and_each_way_is_told_with_its_reasons(office: Office, case: str) -> None:
    """Inputs, rule, article, who, when, which version; condition and values; also as a workbook."""
    found = told(office, case)
    cause = found["causes"][0]
    assert cause["kind"] == "instance_started"
    assert cause["actor"] == "周明"
    assert len(cause["hash"]) == 64
    decision = cause["decisions"][0]
    assert decision["inputs"]
    assert decision["matched"][0]["regulation"]
    assert decision["version"] == found["version"] == 1
    ways = [way for one in found["causes"] for way in one["ways"]]
    assert ways
    for way in ways:
        assert way["condition"] or way["default"]
    assert any(way["values"] for way in ways)
    page = office.visitor("admin").get(f"/instances/{case}/why")
    assert "办理记录完整" in page.text
    assert found["proof"]["head"] in page.text
    assert decision["name"] in page.text
    assert office.visitor("admin").get(f"/instances/{case}/why.xlsx").content.startswith(b"PK")
    assert f"/instances/{case}/why" in office.visitor("admin").get(f"/instances/{case}/decisions").text


def test_others_are_refused_with_the_reason(office: Office, case: str) -> None:
    """Also the one whose case it is, who sees the decisions themselves."""
    clerk = office.visitor("clerk")
    for file in ("why", "why.json", "why.xlsx"):
        answer = clerk.get(f"/instances/{case}/{file}")
        assert answer.status_code == 403
        assert "审计" in answer.text
    assert f"/instances/{case}/why" not in clerk.get(f"/instances/{case}/decisions").text
    assert office.visitor("admin").get("/instances/nothing/why").status_code == 404


def test_a_record_that_was_changed_says_so(office: Office) -> None:
    """At the first entry that does not fit."""
    case = apply(office.visitor("clerk"), "被改样例", "600,000.00")
    change = sa.text("update history_event set actor_name = '某人' where instance_id = :i and seq = 2")
    with office.database.write() as session:
        session.execute(change, {"i": case})
    assert told(office, case)["proof"]["fault"] == "entry changed"
    page = office.visitor("admin").get(f"/instances/{case}/why")
    assert "自第 2 条起" in page.text
    assert "办理记录完整" not in page.text
