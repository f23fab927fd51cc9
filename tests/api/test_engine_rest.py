"""The interface for machines: files deployed and decisions taken as tools for Camunda 7 do it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.machine import Machine, basic
from tests.engine.dmn.models import decision, definitions, table
from tests.web.office import Office

TIER = definitions(
    decision(
        "tier",
        table(
            [("total", "number"), ("kind", "string")],
            [("tier", "string")],
            ['>= 600000 | "construction" => "large"', '< 600000 | - => "small"'],
        ),
    )
)


REAL = "key/hongshan_tier/tenant-id/hongshan"


def test_a_modeler_asks_deploys_and_evaluates(own_demo: Office) -> None:
    """As a modeler and the conformance kit do it: without an account, on the same machine, in a demo."""
    machine = Machine(own_demo.app)
    assert machine.get("/version").json()["version"].startswith("7.")
    assert machine.get("/engine").json() == [{"name": "default"}]
    assert machine.get("/deployment?maxResults=0").json() == []
    made = machine.deploy({"tier.dmn": TIER}).json()
    (found,) = made["deployedDecisionDefinitions"].values()
    assert (found["key"], made["tenantId"]) == ("tier", "sandbox")
    total = {"value": 600000, "type": "Long"}
    kind = {"value": "construction", "type": "String"}
    rows = [{"tier": {"value": "large", "type": "String", "valueInfo": {}}}]
    for path in (found["id"], "key/tier", "key/tier/tenant-id/sandbox"):
        assert machine.evaluate(path, total=total, kind=kind).json() == rows
    assert machine.get(f"/decision-definition/{found['id']}").json()["key"] == "tier"
    assert "decisionTable" in machine.get(f"/decision-definition/{found['id']}/xml").json()["dmnXml"]
    again = machine.deploy({"tier.dmn": TIER}).json()
    assert again["id"] == made["id"]
    assert [row["id"] for row in machine.get("/deployment").json()] == [made["id"]]


def test_strict_answers_with_the_error(demo: Office) -> None:
    """Without it the answer is what the specification says: nothing."""
    machine = Machine(demo.app)
    machine.deploy({"tier.dmn": TIER})
    total = {"value": 700000, "type": "Integer"}
    assert machine.evaluate("key/tier", total=total, kind={"value": "om", "type": "String"}).json() == []
    answer = machine.evaluate("key/tier", "?strict=true", total=total, kind={"value": "om", "type": "String"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "DmnEvaluationException"
    assert answer.json()["findings"][0]["code"] == "dmn.nothing_matched"


def test_what_cannot_run_is_refused_with_its_place(demo: Office) -> None:
    machine = Machine(demo.app, **{"Accept-Language": "en"})
    broken = TIER.replace(b"&gt;= 600000", b"&gt;= (600000").replace(b'"tier"', b'"broken_tier"')
    answer = machine.deploy({"tier.dmn": broken})
    body = answer.json()
    assert (answer.status_code, body["type"]) == (400, "ParseException")
    (error,) = body["details"]["tier.dmn"]["errors"]
    assert "expected )" in error["message"]
    assert error["line"] == 1
    assert error["mainElementId"]
    (finding,) = [f for f in body["findings"] if f["level"] == "error"]
    assert (finding["row"], finding["column"]) == (1, "Column total")
    assert machine.evaluate("key/broken_tier").status_code == 404
    assert machine.deploy({"readme.txt": b"x"}).status_code == 400
    chinese = Machine(demo.app, **{"Accept-Language": "zh-CN"}).deploy({"tier.dmn": broken}).json()
    assert chinese["message"] != body["message"]


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ({"value": "x", "type": "Integer"}, "no Integer"),
        ({"value": True, "type": "Long"}, "no Long"),
        ({"value": "x", "type": "Boolean"}, "no Boolean"),
        ({"value": "yesterday", "type": "Date"}, "no Date"),
        ({"value": "{", "type": "Json"}, "no Json"),
        ({"value": "eA==", "type": "Bytes"}, "not supported"),
        ("bare", "must be an object"),
    ],
)
def test_variables_that_cannot_be_read(office: Office, variable: Any, said: str) -> None:
    machine = Machine(office.app, Authorization=basic("clerk"))
    answer = machine.evaluate(REAL, total=variable)
    assert (answer.status_code, answer.json()["type"]) == (400, "InvalidRequestException")
    assert said in answer.json()["message"]


def test_who_may_do_what(demo: Office) -> None:
    """Nobody's files and questions stay in the sandbox; rights are those of the pages."""
    form = {"total": {"value": 600000, "type": "Long"}}
    guest, clerk = Machine(demo.app), Machine(demo.app, Authorization=basic("clerk"))
    owner = Machine(demo.app, Authorization=basic("hongshan/admin"))
    assert guest.evaluate(REAL, **form).status_code == 403
    assert guest.deploy({"tier.dmn": TIER}, tenant_id="hongshan").status_code == 403
    assert clerk.evaluate(REAL, **form).status_code == 200
    assert clerk.deploy({"tier.dmn": TIER}).status_code == 403
    assert owner.deploy({"tier.dmn": TIER}).status_code == 200
    assert owner.evaluate("key/tier").status_code == 200
    wrong = Machine(demo.app, Authorization=basic("clerk", "guess")).get("/version")
    assert (wrong.status_code, wrong.headers["www-authenticate"][:5]) == (401, "Basic")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example:8000"},
        {"X-Forwarded-For": "10.0.0.1"},
    ],
)
def test_guests_are_programs_on_this_machine(demo: Office, headers: dict[str, str]) -> None:
    """A page of another site, a name that points here and a proxy are none."""
    assert Machine(demo.app, **headers).deploy({"tier.dmn": TIER}).status_code in (401, 403)


def test_guests_come_from_this_machine_and_to_a_demo_only(demo: Office, office: Office) -> None:
    assert Machine(demo.app, "10.0.0.7").get("/version").status_code == 401
    assert Machine(office.app).get("/version").status_code == 401
    assert Machine(office.app, Authorization=basic("clerk")).get("/version").status_code == 200


def test_a_file_sent_to_a_jurisdiction_replaces_its_like(own_demo: Office) -> None:
    """The rest of the bundle stays, and the checks of the house hold."""
    owner = Machine(own_demo.app, Authorization=basic("admin"))
    before = owner.get(f"/decision-definition/{REAL}").json()
    xml = owner.get(f"/decision-definition/{before['id']}/xml").json()["dmnXml"]
    name = before["resource"].rpartition("/")[2]
    changed = owner.deploy({name: xml.encode() + b"<!-- -->\n"}, tenant_id="hongshan").json()
    (found,) = changed["deployedDecisionDefinitions"].values()
    assert found["key"] == "hongshan_tier"
    assert found["version"] == before["version"] + 1
    assert owner.get(f"/decision-definition/{REAL}").json()["id"] == found["id"]
    assert owner.get("/decision-definition/key/hongshan_entry_route/tenant-id/hongshan").status_code == 200
    refused = owner.deploy({name: TIER}, tenant_id="hongshan")
    assert (refused.status_code, refused.json()["type"]) == (400, "ParseException")
    assert owner.get(f"/decision-definition/{REAL}").json()["id"] == found["id"]


@pytest.mark.parametrize("path", ["/nothing", "/decision-definition/key/none", "/deployment/create"])
def test_errors_are_json(demo: Office, path: str) -> None:
    answer = Machine(demo.app).get(path)
    assert answer.status_code in (404, 405)
    assert {"type", "message"} <= answer.json().keys()
