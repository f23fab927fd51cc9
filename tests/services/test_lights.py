"""Yellow and red leave a record: once for each limit, also after nobody looked for long; leaders are told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from server.services import history, instance_views, lights, supervision
from server.services.lights import Turned
from server.store.clocks import LightTurn
from server.store.runtime import InstanceState
from tests.services.clocked import MORNING, Lab, case, clocked, files, restart, stop
from tests.services.lab import TENANT
from tests.services.test_stops import due, events, last_moment
from tests.services.test_together import together

__all__ = ["clocked"]
DAY = timedelta(days=1)


def turns(lab: Lab) -> list[tuple[str, str, str]]:
    rows = lab.rows("select step, light, holder from light_turn order by turned_at, step, light")
    return [(row["step"], row["light"], row["holder"]) for row in rows]


def test_nothing_while_all_is_green(clocked: Lab) -> None:
    """More than a working day is left."""
    case(clocked)
    clocked.now = MORNING + 10 * DAY
    assert clocked.runner().record_lights() == 0
    assert turns(clocked) == []


def test_yellow_then_red_once_each(clocked: Lab) -> None:
    """The step of Ann, one working day before Monday the 16th; looking again adds nothing."""
    instance = case(clocked)
    clocked.now = last_moment("2026-03-13")
    for _ in range(2):
        clocked.runner().catch_up()
        assert turns(clocked) == [("review", "yellow", "Ann")]
    clocked.now = last_moment("2026-03-16") + timedelta(seconds=1)
    for _ in range(2):
        clocked.runner().catch_up()
        assert turns(clocked) == [("review", "yellow", "Ann"), ("review", "red", "Ann")]
    assert [event["light"] for event in events(clocked, instance, "light_turned")] == ["red", "yellow"]
    with clocked.database.read() as session:
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))


def test_the_manifest_says_how_early_a_light_turns(clocked: Lab) -> None:
    """Three working days before Monday the 16th is Wednesday; lists, records and pages agree. It holds for
    cases that run, from when the version is active."""
    instance = case(clocked)
    clocked.now = last_moment("2026-03-11")
    assert (clocked.runner().record_lights(), light(clocked, instance)) == (0, "green")
    told = files('[lights]\nyellow_when_left = "3 working days"\n')
    assert clocked.deploy(told).number
    assert light(clocked, instance) == "yellow"
    assert clocked.runner().record_lights() == 1
    with clocked.database.read() as session:
        assert session.exec(select(LightTurn.turned_at)).one() == datetime(2026, 3, 11, tzinfo=MORNING.tzinfo)
    clocked.now = last_moment("2026-03-10")
    assert light(clocked, instance) == "green"


def light(lab: Lab, instance: str) -> str:
    """The light of the step that is due on the 16th, as the case page shows it; the list of steps nearly due
    holds it exactly when it is yellow."""
    admin = lab.people["admin"]
    with lab.database.read() as session:
        seen = instance_views.view(session, admin, instance, lab.now)
        found = next(task.light for task in seen.open_tasks if task.element == "review")
        listed = supervision.board(session, admin, lab.now)
    assert listed.total("step_yellow") == (found == "yellow")
    return found


def test_after_the_server_was_down(clocked: Lab) -> None:
    """Both are recorded late, with the moments at which they turned."""
    case(clocked)
    clocked.now = MORNING + 80 * DAY
    clocked.runner().record_lights()
    rows = clocked.rows("select light, turned_at, recorded_at, task_id from light_turn order by turned_at")
    assert [(row["light"], row["task_id"] is None) for row in rows] == [
        ("yellow", False), ("red", False), ("yellow", True), ("red", True),
    ]  # fmt: skip
    assert all(str(row["turned_at"]) < str(row["recorded_at"]) for row in rows)


def test_a_limit_that_moved_turns_anew(clocked: Lab) -> None:
    """After a stop there is another limit, and its own record; while the clock stands still there is none."""
    instance = case(clocked)
    clocked.now = last_moment("2026-03-13")
    clocked.runner().record_lights()
    stop(clocked, instance)
    clocked.now += 14 * DAY
    assert clocked.runner().record_lights() == 0
    restart(clocked, instance)
    assert due(clocked, instance) == last_moment("2026-03-30")
    assert clocked.runner().record_lights() == 1
    assert turns(clocked) == [("review", "yellow", "Ann"), ("review", "yellow", "Ann")]


def test_whoever_leads_is_told_of_what_is_over(clocked: Lab) -> None:
    """The holder, and the head of the body for which the step waits."""
    case(clocked)
    clocked.now = last_moment("2026-03-17")
    clocked.runner().record_lights()
    told = clocked.rows("select user_id, kind from notice where kind = 'task_overdue' order by user_id")
    assert [row["user_id"] for row in told] == ["ann", "head"]


def test_two_servers_look_at_once(clocked: Lab) -> None:
    """One writes it, the other finds it written."""
    instance = case(clocked)
    clocked.now = last_moment("2026-03-17")

    def look() -> None:
        with clocked.database.write() as session:
            lights.record(session, Turned(TENANT, instance), clocked.now)

    assert together(look, look) == []
    assert turns(clocked) == [("review", "yellow", "Ann"), ("review", "red", "Ann")]


def test_cases_that_cannot_be_written_are_told_of_together(
    clocked: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    """Two that are damaged: one entry of the log names the first and counts them; the third is recorded."""
    broken, sound = [case(clocked), case(clocked)], case(clocked)
    with clocked.database.write() as session:
        state = InstanceState.metadata.tables["instance_state"]
        session.execute(state.delete().where(state.c.instance_id.in_(broken)))
    clocked.now = last_moment("2026-03-13")
    assert clocked.runner().record_lights() == 1
    (entry,) = [record for record in caplog.records if "lights" in record.message]
    assert "2 cases" in entry.message
    assert entry.exc_info
    assert [row["instance_id"] for row in clocked.rows("select instance_id from light_turn")] == [sound]
