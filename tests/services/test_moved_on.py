"""Whoever loses a race is told who was faster, never that they may not: they could when they looked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from server.services import (
    consulting,
    extensions,
    identity,
    instructions,
    reassigning,
    signing,
    stops,
    tasks,
)
from server.services.authorization import Person
from server.services.errors import NotPermitted, StaleTask
from server.services.identity import add_person, add_unit
from server.services.instructions import Word
from server.services.stops import Order
from tests.services.clocked import case, clocked, order
from tests.services.conftest import Office
from tests.services.lab import TENANT, Lab
from tests.services.test_panel import at_the_experts, give

__all__ = ["clocked"]


def at_work(lab: Lab) -> tuple[str, str]:
    """A case whose step Ann holds."""
    instance = lab.start(process="lab.due")
    task = lab.task(instance, "work")["id"]
    with lab.database.write() as session:
        tasks.claim(session, lab.people["ann"], task, lab.now)
    return instance, task


def revision(lab: Lab, task: str) -> int:
    return int(lab.rows("select revision from task where id = :t", t=task)[0]["revision"])


def give_away(lab: Lab, task: str) -> None:
    with lab.database.write() as session:
        page = revision(lab, task)
        reassigning.reassign(session, lab.people["admin"], task, page, "bob", "休假", lab.now)


def test_who_writes_while_the_task_goes_to_somebody_else_keeps_it_as_a_draft(lab: Lab) -> None:
    instance, task = at_work(lab)
    page, ann = revision(lab, task), lab.people["ann"]
    give_away(lab, task)
    with lab.database.write() as session:
        with pytest.raises(StaleTask) as told:
            tasks.save(session, ann, task, [("note", "写了一半")], lab.now, page)
        assert (told.value.by, told.value.status, told.value.instance_id) == ("Bob", "open", instance)
    assert lab.rows("select user_id from draft") == [{"user_id": "ann"}]
    for verb in (
        lambda session, seen: tasks.release(session, ann, task, lab.now, seen),
        lambda session, seen: consulting.ask(session, ann, task, ["u:head"], "够用吗？", lab.now, seen),
    ):
        with pytest.raises(StaleTask), lab.database.write() as session:
            verb(session, page)
        for seen in (None, revision(lab, task)):  # who saw it as it is may not, and is told so
            with pytest.raises(NotPermitted), lab.database.write() as session:
                verb(session, seen)


def enter(lab: Lab, account: str, group: str, unit: str = "office") -> Person:
    """Somebody else in the lab."""
    with lab.database.write() as session:
        add_person(session, TENANT, account, account.title(), "", unit, [group], "", lab.now)
    with lab.database.read() as session:
        lab.people[account] = identity.person_by_account(session, TENANT, account)
    return lab.people[account]


def test_a_leader_is_told_who_was_faster_in_their_own_unit(lab: Lab) -> None:
    """They need not see the case; of other units they are told only that it has moved on."""
    leader = enter(lab, "lead", "leader")
    with lab.database.write() as session:
        add_unit(session, TENANT, "other", "Other")
    enter(lab, "cy", "clerks", "other")
    for holder, named in (("bob", "Bob"), ("cy", None)):
        instance = lab.start(holder, "lab.due")
        task = lab.task(instance, "work")["id"]
        page = revision(lab, task)
        lab.do(holder, instance, "work")
        for verb in (
            lambda session, t=task, p=page: reassigning.reassign(
                session, leader, t, p, "bob", "休假", lab.now
            ),
            lambda session, t=task, p=page: signing.ask(
                session, leader, t, p, "before", ["bob"], "请把关", lab.now
            ),
        ):
            with pytest.raises(StaleTask) as told, lab.database.write() as session:
                verb(session)
            assert told.value.by == named
        with pytest.raises(NotPermitted), lab.database.write() as session:  # whom it does not concern
            signing.ask(session, lab.people["head"], task, page, "before", ["bob"], "请把关", lab.now)


def test_what_is_taken_back_too_late_says_who_has_it(office: Office) -> None:
    instance, sent = at_the_experts(office)
    give(office, instance, "baoyin", "同意")
    with pytest.raises(StaleTask) as told, office.database.write() as session:
        tasks.withdraw(session, office.people["chenwei"], sent, office.now)
    assert told.value.by == office.people["baoyin"].name


def test_who_held_a_step_when_they_looked_is_told_that_it_moved_on(clocked: Lab) -> None:
    """Stopping the clock, asking for more time and answering an instruction are for those who hold a step."""
    instance = case(clocked)
    ann, task = clocked.people["ann"], clocked.task(instance, "review")["id"]
    with clocked.database.write() as session:
        word = Word("抓紧办", clocked.now.date() + timedelta(days=3))
        given = instructions.give(session, clocked.people["admin"], instance, word, clocked.now)
    looked = order(clocked, instance)
    give_away(clocked, task)
    verbs: list[Callable[[Session, int], None]] = [
        lambda session, seen: stops.stop(
            session, ann, instance, Order(looked.ground, "专家评审", seen), clocked.now
        ),
        lambda session, seen: extensions.ask(session, ann, instance, 3, "材料多", seen, clocked.now),
        lambda session, seen: instructions.answer(
            session, ann, instance, given, "已办", clocked.now, seen
        ),
    ]  # fmt: skip
    for verb in verbs:
        with pytest.raises(StaleTask) as told, clocked.database.write() as session:
            verb(session, looked.seen)
        assert told.value.by == "Admin"
        for seen in (0, order(clocked, instance).seen):
            with pytest.raises(NotPermitted), clocked.database.write() as session:
                verb(session, seen)
