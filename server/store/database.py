"""The database: how it is opened, and the only two ways to talk to it, reading and writing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from server.store.repeated import Repeated

BeforeCommit = Callable[[Session], None]
READING = "reading"
"""Under this name `info` of a session that only reads holds a dict of what it has read already: it sees one
state of the database throughout."""


class StorageFull(Exception):
    """A disk is full: nothing of the command was kept. Free some space, then repeat it."""

    def __init__(self, where: str) -> None:
        super().__init__(f"There is no space left for {where}. Free some, then repeat the command.")


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=30000",
    "foreign_keys=ON",
    "temp_store=MEMORY",
)


class _Unit(Session):
    """A session that hands its statements straight to one connection. We send Core statements only; the
    session's own bookkeeping would cost as much as two more of them."""

    def __init__(self, link: Connection, repeated: Repeated) -> None:
        super().__init__(link)
        self._link = link
        self._repeated = repeated

    def execute(self, statement: Any, params: Any = None, **_: Any) -> Any:
        """Run a Core statement in this unit of work."""
        return self._repeated.execute(self._link, statement, params)

    def get_bind(self, *_: Any, **__: Any) -> Connection:
        """What the statements of this unit of work are sent to."""
        return self._link

    def connection(self, bind_arguments: Any = None, execution_options: Any = None) -> Connection:
        """The connection of this unit of work."""
        return self._link

    def rollback(self) -> None:
        """Forget what was done, and see the database afresh."""
        self._link.rollback()
        if READING in self.info:
            self.info[READING] = {}


class Database:
    """One database. Doors open a unit of work with `read()` or `write()`; nothing else commits.

    A write on SQLite waits its turn behind one lock and begins IMMEDIATE: two writers never meet
    half-way and none starves. On PostgreSQL the rows that matter are locked by the statements
    themselves. `before_commit` functions run last inside each write: what must be saved together
    with it (the wake-up of a timer) joins in there.
    """

    def __init__(self, url: str, *, pool_size: int = 12) -> None:
        self.url = url
        self.engine = open_engine(url, pool_size=pool_size)
        self.before_commit: list[BeforeCommit] = []
        self._repeated = Repeated()
        self._reader = open_engine(url, pool_size=pool_size, reading=True)
        self._turn: Any = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the one-file database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and can change nothing."""
        with self._reader.connect() as link:
            session = _Unit(link, self._repeated)
            session.info[READING] = {}
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A unit of work: committed when the block ends well, rolled back on any exception."""
        with self._turn, self.engine.connect() as link:
            session = _Unit(link, self._repeated)
            try:
                yield session
                for function in self.before_commit:
                    function(session)
                link.commit()
            except OperationalError as error:
                if _is_full(error):
                    raise StorageFull("the database") from error
                raise

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        self._reader.dispose()


def open_engine(url: str, *, pool_size: int = 12, reading: bool = False) -> Engine:
    """An engine with the settings of the house for this kind of database; a reading one refuses
    every change."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = sa.create_engine(url, pool_size=pool_size, max_overflow=20)
        pragmas = (*_PRAGMAS, "query_only=ON") if reading else _PRAGMAS
        event.listen(engine, "connect", lambda connection, _: _configure_sqlite(connection, pragmas))
        begin = "BEGIN" if reading else "BEGIN IMMEDIATE"
        event.listen(engine, "begin", lambda connection: _begin(connection, begin))
        return engine
    if not reading:
        return sa.create_engine(url, pool_size=pool_size, max_overflow=20)
    return sa.create_engine(
        url, pool_size=pool_size, max_overflow=20, isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )  # fmt: skip


def part(session: Session) -> AbstractContextManager[Any]:
    """A part of a unit of work that is undone by itself when it fails; the rest goes on."""
    return session.connection().begin_nested()


def _is_full(error: OperationalError) -> bool:
    """SQLite says SQLITE_FULL; PostgreSQL has SQLSTATE 53100 for it."""
    cause = error.orig
    return (
        getattr(cause, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(cause, "sqlstate", "") == "53100"
    )


def _begin(connection: Connection, statement: str) -> None:
    """Through the driver itself: it is the same for each unit of work, and nothing has to be compiled."""
    driver: Any = connection.connection.dbapi_connection
    driver.execute(statement)


def _configure_sqlite(connection: Any, pragmas: tuple[str, ...]) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
