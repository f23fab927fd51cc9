"""How long a test waits for what must come. A limit here stops a test that would hang; it never judges how
fast the machine is, which others may be using: what costs too much is found by `make bench`."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 180
"""Seconds."""

BROWSER = PATIENCE * 1000
"""The same in milliseconds, as the browser's driver wants it."""


def eventually(holds: Callable[[], bool], every: float = 0.1) -> bool:
    """Whether something comes to hold in time; looks every so many seconds."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(every)
    return holds()
