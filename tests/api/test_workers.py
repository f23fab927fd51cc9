"""Workers of three existing packages against a server: what they fetch, do, give up and report."""

from __future__ import annotations

import importlib
import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts import assets
from tests.api.drawn import worked
from tests.api.machine import Live
from tests.patience import PATIENCE
from tests.web.office import PASSWORD

PYTHON = ("camunda", "operaton")
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic V1 style:DeprecationWarning")


def python_worker(package: str, live: Live, **config: Any) -> Any:
    """A worker of one of the Python packages, which differ in their names only."""
    module = importlib.import_module(f"{package}.external_task.external_task_worker")
    auth = {"auth_basic": {"username": live.account, "password": PASSWORD}}
    usual = {"asyncResponseTimeout": 2_000, "lockDuration": 20_000, "retries": 2, "retryTimeout": 200}
    return module.ExternalTaskWorker(f"worker-{package}", live.base, {**usual, **auth, **config})


@pytest.mark.parametrize("package", PYTHON)
def test_a_python_worker_does_its_task(live: Live, package: str) -> None:
    key = f"done_{package}"
    live.deploy(**{key: worked(key, key)})
    case = live.start(key, amount=5, urgency=9, items=[1, 2.5])
    seen: list[Any] = []

    def charge(task: Any) -> Any:
        seen.extend((task.get_variable("amount"), json.loads(task.get_variable("items"))))
        seen.append(task.get_extension_properties())
        return task.complete({"paid": True, "fee": 1.5, "parts": {"a": [1]}}, {"only": "here"})

    python_worker(package, live).fetch_and_execute(key, charge)
    assert seen == [5, [1, 2.5], {"bank": "A"}]
    found = live.values(case)
    assert (found["paid"], found["fee"], json.loads(found["parts"])) == (True, 1.5, {"a": [1]})
    assert "only" not in found
    kinds = [(a["activityId"], a["endTime"] is not None) for a in activities(live, case)]
    assert kinds == [("begin", True), ("charge", True), ("archive", False)]


@pytest.mark.parametrize("package", PYTHON)
def test_a_python_worker_reports_an_error_of_the_matter(live: Live, package: str) -> None:
    key = f"error_{package}"
    live.deploy(**{key: worked(key, key)})
    case = live.start(key, amount=0, urgency=1)
    worker = python_worker(package, live)
    worker.fetch_and_execute(key, lambda task: task.bpmn_error("NO_FUNDS", "empty", {"balance": 0}))
    (task,) = live.get("/task", processInstanceId=case)
    assert (task["taskDefinitionKey"], task["tenantId"]) == ("look", "sandbox")
    assert (live.values(case)["why"], live.values(case)["balance"]) == ("empty", 0)


@pytest.mark.parametrize("package", PYTHON)
def test_a_python_worker_fails_until_it_stands_still_and_is_retried(live: Live, package: str) -> None:
    key = f"failed_{package}"
    live.deploy(**{key: worked(key, key)})
    case = live.start(key, amount=1, urgency=1)
    worker = python_worker(package, live, retries=2)
    tries = []

    def fail(task: Any) -> Any:
        tries.append(task.get_task_id())
        return task.failure("bank is shut", "at noon", max_retries=1, retry_timeout=100)

    worker.fetch_and_execute(key, fail)
    (waiting,) = live.get("/external-task", topicName=key)
    assert (waiting["retries"], waiting["errorMessage"]) == (1, "bank is shut")
    worker.fetch_and_execute(key, fail)
    assert len(tries) == 2
    (stuck,) = live.get("/external-task", topicName=key, noRetriesLeft="true")
    assert stuck["retries"] == 0
    assert live.request("GET", f"/external-task/{stuck['id']}/errorDetails").text == "at noon"
    assert [c["id"] for c in live.get("/process-instance", withIncident="true")].count(case) == 1
    assert live.fetch(key) == []
    assert (
        live.request("PUT", f"/external-task/{stuck['id']}/retries", json={"retries": 3}).status_code == 204
    )
    worker.fetch_and_execute(key, lambda task: task.complete({"paid": True}))
    assert live.values(case)["paid"] is True


# --------------------------------------------------------------------------- JavaScript
@contextmanager
def javascript(live: Live, node: Path) -> Iterator[Callable[[str], list[Any]]]:
    """The JavaScript worker; gives a function that waits for a line of a kind."""
    command = [*assets.node(), "worker.mjs", live.base, live.account, PASSWORD]
    process = subprocess.Popen(command, cwd=node, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: queue.Queue[Any] = queue.Queue()
    told: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            if line.startswith("["):
                lines.put(json.loads(line))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()

    def wait(kind: str) -> list[Any]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                line = lines.get(timeout=1)
            except queue.Empty:
                continue
            if line[0] == kind:
                return list(line)
        raise AssertionError(f"no {kind}: {''.join(told)[-3000:]}")

    try:
        yield wait
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        reader.join(timeout=PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


def test_a_javascript_worker_does_all_that_it_can(live: Live, node: Path) -> None:
    live.deploy(charging=worked())
    case = live.start("charging", amount=7, urgency=1, items=["a", {"b": 1}])
    with javascript(live, node) as wait:
        assert wait("got")[1:5] == ["charge", 7, "number", ["a", {"b": 1}]]
        wait("completed")
        assert wait("loaded") == ["loaded", "scan"]
        wait("unlocked")
        empty = live.start("charging", amount=0, urgency=1, items=[])
        wait("error")
        below = live.start("charging", amount=-1, urgency=1, items=[])
        wait("failed")
    found = live.values(case)
    assert (found["paid"], found["fee"], found["count"]) == (True, 1.5, 7)
    assert json.loads(found["receipt"]) == {"no": 1, "lines": ["a"]}
    assert found["when"].startswith("1970-01-01T00:00:00")
    assert "secret" not in found
    scan = live.request("GET", f"/process-instance/{case}/variables/scan/data")
    assert (scan.content, scan.headers["content-type"]) == (b"scan", "text/plain; charset=utf-8")
    assert live.values(empty)["balance"] == 0
    (stuck,) = live.get("/external-task", processInstanceId=below)
    assert (stuck["retries"], stuck["errorMessage"]) == (0, "below zero")


# --------------------------------------------------------------------------- held by one at a time
def test_two_workers_fetch_at_once_and_no_task_twice(live: Live) -> None:
    live.deploy(many=worked("many", "many"))
    cases = {live.start("many", amount=n, urgency=n) for n in range(12)}
    with ThreadPoolExecutor(4) as threads:
        rounds = [threads.submit(live.fetch, "many", f"w{n}", maxTasks=3) for n in range(8)]
        fetched = [task for found in rounds for task in found.result()]
    assert len(fetched) == len({task["id"] for task in fetched}) == 12
    assert {task["processInstanceId"] for task in fetched} == cases


def test_what_is_urgent_comes_first(live: Live) -> None:
    live.deploy(urgent=worked("urgent", "urgent"))
    for urgency in (1, 50, 7):
        live.start("urgent", amount=1, urgency=urgency)
    first = [live.fetch("urgent", maxTasks=1, usePriority=True)[0]["priority"] for _ in range(3)]
    assert first == [50, 7, 1]


def test_a_lock_passes_and_another_worker_gets_the_task(live: Live) -> None:
    live.deploy(expiring=worked("expiring", "expiring"))
    case = live.start("expiring", amount=1, urgency=1)
    (mine,) = live.fetch("expiring", "slow", lock=700)
    assert live.fetch("expiring", "quick") == []
    (theirs,) = live.fetch("expiring", "quick", asyncResponseTimeout=20_000)
    assert theirs["id"] == mine["id"]
    late = live.request("POST", f"/external-task/{mine['id']}/complete", json={"workerId": "slow"})
    assert (late.status_code, late.json()["type"]) == (400, "InvalidRequestException")
    assert "locked by worker 'quick'" in late.json()["message"]
    live.post(f"/external-task/{mine['id']}/complete", {"workerId": "quick"})
    assert [a["canceled"] for a in activities(live, case) if a["activityId"] == "charge"] == [False]


def test_waiting_ends_when_there_is_work(live: Live) -> None:
    """And many may wait at once: a request that waits holds no thread."""
    live.deploy(waking=worked("waking", "waking"))
    with ThreadPoolExecutor(60) as threads:
        idle = [threads.submit(live.fetch, f"nothing{n}", asyncResponseTimeout=6_000) for n in range(50)]
        waiting = threads.submit(live.fetch, "waking", asyncResponseTimeout=30_000)
        time.sleep(1.5)
        began = time.monotonic()
        case = live.start("waking", amount=1, urgency=1)
        (found,) = waiting.result()
        took = time.monotonic() - began
        assert [each.result() for each in idle] == [[]] * 50
    assert found["processInstanceId"] == case
    assert took < 15, f"{took:.1f} s"


def test_filters_of_topics(live: Live) -> None:
    live.deploy(filtered=worked("filtered", "filtered"))
    one, other = (live.start("filtered", amount=n, urgency=1) for n in (1, 2))
    key = live.get(f"/process-instance/{other}")["businessKey"]
    definition = live.get("/process-definition/key/filtered")["id"]

    def found(**topic: Any) -> list[str]:
        tasks = live.fetch("filtered", filters=topic)
        for task in tasks:
            live.post(f"/external-task/{task['id']}/unlock")
        return sorted(task["processInstanceId"] for task in tasks)

    assert found(processVariables={"amount": 1}) == [one]
    assert found(businessKey=key) == [other]
    assert found(processDefinitionId=definition, processDefinitionKey="filtered") == sorted([one, other])
    assert found(processDefinitionKeyIn=["filtered"], withoutTenantId=True) == sorted([one, other])
    assert found(tenantIdIn=["hongshan"]) == []
    assert found(processDefinitionVersionTag="x") == []
    (task,) = live.fetch("filtered", filters={"variables": ["amount"], "processVariables": {"amount": 2}})
    assert task["variables"].keys() == {"amount"}


def activities(live: Live, case: str) -> list[dict[str, Any]]:
    """What a case passed."""
    return list(live.get("/history/activity-instance", processInstanceId=case))
