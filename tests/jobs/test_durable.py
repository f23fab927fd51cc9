"""Durable wake-ups in processes that are killed: what was committed rings once, the rest never."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.nursery import Child, nursery
from tests.patience import eventually
from tests.services.lab import Lab

WORK = "tests.jobs.office_process:main"


def run(lab: Lab, *words: object) -> str:
    """Run a process to its end; gives what it said."""
    code, said = nursery().run(WORK, lab.database.url, *words)
    assert code in (0, -9), said
    return said.strip()


@contextmanager
def serving(lab: Lab, name: str, flavour: str = "") -> Iterator[Child]:
    """A process that rings, from when it is ready."""
    process = nursery().talk(WORK, lab.database.url, "serve", name, flavour)
    try:
        hears(process, "ready")
        yield process
    finally:
        process.close()


def hears(process: Child, word: str) -> None:
    """Wait until the process says a word."""
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    assert said == word


def fired(lab: Lab) -> int:
    """How often a timer fired."""
    return int(lab.rows("select count(*) as n from history_event where kind = 'timer_fired'")[0]["n"])


def rung(lab: Lab) -> int:
    """How many wake-ups the durable engine knows to be over."""
    table = "workflow_status" if lab.database.is_sqlite else "dbos.workflow_status"
    return int(lab.rows(f"select count(*) as n from {table} where status = 'SUCCESS'")[0]["n"])


def test_a_rolled_back_command_leaves_no_wakeup(lab: Lab) -> None:
    """It was enqueued in the command's own transaction."""
    assert run(lab, "rollback") == "0"
    assert lab.rows("select * from timer") == []


def test_killed_between_commit_and_ring(lab: Lab) -> None:
    """The process that started the cases is gone; the next one rings for each, once, when it is due: without
    sweeping, so that it is the durable wake-up that rings."""
    run(lab, "enqueue", 3, 1)
    assert len(lab.rows("select * from timer")) == 3
    with serving(lab, "server", "silent"):
        assert eventually(lambda: fired(lab) == 3)
        assert eventually(lambda: rung(lab) >= 3)
    assert lab.rows("select * from timer") == []
    assert run(lab, "purge", 13, 15).split() == ["0", "3", "3", "0"]
    assert fired(lab) == 3


def test_a_lost_wakeup_is_found_by_the_sweep(lab: Lab) -> None:
    """Timers that were armed where nothing rings (the seed, a restored backup) are caught up at the start."""
    instance = lab.start(process="lab.waiting", pause="PT1S")
    with serving(lab, "server"):
        assert eventually(lambda: lab.open(instance) == ["work"])
    assert fired(lab) == 1


def test_what_a_killed_process_held_is_rung_again(lab: Lab) -> None:
    """On SQLite by the next start of the same office; on PostgreSQL by its neighbour, while it stays dead."""
    with serving(lab, "first", "stuck") as first:
        run(lab, "enqueue", 1, 0)
        hears(first, "stuck")
        assert fired(lab) == 0
        first.kill()
        first.wait()
        name = "first" if lab.database.is_sqlite else "second"
        with serving(lab, name, "silent"):
            assert eventually(lambda: fired(lab) == 1)
    assert lab.rows("select * from timer") == []


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_two_processes_ring_once(lab: Lab) -> None:
    """PostgreSQL serves several processes; each wake-up is one process's, and none is rung by both."""
    with serving(lab, "first"), serving(lab, "second"):
        run(lab, "enqueue", 8, 1)
        assert eventually(lambda: fired(lab) == 8)
        time.sleep(1)
    assert fired(lab) == 8
