"""停表: time on a legal ground does not count, for every limit that ran and for no other."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.services import calendars, deployed, history, instance_views, limits, tasks
from server.services.errors import NotFound, NotPermitted, StaleTask
from server.services.stops import Order
from server.store.columns import NEVER
from tests.services import clocked as lab_clock
from tests.services.clocked import MORNING, Lab, case, clocked, order, restart, stop
from tests.services.lab import TENANT, finish
from tests.services.test_together import together

__all__ = ["clocked"]
HOME = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def last_moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T23:59:59+08:00")


def due(lab: Lab, instance: str, element: str = "review") -> datetime:
    """Where a task's limit stands in its row."""
    with lab.database.read() as session:
        view = instance_views.view(session, lab.people["admin"], instance, lab.now)
    found = next(task.due for task in view.open_tasks if task.element == element)
    assert found is not None
    return found


def whole(lab: Lab, instance: str) -> datetime:
    with lab.database.read() as session:
        found = instance_views.view(session, lab.people["admin"], instance, lab.now).due
    assert found is not None
    return found


def of_case(lab: Lab, instance: str) -> tuple[limits.Limit, ...]:
    with lab.database.read() as session:
        row, used = instance_views.see(session, lab.people["admin"], instance)
        dues = [
            t.due for t in instance_views.view(session, lab.people["admin"], instance, lab.now).open_tasks
        ]
        return limits.of_case(session, used, row, calendars.of(session, TENANT), *dues)


def events(lab: Lab, instance: str, kind: str) -> list[dict[str, object]]:
    with lab.database.read() as session:
        told = history.timeline(session, TENANT, instance)
    return [dict(entry.payload) for entry in told if entry.kind == kind]


def test_limits_move_by_the_working_days_stopped(clocked: Lab) -> None:
    """Monday 2 March to Monday 9: five working days later for a limit in working days, seven days for one in
    months; a named day stays."""
    instance = case(clocked)
    assert due(clocked, instance) == last_moment("2026-03-16")
    assert whole(clocked, instance) == last_moment("2026-05-02")
    assert due(clocked, instance, "report") == last_moment("2026-06-30")
    stop(clocked, instance)
    clocked.now = MORNING + 7 * DAY
    restart(clocked, instance)
    assert due(clocked, instance) == last_moment("2026-03-23")
    assert whole(clocked, instance) == last_moment("2026-05-09")
    assert due(clocked, instance, "report") == last_moment("2026-06-30")
    told = events(clocked, instance, "clock_restarted")[0]
    assert (told["days"], told["basis"], told["reason"]) == (5, "lab#2", "评审意见已出具")
    timer = clocked.rows("select due_at from timer where instance_id = :i", i=instance)[0]["due_at"]
    assert str(timer).startswith("2026-03-23 15:59:59")


def test_two_stops_add_up_and_are_told(clocked: Lab) -> None:
    """The limit says from which day it ran, by which rule and article, and both times it stood still."""
    instance = case(clocked)
    for days in (1, 1):
        stop(clocked, instance)
        clocked.now += days * DAY
        restart(clocked, instance)
        clocked.now += timedelta(hours=1)
    limit = limits.at(of_case(clocked, instance), last_moment("2026-03-18"))
    assert limit is not None
    assert (limit.term.start.isoformat(), limit.term.limit, limit.term.unit) == (
        "2026-03-02",
        10,
        "working_day",
    )
    assert limit.regulation == ("lab#1",)
    assert [shift.days for shift in limit.shifts] == [1, 1]
    assert [shift.to for shift in limit.shifts] == [last_moment("2026-03-17"), last_moment("2026-03-18")]
    assert limit.shifts[0].basis == "lab#2"
    assert limit.counted.due == last_moment("2026-03-16")
    assert [day.date.day for day in limit.counted.skipped] == [7, 8, 14, 15]


def test_what_was_counted_before_the_calendar_changed_says_so(clocked: Lab) -> None:
    """A day declared free afterwards does not move the limit; the explanation names the day it would give."""
    instance = case(clocked)
    with clocked.database.write() as session:
        calendars.set_day(session, clocked.people["admin"], date(2026, 3, 11), working=False, note="")
    limit = limits.at(of_case(clocked, instance), last_moment("2026-03-16"))
    assert limit is not None
    assert limit.recounted == last_moment("2026-03-17")


def test_while_it_stands_nothing_is_late(clocked: Lab) -> None:
    """The limit is no longer in the order of the worklist, its timer does not fire, its holder is not
    reminded; work goes on."""
    instance = case(clocked)
    stop(clocked, instance)
    clocked.now = last_moment("2026-04-01")
    clocked.runner().catch_up()
    assert clocked.open(instance) == ["report", "review"]
    assert clocked.sent == []
    listed = clocked.rows(
        "select distinct due_at from worklist where task_id = :t", t=clocked.task(instance, "review")["id"]
    )
    assert [str(row["due_at"])[:4] for row in listed] == [str(NEVER.year)]
    restart(clocked, instance)
    assert due(clocked, instance) == last_moment("2026-04-16")
    clocked.now = last_moment("2026-04-17")
    clocked.runner().catch_up()
    assert clocked.open(instance) == ["chase", "report", "review"]


def test_a_limit_that_has_passed_stays(clocked: Lab) -> None:
    """Stopping the clock does not undo a breach."""
    instance = case(clocked)
    clocked.now = MORNING + 20 * DAY
    stop(clocked, instance)
    clocked.now += 7 * DAY
    restart(clocked, instance)
    assert due(clocked, instance) == last_moment("2026-03-16")
    assert whole(clocked, instance) == last_moment("2026-05-09")


def test_a_case_that_ends_ends_its_stop(clocked: Lab) -> None:
    """Nothing stands still in a case that is over."""
    instance = case(clocked)
    stop(clocked, instance)
    with clocked.database.write() as session:
        finish(session, clocked.people["ann"], clocked.task(instance, "review")["id"], clocked.now)
        finish(session, clocked.people["head"], clocked.task(instance, "report")["id"], clocked.now)
    row = clocked.rows("select status, stopped_at from process_instance where id = :i", i=instance)[0]
    assert (row["status"], row["stopped_at"]) == ("ended", None)
    assert clocked.rows("select * from clock_stop where restarted_at is null") == []


def test_who_may(clocked: Lab) -> None:
    """Without bodies named for the ground those who hold a step, else the bodies; admins always."""
    instance = case(clocked)
    for person, ground in (("bob", "expert_review"), ("ann", "hearing")):
        with pytest.raises(NotPermitted):
            stop(clocked, instance, person, ground=ground)
    with pytest.raises(NotFound):
        stop(clocked, instance, ground="no_such")
    with pytest.raises(NotPermitted, match="Say why"):
        stop(clocked, instance, reason=" ")
    stop(clocked, instance, "head", ground="hearing")
    with pytest.raises(NotPermitted):
        restart(clocked, instance, "ann")
    restart(clocked, instance, "admin")


def test_nothing_to_stop(clocked: Lab) -> None:
    """A case none of whose limits runs."""
    instance = case(clocked)
    clocked.now = last_moment("2026-07-01")
    with pytest.raises(NotPermitted, match="No limit runs"):
        stop(clocked, instance)


def test_of_two_who_stop_it_one_does(clocked: Lab) -> None:
    """The other is told who was faster."""
    instance = case(clocked)
    told = order(clocked, instance)

    def attempt(person: str) -> None:
        with clocked.database.write() as session:
            lab_clock.stops.stop(session, clocked.people[person], instance, told, clocked.now)

    raised = together(lambda: attempt("ann"), lambda: attempt("admin"))
    assert [type(error) for error in raised] == [StaleTask]
    assert len(events(clocked, instance, "clock_stopped")) == 1


def test_an_old_page_stops_nothing(clocked: Lab) -> None:
    """What happened since may be a reason not to."""
    instance = case(clocked)
    with pytest.raises(StaleTask), clocked.database.write() as session:
        lab_clock.stops.stop(
            session, clocked.people["ann"], instance, Order("expert_review", "x", 1), clocked.now
        )


def test_the_record_stays_sound(clocked: Lab) -> None:
    """Both entries are part of the chain."""
    instance = case(clocked)
    stop(clocked, instance)
    clocked.now += DAY
    restart(clocked, instance)
    with clocked.database.read() as session:
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))
        assert deployed.active(session, TENANT).manifest is not None
        assert tasks.view(session, clocked.people["ann"], clocked.task(instance, "review")["id"], clocked.now)
