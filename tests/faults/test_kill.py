"""kill -9 in a loop while tasks are completed: nothing lost, nothing twice, the record sound.

`KILL_CASES` sets how many cases there are, of three tasks each.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from server.services import history
from tests.faults.drivers import Services
from tests.patience import eventually
from tests.services.lab import TENANT, Lab

CASES = int(os.environ.get("KILL_CASES", "70"))


@pytest.fixture
def driver(lab: Lab, tmp_path: Path) -> Services:
    """Who does the work."""
    return Services(lab.database.url, tmp_path / "acknowledged.txt")


def counted(lab: Lab, query: str) -> int:
    """The number a query gives."""
    return int(lab.rows(f"select count(*) as n from {query}")[0]["n"])


def test_killed_again_and_again(lab: Lab, driver: Services) -> None:
    """Each process lives for a moment; what was acknowledged is there, and a last one that nobody disturbs
    brings every case to its end."""
    for number in range(CASES):
        lab.start(process="lab.parallel", project_name=f"试验{number}")
    kills = 0
    while counted(lab, "task where status = 'open'") > CASES // 4:
        child = driver.begin()
        middle = len(driver.acknowledged()) + random.randint(1, 12)  # somewhere among the next tasks
        eventually(lambda done=middle: len(driver.acknowledged()) >= done, every=0.003)  # type: ignore[misc]
        time.sleep(random.uniform(0, 0.02))
        child.kill()
        child.wait()
        kills += 1
    assert driver.begin().wait() == 0
    assert kills >= 5, "the loop was over too soon to say anything"
    _nothing_lost(lab, driver)
    _nothing_twice(lab)
    with lab.database.read() as session:
        found = list(history.verify(session, TENANT))
    assert [f for f in found if not isinstance(f, int)] == []
    assert len(found) == CASES


def _nothing_lost(lab: Lab, driver: Services) -> None:
    """Every case has come to its end, and whoever was told that a task is done was told the truth."""
    assert counted(lab, "process_instance where status = 'ended'") == CASES
    assert counted(lab, "worklist") == 0
    completed = {row["id"] for row in lab.rows("select id from task where status = 'completed'")}
    told = driver.acknowledged()
    assert len(told) > CASES
    assert set(told) <= completed


def _nothing_twice(lab: Lab) -> None:
    """Each step of each case was taken once, by one person, and left one entry."""
    steps = lab.rows(
        "select instance_id, element, count(*) as n from history_event where kind = 'task_completed'"
        " group by instance_id, element"
    )
    assert {row["n"] for row in steps} == {1}
    assert len(steps) == 3 * CASES
    assert counted(lab, "task") == counted(lab, "task where status = 'completed'") == 3 * CASES
    assert counted(lab, "history_event where kind = 'instance_ended'") == CASES
