"""`kill -9` of the real server, again and again while two people work: no case is lost, none moves twice,
what was answered stays, and the clock catches up.

`KILL_COMPLETIONS` sets how many tasks are completed meanwhile, `KILLS` how often the server dies.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import html

from server.bundles import archive
from server.cli import demo, house
from server.store.database import Database
from tests.e2e.conftest import serve
from tests.nursery import GUICHENG, Child, nursery
from tests.patience import PATIENCE, eventually
from tests.services.conftest import Office, open_office

COMPLETIONS = int(os.environ.get("KILL_COMPLETIONS", "60"))
KILLS = int(os.environ.get("KILLS", "4"))
TENANT = "hongshan"
ELEMENT = "check_materials"


@dataclass
class Mortal:
    """A server that is killed and comes back, each time at another address."""

    data: Path
    url: str
    process: Child | None = None
    address: str = ""
    deaths: int = 0

    def live(self) -> None:
        """Start it."""
        self.process, self.address = serve(self.data, self.url)

    def die(self) -> None:
        """Kill it: it has no chance to finish anything."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=PATIENCE)
        self.deaths += 1

    def require_life(self) -> None:
        """Nobody but the test may end it."""
        assert self.process is not None
        assert self.process.poll() is None, self.last_words()

    def last_words(self) -> str:
        """The end of the server's log."""
        return (self.data / "server.log").read_text("utf-8", "replace")[-6000:]

    @contextmanager
    def living(self) -> Iterator[Mortal]:
        """Started now, gone afterwards."""
        self.live()
        try:
            yield self
        finally:
            self.die()


@dataclass
class Worker:
    """One of two people, who does not give up when the server does not answer."""

    server: Mortal
    account: str
    answered: set[str] = field(default_factory=set)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE))

    def sign_in(self) -> None:
        """Open a session; it outlives the server."""
        csrf = _value(self._send("GET", "/sign-in").text, "csrf")
        given = {"csrf": csrf, "tenant": TENANT, "account": self.account, "password": "demo"}
        assert self._send("POST", "/sign-in", given).status_code == 303

    def work(self, tasks: list[str], stop: threading.Event) -> None:
        """Complete the tasks one after the other; those that the other person has are left alone."""
        for task_id in tasks:
            while not stop.is_set():
                try:
                    self._complete(task_id)
                except httpx.TransportError:
                    time.sleep(0.05)  # the server is dead: look again from the start what became of the task
                else:
                    break

    def _complete(self, task_id: str) -> None:
        address = f"/tasks/{task_id}"
        page = self._send("GET", address)
        assert page.status_code == 200, page.text[-2000:]
        if f'action="{address}/claim"' in page.text:
            claimed = self._send("POST", f"{address}/claim", {"csrf": _value(page.text, "csrf")})
            assert claimed.status_code in (303, 403, 409), claimed.text[-2000:]
            page = self._send("GET", address)
        if 'id="task-form"' not in page.text:
            return  # it is done, or the other person does it
        form = html.fromstring(page.text).get_element_by_id("task-form")
        kept = self._send("POST", address, {**dict(form.form_values()), "materials_verdict": "complete"})
        assert kept.status_code == 303, kept.text[-2000:]
        check = self._send("GET", f"{address}/check")
        given = {"csrf": _value(check.text, "csrf"), "revision": _value(check.text, "revision")}
        sent = self._send("POST", f"{address}/complete", given)
        assert sent.headers.get("location") == f"{address}/done", (sent.status_code, sent.text[-2000:])
        self.answered.add(task_id)

    def _send(self, method: str, path: str, data: dict[str, Any] | None = None) -> httpx.Response:
        answer = self.client.request(method, f"{self.server.address}{path}", data=data)
        assert answer.status_code < 500, self.server.last_words()
        return answer


def _value(page: str, name: str) -> str:
    found = html.fromstring(page).xpath("//main//input[@name=$name]/@value", name=name)
    assert found, page[-2000:]
    return str(found[0])


# --------------------------------------------------------------------------- the office
@pytest.fixture
def office(office_url: str, tmp_path: Path) -> Iterator[Office]:
    """Hongshan with its people, now."""
    opened = open_office(office_url, tmp_path / "attachments")
    opened.now = house.now()
    yield opened
    opened.database.close()


def audit(server: Mortal) -> str:
    """What `guicheng verify-audit` says; it must end well."""
    surroundings = {"GUICHENG_DATA_DIR": str(server.data), "GUICHENG_DATABASE_URL": server.url}
    code, said = nursery().run(GUICHENG, "verify-audit", env=surroundings)
    assert code == 0, said
    return said


# --------------------------------------------------------------------------- completions
@pytest.mark.slow
@pytest.mark.timeout(5 * PATIENCE + 2 * COMPLETIONS + 20 * KILLS)
def test_killed_while_two_people_work(office: Office, tmp_path: Path) -> None:
    """Every case has moved exactly one step, whenever the server died."""
    cases = [office.start(project_name=f"样本{number}") for number in range(COMPLETIONS)]
    tasks = [office.task(case, ELEMENT)["id"] for case in cases]
    server = Mortal(tmp_path, office.database.url)
    with server.living(), ThreadPoolExecutor(2) as pool:
        workers = [Worker(server, account) for account in ("chenwei", "linfang")]
        for worker in workers:
            worker.sign_in()
        stop = threading.Event()
        works = [
            pool.submit(worker.work, order, stop)
            for worker, order in zip(workers, (tasks, tasks[::-1]), strict=True)
        ]
        try:
            _kill_again_and_again(server, office, works)
            for work in works:
                work.result(timeout=PATIENCE + 2 * COMPLETIONS)
        finally:
            stop.set()
            for worker in workers:
                worker.client.close()
    assert server.deaths == KILLS + 1
    _check(office, cases, workers)
    assert "0 faults" in audit(server)


def _kill_again_and_again(server: Mortal, office: Office, works: list[Any]) -> None:
    """Kill at a random moment after each so many completions."""
    dice = random.Random(20260302)
    for death in range(1, KILLS + 1):
        due = death * COMPLETIONS // (KILLS + 1)
        while _completed(office) < due:
            server.require_life()
            for work in works:
                assert not work.done() or work.result() is None  # what a worker found wrong is told at once
            time.sleep(0.02)
        time.sleep(dice.random() * 0.1)
        server.die()
        server.live()


def _completed(office: Office) -> int:
    query = "select count(*) as n from history_event where kind = 'task_completed'"
    return int(office.rows(query)[0]["n"])


def _check(office: Office, cases: list[str], workers: list[Worker]) -> None:
    rows = office.rows(
        "select instance_id, element, status, count(*) as n from task group by instance_id, element, status"
    )
    assert len(rows) == 2 * len(cases)
    by_case = {(row["instance_id"], row["element"], row["status"]): row["n"] for row in rows}
    for case in cases:
        assert by_case[case, ELEMENT, "completed"] == 1
        assert by_case[case, "pre_review", "open"] == 1
    events = office.rows("select task_id, actor_id from history_event where kind = 'task_completed'")
    done = [event["task_id"] for event in events]
    assert len(done) == len(set(done)) == len(cases)
    for worker in workers:
        mine = {event["task_id"] for event in events if event["actor_id"] == worker.account}
        assert worker.answered
        assert worker.answered <= mine


# --------------------------------------------------------------------------- the clock
@pytest.mark.slow
def test_what_fell_due_meanwhile_happens_once(office: Office, tmp_path: Path) -> None:
    """The time to approve has run out while nobody served; the server is killed while it catches up."""
    case = _waiting_for_approval(office)
    assert _fired(office, case) == 0
    server = Mortal(tmp_path, office.database.url)
    for moment in (0.0, 0.3):
        server.live()
        time.sleep(moment)
        server.die()
    with server.living():
        assert eventually(lambda: _fired(office, case) > 0)
        time.sleep(3)
    with server.living():
        time.sleep(3)
    assert _fired(office, case) == 1
    reminders = office.rows("select id from task where instance_id = :i and element = 'remind_head'", i=case)
    assert len(reminders) == 1
    assert "0 faults" in audit(server)


def _fired(office: Office, case: str) -> int:
    query = "select count(*) as n from history_event where kind = 'timer_fired' and instance_id = :i"
    return int(office.rows(query, i=case)[0]["n"])


def _waiting_for_approval(office: Office) -> str:
    """A case that reached the approval three months ago, whose clock was never looked at since."""
    bundle = archive.read_folder(house.ROOT, TENANT)
    plan = demo.Office(Database(office.database.url), office.files, bundle, office.now)
    found = next(play for play in plan.plays(200) if play.scenario.path.endswith("first_overdue_minute.yaml"))
    steps = next(number for number, step in enumerate(found.scenario.steps) if step.kind == "wait")
    case = plan.play(replace(found, steps=steps, begun=office.now - timedelta(days=90)))
    plan.database.close()
    timers = office.rows("select element from timer where instance_id = :i", i=case)
    assert [timer["element"] for timer in timers] == ["overdue"]
    return case
