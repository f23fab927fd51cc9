"""Where is measured: a Hongshan office with its people and cases, on SQLite or on a PostgreSQL of our own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Others, cpu_of
from server.bundles import archive
from server.cli import demo, house
from server.services import attachments, deployed, deployments, identity, instances
from server.services.attachments import FileStore
from server.services.authorization import Person
from server.store import schema
from server.store.database import Database
from server.store.runtime import Task
from tests.provision import postgresql

TENANT = "hongshan"
PASSWORD = "bench"
CLERK, OFFICER = "zhoumin", "chenwei"
HONEST = {**postgresql.SETTINGS, "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
APPLICATION: dict[str, Any] = {
    "activity": "new", "is_state_secret": False, "total": "600000.00", "can_be_met_by_upgrade": False,
    "can_be_shared": False, "isolated": False, "needs_unclear": False, "earlier_low_use": False,
    "still_usable": False, "project_name": "智慧校园",
}  # fmt: skip
MATERIALS = ("entry_application", "feasibility_report_two_in_one")
_tasks = Task.metadata.tables["task"]


@dataclass
class Place:
    """A database of one kind, its folder for files, and how much CPU its server has used."""

    kind: str
    url: str
    folder: Path
    others: Others | None
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        self.database = Database(self.url)


@contextmanager
def place(kind: str) -> Iterator[Place]:
    """An empty database with all tables: SQLite durable at commit, PostgreSQL with fsync."""
    with tempfile.TemporaryDirectory(prefix="guicheng-bench-") as name:
        folder = Path(name)
        if kind == "SQLite":
            yield from _opened(Place(kind, f"sqlite:///{folder / 'guicheng.db'}", folder, None))
            return
        server = postgresql.start(HONEST)
        assert server.folder is not None
        try:
            postmaster = int((server.folder / "data/postmaster.pid").read_text().split()[0])
            yield from _opened(Place(kind, server.create("bench"), folder, lambda: cpu_of(postmaster)))
        finally:
            postgresql.stop(server.folder)


def _opened(where: Place) -> Iterator[Place]:
    schema.migrate(where.database)
    try:
        yield where
    finally:
        where.database.close()


class Office:
    """Hongshan deployed and its demo people entered; starts cases for them to work on."""

    def __init__(self, where: Place) -> None:
        self.where = where
        self.files = FileStore(where.folder / "attachments")
        bundle = archive.read_folder(house.ROOT, TENANT)
        now = datetime.now(UTC)
        with where.database.write() as session:
            operator = house.operator(session, TENANT)
            deployments.deploy(session, operator, TENANT, bundle.files, now, name="Hongshan", source="bench")
        with where.database.write() as session:
            people = demo.Office(where.database, self.files, bundle, now)
            people.enter(session, identity.hash_password(PASSWORD))

    def person(self, account: str) -> Person:
        """One of the demo people."""
        with self.where.database.read() as session:
            return identity.person_by_account(session, TENANT, account)

    def token(self, account: str) -> str:
        """Sign a person in; gives the session's token."""
        now = datetime.now(UTC)
        with self.where.database.write() as session:
            token = identity.sign_in(session, TENANT, account, PASSWORD, "127.0.0.1", now, 8)
        assert token is not None
        return token

    def start(self) -> str:
        """A library entry whose materials are complete; gives the id of its task `check_materials`."""
        clerk, now = self.person(CLERK), datetime.now(UTC)
        owner = "start:hongshan.library_entry"
        with self.where.database.write() as session:
            given = dict(APPLICATION)
            for name in MATERIALS:
                stored = attachments.store(
                    session, self.files, clerk, owner, name, "文件.pdf", b"%PDF", now, limit=100
                )
                given[name] = [stored.id]
            started = instances.start(session, clerk, "hongshan.library_entry", now, given)
            task = _tasks.c
            where = (task.instance_id == started.instance_id, task.element == "check_materials")
            return str(session.execute(_tasks.select().where(*where)).mappings().one()["id"])

    def deployment_id(self) -> str:
        """The deployment that new cases use."""
        with self.where.database.read() as session:
            return deployed.active(session, TENANT).deployment_id
