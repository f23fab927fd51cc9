"""Long polling: requests for work wait together, and one of them all looks whether there is some.

A request that waits holds neither a thread nor a connection to the database. While anybody waits, one task of
the event loop looks every third of a second which topics have work, with one query, and wakes those who asked
for them; so it does not matter which process of the server offered the work, or whether a lock has passed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

Offers = Callable[[], frozenset[tuple[str, str]]]
EVERY = 0.3
"""Seconds between two looks."""
MOST = 2000
"""How many requests may wait at once; more are answered without waiting."""
_log = logging.getLogger("guicheng.api")


class Waiter:
    """A request that waits for work of some jurisdictions and topics."""

    def __init__(self, wanted: frozenset[tuple[str, str]]) -> None:
        self.wanted = wanted
        self.bell = asyncio.Event()


class WaitingRoom:
    """Everybody who waits for work at this server."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._waiters: set[Waiter] = set()
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiters)

    async def wait(self, wanted: frozenset[tuple[str, str]], seconds: float) -> bool:
        """Wait until there is work of these jurisdictions and topics; False if there was none in time, or the
        room is closed."""
        if self._closed or len(self._waiters) >= MOST:
            return False
        waiter = Waiter(wanted)
        self._waiters.add(waiter)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_out())
        try:
            async with asyncio.timeout(seconds):
                await waiter.bell.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return not self._closed

    def close(self) -> None:
        """The server stops: whoever waits goes with empty hands, and nobody waits any more. Called in the
        event loop."""
        self._closed = True
        for waiter in self._waiters:
            waiter.bell.set()

    async def _look_out(self) -> None:
        while self._waiters:
            try:
                offered = await run_in_threadpool(self._offers)
            except Exception:
                _log.exception("looking for work failed")
                offered = frozenset()
            for waiter in [w for w in self._waiters if not w.wanted.isdisjoint(offered)]:
                waiter.bell.set()
            await asyncio.sleep(EVERY)
