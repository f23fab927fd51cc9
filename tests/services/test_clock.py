"""Time: what is due happens once, late rather than never, and what fails waits before it is tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from server.services import admin, clock, history, worklist
from server.services.clock import BACKOFF
from server.services.errors import NotFound, NotPermitted
from server.services.wakeups import Wakeup, take
from tests.services.conftest import MORNING
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together

DAY = timedelta(days=1)


def timers(lab: Lab) -> list[dict[str, Any]]:
    return lab.rows("select * from timer order by instance_id")


def wakeup(lab: Lab, instance: str) -> Wakeup:
    """The wake-up of the case's timer."""
    row = next(row for row in timers(lab) if row["instance_id"] == instance)
    return Wakeup("timer", TENANT, f"{instance} {row['token']}", lab.now)


def fired(lab: Lab) -> int:
    return lab.rows("select count(*) as n from history_event where kind = 'timer_fired'")[0]["n"]


def test_a_timer_asks_to_be_woken_when_it_is_armed(lab: Lab) -> None:
    """The wake-up is noted in the unit of work that armed it."""
    noted: list[Wakeup] = []
    lab.database.before_commit.append(lambda session: noted.extend(take(session)))
    instance = lab.start()
    assert [(w.kind, w.due) for w in noted] == [("timer", MORNING + DAY)]
    assert noted[0].key.split()[0] == instance


def test_not_early(lab: Lab) -> None:
    """A wake-up that rings before its time does nothing but ask to be called again."""
    instance = lab.start()
    ring = wakeup(lab, instance)
    lab.now = MORNING + DAY - timedelta(seconds=1)
    noted: list[Wakeup] = []
    lab.database.before_commit.append(lambda session: noted.extend(take(session)))
    assert lab.runner().ring(ring) is False
    assert lab.runner().catch_up() == 0
    assert lab.open(instance) == ["work"]
    assert [w.due >= MORNING + DAY for w in noted] == [True]


def test_once_however_often_it_rings(lab: Lab) -> None:
    """The second wake-up finds nothing to do; the sweep neither."""
    instance = lab.start()
    ring = wakeup(lab, instance)
    lab.now = MORNING + DAY
    assert [lab.runner().ring(ring), lab.runner().ring(ring)] == [True, False]
    assert lab.runner().catch_up() == 0
    assert lab.open(instance) == ["chase", "work"]
    assert timers(lab) == []
    assert fired(lab) == 1


def test_once_when_it_rings_twice_at_the_same_moment(lab: Lab) -> None:
    """Two processes, or the sweep beside a wake-up."""
    for _ in range(15):
        instance = lab.start()
        ring = wakeup(lab, instance)
        lab.now += DAY
        raised = together(lambda r=ring: lab.runner().ring(r), lambda r=ring: lab.runner().ring(r))
        assert raised == []
        assert lab.open(instance) == ["chase", "work"]
    assert fired(lab) == 15
    with lab.database.read() as session:
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))


def test_a_timer_and_a_person_at_the_same_moment(lab: Lab) -> None:
    """Either the timer was first and the reminder stands, or the work was done and there is nothing to chase;
    never half of both."""
    seen = set()
    for _ in range(15):
        instance = lab.start()
        ring = wakeup(lab, instance)
        lab.now += DAY
        raised = together(lambda r=ring: lab.runner().ring(r), lambda i=instance: lab.do("ann", i, "work"))
        assert raised == []
        opened = tuple(lab.open(instance))
        status = lab.rows("select status from process_instance where id = :i", i=instance)[0]["status"]
        assert (opened, status) in [(("chase",), "running"), ((), "ended")]
        seen.add(status)
    assert timers(lab) == []
    assert seen


def test_after_days_of_silence_each_fires_once(lab: Lab) -> None:
    """The server was down over the due date; the sweep catches up, once each, and the record says when it was
    due and when it happened."""
    instances = [lab.start() for _ in range(3)]
    lab.now = MORNING + 10 * DAY
    assert lab.runner().catch_up() == 3
    assert lab.runner().catch_up() == 0
    for instance in instances:
        assert lab.open(instance) == ["chase", "work"]
        with lab.database.read() as session:
            entry = next(e for e in history.timeline(session, TENANT, instance) if e.kind == "timer_fired")
        assert entry.at == lab.now
        assert entry.payload["due"] == (MORNING + DAY).isoformat().replace("09:00:00+08:00", "01:00:00+00:00")
        assert entry.actor_id == "system"


def test_a_done_task_is_not_chased(lab: Lab) -> None:
    """The row of the timer went with the task; a wake-up that is still on its way rings for nothing."""
    instance = lab.start()
    ring = wakeup(lab, instance)
    lab.do("ann", instance, "work")
    lab.now = MORNING + DAY
    assert lab.runner().ring(ring) is False
    assert timers(lab) == []
    assert lab.open(instance) == []


def test_a_case_that_waits_for_a_moment_goes_on_by_itself(lab: Lab) -> None:
    """A timer in the flow."""
    instance = lab.start(process="lab.waiting", pause="PT1H")
    assert lab.open(instance) == []
    lab.now = MORNING + timedelta(hours=1)
    assert lab.runner().catch_up() == 1
    assert lab.open(instance) == ["work"]


def test_a_wakeup_of_a_case_that_is_not_there(lab: Lab) -> None:
    """A wake-up that outlived its case is noted nowhere and hurts nobody."""
    assert lab.runner().ring(Wakeup("timer", TENANT, "gone 1", lab.now)) is False
    assert lab.runner().ring(Wakeup("outgoing", TENANT, "gone", lab.now)) is False


def test_a_failing_timer_backs_off_and_then_waits_for_an_admin(lab: Lab) -> None:
    """One, five, thirty minutes, two hours; after the fifth failure it is a dead letter until an admin
    revives it. The sweep in between leaves it alone."""
    instance = lab.start()
    with lab.database.write() as session:
        kept = session.execute(sa.text("select state from instance_state")).scalar_one()
        session.execute(sa.text("update instance_state set state = :s"), {"s": b"broken"})
    noted: list[Wakeup] = []
    lab.database.before_commit.append(lambda session: noted.extend(take(session)))
    lab.now = MORNING + DAY
    for tries, pause in enumerate((*BACKOFF, None), 1):
        assert lab.runner().catch_up() == 0
        assert timers(lab)[0]["attempts"] == tries
        assert lab.runner().catch_up() == 0
        assert timers(lab)[0]["attempts"] == tries, "the sweep did not wait"
        if pause is not None:
            assert noted.pop().due == lab.now + pause
            lab.now += pause - timedelta(seconds=1)
            assert lab.runner().catch_up() == 0
            assert timers(lab)[0]["attempts"] == tries, "too early"
            lab.now += timedelta(seconds=1)
    lab.now += 30 * DAY
    assert lab.runner().catch_up() == 0
    with lab.database.read() as session:
        (letter,) = admin.dead_letters(session, lab.people["admin"])
        with pytest.raises(NotPermitted):
            admin.dead_letters(session, lab.people["ann"])
    assert (letter.kind, letter.instance_id, letter.attempts) == ("timer", instance, 5)
    assert "UnreadableState" in letter.failure
    with lab.database.write() as session:
        session.execute(sa.text("update instance_state set state = :s"), {"s": kept})
        admin.revive(session, lab.people["admin"], "timer", letter.id, lab.now)
    assert noted[-1] == Wakeup("timer", TENANT, letter.id, lab.now)
    assert lab.runner().ring(noted[-1]) is True
    assert lab.open(instance) == ["chase", "work"]
    with pytest.raises(NotFound), lab.database.write() as session:
        admin.revive(session, lab.people["admin"], "timer", letter.id, lab.now)


def test_a_reminder_comes_once_a_working_day_before(lab: Lab) -> None:
    """Due on Wednesday the 11th: told on Tuesday, once, to those who hold the task."""
    instance = lab.start(process="lab.due")
    lab.now = MORNING.replace(day=9, hour=23)
    assert lab.runner().catch_up() == 0
    lab.now = MORNING.replace(day=10, hour=0)
    assert lab.runner().catch_up() == 1
    assert lab.runner().catch_up() == 0
    (told,) = lab.sent
    assert (told["kind"], told["recipient"], told["payload"]["name"]) == ("task_due_soon", "g:clerks", "work")
    with lab.database.read() as session:
        assert [n["instance_id"] for n in worklist.notices(session, lab.people["bob"])] == [instance]
        assert worklist.notices(session, lab.people["head"]) == []


def test_a_done_task_is_not_reminded_of(lab: Lab) -> None:
    """The reminder is withdrawn with the task."""
    instance = lab.start(process="lab.due")
    lab.do("ann", instance, "work")
    lab.now = MORNING.replace(day=11)
    assert lab.runner().catch_up() == 0
    assert lab.sent == []
    assert lab.rows("select * from outgoing") == []


def test_a_message_that_cannot_be_sent_backs_off_and_then_waits_for_an_admin(lab: Lab) -> None:
    """As a timer does; revived, it goes out once."""
    lab.start(process="lab.due")
    lab.now = MORNING.replace(day=10)

    def broken(row: dict[str, Any]) -> None:
        raise ConnectionError("the mail server does not answer")

    runner = lab.runner()
    runner.transport = broken
    for tries, pause in enumerate((*BACKOFF, timedelta(days=9)), 1):
        assert runner.catch_up() == runner.catch_up() == 0
        assert lab.rows("select attempts from outgoing")[0]["attempts"] == tries
        lab.now += pause
    assert runner.catch_up() == 0
    with lab.database.read() as session:
        (letter,) = admin.dead_letters(session, lab.people["admin"])
        assert clock.missed(session, lab.now) == []
    assert letter.failure == "ConnectionError: the mail server does not answer"
    with lab.database.write() as session:
        admin.revive(session, lab.people["admin"], "outgoing", letter.id, lab.now)
    assert lab.runner().catch_up() == 1
    assert lab.runner().catch_up() == 0
    assert len(lab.sent) == 1


def test_an_incident_is_retried_when_its_cause_is_gone(lab: Lab) -> None:
    """Nothing leaves the gateway before noon: the case stands still, is told to the admin, and goes on."""
    instance = lab.start(process="lab.stuck")
    lab.do("ann", instance, "work")
    status = "select status from process_instance where id = :i"
    assert lab.rows(status, i=instance)[0]["status"] == "incident"
    with lab.database.read() as session:
        (incident,) = admin.incidents(session, lab.people["admin"])
        with pytest.raises(NotPermitted):
            admin.incidents(session, lab.people["ann"])
    assert incident.element == "is_noon"
    assert incident.finding["code"] == "engine.no_flow_taken"
    with lab.database.write() as session:
        assert admin.retry(session, lab.people["admin"], incident.id, lab.now) == instance
    assert lab.rows(status, i=instance)[0]["status"] == "incident"
    lab.now = MORNING.replace(hour=12)
    with lab.database.read() as session:
        (incident,) = admin.incidents(session, lab.people["admin"])
    with lab.database.write() as session:
        admin.retry(session, lab.people["admin"], incident.id, lab.now)
    assert lab.open(instance) == ["after"]
    assert lab.rows(status, i=instance)[0]["status"] == "running"
    with pytest.raises(NotFound), lab.database.write() as session:
        admin.retry(session, lab.people["admin"], incident.id, lab.now)
    with lab.database.read() as session:
        assert admin.incidents(session, lab.people["admin"]) == []
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))


def test_two_admins_retry_at_once(lab: Lab) -> None:
    """One of them lets the case go on; the other is told that it has."""
    instance = lab.start(process="lab.stuck")
    lab.do("ann", instance, "work")
    lab.now = MORNING.replace(hour=12)
    with lab.database.read() as session:
        (incident,) = admin.incidents(session, lab.people["admin"])

    def retry() -> None:
        with lab.database.write() as session:
            admin.retry(session, lab.people["admin"], incident.id, lab.now)

    raised = together(retry, retry)
    assert len(raised) == 1
    assert type(raised[0]).__name__ in ("NotFound", "Refused")
    assert lab.open(instance) == ["after"]
