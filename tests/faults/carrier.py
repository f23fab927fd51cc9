"""Who carries letters, or writes the full text anew, while being killed; each child does one of these.

mail PORT MOMENT HOLD   carry what is due at that moment; hang when the relay has taken letter HOLD (from 1;
                        0: never), before that is noted
reindex HOLD            write all texts anew in small batches, and hang within batch HOLD (0: never)

Before that come the address of the database and the file in which who hangs says so.
"""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlmodel import Session

from server.app import _composed
from server.cli import finding
from server.jobs.carriers import opened
from server.jobs.mail import MailCarrier
from server.jobs.post_office import Composed, PostOffice
from server.services import indexing
from server.services.channels import Channels, Mail
from server.services.notice_kinds import MAIL
from server.store.database import Database
from tests.services.lab import TENANT

HOUSE = "https://guicheng.office.test"
BATCH = 3
"""Cases of a batch, so that a few cases make several."""


def post_office(database: Database, port: int, now: datetime) -> PostOffice:
    """The carriers of a relay at this port."""
    relay = Mail(host="127.0.0.1", port=port, sender="规程 <guicheng@office.test>")
    channels = Channels(address=HOUSE, mail=relay)
    return PostOffice(database, opened(channels, lambda: now), partial(_composed, HOUSE), lambda: now)


def hang(notes: str) -> None:
    """Say so, and do nothing more."""
    Path(notes).write_text("held")
    time.sleep(600)


def carry(url: str, notes: str, port: str, moment: str, hold: str) -> None:
    """Carry letters; hang after the relay has taken one of them, before that is noted."""
    office = post_office(Database(url), int(port), datetime.fromisoformat(moment))
    relay, carried = office.carriers[MAIL], []

    def until_held(letter: Composed) -> None:
        relay(letter)
        carried.append(letter.id)
        if len(carried) == int(hold):
            hang(notes)

    assert isinstance(relay, MailCarrier)
    office.carriers = {MAIL: until_held}
    office.deliver(TENANT)


def reindex(url: str, notes: str, hold: str) -> None:
    """Write all texts anew; hang within a batch, when its old texts are out and its new ones are in."""
    database, enter, batches = Database(url), indexing.add, []
    indexing.BATCH = BATCH

    def until_held(session: Session, texts: object) -> None:
        enter(session, texts)  # type: ignore[arg-type]
        batches.append(1)
        if len(batches) == int(hold):
            hang(notes)

    indexing.add = until_held  # type: ignore[assignment]
    finding._reindex(database, "")


def work(url: str, notes: str, what: str, *words: str) -> None:
    """Do one of the two."""
    {"mail": carry, "reindex": reindex}[what](url, notes, *words)
