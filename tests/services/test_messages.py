"""What a case throws reaches the cases that wait for it and begins those that it begins: each once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from server.jobs.runner import Runner
from server.services import admin, clock, deliveries, history, instance_views, instances, tasks
from server.services.clock import BACKOFF
from server.services.errors import NotPermitted
from server.services.wakeups import Wakeup, take
from tests.bundles import linked
from tests.services.lab import TENANT, Lab, timer
from tests.services.test_together import together


@pytest.fixture
def office(lab: Lab) -> Lab:
    """The lab with processes that are linked by messages."""
    lab.deploy(linked.files())
    return lab


def begin(lab: Lab, process: str, **answers: Any) -> str:
    """Start a process; gives the case's id."""
    with lab.database.write() as session:
        given = {"project_name": "试验", "amount": "600", **answers}
        return instances.start(session, lab.people["ann"], process, lab.now, given).instance_id


def project_of(lab: Lab, instance: str) -> str:
    return str(lab.rows("select project_id from process_instance where id = :i", i=instance)[0]["project_id"])


def same_project(lab: Lab, process: str, instance: str) -> str:
    """Another case of a case's project."""
    return begin(lab, process, project_id=project_of(lab, instance))


def begun_by(lab: Lab, process: str) -> list[dict[str, Any]]:
    query = "select * from process_instance where process_key = :p and started_by = 'system' order by id"
    return lab.rows(query, p=process)


def on_the_way(lab: Lab) -> list[dict[str, Any]]:
    return lab.rows("select * from outgoing where kind = 'delivery' order by recipient")


def entries(lab: Lab, instance: str, kind: str) -> list[history.TimelineEntry]:
    with lab.database.read() as session:
        return [e for e in history.timeline(session, TENANT, instance) if e.kind == kind]


def test_the_message_is_written_with_the_case(office: Lab) -> None:
    """One row and one wake-up for each target, in the transaction that threw it; nothing moves before."""
    sender = begin(office, "lab.sender")
    receiver = same_project(office, "lab.receiver", sender)
    begin(office, "lab.receiver")
    noted: list[Wakeup] = []
    office.database.before_commit.append(lambda session: noted.extend(take(session)))
    office.do("ann", sender, "decide")
    rows = on_the_way(office)
    assert [row["recipient"].split()[:2] for row in rows] == [["case", receiver], ["start", "lab.follower"]]
    assert [(w.kind, w.key) for w in noted] == [("delivery", row["id"]) for row in rows]
    assert office.open(receiver) == []
    assert begun_by(office, "lab.follower") == []
    (thrown,) = entries(office, sender, "message_thrown")
    assert thrown.payload["to"] == ["lab.receiver-2026-1", "lab.follower"]


def test_it_reaches_the_project_and_nobody_else(office: Lab) -> None:
    """A case of the project that waits goes on with what the message carries; a new one knows the project's
    facts besides; a case of another project still waits."""
    sender = begin(office, "lab.sender")
    receiver = same_project(office, "lab.receiver", sender)
    other = begin(office, "lab.receiver")
    office.do("ann", sender, "decide")
    assert office.runner().catch_up() == 2
    assert office.runner().catch_up() == 0
    assert office.open(receiver) == ["use"]
    assert office.open(other) == []
    (follower,) = begun_by(office, "lab.follower")
    assert (follower["project_id"], follower["unit_id"]) == (project_of(office, sender), "office")
    assert (follower["title"], follower["business_key"]) == ("试验", "lab.follower-2026-1")
    assert office.open(follower["id"]) == ["follow"]
    task = office.task(follower["id"], "follow")
    assert task["candidates"] == '["g:clerks@office"]'
    known = variables(office, follower["id"])
    assert known | {"amount": "600", "decided_on": "2026-03-02", "approved": True} == known
    assert known["project_unit"] == "Office"
    (received,) = entries(office, receiver, "message_received")
    assert received.payload == {
        "name": "lab.decided",
        "title": "wait_decided",
        "sender": {"id": sender, "number": "lab.sender-2026-1"},
    }
    (started,) = entries(office, follower["id"], "instance_started")
    assert (started.actor_id, started.payload["message"]) == ("system", "lab.decided")
    with office.database.read() as session:
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))


def variables(lab: Lab, instance: str) -> dict[str, Any]:
    with lab.database.read() as session:
        return instance_views.view(session, lab.people["admin"], instance, lab.now).variables


def test_a_case_that_a_message_began_and_that_waits_is_seen_where_it_belongs(lab: Lab) -> None:
    """No task is open yet: those who would have begun it see it, and no other body does."""
    waits = timer("follow").replace("pause", "duration(amount)")
    drawn = linked.diagram("lab.follower").replace(linked.work("follow").encode(), waits.encode())
    lab.deploy(linked.files(follower=drawn))
    sender = begin(lab, "lab.sender", amount="P600D")
    lab.do("ann", sender, "decide")
    lab.runner().catch_up()
    (follower,) = begun_by(lab, "lab.follower")
    assert lab.open(follower["id"]) == []
    with lab.database.read() as session:
        (waiting,) = instance_views.view(session, lab.people["bob"], follower["id"], lab.now).awaited
        assert (waiting.name, waiting.due) == ("follow", lab.now + timedelta(days=600))
        with pytest.raises(NotPermitted):
            instance_views.view(session, lab.people["head"], follower["id"], lab.now)


def test_once_however_often_and_whoever_rings(office: Lab) -> None:
    """The wake-up, the sweep and another process at the same moment: one of them delivers."""
    for number in range(1, 9):
        sender = begin(office, "lab.sender")
        receiver = same_project(office, "lab.receiver", sender)
        office.do("ann", sender, "decide")
        rings = [
            Wakeup("delivery", TENANT, r["id"], office.now)
            for r in on_the_way(office)
            if r["status"] == "waiting"
        ]
        done: list[bool] = []

        def ring_all(rings: list[Wakeup] = rings, done: list[bool] = done) -> None:
            done.extend([office.runner().ring(ring) for ring in rings])

        assert together(ring_all, ring_all) == []
        assert sum(done) == 2
        assert office.open(receiver) == ["use"]
        assert len(begun_by(office, "lab.follower")) == number
        assert len(entries(office, receiver, "message_received")) == 1
    assert {row["status"] for row in on_the_way(office)} == {"sent"}


def test_nobody_waits_any_more(office: Lab) -> None:
    """A case that was ended before the message came is left alone."""
    sender = begin(office, "lab.sender")
    receiver = same_project(office, "lab.receiver", sender)
    office.do("ann", sender, "decide")
    with office.database.write() as session:
        instances.cancel(session, office.people["ann"], receiver, "重复", office.now)
    assert office.runner().catch_up() == 1
    assert [row["status"] for row in on_the_way(office)] == ["void", "sent"]


def test_one_target_fails_and_the_others_go_on(office: Lab) -> None:
    """It is tried five times, then an admin sees it, mends the cause and lets it go out, once."""
    sender = begin(office, "lab.sender")
    receiver = same_project(office, "lab.receiver", sender)
    with office.database.write() as session:
        of_receiver = {"i": receiver}
        query = "select state from instance_state where instance_id = :i"
        kept = session.execute(sa.text(query), of_receiver).scalar_one()
        broken = "update instance_state set state = :s where instance_id = :i"
        session.execute(sa.text(broken), {"s": b"broken", **of_receiver})
    office.do("ann", sender, "decide")
    assert office.runner().catch_up() == 1
    assert len(begun_by(office, "lab.follower")) == 1
    for pause in BACKOFF:
        office.now += pause
        assert office.runner().catch_up() == 0
    with office.database.read() as session:
        (letter,) = admin.dead_letters(session, office.people["admin"])
        assert clock.missed(session, office.now) == []
    assert (letter.kind, letter.what, letter.attempts) == ("delivery", "lab.decided", 5)
    assert "UnreadableState" in letter.failure
    with office.database.write() as session:
        session.execute(sa.text(broken), {"s": kept, **of_receiver})
        admin.revive(session, office.people["admin"], "delivery", letter.id, office.now)
    assert office.runner().catch_up() == 1
    assert office.open(receiver) == ["use"]
    assert len(begun_by(office, "lab.follower")) == 1


def test_a_power_cut_between_throwing_and_delivering(office: Lab) -> None:
    """A new process finds what is on its way."""
    sender = begin(office, "lab.sender")
    office.do("ann", sender, "decide")
    again = Runner(office.database, office.sent.append, lambda: office.now)
    assert again.catch_up() == 1
    assert len(begun_by(office, "lab.follower")) == 1
    assert again.catch_up() == 0


def test_a_delivery_that_is_rolled_back_has_not_been(office: Lab) -> None:
    """The case and the mark that it was delivered are one transaction."""
    sender = begin(office, "lab.sender")
    office.do("ann", sender, "decide")
    (row,) = on_the_way(office)
    with office.database.write() as session:
        assert deliveries.deliver(session, TENANT, row["id"], office.now)
        session.rollback()
    assert begun_by(office, "lab.follower") == []
    assert on_the_way(office)[0]["status"] == "waiting"


def test_the_law_lets_nothing_new_begin(office: Lab) -> None:
    """Under an instrument that has expired the message reaches running cases only."""
    expired = linked.manifest().replace(b'title = "Lab"', b'title = "Lab"\nexpires = 2026-03-01', 1)
    sender = begin(office, "lab.sender")
    receiver = same_project(office, "lab.receiver", sender)
    office.deploy(linked.files(manifest=expired))
    office.do("ann", sender, "decide")
    assert office.runner().catch_up() == 1
    assert office.open(receiver) == ["use"]
    assert begun_by(office, "lab.follower") == []


def test_a_rehearsal_sets_off_rehearsals(office: Lab) -> None:
    """Its messages reach rehearsals of its project and begin rehearsals, led by the same person, at its own
    time; real cases learn nothing."""
    real = begin(office, "lab.receiver")
    with office.database.write() as session:
        given = {"project_name": "", "project_id": project_of(office, real), "amount": "7",
                 "rehearsal_day": "2027-05-06"}  # fmt: skip
        started = instances.start(
            session, office.people["ann"], "lab.sender", office.now, given, rehearsed=True
        )
    with office.database.write() as session:
        task = office.task(started.instance_id, "decide")
        revision = tasks.view(session, office.people["ann"], task["id"], office.now).revision
        tasks.complete(session, office.people["ann"], task["id"], revision, office.now, {"note": "同意"})
    assert office.runner().catch_up() == 1
    (follower,) = office.rows("select * from process_instance where process_key = 'lab.follower'")
    assert follower["started_by"] == "ann"
    assert str(follower["rehearsal_at"]).startswith("2027-05-06")
    assert follower["business_key"] == "试-lab.follower-2027-1"
    assert office.open(real) == []
