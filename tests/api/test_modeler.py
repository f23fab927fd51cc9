"""The desktop modeler's own sequence of requests, tokens, and what programs ask for besides."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from server.services import identity, tokens
from server.services.tokens import Wanted
from tests.api.drawn import FORM, asked, worked
from tests.api.machine import Machine, basic
from tests.api.test_engine_rest import TIER
from tests.web.office import TENANT, Office

JSON = "application/json"


def token(office: Office, account: str, *scopes: str, topics: tuple[str, ...] = ()) -> str:
    """A personal access token of somebody, as a header."""
    with office.database.write() as session:
        person = identity.person_by_account(session, TENANT, account)
        return "Bearer " + tokens.create(
            session, person, Wanted("test", scopes, 1, topics), datetime.now(UTC)
        )


def post(machine: Machine, path: str, body: Any = None) -> Any:
    """Send JSON."""
    return machine.request("POST", path, json=body)


def sent(name: str, content: bytes, **more: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    """Files as the modeler sends them: each under its own name, the others without a type."""
    files = [(name, (name, content, "text/xml"))]
    return files + [(key, (key, value, "application/octet-stream")) for key, value in more.items()]


def test_the_sequence_of_the_desktop_modeler(own_demo: Office) -> None:
    """On both databases: is it there, does it want credentials, which version, deploy, deploy again, start,
    open in Cockpit."""
    stranger = Machine(own_demo.app, "10.0.0.7", Origin="file://", accept=JSON)
    asked_for = stranger.get("/deployment?maxResults=0")
    assert (asked_for.status_code, asked_for.headers["www-authenticate"][:5]) == (401, "Basic")
    assert asked_for.headers["access-control-allow-origin"] == "file://"
    modeler = Machine(own_demo.app, "10.0.0.7", Origin="file://", Authorization=basic("admin"))
    assert modeler.get("//deployment?maxResults=0").json() == []
    assert modeler.get("/version").json() == {"version": "7.24.0"}
    fields = {"deployment-name": "审批", "deployment-source": "Camunda Modeler"}
    fields["enable-duplicate-filtering"] = "true"
    files = sent("审批.bpmn", asked(), **{"question.form": FORM})
    made = modeler.request("POST", "//deployment/create", data=fields, files=files)
    assert (made.status_code, made.headers["content-type"]) == (200, JSON)
    (definition,) = made.json()["deployedProcessDefinitions"].values()
    assert (definition["key"], definition["resource"], definition["tenantId"]) == (
        "asking",
        "审批.bpmn",
        "sandbox",
    )
    again = modeler.request("POST", "/deployment/create", data=fields, files=files).json()
    assert again["id"] == made.json()["id"]
    assert again["deployedProcessDefinitions"].keys() == {definition["id"]}
    for name, content in (("tier.dmn", TIER), ("question.form", FORM)):
        alone = modeler.request("POST", "/deployment/create", data=fields, files=sent(name, content))
        assert (alone.status_code, alone.json()["deployedProcessDefinitions"]) == (200, None)
    body = {"businessKey": "default", "variables": None}
    started = post(modeler, f"/process-definition/{definition['id']}/start", body)
    assert (started.status_code, started.json()["definitionId"]) == (200, definition["id"])
    page = own_demo.visitor("admin").get(f"/sandbox/cases/{started.json()['id']}")
    assert page.status_code == 200
    assert "Ask" in page.text


def test_a_refused_diagram_shows_its_reason_in_the_modeler(demo: Office) -> None:
    machine = Machine(demo.app, Authorization=basic("admin"), **{"Accept-Language": "en"})
    answer = machine.deploy({"bad.bpmn": asked().replace(b'messageRef="paid"', b"")})
    told = answer.json()
    assert (answer.status_code, told["type"]) == (400, "ParseException")
    assert told["message"].startswith(
        "ENGINE-09005 Could not parse BPMN process. Errors:\n* bad.bpmn, line 1, "
    )
    assert ", wait: " in told["message"]
    errors = told["details"]["bad.bpmn"]["errors"]
    assert {"ask", "wait"} == {error["mainElementId"] for error in errors}
    garbage = machine.deploy({"bad.bpmn": b"<no"}).json()
    assert garbage["message"].startswith("ENGINE-09005 Could not parse BPMN process.")


def test_a_diagram_of_a_jurisdiction_must_pass_the_checks_of_the_house(office: Office) -> None:
    owner = Machine(office.app, Authorization=basic("admin"), **{"Accept-Language": "en"})
    refused = owner.deploy({"charging.bpmn": worked()}, tenant_id=TENANT)
    assert refused.status_code == 400
    codes = {finding["code"] for finding in refused.json()["findings"]}
    assert not any(code.startswith("engine") for code in codes), codes
    assert codes


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("read", "GET", "/task"),
        ("deploy", "POST", "/deployment/create"),
        ("start", "POST", "/process-definition/key/x/start"),
        ("start", "POST", "/message"),
        ("tasks", "POST", "/task/x/complete"),
        ("work", "POST", "/external-task/fetchAndLock"),
        ("work", "POST", "/external-task/x/unlock"),
    ],
)
def test_a_token_is_for_what_it_says(demo: Office, scope: str, method: str, path: str) -> None:
    right = Machine(demo.app, "10.0.0.7", Authorization=token(demo, "admin", scope))
    others = [s for s in tokens.SCOPES if s != scope]
    wrong = Machine(demo.app, "10.0.0.7", Authorization=token(demo, "admin", *others))
    assert wrong.request(method, path).status_code in (403, 415)
    if path != "/deployment/create":
        assert right.request(method, path).status_code not in (401, 403)
    assert wrong.get("/version").status_code == 200


def test_a_token_for_one_topic_does_no_other(demo: Office) -> None:
    owner = Machine(demo.app, Authorization=basic("admin"))
    owner.deploy({"topical.bpmn": worked("topical", "mine", "theirs")})
    post(owner, "/process-definition/key/topical/start", {"variables": {"urgency": {"value": 1}}})
    worker = Machine(demo.app, "10.0.0.7", Authorization=token(demo, "admin", "work", topics=("theirs",)))
    wanted = {"workerId": "w", "maxTasks": 1, "topics": [{"topicName": "mine", "lockDuration": 1000}]}
    refused = post(worker, "/external-task/fetchAndLock", wanted)
    assert (refused.status_code, refused.json()["type"]) == (403, "AuthorizationException")
    (task,) = owner.get("/external-task?topicName=mine").json()
    assert post(worker, f"/external-task/{task['id']}/unlock").status_code == 403
    assert post(owner, f"/external-task/{task['id']}/unlock").status_code == 204


def test_wrong_tokens_are_counted_by_address(own_demo: Office) -> None:
    guesser = Machine(own_demo.app, "10.9.9.9", Authorization="Bearer guicheng_guess")
    for _ in range(identity.ADDRESS_ATTEMPTS):
        assert guesser.get("/version").status_code == 401
    assert guesser.get("/version").status_code == 429
    right = Machine(own_demo.app, "10.0.0.7", Authorization=token(own_demo, "clerk", "read"))
    assert right.get("/version").status_code == 200


def test_people_see_their_own_cases_and_tasks_only(office: Office) -> None:
    """A case is started and its task done as on the pages: forms are checked, and others do not see it."""
    clerk, other = (Machine(office.app, Authorization=basic(who)) for who in ("clerk", "other_clerk"))
    start = f"/process-definition/key/hongshan.library_entry/tenant-id/{TENANT}/start"
    empty = post(clerk, start, {"variables": {}})
    assert (empty.status_code, empty.json()["type"]) == (400, "InvalidRequestException")
    wrong = {field["field"] for field in empty.json()["fields"]}
    assert "project_name" in wrong, wrong
    assert "(project_name)" in empty.json()["message"]
    assert clerk.get("/process-instance/count").json() == {"count": 0}
    not_theirs = Machine(office.app, Authorization=basic("bureau"))
    assert post(not_theirs, start, {"variables": {}}).status_code == 403
    assert other.get("/process-instance/none").status_code == 404


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("latestVersion=true&tenantIdIn=hongshan&key=hongshan.acceptance", ["hongshan.acceptance"]),
        (
            "keyLike=hongshan.accept%25&sortBy=key&sortOrder=desc",
            ["hongshan.acceptance_extension", "hongshan.acceptance"],
        ),
        ("keysIn=hongshan.acceptance,none", ["hongshan.acceptance"]),
        ("tenantIdIn=elsewhere", []),
    ],
)
def test_processes_are_listed_by_the_usual_criteria(office: Office, query: str, keys: list[str]) -> None:
    machine = Machine(office.app, Authorization=basic("clerk"))
    found = machine.get(f"/process-definition?{query}").json()
    assert [definition["key"] for definition in found] == keys
    assert machine.get(f"/process-definition/count?{query}").json() == {"count": len(keys)}
    for definition in found:
        assert machine.get(f"/process-definition/{definition['id']}").json() == definition | {
            "description": machine.get(f"/process-definition/{definition['id']}").json()["description"]
        }
        xml = machine.get(f"/process-definition/key/{definition['key']}/tenant-id/hongshan/xml").json()
        assert f'id="{definition["key"]}"' in xml["bpmn20Xml"]


def test_a_case_of_the_sandbox_is_played_through(demo: Office) -> None:
    guest = Machine(demo.app)
    guest.deploy({"asking.bpmn": asked("played"), "question.form": FORM})
    case = post(guest, "/process-definition/key/played/start").json()["id"]
    (task,) = guest.get(f"/task?processInstanceId={case}&unassigned=true&candidateGroup=desk").json()
    assert guest.get(f"/task/{task['id']}/form").json()["camundaFormRef"]["key"] == "question"
    assert guest.get(f"/task/{task['id']}/deployed-form").json()["id"] == "question"
    assert post(guest, f"/task/{task['id']}/claim", {"userId": "somebody"}).status_code == 403
    assert post(guest, f"/task/{task['id']}/claim", {"userId": "guest"}).status_code == 204
    assert guest.get("/task/count?assignee=guest").json() == {"count": 1}
    assert post(guest, f"/task/{task['id']}/unclaim").status_code == 204
    body = {"variables": {"name": {"value": "n", "type": "String"}}, "withVariablesInReturn": True}
    done = post(guest, f"/task/{task['id']}/complete", body)
    assert done.json()["name"] == {"value": "n", "type": "String", "valueInfo": {}}
    none = post(guest, "/message", {"messageName": "unheard"})
    assert (none.status_code, none.json()["type"]) == (400, "MismatchingMessageCorrelationException")
    told = {"messageName": "paid", "processInstanceId": case, "resultEnabled": True}
    (reached,) = post(guest, "/message", told).json()
    assert reached["execution"]["ended"] is True
    passed = guest.get(f"/history/activity-instance?processInstanceId={case}&sortBy=startTime").json()
    assert [a["activityId"] for a in passed] == ["begin", "ask", "wait", "end"]
    assert [a["activityType"] for a in passed if a["assignee"]] == ["userTask"]


@pytest.mark.parametrize("path", ["/version/", "//version", "/engine/default/version"])
def test_addresses_may_be_put_together_carelessly(demo: Office, path: str) -> None:
    assert Machine(demo.app).get(path).json() == {"version": "7.24.0"}


def test_other_methods(demo: Office) -> None:
    machine = Machine(demo.app, Origin="file://")
    preflight = machine.request("OPTIONS", "/deployment/create")
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "file://")
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    evil = Machine(demo.app, Origin="http://evil.example").request("OPTIONS", "/deployment/create")
    assert "access-control-allow-origin" not in evil.headers
    head = machine.request("HEAD", "/version")
    assert (head.status_code, head.content) == (200, b"")
    assert machine.request("DELETE", "/version").status_code == 405


def test_the_description_names_every_address_and_its_shapes(demo: Office) -> None:
    machine = Machine(demo.app)
    told = machine.get("/openapi.json").json()
    operations = [operation for methods in told["paths"].values() for operation in methods.values()]
    assert len(operations) > 60
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    named = set(re.findall(r"#/components/schemas/(\w+)", str(told)))
    assert named <= told["components"]["schemas"].keys()
    assert told["components"]["schemas"].keys() - named == set()
    page = machine.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "fetchAndLock" in page.text
    assert not re.search(r'(src|href)="(https?:)?//', page.text)


def test_unknown_criteria_are_refused(office: Office) -> None:
    """What is left out would give more than was asked for."""
    machine = Machine(office.app, Authorization=basic("admin"))
    for path in ("/task", "/deployment", "/process-instance", "/process-definition", "/external-task"):
        answer = machine.get(f"{path}?assigneee=x")
        assert (answer.status_code, answer.json()["type"]) == (400, "InvalidRequestException"), path
    assert machine.get("/task?sortBy=nothing").status_code == 400
    assert machine.get("/task?maxResults=x").status_code == 400
    assert machine.get("/task?createdAfter=yesterday").status_code == 400
    assert machine.get("/history/activity-instance").status_code == 400


def test_old_deployments_of_the_sandbox_go(own_demo: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the newest, and those of which there are cases."""
    monkeypatch.setattr("server.services.sandbox.KEPT", 3)
    machine = Machine(own_demo.app, Authorization=basic("admin"))
    machine.deploy({"kept.bpmn": asked("kept"), "question.form": FORM})
    case = post(machine, "/process-definition/key/kept/start").json()["id"]
    for n in range(6):
        assert machine.deploy({f"n{n}.bpmn": worked(f"n{n}")}).status_code == 200
    found = machine.get("/deployment?tenantIdIn=sandbox&sortBy=deploymentTime&sortOrder=asc").json()
    assert len(found) == 4
    assert machine.get("/process-definition/key/n0").status_code == 404
    assert machine.get("/process-definition/key/n5").status_code == 200
    assert machine.get(f"/process-instance/{case}").json()["ended"] is False
