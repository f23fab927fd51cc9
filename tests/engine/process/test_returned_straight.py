"""Returned for correction and straight back (补正后直送): what lies between is not passed again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from server.engine import process

from .build import AND, OR, XOR, Case, boundary, call, catch, diagram, each, play, sub, timer, user

BACK = user(return_to="a")


def straight(case: Case, element: str, target: str = "a", round: int | None = None, **variables: Any) -> None:
    token = case.task(element, round).token
    case.last = process.return_to(
        case.model, case.process_id, case.last.state, token, target, variables, case.now, straight=True
    )


def linear() -> Case:
    case = play(diagram("p", "s > a > b > c > e", c=BACK))
    case.do("a", x=1)
    case.do("b")
    return case


def parallel() -> Case:
    case = play(diagram("p", "s > a > g > c > j; g > d > j; j > z > e", g=AND, j=AND, c=BACK))
    case.do("a", x=1)
    return case


def inclusive() -> Case:
    flows = "s > a > g; g [true]> c > j; g [true]> d > j; j > z > e"
    case = play(diagram("p", flows, g=OR, j=OR, c=BACK))
    case.do("a", x=1)
    return case


def exclusive() -> Case:
    flows = "s > a > g; g [true]> c > j; g [*]> d > j; j > z > e"
    case = play(diagram("p", flows, g=XOR, j=XOR, c=BACK))
    case.do("a", x=1)
    return case


def together() -> Case:
    case = play(diagram("p", "s > a > c > z > e", c=user(each=each("[1, 2, 3]"), return_to="a")))
    case.do("a", x=1)
    case.do("c", 1)
    return case


def in_turn() -> Case:
    loop = each("[1, 2, 3]", sequential=True)
    case = play(diagram("p", "s > a > c > z > e", c=user(each=loop, return_to="a")))
    case.do("a", x=1)
    case.do("c", 1)
    return case


def within() -> Case:
    case = play(diagram("p", "s > a > x > z > e; x.s2 > x.c > x.e2", x=sub(), c=BACK))
    case.do("a", x=1)
    return case


def called() -> Case:
    inner = diagram("q", "s > c > e", c=user())
    case = play(diagram("p", "s > a > l > z > e", l=call("q", return_to="a")), inner)
    case.do("a", x=1)
    return case


PLACES = [linear, parallel, inclusive, exclusive, together, in_turn, within, called]


@pytest.mark.parametrize("begin", PLACES)
def test_it_comes_straight_back_from_everywhere(begin: Callable[[], Case]) -> None:
    """The task that returned it opens anew, with what was corrected; everybody else goes on meanwhile."""
    case = begin()
    others = list(case.open)
    others.remove("c")
    round = case.task("c").round
    straight(case, "c", round=round, return_reason="incomplete")
    assert [(c.element, c.reason) for c in case.last.closed] == [("c", "returned")]
    assert sorted(case.open) == sorted(["a", *others])
    moved = case.do("a", x=2)
    assert [task.element for task in moved.opened] == ["c"]
    assert sorted(case.open) == sorted(["c", *others])
    assert case.task("c", round).round == round
    if begin is not called:  # a called process sees only what is mapped into it
        assert case.task("c", round).variables["x"] == 2
    while case.last.ended is None:
        case.do(case.open[0])


def test_the_case_stands_at_the_step_that_is_done_again() -> None:
    case = linear()
    straight(case, "c")
    places = process.positions(case.model, "p", case.last.state)
    assert [place.element for place in places] == ["a"]


def test_it_may_be_returned_again_and_nothing_piles_up() -> None:
    case = linear()
    sizes = []
    for _ in range(30):
        straight(case, "c")
        case.do("a")
        sizes.append(len(json.loads(case.last.state)["tokens"]))
    assert len(set(sizes)) == 1
    case.do("c")
    assert case.last.ended is not None


def test_its_own_timer_runs_on_and_may_end_the_waiting() -> None:
    late = boundary("c", "timer", **timer("duration", "P1D"))
    case = play(diagram("p", "s > a > c > e; t > late > e2", c=BACK, t=late))
    case.do("a")
    straight(case, "c")
    case.fire("t", days=1)
    assert case.open == ["late"]
    assert [(c.element, c.reason) for c in case.last.closed] == [("a", "cancelled")]


def test_a_whole_return_from_a_task_that_came_straight_back() -> None:
    case = linear()
    straight(case, "c")
    case.do("a")
    case.back("c", "a")
    assert case.open == ["a"]
    case.do("a")
    assert case.open == ["b"]


def test_who_is_asked_to_correct_may_return_it_further() -> None:
    case = play(diagram("p", "s > z > a > b > c > e", a=user(return_to="z"), c=BACK))
    for name in ("z", "a", "b"):
        case.do(name)
    straight(case, "c")
    straight(case, "a", "z")
    assert case.open == ["z"]
    case.do("z")
    assert case.open == ["a"]
    case.do("a")
    assert case.open == ["c"]


def test_what_is_waited_for_elsewhere_goes_on() -> None:
    """A message that comes while the step is done again moves its own branch only."""
    flows = "s > a > g > c > j; g > w > d > j; j > e"
    case = play(diagram("p", flows, g=AND, j=AND, c=BACK, w=catch("message", "news")))
    case.do("a")
    straight(case, "c")
    case.tell("w")
    assert case.open == ["a", "d"]
    assert process.open_tasks(case.model, "p", case.last.state)
