"""One process of an office, for tests that kill it: `main(ADDRESS, WHAT, …)`.

enqueue N SECONDS   start N cases whose timers are due in so many seconds, then die at once by kill -9
rollback            start a case and roll it back; say how many wake-ups are left
serve NAME [FLAGS]  ring until standard input ends; `silent` does not sweep, `stuck` hangs in a wake-up
purge DAYS …        forget wake-ups as if so many days had passed; say how many, and how many are left
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta

from server.jobs.durable import DurableJobs
from server.jobs.runner import Runner
from server.services import identity, instances
from server.services.authorization import Person
from server.services.wakeups import Wakeup
from server.store.database import Database
from tests.services.lab import GIVEN, TENANT


class Silent(Runner):
    """Does not sweep: only wake-ups ring."""

    def catch_up(self) -> int:
        return 0


class Stuck(Silent):
    """Hangs in the middle of a wake-up, as a process does that is about to die."""

    def ring(self, wakeup: Wakeup) -> bool:
        say("stuck")
        time.sleep(600)
        return False


RUNNERS = {"": Runner, "silent": Silent, "stuck": Stuck}


def say(*words: object) -> None:
    """Tell the test."""
    print(*words, flush=True)


def start(database: Database, seconds: float) -> None:
    """Start a case whose timer is due in so many seconds."""
    with database.read() as session:
        person: Person = identity.person_by_account(session, TENANT, "ann")
    with database.write() as session:
        given = {**GIVEN, "project_name": "x", "pause": f"PT{seconds}S"}
        instances.start(session, person, "lab.waiting", datetime.now(UTC), given)


def main(url: str, what: str, *options: str) -> None:
    """Do what was asked."""
    database = Database(url)
    flavour = options[1] if what == "serve" and len(options) > 1 else ""
    name = options[0] if what == "serve" else "server"
    jobs = DurableJobs(database, RUNNERS[flavour](database), executor=name)
    if what == "enqueue":
        for _ in range(int(options[0])):
            start(database, float(options[1]))
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "rollback":
        database.before_commit.append(lambda session: 1 / 0)  # type: ignore[arg-type,return-value]
        try:
            start(database, 60)
        except ZeroDivisionError:
            say(len(jobs._client.list_workflows()))
    elif what == "purge":
        for days in options:
            removed = jobs.purge(datetime.now(UTC) + timedelta(days=float(days)))
            say(removed, len(jobs._client.list_workflows()))
    else:
        jobs.start()
        say("ready")
        sys.stdin.read()
        jobs.stop()
    database.close()
