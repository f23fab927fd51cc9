"""Databases to be copied: what takes long to settle is settled once for all workers, on each kind."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.provision import postgresql

Settle = Callable[[str], None]
"""Fills the database of an address, which has all tables and no rows; it leaves no connection open."""


class Originals:
    """The databases that were settled in this run, in a folder that all workers share."""

    def __init__(self, folder: Path, server: Callable[[], postgresql.Server]) -> None:
        self.folder = folder / "originals"
        self.folder.mkdir(exist_ok=True)
        self._server = server
        self._numbers = itertools.count()

    @contextmanager
    def copied(self, kind: str, folder: Path, settle: Settle | None = None) -> Iterator[str]:
        """Address of a new database of a kind, as `settle` leaves it (None: all tables, no rows). A SQLite
        file lies in `folder`; a database of PostgreSQL is gone afterwards."""
        original = self._original(kind, (migrated,) if settle is None else (migrated, settle))
        name = f"copy_{os.getpid()}_{next(self._numbers)}"
        if kind == "sqlite":
            shutil.copyfile(original, folder / f"{name}.db")
            yield f"sqlite:///{folder / name}.db"
            return
        try:
            yield self._server().create(name, original)
        finally:
            self._server().drop(name)

    def _original(self, kind: str, steps: tuple[Settle, ...]) -> str:
        """Path or name of the database to which these steps were done; whoever comes first does them."""
        step = steps[-1]
        name = f"{kind}_{step.__module__}_{step.__name__}".replace(".", "_")
        done = self.folder / f"{name}.done"
        if not done.exists():
            before = self._original(kind, steps[:-1]) if steps[1:] else ""
            with done.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not done.exists():
                    step(self._begun(kind, name, before))
                    done.touch()
        return str(self.folder / f"{name}.db") if kind == "sqlite" else name

    def _begun(self, kind: str, name: str, before: str) -> str:
        if kind == "postgresql":
            self._server().drop(name)  # whoever came first may have failed half-way
            return self._server().create(name, before or "template0")
        file = self.folder / f"{name}.db"
        file.unlink(missing_ok=True)
        if before:
            shutil.copyfile(before, file)
        return f"sqlite:///{file}"


def migrated(url: str) -> None:
    """Make all tables."""
    from server.store.database import Database
    from server.store.schema import migrate

    database = Database(url)
    migrate(database)
    database.close()
