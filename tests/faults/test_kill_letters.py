"""kill -9 of who carries letters and of who writes the full text anew: nothing is lost, and a letter whose
taking over was noted never goes out again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.services import indexing, reminding, searching, tasks, wishes
from server.services.outbox import LEASE
from server.services.searching import Wanted
from server.services.wishes import Wishes
from tests.faults.carrier import BATCH
from tests.jobs.receivers import Relay, relay
from tests.nursery import Child, nursery
from tests.patience import eventually
from tests.services.lab import Lab

LETTERS, HELD_AT = 7, 3


@dataclass(frozen=True)
class Mortals:
    """Who works in the lab and may be killed; `held` is the file in which they say that they hang."""

    lab: Lab
    held: Path

    def work(self, *words: object) -> None:
        """Let one work to its end."""
        assert self._begin(*words).wait() == 0

    def die(self, *words: object) -> None:
        """Let one work until it hangs, and kill it there."""
        child = self._begin(*words)
        assert eventually(self.held.exists, every=0.01), "the child never came to where it should hang"
        child.kill()
        child.wait()
        self.held.unlink()

    def _begin(self, *words: object) -> Child:
        return nursery().begin("tests.faults.carrier:work", self.lab.database.url, self.held, *words)


@pytest.fixture
def mortals(lab: Lab, tmp_path: Path) -> Mortals:
    """Who works in this lab."""
    return Mortals(lab, tmp_path / "held")


# --------------------------------------------------------------------------- letters
def test_killed_between_the_relays_answer_and_the_note(lab: Lab, mortals: Mortals) -> None:
    """Every letter arrives; only the one in whose middle the carrier died comes twice, as the same letter,
    and not before the time is over for which it was taken."""
    write_letters(lab)
    with relay() as taken:
        mortals.die("mail", taken.port, lab.now.isoformat(), HELD_AT)
        assert statuses(lab) == {"sent": HELD_AT - 1, "waiting": LETTERS - HELD_AT + 1}
        before = len(taken.taken)
        for leases in (0, 1):
            mortals.work("mail", taken.port, (lab.now + leases * LEASE).isoformat(), 0)
            assert len(taken.taken) - before == (LETTERS - HELD_AT) + leases
        mortals.work("mail", taken.port, (lab.now + 99 * LEASE).isoformat(), 0)
    assert statuses(lab) == {"sent": LETTERS}
    times = arrived(taken)
    assert len(times) == LETTERS
    assert sorted(times.values()) == [1] * (LETTERS - 1) + [2]
    assert times[list(times)[HELD_AT - 1]] == 2, "it was another letter that came twice"


def write_letters(lab: Lab) -> None:
    """Several reminders to bob, who wants mails."""
    with lab.database.write() as session:
        wishes.keep(session, lab.people["bob"], Wishes(mail_address="bob@office.test"))
    for number in range(LETTERS):
        task_id = str(lab.task(lab.start("ann", "lab.due", project_name=f"试验{number}"), "work")["id"])
        with lab.database.write() as session:
            tasks.release(session, lab.people["ann"], task_id, lab.now)
            tasks.claim(session, lab.people["bob"], task_id, lab.now)
            reminding.remind(session, lab.people["ann"], task_id, f"第{number}次", lab.now)


def statuses(lab: Lab) -> dict[str, int]:
    """How many letters there are of each status."""
    rows = lab.rows("select status, count(*) as n from outgoing where kind = 'letter' group by status")
    return {row["status"]: row["n"] for row in rows}


def arrived(taken: Relay) -> Counter[str]:
    """How often each letter arrived, by the id that it bears, in the order of the first arrivals."""
    return Counter(str(message["Message-ID"]) for message in taken.taken)


# --------------------------------------------------------------------------- the full text
def test_killed_in_the_middle_of_writing_the_full_text(lab: Lab, mortals: Mortals) -> None:
    """Every case is found all the time; the batch in whose middle it died is as it was before; the next run
    writes the rest, and only then the house believes that every case can be found."""
    for number in range(3 * BATCH):
        lab.start("ann", "lab.due", project_name=f"全文{number}")
    before = texts(lab)
    with lab.database.write() as session:
        session.execute(sa.text("delete from setting where name = :n"), {"n": indexing.MARK})
        session.execute(sa.text("update search_entry set text = 'old' where part = 'head'"))
    mortals.die("reindex", 2)
    renewed = [row["instance_id"] for row in texts(lab) if row["part"] == "head" and row["text"] != "old"]
    assert renewed == list(dict.fromkeys(row["instance_id"] for row in before))[:BATCH]
    assert found(lab) == 3 * BATCH
    assert not complete(lab)
    mortals.work("reindex", 0)
    assert texts(lab) == before
    assert complete(lab)
    assert found(lab) == 3 * BATCH


def texts(lab: Lab) -> list[dict[str, object]]:
    """All that can be found, in order."""
    return lab.rows("select instance_id, seq, part, text from search_entry order by instance_id, seq, part")


def found(lab: Lab) -> int:
    """How many cases somebody finds."""
    with lab.database.read() as session:
        return searching.page(session, lab.people["ann"], Wanted("全文"), lab.now).total


def complete(lab: Lab) -> bool:
    """Whether the house believes that every case can be found."""
    with lab.database.read() as session:
        return indexing.is_complete(session)
