"""On PostgreSQL several processes ring; this notices when one died and hands its unfinished
wake-ups on."""

from __future__ import annotations

import hashlib
import logging
import threading
from typing import Any

import sqlalchemy as sa
from dbos import DBOS

from server.store.database import Database

log = logging.getLogger(__name__)


class Watchdog:
    """Each process holds an advisory lock under its executor's name for as long as it lives. Where
    the lock of an executor with unfinished wake-ups can be taken, its process is gone."""

    def __init__(self, database: Database, executor: str, queue: str) -> None:
        self.database = database
        self.executor = executor
        self.queue = queue
        self._connection: Any = None

    def hold(self) -> None:
        """Take this process's own lock, on a connection of its own."""
        self._connection = self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection.execute(sa.select(sa.func.pg_advisory_lock(_number(self.executor))))

    def watch(self, stop: threading.Event) -> None:
        """Look every two seconds until told to stop."""
        while not stop.wait(2):
            try:
                self.look()
            except Exception:
                log.exception("the watchdog could not look; it will try again")
        self._connection.close()

    def look(self) -> int:
        """Hand on the unfinished wake-ups of processes that are gone; gives how many."""
        pending = DBOS.list_workflows(status="PENDING", queue_name=self.queue, limit=1000)
        handed = 0
        for executor in {w.executor_id for w in pending if w.executor_id} - {self.executor}:
            if not self._is_gone(executor):
                continue
            for workflow in pending:
                if workflow.executor_id == executor:
                    DBOS.resume_workflow(workflow.workflow_id, queue_name=self.queue)
                    handed += 1
        return handed

    def _is_gone(self, executor: str) -> bool:
        number = _number(executor)
        taken = self._connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar_one()
        if taken:
            self._connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))
        return bool(taken)


def _number(executor: str) -> int:
    """A lock number for a name."""
    digest = hashlib.sha256(f"guicheng executor {executor}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
