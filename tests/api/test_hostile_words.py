"""What programs ask with that no database takes: refused in JSON, on either database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.api import engine_rest
from server.api.criteria import LONGEST
from tests.api.machine import Machine, basic
from tests.web.office import Office

LISTS = (
    "/task", "/process-instance", "/process-definition", "/decision-definition", "/deployment",
    "/external-task",
)  # fmt: skip
TEXTS = {
    "/task": ("nameLike", "processInstanceBusinessKeyLike", "name"),
    "/process-instance": ("businessKeyLike", "businessKey"),
    "/process-definition": ("keyLike", "nameLike", "name"),
    "/decision-definition": ("keyLike", "nameLike"),
    "/deployment": ("nameLike", "source"),
    "/external-task": ("topicName", "workerId"),
}
IDS = {
    "/task": "processInstanceIdIn",
    "/process-instance": "processInstanceIds",
    "/external-task": "tenantIdIn",
}


@pytest.fixture
def machine(own_demo: Office) -> Machine:
    """A program of the process owner."""
    return Machine(own_demo.app, Authorization=basic("hongshan/admin"))


def test_all_these_are_there(machine: Machine) -> None:
    """What is asked below is asked of something."""
    assert {operation.path for operation in engine_rest.OPERATIONS} >= set(LISTS)
    for path in LISTS:
        assert machine.get(path).status_code == 200, path


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("how", ["list", "count"])
def test_long_texts_and_hanging_backslashes(machine: Machine, path: str, how: str) -> None:
    """A pattern that is too long is refused by name; one that ends in a backslash finds nothing."""
    for name in TEXTS[path]:
        address = path if how == "list" else f"{path}/count"
        told = machine.request("GET", address, params={name: "[" * 20_000})
        assert (told.status_code, told.json()["message"]) == (
            400, f"{name} is longer than {LONGEST} characters.",
        )  # fmt: skip
        assert machine.request("GET", address, params={name: "%\\"}).json() in ([], {"count": 0})


@pytest.mark.parametrize(("path", "name"), IDS.items())
def test_too_many_at_once(machine: Machine, path: str, name: str) -> None:
    """Forty thousand ids are more than a database takes in one condition."""
    told = machine.request("GET", path, params={name: ",".join("x" * 2 for _ in range(LONGEST + 1))})
    assert told.status_code == 400
    assert name in told.json()["message"]
    told = machine.request("POST", path, json={name: ["x"] * 40_000})
    assert told.status_code == 400
    assert machine.request("POST", path, json={name: ["x"] * LONGEST}).json() == []


NOBODYS: tuple[tuple[str, Any], ...] = (
    ("/task", {"name": "a\0b"}),
    ("/external-task/fetchAndLock", {"workerId": "\0", "maxTasks": 1, "topics": []}),
    ("/process-definition/key/x/start", {"businessKey": "\0", "variables": {"\0": {"value": 1}}}),
)  # fmt: skip


@pytest.mark.parametrize(("path", "body"), NOBODYS)
def test_the_character_zero(machine: Machine, path: str, body: Any) -> None:
    """It is refused before any database sees it."""
    headers = {"Content-Type": "application/json"}
    told = machine.request("POST", path, content=json.dumps(body), headers=headers)
    assert (told.status_code, told.json()["type"]) == (400, "InvalidRequestException")
    assert "character that no database keeps" in told.json()["message"]


def test_whole_characters_are_taken(machine: Machine) -> None:
    """What JSON writes as two halves is one character."""
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"name": "\N{GRINNING FACE}"})
    assert "\\ud83d" in body
    assert machine.request("POST", "/task", content=body, headers=headers).json() == []
