"""Tasks that change hands through programs: under the rules of the pages."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.api.machine import Machine, basic
from tests.web.office import Office, apply
from tests.web.test_hands import task_of


def send(machine: Machine, task: str, verb: str, **body: Any) -> httpx.Response:
    """Ask for something with a task."""
    headers = {"Content-Type": "application/json"}
    return machine.request("POST", f"/task/{task}/{verb}", content=json.dumps(body), headers=headers)


def test_given_away_delegated_and_given_back(office: Office) -> None:
    """As a task client for Camunda 7 does it; the state is told in its words."""
    apply(office.visitor("clerk"), name="接口转办")
    task = task_of(office.visitor("bureau"), "接口转办")
    bureau, second, centre = (
        Machine(office.app, Authorization=basic(name)) for name in ("bureau", "second", "centre")
    )
    assert send(bureau, task, "claim").status_code == 204
    assert send(bureau, task, "assignee", userId="second").status_code == 403
    assert send(bureau, task, "assignee", userId="centre", reason="x").status_code == 403
    assert send(second, task, "assignee", userId="second", reason="x").status_code == 403
    assert send(bureau, task, "assignee", userId="second", reason="出差").status_code == 204
    assert send(second, task, "delegate", userId="centre", note="请核对").status_code == 204
    told = centre.get(f"/task/{task}").json()
    assert (told["assignee"], told["owner"], told["delegationState"]) == ("centre", "second", "PENDING")
    assert send(centre, task, "complete", variables={}).status_code == 403
    assert send(centre, task, "resolve", variables={"a": {"value": 1}}).status_code == 400
    assert send(centre, task, "resolve").status_code == 204
    told = second.get(f"/task/{task}").json()
    assert (told["assignee"], told["owner"], told["delegationState"]) == ("second", "second", "RESOLVED")
    assert send(second, task, "resolve").status_code == 403
