"""CPU time of what a test does itself: neither the machine's other programs count, nor servers that run in
threads beside it, nor the garbage of thousands of tests that ran before it in the same process."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

NEVER = 1_000_000


@dataclass
class Taken:
    """Seconds of CPU, known when the block has ended."""

    seconds: float = float("nan")


@contextmanager
def cpu_time() -> Iterator[Taken]:
    """`with cpu_time() as taken: ...`, then `taken.seconds`. What the block raises passes through."""
    taken, usual = Taken(), gc.get_threshold()
    gc.set_threshold(*usual[:2], NEVER)  # looking through all that lives in the process takes half a second
    started = time.thread_time()
    try:
        yield taken
    finally:
        taken.seconds = time.thread_time() - started
        gc.set_threshold(*usual)
