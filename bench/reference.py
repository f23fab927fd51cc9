"""What nothing costs: a bare request to a bare FastAPI, a bare commit; measured in the same run, so that
ratios hold on any machine."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from bench.measure import Result, cpu_ms
from bench.place import Place
from bench.serving import served
from tests.provision import postgresql

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.post("/nothing")
def nothing() -> RedirectResponse:
    """Leads elsewhere, like every form."""
    return RedirectResponse("/", 303)


def request() -> Iterator[Result]:
    """A form sent to a server that does nothing with it."""
    with (
        tempfile.TemporaryDirectory(prefix="guicheng-bench-") as folder,
        served(["-m", "uvicorn", "bench.reference:app"], Path(folder), {}) as client,
    ):
        ask = lambda: client.ask("POST", "/nothing", {"revision": "1"})  # noqa: E731
        for _ in range(100):
            ask()
        yield Result("a bare FastAPI request", cpu_ms(ask, repeat=300, own=False, others=client.cpu))


def commit(where: Place) -> Iterator[Result]:
    """One row written and committed by the bare driver."""
    operation = _sqlite(where) if where.kind == "SQLite" else _postgresql(where)
    for _ in range(20):
        operation()
    yield Result(f"a bare commit, {where.kind}", cpu_ms(operation, repeat=200, others=where.others))


def _sqlite(where: Place) -> Callable[[], None]:
    connection = sqlite3.connect(where.folder / "bare.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, n INTEGER)")
    connection.execute("INSERT INTO bare VALUES (1, 0)")

    def operation() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE bare SET n = n + 1 WHERE id = 1")
        connection.execute("COMMIT")

    return operation


def _postgresql(where: Place) -> Callable[[], None]:
    connection = psycopg.connect(postgresql.libpq(where.url))
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, n INTEGER)")
    connection.execute("INSERT INTO bare VALUES (1, 0)")
    connection.commit()

    def operation() -> None:
        connection.execute("UPDATE bare SET n = n + 1 WHERE id = 1")
        connection.commit()

    return operation
