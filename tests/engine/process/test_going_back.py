"""Return (退回) and withdraw (撤回): from any place where the diagram allows it, and nowhere else."""

from __future__ import annotations

import pytest

from server.engine import process
from server.engine.errors import (
    NotAllowed,
    NotWithdrawable,
    ReturnNotDrawn,
    ReturnNotVisited,
    TooLateToWithdraw,
    UnknownToken,
)

from .build import AND, OR, XOR, at, boundary, call, catch, diagram, each, end, play, sub, timer, user


# --------------------------------------------------------------------------- return
def test_a_return_reopens_the_earlier_step_and_keeps_the_variables() -> None:
    case = play(diagram("p", "s > a > b > c > e", c=user(return_to="a b")))
    first = case.task("a").token
    case.do("a", x=1)
    case.do("b", y=2)
    assert process.returns(case.model, "p", case.last.state, case.task("c").token) == ("b", "a")
    moved = case.back("c", "a", reason="incomplete")
    assert [(c.element, c.reason) for c in moved.closed] == [("c", "returned")]
    assert [t.element for t in moved.opened] == ["a"]
    assert case.task("a").token != first
    assert case.variables == {"x": 1, "y": 2, "reason": "incomplete"}
    assert process.returns(case.model, "p", case.last.state, case.task("a").token) == ()
    for name in ("a", "b", "c"):
        case.do(name)
    assert case.last.ended is not None


@pytest.mark.parametrize("straight", [False, True])
def test_the_reason_of_a_return_holds_until_the_step_has_been_done(straight: bool) -> None:
    """Whoever does the step again sees it, who comes after does not; taken back again, it is there again."""
    case = play(diagram("p", "s > a > c > e", a=user(withdrawable="true"), c=user(return_to="a")))
    case.do("a")
    told = {"return_reason": "incomplete", "kept": 1}
    case.last = process.return_to(
        case.model, "p", case.last.state, case.task("c").token, "a", told, case.now, straight=straight
    )
    again = case.task("a")
    assert again.variables["return_reason"] == "incomplete"
    case.do("a")
    assert case.task("c").variables["return_reason"] is None
    if not straight:
        case.withdraw(again.token)
        assert case.variables["return_reason"] == "incomplete"
        case.do("a", return_reason="what the form says")
        assert case.variables == {"return_reason": "what the form says", "kept": 1}


def test_only_what_is_drawn_may_be_returned_to() -> None:
    case = play(diagram("p", "s > a > b > c > e", c=user(return_to="b")))
    case.do("a")
    with pytest.raises(ReturnNotDrawn) as refused:
        case.back("b", "a")
    assert refused.value.reason.params["target"] == "a"
    case.do("b")
    with pytest.raises(NotAllowed):
        case.back("c", "a")
    with pytest.raises(UnknownToken):
        process.return_to(case.model, "p", case.last.state, "1", "b", {}, at())


def test_a_step_that_was_not_visited_is_refused() -> None:
    flows = "s > g; g [x]> a > m; g [*]> b > m; m > c > e"
    case = play(diagram("p", flows, g=XOR, m=XOR, c=user(return_to="a b")), x=True)
    case.do("a")
    with pytest.raises(ReturnNotVisited):
        case.back("c", "b")
    case.back("c", "a")
    assert case.open == ["a"]


BRANCHES = "s > z > f; f > a > a2 > j; f > b > b2 > j; j > c > e"


def test_a_return_inside_a_branch_leaves_the_other_branch_alone() -> None:
    case = play(diagram("p", BRANCHES, f=AND, j=AND, a2=user(return_to="a")))
    case.do("z")
    case.do("a")
    case.do("b")
    moved = case.back("a2", "a")
    assert [c.element for c in moved.closed] == ["a2"]
    assert case.open == ["a", "b2"]
    for name in ("b2", "a", "a2"):
        assert "c" not in case.open
        case.do(name)
    assert case.open == ["c"]
    assert case.do("c").ended is not None


def test_a_return_to_before_the_split_ends_the_whole_region() -> None:
    case = play(diagram("p", BRANCHES, f=AND, j=AND, a2=user(return_to="z")))
    case.do("z")
    case.do("a")
    case.do("b")
    case.do("b2")  # waits at the join
    moved = case.back("a2", "z")
    assert [(c.element, c.reason) for c in moved.closed] == [("a2", "returned")]
    assert case.open == ["z"]
    assert [p.element for p in process.positions(case.model, "p", moved.state)] == ["z"]
    case.do("z")
    for name in ("a", "b", "b2"):
        case.do(name)
    assert case.open == ["a2"]  # the join waits anew
    case.do("a2")
    assert case.open == ["c"]


@pytest.mark.parametrize("last", ["a", "b"])
def test_after_the_join_no_branch_can_be_entered_again(last: str) -> None:
    flows = "s > z > f; f > a > j; f > b > j; j > c > e"
    case = play(diagram("p", flows, f=AND, j=AND, c=user(return_to="a b z")))
    case.do("z")
    case.do("a" if last == "b" else "b")
    case.do(last)
    for branch in ("a", "b"):
        with pytest.raises(ReturnNotVisited):
            case.back("c", branch)
    assert process.returns(case.model, "p", case.last.state, case.task("c").token) == ("z",)
    case.back("c", "z")
    case.do("z")
    case.do("a")
    assert case.open == ["b"]
    case.do("b")
    assert case.open == ["c"]


def test_a_task_of_another_branch_is_refused() -> None:
    case = play(diagram("p", BRANCHES, f=AND, j=AND, a2=user(return_to="b")))
    case.do("z")
    case.do("b")
    case.do("a")
    with pytest.raises(ReturnNotVisited):
        case.back("a2", "b")


def test_a_return_across_an_inclusive_join() -> None:
    flows = "s > z > f; f [p]> a > j; f [q]> b > j; j > c > e"
    case = play(diagram("p", flows, f=OR, j=OR, c=user(return_to="z")), p=True, q=True)
    case.do("z")
    case.do("b")
    case.do("a")
    case.back("c", "z", q=False)
    case.do("z")
    assert case.open == ["a"]
    case.do("a")
    assert case.open == ["c"]


@pytest.mark.parametrize("sequential", [True, False])
def test_a_return_out_of_a_round_ends_all_rounds(sequential: bool) -> None:
    experts = user(each=each("xs", sequential=sequential), return_to="z")
    case = play(diagram("p", "s > z > a > e", a=experts), xs=[1, 2, 3])
    case.do("z")
    case.do("a", 1)
    moved = case.back("a", "z", 2)
    reasons = ["returned"] if sequential else ["cancelled", "returned"]
    assert sorted(c.reason for c in moved.closed) == reasons
    assert case.open == ["z"]
    case.do("z")
    assert case.task("a").round == 1


def test_a_return_within_a_round_stays_in_the_round() -> None:
    shape = diagram(
        "p", "s > x > e; x.s1 > x.a > x.b > x.e1", x=sub(each=each("xs", "n")), b=user(return_to="a")
    )
    case = play(shape, xs=[1, 2])
    case.do("a", 1)
    case.do("a", 2)
    case.back("b", "a", 2)
    assert case.open == ["a", "b"]
    assert case.task("a").variables["n"] == 2


def test_a_return_out_of_a_sub_process_and_of_a_called_process() -> None:
    shape = diagram("p", "s > z > x > e; x.s1 > x.a > x.e1", x=sub(), a=user(return_to="z"))
    case = play(shape)
    case.do("z")
    case.back("a", "z", why="wrong")
    assert (case.open, case.variables) == (["z"], {"why": "wrong"})
    by_task = (diagram("p", "s > z > c > e", c=call("q")), diagram("q", "s > a > e", a=user(return_to="z")))
    by_activity = (diagram("p", "s > z > c > e", c=call("q", return_to="z")), diagram("q", "s > a > e"))
    by_two = (diagram("p", "s > z > c > e", c=call("m")), diagram("m", "s > d > e", d=call("q")), by_task[1])
    for shapes in (by_task, by_activity, by_two):
        case = play(*shapes)
        case.do("z")
        case.back("a", "z")
        assert case.open == ["z"]
        case.do("z")
        case.do("a")
        assert case.last.ended is not None


def test_the_nearest_of_several_visits_is_returned_to() -> None:
    flows = "s > m > a > b > g; g [again]> m; g [*]> c > e"
    case = play(diagram("p", flows, m=XOR, g=XOR, c=user(return_to="a b")))
    for again in (True, True, False):
        case.do("a")
        case.do("b", again=again)
    case.back("c", "b")
    case.do("b", again=False)
    case.back("c", "a")
    case.do("a")
    case.do("b")
    assert case.do("c").ended is not None


def test_from_the_way_of_an_interrupting_timer_the_step_it_ended_can_be_reached() -> None:
    late = boundary("a", "timer", **timer("duration", "P5D"))
    case = play(diagram("p", "s > a > e; t > b > e", t=late, b=user(return_to="a")))
    case.fire("t", days=5)
    case.back("b", "a")
    assert case.open == ["a"]
    assert case.timer("t").due > case.now.now


def test_a_return_to_before_a_task_ends_what_its_reminders_started() -> None:
    remind = boundary("a", "timer", interrupting=False, **timer("duration", "P5D"))
    case = play(diagram("p", "s > z > a > c > e; t > b > e2", t=remind, c=user(return_to="z a")))
    case.do("z")
    case.fire("t", days=5)
    case.do("a")
    case.back("c", "a")
    assert case.open == ["a", "b"]
    case.do("a")
    case.back("c", "z")
    assert case.open == ["z"]


def test_the_cost_of_a_thousand_returns_is_flat() -> None:
    flows = "s > z > f; f > a > j; f > b > j; j > c > g; g [redo]> z2; g [*]> d > e; z2 > z3 > m; m > h > e"
    shape = diagram("p", flows, f=AND, j=AND, g=XOR, m=XOR, c=user(return_to="z"), z2=XOR)
    case = play(shape)
    sizes = []
    for _ in range(1000):
        for name in ("z", "a", "b"):
            case.do(name, note="x")
        case.back("c", "z")
        sizes.append(len(case.last.state))
    assert max(sizes[5:]) <= sizes[4] + 60  # only the numbers grow longer
    for name in ("z", "a", "b", "c"):
        case.do(name, redo=False)
    assert case.open == ["d"]


def test_the_cost_of_a_thousand_loops_is_flat() -> None:
    flows = "s > m > a > f; f > b > j; f > c > j; j > d > g; g [again]> m; g [*]> k > e"
    case = play(
        diagram("p", flows, m=XOR, f=AND, j=AND, g=XOR, k=user(return_to="a d"), d=user(withdrawable="true"))
    )
    sizes = []
    for turn in range(1000):
        for name in ("a", "b", "c"):
            case.do(name)
        case.do("d", again=turn < 999)
        sizes.append(len(case.last.state))
    assert max(sizes[5:]) <= sizes[4] + 60
    assert process.returns(case.model, "p", case.last.state, case.task("k").token) == ("d", "a")


# --------------------------------------------------------------------------- withdraw
SENT = user(withdrawable="true")


def test_a_sender_may_take_a_task_back_until_someone_acts() -> None:
    case = play(diagram("p", "s > a > b > c > e", a=SENT))
    token = case.task("a").token
    case.do("a", x=1)
    assert process.withdrawable(case.model, "p", case.last.state) == (token,)
    moved = case.withdraw(token)
    assert [(c.element, c.reason) for c in moved.closed] == [("b", "cancelled")]
    assert (case.open, case.variables) == (["a"], {"x": 1})
    second = case.task("a").token
    assert second != token
    case.do("a")
    case.do("b")
    with pytest.raises(TooLateToWithdraw):
        case.withdraw(second)
    assert process.withdrawable(case.model, "p", case.last.state) == ()


def test_what_is_not_marked_may_not_be_withdrawn() -> None:
    case = play(diagram("p", "s > a > b > e", b=user(return_to="a")))
    token = case.task("a").token
    case.do("a")
    with pytest.raises(NotWithdrawable):
        case.withdraw(token)
    for unknown in (case.task("b").token, "1", "77"):
        with pytest.raises(TooLateToWithdraw):
            case.withdraw(unknown)


def test_a_withdrawal_takes_back_both_branches() -> None:
    case = play(diagram("p", "s > a > f; f > b > j; f > c > j; j > d > e", f=AND, j=AND, a=SENT))
    token = case.task("a").token
    case.do("a")
    case.withdraw(token)
    assert case.open == ["a"]
    token = case.task("a").token
    case.do("a")
    case.do("c")
    with pytest.raises(TooLateToWithdraw):
        case.withdraw(token)


def test_a_branch_that_waits_at_the_join_is_taken_back_from_it() -> None:
    case = play(diagram("p", "s > f; f > a > j; f > b > j; j > d > e", f=AND, j=AND, a=SENT, b=SENT))
    token, other = case.task("a").token, case.task("b").token
    case.do("a")
    case.withdraw(token)
    assert case.open == ["a", "b"]
    case.do("b")
    assert "d" not in case.open
    case.do("a")
    assert case.open == ["d"]
    for joined in (token, other):  # the branches are one now
        with pytest.raises(TooLateToWithdraw):
            case.withdraw(joined)


def test_a_timer_that_fired_meanwhile_forbids_withdrawal() -> None:
    remind = boundary("b", "timer", interrupting=False, **timer("duration", "P5D"))
    case = play(diagram("p", "s > a > b > e; t > c > e", t=remind, a=SENT))
    token = case.task("a").token
    case.do("a")
    case.fire("t", days=5)
    with pytest.raises(TooLateToWithdraw):
        case.withdraw(token)


def test_a_message_that_was_sent_forbids_withdrawal() -> None:
    case = play(diagram("p", "s > a > b > e", a=SENT))
    assert case.do("a").ended is None
    sent = play(diagram("p", "s > a > x > b > e", a=SENT, x=catch("link", "")))
    assert sent.open == ["a"]
    from .build import throw

    thrown = play(diagram("p", "s > a > x > b > e", a=SENT, x=throw("message", "m")))
    token = thrown.task("a").token
    thrown.do("a")
    assert thrown.open == ["b"]
    with pytest.raises(TooLateToWithdraw):
        thrown.withdraw(token)


def test_a_task_whose_process_is_over_may_not_be_withdrawn() -> None:
    case = play(diagram("p", "s > a > e", a=SENT, e=end()))
    token = case.task("a").token
    case.do("a")
    with pytest.raises(TooLateToWithdraw):
        case.withdraw(token)


def test_a_task_that_led_into_a_called_process_is_taken_back() -> None:
    case = play(diagram("p", "s > a > c > e", a=SENT, c=call("q")), diagram("q", "s > b > e"))
    token = case.task("a").token
    case.do("a")
    assert case.open == ["b"]
    case.withdraw(token)
    assert case.open == ["a"]
