"""代理: whoever stands in does what waits for the absent, from day to day, and both names are kept."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from server.services import absences, history, instance_views, substitutions, tasks, worklist
from server.services.authorization import Person
from server.services.errors import NotPermitted, StaleTask
from server.services.substitutions import Wanted
from server.services.worklist import Filters
from tests.services.conftest import Office
from tests.services.lab import TENANT, Lab
from tests.services.test_reassigning import listed, reason_of, row
from tests.services.test_together import together

TODAY = date(2026, 3, 2)


def wanted(absent: str = "ann", substitute: str = "head", **more: Any) -> Wanted:
    """A substitution of today and tomorrow."""
    days = {"first_day": TODAY, "last_day": TODAY + timedelta(days=1), "reason": "休假"}
    return Wanted(**{"absent": absent, "substitute": substitute, **days, **more})


def enter(lab: Office, given: Wanted, by: str = "admin") -> str:
    """Enter a substitution."""
    with lab.database.write() as session:
        return substitutions.enter(session, lab.people[by], given, lab.now)


def today(lab: Office, name: str) -> Person:
    """Somebody as they are when they open a page now."""
    with lab.database.read() as session:
        return absences.with_absent(session, lab.people[name], lab.now)


def page(lab: Office, person: Person, **filters: Any) -> worklist.WorklistPage:
    """Their worklist; every count must be that of the list."""
    with lab.database.read() as session:
        found = worklist.page(session, person, Filters(**filters), lab.now)
        if not filters:
            assert worklist.count(session, person) == found.total == len(found.rows)
            following = worklist.next_task(session, person)
            assert following == (found.rows[0].id if found.rows else None)
    return found


def events(lab: Office, case: str) -> dict[str, tuple[str, str]]:
    """Who did what for whom, by kind; the chain is sound."""
    with lab.database.read() as session:
        entries = history.timeline(session, TENANT, case)
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))
    return {e.kind: (e.actor_name, e.payload.get("for", {}).get("name", "")) for e in entries}


def test_the_substitute_does_what_the_absent_holds_and_could_claim(lab: Lab) -> None:
    """Marked with the name; what is claimed is the absent person's, and both names stand in the record."""
    held = lab.start("ann", process="lab.due")
    free = lab.start("ann", process="lab.parallel")
    assert page(lab, today(lab, "head")).rows == ()
    enter(lab, wanted())
    head = today(lab, "head")
    rows = {r.id: r for r in page(lab, head).rows}
    work, left = lab.task(held, "work")["id"], lab.task(free, "left")["id"]
    assert {r.acting_for for r in rows.values()} == {"Ann"}
    assert rows[work].mine
    assert len(rows) == 3
    with lab.database.write() as session:
        if lab.task(free, "left")["assignee_id"] is not None:
            tasks.release(session, head, left, lab.now)
        tasks.claim(session, head, left, lab.now)
    assert listed(lab, left) == ["u:ann"]
    with lab.database.write() as session:
        seen = tasks.view(session, head, work, lab.now)
        assert (seen.acting_for, bool(seen.act)) == ("Ann", True)
        tasks.save(session, head, work, [("note", "代办")], lab.now)
        tasks.complete(session, head, work, seen.revision, lab.now)
    done = events(lab, held)
    assert done["task_completed"] == ("Head", "Ann")
    assert events(lab, free)["task_claimed"] == ("Head", "Ann")
    assert row(lab, work)["completed_by"] == "head"


def test_days_alone_decide(lab: Lab) -> None:
    """From the first moment of the first day to the last of the last, on the clocks of the office."""
    case = lab.start("ann", process="lab.due")
    task = lab.task(case, "work")["id"]
    enter(lab, wanted(first_day=TODAY + timedelta(days=1), last_day=TODAY + timedelta(days=1)))
    midnight = lab.now.replace(hour=0, minute=0)
    for moment, acts in (
        (midnight + timedelta(hours=23, minutes=59), False),
        (midnight + timedelta(days=1), True),
        (midnight + timedelta(days=1, hours=23, minutes=59), True),
        (midnight + timedelta(days=2), False),
    ):
        lab.now = moment
        assert bool(page(lab, today(lab, "head")).rows) is acts
        with lab.database.read() as session:
            if acts:
                assert tasks.view(session, today(lab, "head"), task, moment).act
            else:
                with pytest.raises(NotPermitted):
                    tasks.view(session, today(lab, "head"), task, moment)


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        ({}, {"lab.due", "lab.parallel"}),
        ({"processes": ("lab.due",)}, {"lab.due"}),
        ({"groups": ("clerks",)}, {"lab.due", "lab.parallel"}),
        ({"processes": ("lab.parallel",), "groups": ("clerks",)}, {"lab.parallel"}),
    ],
)
def test_only_what_was_named(lab: Lab, scope: dict[str, Any], seen: set[str]) -> None:
    """In the list, in the counts, in the tasks and in the cases."""
    cases = {process: lab.start("ann", process=process) for process in ("lab.due", "lab.parallel")}
    enter(lab, wanted(**scope))
    head = today(lab, "head")
    assert {r.process_key for r in page(lab, head).rows} == seen
    assert {r.process_key for r in page(lab, head, acting_for="ann").rows} == seen
    assert page(lab, head, acting_for="bob").rows == ()
    for process, case in cases.items():
        with lab.database.read() as session:
            if process in seen:
                instance_views.see(session, head, case)
            else:
                with pytest.raises(NotPermitted):
                    instance_views.see(session, head, case)


def test_the_posts_of_the_house_are_nobody_elses(lab: Lab) -> None:
    """Who stands in for an admin administers nothing, and sees no case of others."""
    case = lab.start("bob", process="lab.due")
    enter(lab, wanted("admin", "head", groups=()))
    head = today(lab, "head")
    assert not head.has("admin")
    assert {key for absent in head.stands_for for key in absent.principals} == {
        "u:admin", "g:clerks", "g:clerks@office",
    }  # fmt: skip
    with lab.database.read() as session:
        instance_views.see(session, head, case)  # it waited for clerks


@pytest.mark.parametrize(
    ("by", "given", "says"),
    [
        ("bob", wanted(), "Only administrators"),
        ("ann", wanted(substitute="ann"), "Nobody stands in for themselves"),
        ("ann", wanted(substitute="ghost"), "in office"),
        ("ann", wanted(last_day=TODAY - timedelta(days=1)), "before the first"),
        ("ann", wanted(first_day=TODAY - timedelta(days=1)), "today at the earliest"),
        (
            "ann",
            wanted(first_day=TODAY - timedelta(days=9), last_day=TODAY - timedelta(days=8)),
            "These days are over",
        ),
        ("ann", wanted(last_day=TODAY + timedelta(days=366)), "a year at most"),
        ("ann", wanted(groups=("heads",)), "does not hold the post heads"),
        ("admin", wanted("admin", groups=("admin",)), "does not hold the post"),
    ],
)
def test_what_cannot_be_entered(lab: Lab, by: str, given: Wanted, says: str) -> None:
    """Each refusal says why; nothing is entered."""
    with pytest.raises(NotPermitted) as refused:
        enter(lab, given, by)
    assert says in reason_of(refused)
    assert lab.rows("select * from substitution") == []


def test_who_is_away_cannot_stand_in(lab: Lab) -> None:
    """In none of the days; but before and after."""
    enter(lab, wanted("head", "bob", first_day=TODAY + timedelta(days=1), last_day=TODAY + timedelta(days=3)))
    with pytest.raises(NotPermitted) as refused:
        enter(lab, wanted())
    assert "2026-03-03" in reason_of(refused)
    enter(lab, wanted(last_day=TODAY))


def test_ending_it_earlier(lab: Lab) -> None:
    """By who is away, or an admin; a coming one is withdrawn. It never ends later than it was entered."""
    running = enter(lab, wanted(), "ann")
    coming = enter(lab, wanted(first_day=TODAY + timedelta(days=5), last_day=TODAY + timedelta(days=6)))

    def end(by: str, which: str, last: date) -> None:
        with lab.database.write() as session:
            substitutions.end(session, lab.people[by], which, last, lab.now)

    with pytest.raises(NotPermitted, match="Only the person who is away"):
        end("head", running, TODAY)
    for wrong in (TODAY - timedelta(days=2), TODAY + timedelta(days=2)):
        with pytest.raises(NotPermitted):
            end("ann", running, wrong)
    end("ann", running, TODAY - timedelta(days=1))
    end("admin", coming, TODAY - timedelta(days=1))
    assert today(lab, "head").stands_for == ()
    with lab.database.read() as session:
        found = substitutions.listing(session, lab.people["ann"], lab.now)
        assert substitutions.listing(session, lab.people["bob"], lab.now) == []
    assert {(one.state, one.endable, one.entered_by) for one in found} == {
        ("withdrawn", False, "Admin"), ("withdrawn", False, ""),
    }  # fmt: skip
    with pytest.raises(NotPermitted, match="over already"):
        end("ann", running, TODAY)
    trail = lab.rows("select kind, user_id from right_event order by seq")
    assert [entry["kind"] for entry in trail] == ["substitution_entered"] * 2 + ["substitution_ended"] * 2


def test_the_absent_and_the_substitute_at_once(lab: Lab) -> None:
    """One of them completes; the other is told."""
    enter(lab, wanted())
    head = today(lab, "head")
    for _ in range(8):
        task = lab.task(lab.start("ann", process="lab.due"), "work")["id"]
        revision = row(lab, task)["revision"]

        def complete(person: Person, task: str = task, revision: int = revision) -> None:
            with lab.database.write() as session:
                tasks.complete(session, person, task, revision, lab.now, {})

        raised = together(lambda: complete(head), lambda: complete(lab.people["ann"]))
        assert [type(error) for error in raised] == [StaleTask]


def test_the_absent_and_an_admin_enter_it_at_once(lab: Lab) -> None:
    """It is entered once; the slower one is told that it is there."""
    raised = together(lambda: enter(lab, wanted(), "ann"), lambda: enter(lab, wanted(), "admin"))
    (told,) = raised
    assert isinstance(told, NotPermitted)
    assert told.reason == "This substitution is entered already."
    assert len(lab.rows("select id from substitution")) == 1
    assert len(lab.rows("select seq from right_event where kind = 'substitution_entered'")) == 1
    enter(lab, wanted(processes=("lab.due",)))


def test_two_who_would_stand_in_for_each_other(lab: Lab) -> None:
    """One of them stays: who is away can do nothing for others, however close the two were."""
    raised = together(
        lambda: enter(lab, wanted("ann", "bob"), "ann"), lambda: enter(lab, wanted("bob", "ann"), "bob")
    )
    (told,) = raised
    assert isinstance(told, NotPermitted)
    assert told.reason.startswith("{name} is away themselves")
    assert len(lab.rows("select id from substitution")) == 1


def test_nobody_else_pays(lab: Lab) -> None:
    """Without a substitution the lists are one's own keys, as they were."""
    with lab.database.read() as session:
        person = absences.with_absent(session, lab.people["ann"], lab.now)
    assert absences.lanes(person) == lab.people["ann"].principals
