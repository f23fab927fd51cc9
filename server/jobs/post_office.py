"""Carries letters out of the house: takes one, carries it while no unit of work is open, notes what came of
it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from server.services import digests, notices, outbox
from server.services.outbox import Letter
from server.store.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Composed:
    """A letter in its reader's language, ready to be carried. `id` is the same each time it is tried, so
    that the other side can tell a second copy."""

    id: str
    tenant_id: str
    kind: str
    address: str
    subject: str
    text: str
    link: str


class NotCarried(Exception):
    """The other side did not take a letter; the message says why, without addresses and secrets."""


Carrier = Callable[[Composed], None]
"""Carries one letter; raises when it could not."""
Compose = Callable[[Letter], Composed]


class PostOffice:
    """Delivers what is due. Safe to call from several processes: each letter is taken by one."""

    def __init__(
        self, database: Database, carriers: Mapping[str, Carrier], compose: Compose,
        time: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self.database = database
        self.carriers = carriers
        self.compose = compose
        self.time = time

    def deliver(self, tenant_id: str) -> int:
        """Carry the letters of a jurisdiction that are due; gives how many arrived."""
        with self.database.read() as session:
            due = outbox.due(session, tenant_id, self.time())
        return sum(self._carry(tenant_id, letter_id) for letter_id in due)

    def make_digests(self, now: datetime) -> int:
        """Put the mails of the day into the outbox, and forget notices read long ago; gives how many."""
        with self.database.write() as session:
            notices.forget(session, now)
        with self.database.read() as session:
            people = digests.waiting(session, now)
        made = 0
        for tenant_id, user_id in people:
            with self.database.write() as session:
                made += digests.make(session, tenant_id, user_id, now)
        return made

    def _carry(self, tenant_id: str, letter_id: str) -> bool:
        with self.database.write() as session:
            taken = outbox.take(session, tenant_id, letter_id, self.time())
        if taken is None:
            return False
        failure = self._try(taken)
        with self.database.write() as session:
            if failure:
                outbox.failed(session, taken, failure, self.time())
            else:
                outbox.sent(session, taken, self.time())
        return not failure

    def _try(self, taken: Letter) -> str:
        """Carry one letter; gives what went wrong, "" for nothing."""
        carrier = self.carriers.get(taken.channel)
        if carrier is None:
            return f"no channel is open for {taken.channel}"
        try:
            carrier(self.compose(taken))
        except Exception as error:
            told = str(error) if isinstance(error, NotCarried) else type(error).__name__
            log.warning("letter %s could not be carried: %s", taken.id, told)
            return told
        return ""
