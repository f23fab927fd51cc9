"""Timers are reckoned, told, and fire only when told to."""

from __future__ import annotations

from datetime import datetime

import pytest

from server.engine import process, schedule
from server.engine.errors import UnknownToken
from server.engine.schedule import CIVIL

from .build import RACE, START, at, begin, boundary, catch, diagram, each, play, sub, timer, user


def civil(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CIVIL)


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("duration", "PT1H", "2026-03-02T10:00"),
        ("duration", "= PT1H", "2026-03-02T10:00"),
        ("duration", 'duration("P2D")', "2026-03-04T09:00"),
        ("duration", "wait", "2026-03-05T09:00"),
        ("duration", "P1M", "2026-04-02T09:00"),
        ("duration", "P1Y2M3W4DT5H6M7S", "2027-05-27T14:06:07"),
        ("date", "2026-12-01", "2026-12-01T00:00"),
        ("date", "2026-12-01T08:30:00+09:00", "2026-12-01T07:30"),
        ("date", "2026-12-01T00:00:00Z", "2026-12-01T08:00"),
        ("date", "${day}", "2026-11-30T17:00"),
        ("date", 'date and time("2026-11-30T17:00:00@Asia/Shanghai")', "2026-11-30T17:00"),
        ("date", "today + duration(\"P1D\")", "2026-03-03T00:00"),
        ("cycle", "R3/PT1H", "2026-03-02T10:00"),
        ("cycle", "R/2026-01-31T09:00/P1M", "2026-03-31T09:00"),
        ("cycle", "R/2026-05-01/P1M", "2026-05-01T00:00"),
    ],
)  # fmt: skip
def test_a_timer_is_due(kind: str, text: str, due: str) -> None:
    shape = diagram("p", "s > t > a > e", t=catch("timer", **timer(kind, text)))
    case = play(shape, wait="P3D", day="2026-11-30T17:00")
    assert case.last.incidents == ()
    assert case.timer("t").due == civil(due)
    moved = case.fire("t")
    assert case.open == ["a"]
    assert moved.timers == ()


@pytest.mark.parametrize(
    ("kind", "text"),
    [("duration", "x"), ("duration", '"P"'), ("duration", "P1"), ("date", '"soon"'), ("date", "5"),
     ("cycle", '"R3/PT0S"'), ("cycle", '"PT1H"'), ("cycle", "R1/2020-01-01/P1D"), ("date", "2026-13-01"),
     ("duration", "P999999999Y")],
)  # fmt: skip
def test_a_timer_that_is_no_time_is_an_incident(kind: str, text: str) -> None:
    case = play(diagram("p", "s > t > a > e", t=catch("timer", **timer(kind, text))), x=None)
    assert [i.finding.code for i in case.last.incidents] == ["engine.not_a_time"]
    assert case.last.timers == ()


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [("2026-01-31", 1, "2026-02-28"), ("2024-01-31", 1, "2024-02-29"), ("2026-10-31", 13, "2027-11-30")],
)
def test_months_are_clamped_to_the_end_of_a_shorter_month(start: str, months: int, expected: str) -> None:
    assert schedule.duration(f"P{months}M").after(civil(start)) == civil(expected)


def test_an_interrupting_boundary_timer_ends_its_task() -> None:
    case = play(diagram("p", "s > a > e; t > b > e", t=boundary("a", "timer", **timer("duration", "P5D"))))
    armed = case.timer("t")
    moved = case.fire("t", days=6)
    assert [(c.element, c.reason) for c in moved.closed] == [("a", "cancelled")]
    assert moved.disarmed == (armed.token,)
    assert case.open == ["b"]
    with pytest.raises(UnknownToken):
        process.fire(case.model, "p", moved.state, armed.token, at())
    assert case.do("b").ended is not None


def test_a_boundary_timer_is_disarmed_when_its_task_is_done() -> None:
    case = play(
        diagram("p", "s > a > c > e; t > b > e", t=boundary("a", "timer", **timer("duration", "P5D")))
    )
    token = case.timer("t").token
    moved = case.do("a")
    assert (moved.timers, moved.disarmed) == ((), (token,))


def test_a_non_interrupting_boundary_timer_leaves_its_task_open() -> None:
    watch = boundary("a", "timer", interrupting=False, **timer("duration", "P5D"))
    case = play(diagram("p", "s > a > e; t > b > e2", t=watch))
    moved = case.fire("t", days=5)
    assert case.open == ["a", "b"]
    assert moved.timers == ()
    case.do("a")
    assert case.last.ended is None
    assert case.do("b").ended is not None


def test_a_reminder_repeats_and_catches_up_once() -> None:
    watch = boundary("a", "timer", interrupting=False, **timer("cycle", "R4/PT1H"))
    case = play(diagram("p", "s > a > e; t > b > e2", t=watch))
    assert case.timer("t").cycle
    token = case.timer("t").token
    case.fire("t", hours=1)
    assert (case.timer("t").due, case.timer("t").token) == (civil("2026-03-02T11:00"), token)
    case.fire("t", hours=3.5)  # two points missed: one firing, then back to the schedule
    assert case.timer("t").due == civil("2026-03-02T13:00")
    assert not case.timer("t").cycle
    assert case.open == ["a", "b", "b"]
    moved = case.fire("t", hours=4)
    assert moved.timers == ()
    assert moved.disarmed == (token,)


def test_a_monthly_reminder_does_not_drift() -> None:
    watch = boundary("a", "timer", interrupting=False, **timer("cycle", "R/2026-01-31T09:00/P1M"))
    case = play(diagram("p", "s > a > e; t > b > e2", t=watch))
    dues = []
    for days in (30, 60, 100):
        dues.append(case.timer("t").due)
        case.fire("t", days=days)
    assert dues == [civil("2026-03-31T09:00"), civil("2026-04-30T09:00"), civil("2026-05-31T09:00")]


def test_a_cycle_after_years_of_silence_costs_no_long_search() -> None:
    watch = boundary("a", "timer", interrupting=False, **timer("cycle", "R/PT1S"))
    case = play(diagram("p", "s > a > e; t > b > e2", t=watch))
    case.fire("t", days=4000)
    assert (case.timer("t").due - START).total_seconds() == 4000 * 86400 + 1


def test_of_two_timers_behind_one_gateway_the_first_to_fire_wins() -> None:
    flows = "s > g; g > t1 > a > e; g > t2 > b > e; g > m > c > e"
    shape = diagram("p", flows, g=RACE, t1=catch("timer", **timer("duration", "P1D")),
                    t2=catch("timer", **timer("duration", "P2D")), m=catch("message", "reply"))  # fmt: skip
    case = play(shape)
    assert [t.element for t in case.last.timers] == ["t1", "t2"]
    assert [t.element for t in case.last.steps] == ["s", "s-g", "g"]
    moved = case.fire("t2", days=2)
    assert case.open == ["b"]
    assert (moved.timers, moved.subscriptions) == ((), ())
    assert [t.element for t in moved.steps] == ["g-t2", "t2", "t2-b", "b"]
    case = play(shape)
    case.tell("m", answer="yes")
    assert (case.open, case.variables) == (["c"], {"answer": "yes"})
    assert case.last.timers == ()


def test_a_boundary_timer_arms_again_after_a_return() -> None:
    shape = diagram("p", "s > a > b > e; t > c > e", t=boundary("a", "timer", **timer("duration", "P5D")),
                    b=user(return_to="a"))  # fmt: skip
    case = play(shape)
    case.do("a")
    case.now = at(days=2)
    case.back("b", "a")
    assert case.timer("t").due == civil("2026-03-09T09:00")


def test_a_timer_inside_a_round_belongs_to_the_round() -> None:
    shape = diagram("p", "s > m > b > e; m.s1 > m.t > m.a > m.e1", m=sub(each=each("xs", "wait")),
                    t=catch("timer", **timer("duration", "wait")))  # fmt: skip
    case = play(shape, xs=["P1D", "P2D"])
    assert [t.due.day for t in case.last.timers] == [3, 4]
    case.last = process.fire(case.model, "p", case.last.state, case.last.timers[1].token, at(days=2))
    assert case.task("a").variables["wait"] == "P2D"


def test_an_event_sub_process_with_a_timer_fires_or_never_does() -> None:
    flows = "s > a > e; x.s1 > x.b > x.e1"
    shape = diagram(
        "p",
        flows,
        x=sub(event_sub_process=True),
        s1=begin("timer", interrupting=False, **timer("duration", "P3D")),
    )
    case = play(shape)
    assert [t.element for t in case.last.timers] == ["s1"]
    done = case.do("a")
    assert done.ended is not None
    assert (done.timers, len(done.disarmed)) == ((), 1)
    case = play(shape)
    case.fire("s1", days=3)
    assert case.open == ["a", "b"]
    case.do("a")
    assert case.last.ended is None
    assert case.do("b").ended is not None
