"""The durable engine that wakes us (DBOS), the same on SQLite and PostgreSQL. It holds ids and
times only: losing all of it costs a minute's delay, because the rows of timers and messages are
ours."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSClient, EnqueueOptions, WorkflowSerializationFormat
from sqlalchemy.engine import make_url
from sqlmodel import Session

from server.jobs.runner import Runner
from server.jobs.watchdog import Watchdog
from server.services.wakeups import Wakeup, take
from server.store.database import Database

log = logging.getLogger(__name__)
QUEUE = "wakeups"
KEEP = timedelta(days=14)
LATE = 0.05
"""Seconds by which a wake-up is asked for later than due: two clocks never agree to the millisecond."""
Daily = Callable[[datetime], object]
_runner: Runner | None = None


@DBOS.workflow(name="wakeup")
def _wakeup(kind: str, tenant_id: str, key: str, due: str) -> bool:
    """One wake-up, carried by the runner of this process."""
    if _runner is None:
        raise RuntimeError("a wake-up rang in a process that carries none")
    return _runner.ring(Wakeup(kind, tenant_id, key, datetime.fromisoformat(due)))


class DurableJobs:
    """Enqueues wake-ups with the transaction that needs them, and rings them when they are due.

    `executor` names this process: on SQLite there is one, on PostgreSQL each process has its own
    name, and a watchdog hands the unfinished wake-ups of a process that died to the others. The
    functions of `daily` are called once a day.
    """

    def __init__(
        self, database: Database, runner: Runner, *, executor: str = "", daily: Sequence[Daily] = ()
    ) -> None:
        global _runner
        self.database = database
        self.runner = runner
        self.executor = executor or _own_name(database)
        self.daily = daily
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        _runner = runner
        self._url = _library_url(database.url)
        DBOS.migrate(self._url)
        self._client = DBOSClient(system_database_url=self._url, system_database_pool_size=2)
        database.before_commit.append(self.enqueue)

    def enqueue(self, session: Session) -> None:
        """Enqueue what the unit of work noted, in its own transaction."""
        for wakeup in take(session):
            self._client.enqueue_in_transaction(
                session,
                self._options(wakeup),
                wakeup.kind,
                wakeup.tenant_id,
                wakeup.key,
                wakeup.due.isoformat(),
            )

    def start(self) -> None:
        """Begin to ring: first what was missed while nobody listened, then as things fall due."""
        DBOS(
            config={
                "name": "guicheng",
                "system_database_url": self._url,
                "application_version": "1",
                "executor_id": self.executor,
                "sys_db_pool_size": 20,
                "run_migrations": False,
                "log_level": "WARNING",
                "use_listen_notify": False,
            }
        )
        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=4, polling_interval_sec=1.0)
        self._threads = [threading.Thread(target=self._sweep, name="sweep", daemon=True)]
        if not self.database.is_sqlite:
            watchdog = Watchdog(self.database, self.executor, QUEUE)
            watchdog.hold()
            self._threads.append(
                threading.Thread(target=watchdog.watch, args=(self._stop,), name="watchdog", daemon=True)
            )
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop ringing; what is unfinished rings again at the next start."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=5)
        if self._threads:
            DBOS.destroy(workflow_completion_timeout_sec=5)
        self.database.before_commit.remove(self.enqueue)
        self._client.destroy()

    def purge(self, now: datetime) -> int:
        """Forget wake-ups that rang long ago; gives how many."""
        before = (now - KEEP).isoformat()
        old = self._client.list_workflows(end_time=before, status=["SUCCESS", "ERROR"], limit=5000)
        self._client.delete_workflows([workflow.workflow_id for workflow in old])
        return len(old)

    def _options(self, wakeup: Wakeup) -> EnqueueOptions:
        """Each wake-up has a name of its own: one that rang too early asks for another with the same time,
        and that must not be taken for itself. Ringing twice does no harm."""
        delay = (wakeup.due - self.runner.time()).total_seconds()
        name = f"{wakeup.tenant_id}:{wakeup.kind}:{wakeup.key}:{wakeup.due.timestamp():.0f}"
        options: EnqueueOptions = {
            "workflow_name": "wakeup",
            "queue_name": QUEUE,
            "workflow_id": f"{name}:{secrets.token_hex(4)}",
            "serialization_type": WorkflowSerializationFormat.PORTABLE,
            "app_version": "1",
        }
        if delay > 0:
            options["delay_seconds"] = delay + LATE
        return options

    def _sweep(self) -> None:
        """Once a minute, ring what is due and still there; once a day, forget what rang long ago."""
        purged: Any = None
        while True:
            try:
                self.runner.catch_up()
                today = self.runner.time().date()
                if purged != today:
                    self.purge(self.runner.time())
                    for function in self.daily:
                        function(self.runner.time())
                    purged = today
            except Exception:
                log.exception("the sweep of missed wake-ups failed; it will be tried again")
            if self._stop.wait(60):
                return


def _own_name(database: Database) -> str:
    """On SQLite one process serves and takes up its own work after a restart; on PostgreSQL several do."""
    return "server" if database.is_sqlite else f"{socket.gethostname()}-{os.getpid()}"


def _library_url(url: str) -> str:
    """The address as the library writes it."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return url
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)
