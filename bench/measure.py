"""Measuring: CPU time of this process and of the database's, and the statements sent to it."""

from __future__ import annotations

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
    others: Callable[[], float] | None = None,
) -> float:
    """CPU milliseconds of one call, user and system, best of `rounds` means over `repeat` calls.
    `others` gives the CPU seconds that other processes have used so far for us (a database server)."""
    best = float("inf")
    for _ in range(rounds):
        before, before_others = _cpu(), others() if others else 0.0
        for _ in range(repeat):
            operation()
        used = _cpu() - before + ((others() - before_others) if others else 0.0)
        best = min(best, used / repeat * 1000)
    return best


def wall_ms(operation: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Median and 95th percentile of the wall time of one call, in milliseconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        operation()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def cpu_of_processes(name: str) -> float:
    """CPU seconds used so far by all processes of a name, ended children of theirs included."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        command, _, rest = text.rpartition(")")
        if command.partition("(")[2] == name:
            fields = rest.split()
            total += sum(int(value) for value in fields[11:15])
    return total / TICKS


@contextmanager
def counted(*engines: Engine) -> Iterator[list[str]]:
    """Collect the statements sent to the database, transaction statements included."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    def commit(_connection: object) -> None:
        sent.append("COMMIT")

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
        event.listen(engine, "commit", commit)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
            event.remove(engine, "commit", commit)
