"""Multi-instance: each item once, side by side or one after the other, until all or enough are done."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from server.engine import process

from .build import boundary, call, diagram, each, play, sub, timer, user


def votes(**more: str) -> Any:
    return each("experts", "expert", output_collection="votes", output_element="vote", **more)


def test_parallel_rounds_each_see_their_item_and_keep_what_is_written() -> None:
    case = play(diagram("p", "s > a > b > e", a=user(each=votes())), experts=["li", None, "wu"], vote="old")
    tasks = process.open_tasks(case.model, "p", case.last.state)
    assert [(t.round, t.variables["expert"], t.variables["loopCounter"]) for t in tasks] == [
        (1, "li", 0),
        (2, None, 1),
        (3, "wu", 2),
    ]
    assert tasks[0].variables["nrOfInstances"] == 3
    assert tasks[0].path == ()
    for n, vote in ((3, "no"), (1, "yes"), (2, None)):
        case.do("a", n, vote=vote)
    assert case.open == ["b"]
    assert case.variables == {"experts": ["li", None, "wu"], "vote": "old", "votes": ["yes", None, "no"]}


def test_sequential_rounds_come_one_after_the_other() -> None:
    shape = diagram(
        "p",
        "s > a > b > e",
        a=user(each=each("xs", "x", sequential=True, output_collection="ys", output_element="x * 2")),
    )
    case = play(shape, xs=[1, 2, 3])
    for n in (1, 2, 3):
        task = case.task("a")
        assert (task.round, task.variables["x"], task.variables["nrOfActiveInstances"]) == (n, n, 1)
        assert task.variables["nrOfCompletedInstances"] == n - 1
        assert case.open == ["a"]
        case.do("a")
    assert case.open == ["b"]
    assert case.variables["ys"] == [2, 4, 6]


@pytest.mark.parametrize("sequential", [True, False])
def test_an_empty_collection_passes(sequential: bool) -> None:
    loop = each("xs", "x", sequential=sequential, output_collection="ys", output_element="x")
    case = play(diagram("p", "s > a > b > e", a=user(each=loop)), xs=[])
    assert case.open == ["b"]
    assert case.variables["ys"] == []


@pytest.mark.parametrize("value", [None, "li", 3])
def test_a_collection_that_is_no_list_is_an_incident(value: Any) -> None:
    case = play(diagram("p", "s > a > b > e", a=user(each=each("xs"))), xs=value)
    assert [i.finding.code for i in case.last.incidents] == ["engine.collection_not_list"]
    case.retry("a", xs=[1])
    assert case.open == ["a"]


def test_a_cardinality_counts_rounds() -> None:
    case = play(diagram("p", "s > a > b > e", a=user(each=each(cardinality="n + 1"))), n=Decimal(1))
    assert case.open == ["a", "a"]
    for wrong in (Decimal("1.5"), -3, "x", 10**9):
        case = play(diagram("p", "s > a > b > e", a=user(each=each(cardinality="n"))), n=wrong)
        assert [i.finding.code for i in case.last.incidents] == ["engine.cardinality_not_number"]


def test_the_completion_condition_cancels_the_remaining_rounds() -> None:
    loop = votes(completion_condition="nrOfCompletedInstances / nrOfInstances >= 0.5")
    case = play(diagram("p", "s > a > b > e", a=user(each=loop)), experts=[1, 2, 3, 4])
    case.do("a", 2, vote="yes")
    assert case.open == ["a", "a", "a"]
    moved = case.do("a", 4, vote="no")
    assert [(t.reason, t.element) for t in moved.closed] == [
        ("completed", "a"),
        ("cancelled", "a"),
        ("cancelled", "a"),
    ]
    assert case.open == ["b"]
    assert case.variables["votes"] == ["yes", "no"]


def test_the_completion_condition_sees_the_round_and_the_votes_so_far() -> None:
    loop = votes(completion_condition='vote = "no" or count(votes) = 3 or nrOfActiveInstances = 0')
    case = play(diagram("p", "s > a > b > e", a=user(each=loop)), experts=[1, 2, 3])
    case.do("a", 1, vote="yes")
    case.do("a", 2, vote="no")
    assert case.open == ["b"]


def test_a_completion_condition_that_fails_stands_still_in_its_round() -> None:
    case = play(
        diagram("p", "s > a > b > e", a=user(each=each("xs", completion_condition="enough"))), xs=[1, 2]
    )
    case.do("a", 1)
    assert [i.finding.code for i in case.last.incidents] == ["engine.condition_not_boolean"]
    case.retry("a", enough=True)
    assert case.open == ["b"]


@pytest.mark.parametrize("sequential", [True, False])
def test_a_second_round_after_a_return_starts_afresh(sequential: bool) -> None:
    loop = each("xs", "x", sequential=sequential, output_collection="votes", output_element="vote")
    shape = diagram("p", "s > z > a > c > e", a=user(each=loop), c=user(return_to="z a"))
    case = play(shape, xs=["li", "wu"])
    case.do("z")
    for attempt in range(3):
        for n in (1, 2):
            case.do("a", n, vote=f"{attempt}{n}")
        assert case.open == ["c"]
        assert case.variables["votes"] == [f"{attempt}1", f"{attempt}2"]
        if attempt < 2:
            case.back("c", ("z", "a")[attempt])
            if attempt == 0:
                case.do("z")
    assert case.do("c").ended is not None


def test_rounds_of_sub_processes_have_variables_of_their_own() -> None:
    loop = each("xs", "x", output_collection="sums", output_element="x + y")
    case = play(diagram("p", "s > m > b > e; m.s1 > m.a > m.c > m.e1", m=sub(each=loop)), xs=[1, 2])
    assert [case.task("a", n).path for n in (1, 2)] == [("m",), ("m",)]
    case.do("a", 2, y=20)
    case.do("a", 1, y=10)
    assert case.task("c", 1).variables["y"] == 10
    case.do("c", 1)
    case.do("c", 2)
    assert case.variables == {"xs": [1, 2], "sums": [11, 22]}


def test_rounds_of_called_processes_map_in_and_out() -> None:
    loop = each("xs", "x", output_collection="ys", output_element="answer")
    shape = diagram(
        "p", "s > m > b > e", m=call("q", each=loop, inputs={"n": "x"}, outputs={"answer": "n * 10"})
    )
    case = play(shape, diagram("q", "s > a > e"), xs=[1, 2])
    assert case.task("a", 2).variables == {"n": 2}
    case.do("a", 2)
    case.do("a", 1)
    assert case.variables["ys"] == [10, 20]


def test_a_boundary_timer_ends_all_rounds() -> None:
    late = boundary("a", "timer", **timer("duration", "P5D"))
    case = play(diagram("p", "s > a > b > e; t > c > e", a=user(each=each("xs")), t=late), xs=[1, 2, 3])
    case.do("a", 1)
    assert len(case.last.timers) == 1
    moved = case.fire("t", days=5)
    assert [t.reason for t in moved.closed] == ["cancelled", "cancelled"]
    assert case.open == ["c"]
    assert case.last.timers == ()


def test_rounds_within_rounds() -> None:
    inner = user(each=each("x.members", "m", output_collection="names", output_element="said"))
    outer = sub(each=each("xs", "x", output_collection="all", output_element="names"))
    case = play(
        diagram("p", "s > g > b > e; g.s1 > g.a > g.e1", g=outer, a=inner),
        xs=[{"members": [1, 2]}, {"members": [3]}],
    )
    for task in process.open_tasks(case.model, "p", case.last.state):
        case.last = process.complete(
            case.model, "p", case.last.state, task.token, {"said": task.variables["m"]}, case.now
        )
    assert case.open == ["b"]
    assert case.variables["all"] == [[1, 2], [3]]
