"""`kill -9` of the server while two workers fetch and complete: nothing is lost, nothing is done twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from server.services import history, sandbox
from server.store.database import Database
from tests.api.conftest import people
from tests.api.drawn import worked
from tests.api.machine import Live
from tests.e2e.conftest import serve
from tests.nursery import Child
from tests.patience import PATIENCE, eventually

CASES = 24
KILLS = 2


@dataclass
class Mortal:
    """A server that is killed and comes back at another address."""

    data: Path
    url: str
    live: Live = field(default_factory=lambda: Live(""))
    process: Child | None = None

    def come(self) -> None:
        """Start it."""
        self.process, address = serve(self.data, self.url)
        self.live = Live(address)

    def die(self) -> None:
        """It has no chance to finish anything."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=PATIENCE)


@dataclass
class Worker:
    """Fetches and completes; does not give up when the server does not answer. `done` are the tasks whose
    completion was answered."""

    server: Mortal
    name: str
    stop: threading.Event
    done: list[str] = field(default_factory=list)

    def work(self) -> None:
        """Until it is told to stop."""
        while not self.stop.is_set():
            try:
                for task in self.server.live.fetch("charge", self.name, 2_000, maxTasks=2):
                    self._complete(task["id"])
            except httpx.TransportError:
                time.sleep(0.5)  # it is dead, or not there yet

    def _complete(self, task_id: str) -> None:
        body = {"workerId": self.name, "variables": {"by": {"value": self.name}}}
        answer = self.server.live.request("POST", f"/external-task/{task_id}/complete", json=body)
        assert answer.status_code in (204, 400, 404), answer.text  # or done before it died
        if answer.status_code == 204:
            self.done.append(task_id)


@pytest.mark.slow
def test_killed_while_two_workers_work(migrated_database_url: str, tmp_path: Path) -> None:
    people(migrated_database_url)
    server, stop = Mortal(tmp_path, migrated_database_url), threading.Event()
    server.come()
    try:
        server.live.deploy(charging=worked())
        cases = [server.live.start("charging", amount=n, urgency=n) for n in range(CASES)]
        workers = [Worker(server, name, stop) for name in ("one", "two")]
        threads = [threading.Thread(target=worker.work) for worker in workers]
        for thread in threads:
            thread.start()
        for death in range(1, KILLS + 1):
            due = death * CASES // (KILLS + 1)
            assert eventually(lambda due=due: _done(migrated_database_url) >= due)  # type: ignore[misc]
            server.die()
            server.come()
        assert eventually(lambda: _done(migrated_database_url) >= CASES)
        stop.set()
        for thread in threads:
            thread.join(timeout=PATIENCE)
            assert not thread.is_alive()
        for case in cases:
            passed = Counter(a["activityId"] for a in _passed(server.live, case))
            assert passed == {"begin": 1, "charge": 1, "archive": 1}
    finally:
        stop.set()
        server.die()
    answered = [task for worker in workers for task in worker.done]
    assert len(answered) == len(set(answered)) <= CASES
    assert len(answered) >= CASES - 2 * KILLS, "a completion that was answered is missing"
    _check_record(migrated_database_url)


def _passed(live: Live, case: str) -> list[dict[str, str]]:
    return list(live.get("/history/activity-instance", processInstanceId=case))


def _done(url: str) -> int:
    """How many pieces of work the record says are done."""
    database = Database(url)
    query = sa.text("SELECT count(*) FROM history_event WHERE kind = 'work_done'")
    with database.read() as session:
        count = int(session.execute(query).scalar_one())
    database.close()
    return count


def _check_record(url: str) -> None:
    database = Database(url)
    with database.read() as session:
        found = list(history.verify(session, sandbox.TENANT))
    database.close()
    assert len(found) == CASES
    assert all(isinstance(entries, int) for entries in found), found
