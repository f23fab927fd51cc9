"""What people may tell a case that waits for it: who, once, in their name, and only while it waits."""

from __future__ import annotations

import pytest

from server.services import hand_delivery, history, instances
from server.services.errors import NotPermitted, StaleTask
from server.services.identity import add_person, add_unit, person_by_account
from tests.bundles import linked
from tests.services.conftest import MORNING
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together


@pytest.fixture
def office(lab: Lab) -> Lab:
    """The lab with processes that wait for word, and a clerk of another unit."""
    lab.deploy(linked.files())
    with lab.database.write() as session:
        add_unit(session, TENANT, "school", "School")
        add_person(session, TENANT, "cid", "Cid", "", "school", ["clerks"], "", MORNING)
        lab.people["cid"] = person_by_account(session, TENANT, "cid")
    return lab


def receiver(lab: Lab) -> str:
    with lab.database.write() as session:
        given = {"project_name": "试验", "amount": "600"}
        return instances.start(session, lab.people["ann"], "lab.receiver", lab.now, given).instance_id


def offered(lab: Lab, person: str, instance: str) -> tuple[hand_delivery.Deliverable, ...]:
    with lab.database.read() as session:
        return hand_delivery.of_case(session, lab.people[person], instance)


def tell(lab: Lab, person: str, instance: str, token: str, seen: int) -> str | None:
    with lab.database.write() as session:
        return hand_delivery.deliver(session, lab.people[person], instance, token, seen, lab.now)


def test_those_whom_the_diagram_names_are_offered_it(office: Lab) -> None:
    """Clerks of the case's own unit, by the element's name; bob finds the case although he has done nothing
    in it yet."""
    case = receiver(office)
    (event,) = offered(office, "bob", case)
    assert (event.name, event.element) == ("problem", "problem")
    with pytest.raises(NotPermitted):
        offered(office, "cid", case)
    with pytest.raises(NotPermitted):
        tell(office, "cid", case, event.token, event.seen)
    with pytest.raises(NotPermitted):
        tell(office, "head", case, event.token, event.seen)
    assert office.open(case) == []


def test_it_is_told_once_in_their_name(office: Lab) -> None:
    """The case goes on, the record says who; sending the same page again is refused, telling it anew is
    not."""
    case = receiver(office)
    (event,) = offered(office, "bob", case)
    assert tell(office, "bob", case, event.token, event.seen) is None
    assert office.open(case) == ["look_at_problem"]
    with pytest.raises(StaleTask) as stale:
        tell(office, "bob", case, event.token, event.seen)
    assert stale.value.by == "Bob"
    assert office.open(case) == ["look_at_problem"]
    (again,) = offered(office, "ann", case)
    tell(office, "ann", case, again.token, again.seen)
    assert office.open(case) == ["look_at_problem", "look_at_problem"]
    with office.database.read() as session:
        record = [e for e in history.timeline(session, TENANT, case) if e.kind == "message_delivered"]
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))
    assert [(e.actor_id, e.element, e.payload["title"]) for e in reversed(record)] == [
        ("bob", "problem", "problem"), ("ann", "problem", "problem"),
    ]  # fmt: skip


def test_two_tell_the_same_at_the_same_moment(office: Lab) -> None:
    """One of them is told who was faster."""
    case = receiver(office)
    (event,) = offered(office, "bob", case)
    raised = together(*(lambda p=p: tell(office, p, case, event.token, event.seen) for p in ("ann", "bob")))
    assert [type(error) for error in raised] == [StaleTask]
    assert office.open(case) == ["look_at_problem"]


def test_a_case_that_waits_no_more(office: Lab) -> None:
    """Nothing is offered, and what an old page sends is refused."""
    case = receiver(office)
    (event,) = offered(office, "ann", case)
    with office.database.write() as session:
        instances.cancel(session, office.people["ann"], case, "重复", office.now)
    assert offered(office, "ann", case) == ()
    with pytest.raises(StaleTask):
        tell(office, "ann", case, event.token, event.seen)


def test_a_token_that_waits_for_another_case_is_nobodys_to_tell(office: Lab) -> None:
    """`wait_decided` names nobody, so only a thrown message reaches it."""
    case = receiver(office)
    rows = office.rows("select token from subscription where element = 'wait_decided'")
    with pytest.raises(StaleTask):
        tell(office, "ann", case, rows[0]["token"], 0)
    assert office.open(case) == []


def test_the_task_behind_it_is_given_to_who_told_it(office: Lab) -> None:
    """Where they are among those who may do it."""
    drawn = linked.diagram("lab.receiver").replace(b'candidateGroups="heads"', b'candidateGroups="clerks"')
    office.deploy(linked.files(receiver=drawn))
    case = receiver(office)
    (event,) = offered(office, "bob", case)
    task_id = tell(office, "bob", case, event.token, event.seen)
    assert office.task(case, "look_at_problem")["id"] == task_id
    assert office.task(case, "look_at_problem")["assignee_id"] == "bob"


def test_who_leads_a_rehearsal_tells_it_for_everybody(office: Lab) -> None:
    """As they play every post."""
    drawn = linked.diagram("lab.receiver").replace(b'value="clerks"', b'value="heads"')
    office.deploy(linked.files(receiver=drawn))
    with office.database.write() as session:
        given = {"project_name": "试验", "amount": "600", "rehearsal_day": "2026-05-06"}
        started = instances.start(
            session, office.people["ann"], "lab.receiver", office.now, given, rehearsed=True
        )
    (event,) = offered(office, "ann", started.instance_id)
    tell(office, "ann", started.instance_id, event.token, event.seen)
    assert office.open(started.instance_id) == ["look_at_problem"]
