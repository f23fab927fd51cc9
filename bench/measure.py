"""Measuring: CPU time of this process and of those that work for it, statements sent to a database."""

from __future__ import annotations

import gc
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

TICKS = os.sysconf("SC_CLK_TCK")
Others = Callable[[], float]
"""CPU seconds that other processes have used so far for us: a server, a database."""


@dataclass
class Result:
    """One line of the report: CPU ms of one operation (database included), and what else was counted."""

    name: str
    cpu_ms: float
    statements: float | None = None
    note: str = ""
    extra: dict[str, float] = field(default_factory=dict)


def cpu_ms(
    operation: Callable[[], object],
    *,
    repeat: int,
    rounds: int = 3,
    others: Others | None = None,
    own: bool = True,
) -> float:
    """CPU milliseconds of one call, user and system, best of `rounds` means over `repeat` calls.
    `own` counts this process, `others` adds what others used. What was loaded before is kept out of the
    collector's sight, as the server keeps it."""
    gc.collect()
    gc.freeze()
    best = float("inf")
    for _ in range(rounds):
        before = _used(own, others)
        for _ in range(repeat):
            operation()
        best = min(best, (_used(own, others) - before) / repeat * 1000)
    return best


def wall_ms(operation: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Median and 95th percentile of the wall time of one call, in milliseconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        operation()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def _used(own: bool, others: Others | None) -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime if own else 0.0) + (others() if others else 0.0)


def cpu_of(root: int) -> float:
    """CPU seconds used so far by a process and its children, ended ones included: a PostgreSQL server is
    its postmaster and one child for each connection."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        process = int(stat.parent.name)
        if process == root or int(fields[1]) == root:
            total += _clock(process) + sum(int(value) for value in fields[13:15]) / TICKS
    return total


def _clock(process: int) -> float:
    """The CPU clock of another process, to the nanosecond; `/proc` counts in hundredths of a second. The
    number of the clock is made as `clock_getcpuclockid` makes it on Linux."""
    try:
        return time.clock_gettime((~process << 3) | 2)
    except OSError:  # it ended meanwhile
        return 0.0


@contextmanager
def counted(*engines: Engine) -> Iterator[list[str]]:
    """Collect the statements sent to the database, transaction statements included. One statement that is
    given many rows counts once."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    def begin(_connection: object) -> None:
        sent.append("BEGIN")

    def commit(_connection: object) -> None:
        sent.append("COMMIT")

    def rollback(_connection: object) -> None:
        sent.append("ROLLBACK")

    heard = [(engine, "before_cursor_execute", note) for engine in engines]
    heard += [(engine, "commit", commit) for engine in engines]
    heard += [(engine, "rollback", rollback) for engine in engines]
    # On SQLite the house itself sends BEGIN; psycopg sends it unseen.
    heard += [(engine, "begin", begin) for engine in engines if engine.dialect.name != "sqlite"]
    for engine, name, function in heard:
        event.listen(engine, name, function)
    try:
        yield sent
    finally:
        for engine, name, function in heard:
            event.remove(engine, name, function)
