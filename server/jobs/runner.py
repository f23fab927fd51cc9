"""What happens when a wake-up rings: one service call in one unit of work, and a note when it
failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from server.services import clock
from server.services.wakeups import Wakeup
from server.store.database import Database

log = logging.getLogger(__name__)


def system_time() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def in_page(row: dict[str, Any]) -> None:
    """The notice board of the house itself: a sent row is what people see on their worklist page."""


class Runner:
    """Carries wake-ups to the services. Safe to call twice for the same one: the second does
    nothing."""

    def __init__(
        self,
        database: Database,
        transport: clock.Transport = in_page,
        time: Callable[[], datetime] = system_time,
    ) -> None:
        self.database = database
        self.transport = transport
        self.time = time

    def ring(self, wakeup: Wakeup) -> bool:
        """Carry one wake-up; True if something was done. A failure is noted and tried again later."""
        try:
            with self.database.write() as session:
                return self._carry(session, wakeup)
        except Exception as error:
            log.exception("wake-up %s %s of %s failed", wakeup.kind, wakeup.key, wakeup.tenant_id)
            self._failed(wakeup, error)
            return False

    def catch_up(self) -> int:
        """Ring everything that is due and still there; gives how many things were done."""
        with self.database.read() as session:
            missed = clock.missed(session, self.time())
        return sum(self.ring(wakeup) for wakeup in missed)

    def _carry(self, session: Session, wakeup: Wakeup) -> bool:
        if wakeup.kind == "timer":
            instance_id, _, token = wakeup.key.partition(" ")
            return clock.fire(session, wakeup.tenant_id, instance_id, token, self.time())
        return clock.send(session, wakeup.tenant_id, wakeup.key, self.transport, self.time())

    def _failed(self, wakeup: Wakeup, error: Exception) -> None:
        """A message that could not even be looked at is found again by the next sweep."""
        if wakeup.kind != "timer":
            return
        instance_id, _, token = wakeup.key.partition(" ")
        failure, now = f"{type(error).__name__}: {error}", self.time()
        with self.database.write() as session:
            clock.timer_failed(session, wakeup.tenant_id, instance_id, token, failure, now)
