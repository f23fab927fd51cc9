"""Who completes tasks while being killed, and what they were told is done."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from server.services import identity, tasks
from server.services.authorization import Person
from server.services.errors import StaleTask
from server.store import worklist
from server.store.database import Database
from tests.nursery import Child, nursery
from tests.services.conftest import MORNING
from tests.services.lab import TENANT

LATER = MORNING + timedelta(hours=1)


class Services:
    """Workers that call the services, one thread for each clerk, as the server's threads do: each is begun,
    and can be killed."""

    def __init__(self, url: str, notes: Path) -> None:
        self.url, self.notes = url, notes
        notes.touch()

    def begin(self) -> Child:
        """Start working."""
        return nursery().begin("tests.faults.drivers:work", self.url, self.notes)

    def acknowledged(self) -> Sequence[str]:
        """The tasks of which a person was told that they are done, over all processes so far: each worker
        notes a task after its commit came back."""
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
