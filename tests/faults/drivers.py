"""Who completes tasks while being killed: a driver begins a process, says what it was told is done, ends."""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from server.services import deployed, identity, tasks
from server.services.authorization import Person
from server.services.errors import StaleTask
from server.store import worklist
from server.store.database import Database
from tests.faults.nursery import Nursery, raise_children
from tests.services.conftest import MORNING
from tests.services.lab import TENANT

LATER = MORNING + timedelta(hours=1)


class Driver(Protocol):
    """Something that completes every open task of the clerks, and can be killed."""

    def begin(self) -> int:
        """Start working; gives the id of the process to kill."""
        ...

    def ended(self) -> None:
        """Wait until the last process that was begun is gone."""
        ...

    def acknowledged(self) -> Sequence[str]:
        """The tasks of which a person was told that they are done, over all processes so far."""
        ...

    def close(self) -> None:
        """Leave no process behind."""
        ...


class Services(Nursery):
    """Workers that call the services, one thread for each clerk, as the server's threads do."""

    def __init__(self, url: str, notes: Path) -> None:
        self.notes = notes
        notes.touch()
        super().__init__("tests.faults.drivers", url, notes)

    def acknowledged(self) -> Sequence[str]:
        """Each worker notes a task after its commit came back."""
        return self.notes.read_text().split()


def work(url: str, notes: str) -> None:
    """Complete everything that waits for the clerks."""
    database = Database(url)
    with database.read() as session:
        people = [identity.person_by_account(session, TENANT, name) for name in ("ann", "bob")]
    handle = os.open(notes, os.O_WRONLY | os.O_APPEND)
    clerks = [threading.Thread(target=_clerk, args=(database, person, handle)) for person in people]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()


def _clerk(database: Database, person: Person, notes: int) -> None:
    while True:
        with database.read() as session:
            waiting = worklist.keys(session, TENANT, person.principals, 20)
        if not waiting:
            return
        task_id = random.choice(waiting).task_id
        try:
            with database.write() as session:
                tasks.claim(session, person, task_id, LATER)
                revision = tasks.view(session, person, task_id, LATER).revision
                tasks.complete(session, person, task_id, revision, LATER, {"note": "x"})
        except StaleTask:
            continue
        os.write(notes, f"{task_id}\n".encode())


def _nursery(url: str, notes: str) -> None:
    database = Database(url)
    with database.read() as session:
        deployed.active(session, TENANT)  # compiled once, for all children
    database.close()
    raise_children(partial(work, url, notes))


if __name__ == "__main__":
    _nursery(*sys.argv[1:])
