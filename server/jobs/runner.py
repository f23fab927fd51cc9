"""What happens when a wake-up rings: one service call in one unit of work, and a note when it
failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from server.jobs.post_office import PostOffice
from server.services import clock, deliveries, lights, release_effects, schedules
from server.services.wakeups import Wakeup, duty_of
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
        post_office: PostOffice | None = None,
    ) -> None:
        self.database = database
        self.transport = transport
        self.time = time
        self.post_office = post_office

    def ring(self, wakeup: Wakeup) -> bool:
        """Carry one wake-up; True if something was done. A failure is noted and tried again later."""
        try:
            if wakeup.kind == "letters":  # never inside a unit of work: a slow relay would keep all who write
                return self.post_office is not None and self.post_office.deliver(wakeup.tenant_id) > 0
            with self.database.write() as session:
                return self._carry(session, wakeup)
        except Exception as error:
            log.exception("wake-up %s %s of %s failed", wakeup.kind, wakeup.key, wakeup.tenant_id)
            self._failed(wakeup, error)
            return False

    def catch_up(self) -> int:
        """Ring everything that is due and still there; gives how many things were done."""
        done = self.take_effects()
        self.read_schedules()
        self.record_lights()
        with self.database.read() as session:
            missed = clock.missed(session, self.time())
        return done + sum(self.ring(wakeup) for wakeup in missed)

    def take_effects(self) -> int:
        """Let every release take effect whose day has come, before anything else begins by itself: the cases
        of that day are those of the new deployment. Gives how many there were."""
        with self.database.read() as session:
            due = release_effects.due(session, self.time())
        return sum(self.ring(wakeup) for wakeup in due)

    def record_lights(self) -> int:
        """Put on record every light that has turned since the last look; gives how many. A case that cannot
        be written keeps no other waiting; the log tells of the first such case and how many there are, since
        the next look, a minute later, finds them all again."""
        now, turned = self.time(), 0
        failed: list[tuple[str, Exception]] = []
        with self.database.read() as session:
            found = lights.turned(session, now)
        for one in found:
            try:
                with self.database.write() as session:
                    turned += lights.record(session, one, now)
            except Exception as error:
                failed.append((one.instance_id, error))
        if failed:
            case, reason = failed[0]
            told = "the lights of %d cases could not be recorded, the first is %s"
            log.error(told, len(failed), case, exc_info=reason)
        return turned

    def read_schedules(self) -> int:
        """Enter the duties of every day that has come since the schedules were read last; gives how many days
        that were. A schedule that cannot be read keeps no other waiting."""
        now, days = self.time(), 0
        with self.database.read() as session:
            behind = schedules.behind(session, now)
        for tenant_id in behind:
            try:
                with self.database.write() as session:
                    days += schedules.read(session, tenant_id, now)
            except Exception:
                log.exception("the schedule of %s could not be read; it will be tried again", tenant_id)
        return days

    def _carry(self, session: Session, wakeup: Wakeup) -> bool:
        tenant_id, key, now = wakeup.tenant_id, wakeup.key, self.time()
        match wakeup.kind:
            case "timer":
                instance_id, _, token = key.partition(" ")
                return clock.fire(session, tenant_id, instance_id, token, now)
            case "delivery":
                return deliveries.deliver(session, tenant_id, key, now)
            case "duty":
                return schedules.perform(session, tenant_id, duty_of(key), now)
            case "release":
                return release_effects.take_effect(session, tenant_id, key, now)
        return clock.send(session, tenant_id, key, self.transport, now)

    def _failed(self, wakeup: Wakeup, error: Exception) -> None:
        """A reminder that could not even be looked at is found again by the next sweep."""
        failure, now = f"{type(error).__name__}: {error}", self.time()
        tenant_id, key = wakeup.tenant_id, wakeup.key
        with self.database.write() as session:
            match wakeup.kind:
                case "timer":
                    instance_id, _, token = key.partition(" ")
                    clock.timer_failed(session, tenant_id, instance_id, token, failure, now)
                case "delivery":
                    deliveries.failed(session, tenant_id, key, failure, now)
                case "duty":
                    schedules.failed(session, tenant_id, duty_of(key), failure, now)
                case "release":
                    release_effects.failed(session, tenant_id, key, failure, now)
