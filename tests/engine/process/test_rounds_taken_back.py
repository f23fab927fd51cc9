"""A sender takes back their own round of a joint sign (会签) that goes on."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine import process, signers
from server.engine.errors import TooLateToWithdraw
from server.engine.model import FlowNode
from server.engine.rounds import remove_round
from server.engine.signers import Signer

from .build import Case, diagram, each, play, user


def votes(**more: Any) -> FlowNode:
    loop = each("[4, 5, 6]", output_collection="votes", output_element="vote", **more)
    return user(each=loop, withdrawable="true")


def rounds(case: Case) -> list[tuple[str, int | None]]:
    found = process.open_tasks(case.model, "p", case.last.state)
    return sorted(((task.element, task.round) for task in found), key=str)


def test_who_signed_takes_their_own_round_back_while_others_sign() -> None:
    case = play(diagram("p", "s > a > b > e", a=votes()))
    first, second = case.task("a", 1).token, case.task("a", 2).token
    case.do("a", 1, vote="yes")
    case.do("a", 2, vote="yes")
    assert process.withdrawable(case.model, "p", case.last.state) == (first, second)
    moved = case.withdraw(first)
    assert (moved.closed, rounds(case)) == ((), [("a", 1), ("a", 3)])
    again = case.task("a", 1)
    assert (again.variables["item"], again.variables["vote"]) == (4, "yes")
    assert (again.variables["nrOfCompletedInstances"], again.variables["nrOfActiveInstances"]) == (1, 2)
    with pytest.raises(TooLateToWithdraw):
        case.withdraw(first)
    case.do("a", 1, vote="no")
    case.do("a", 3, vote="no")
    assert (case.open, case.variables["votes"]) == (["b"], ["no", "yes", "no"])
    with pytest.raises(TooLateToWithdraw):
        case.withdraw(second)
    assert process.withdrawable(case.model, "p", case.last.state) == ()


def test_a_vote_that_is_taken_back_is_not_enough() -> None:
    case = play(diagram("p", "s > a > b > e", a=votes(completion_condition="nrOfCompletedInstances >= 2")))
    token = case.task("a", 3).token
    case.do("a", 3, vote="yes")
    case.withdraw(token)
    case.do("a", 1, vote="no")
    assert rounds(case) == [("a", 2), ("a", 3)]
    case.do("a", 3, vote="no")
    assert (case.open, case.variables["votes"]) == (["b"], ["no", "no"])


def test_one_after_the_other_the_next_waits_again() -> None:
    case = play(diagram("p", "s > a > b > e", a=votes(sequential=True)))
    tokens = []
    for round in (1, 2):
        tokens.append(case.task("a").token)
        case.do("a", round, vote=str(round))
    with pytest.raises(TooLateToWithdraw):  # the second has signed since
        case.withdraw(tokens[0])
    moved = case.withdraw(tokens[1])
    assert [(c.element, c.reason) for c in moved.closed] == [("a", "cancelled")]
    assert rounds(case) == [("a", 2)]
    assert process.withdrawable(case.model, "p", case.last.state) == ()
    case.do("a", 2, vote="5")
    assert (case.task("a").round, case.task("a").variables["item"]) == (3, 6)
    case.do("a", 3, vote="6")
    assert (case.open, case.variables["votes"]) == (["b"], ["1", "5", "6"])


def test_one_after_the_other_a_round_that_was_taken_out_stays_out() -> None:
    case = play(diagram("p", "s > a > b > e", a=votes(sequential=True)))
    token = case.task("a").token
    case.do("a", vote="yes")
    case.last = remove_round(case.model, "p", case.last.state, case.task("a").token, case.now)
    assert rounds(case) == [("a", 3)]
    case.withdraw(token)
    assert rounds(case) == [("a", 1)]
    case.do("a", vote="no")
    assert rounds(case) == [("a", 3)]
    case.do("a", vote="no")
    assert (case.open, case.variables["votes"]) == (["b"], ["no", "no"])


def test_a_round_that_others_have_signed_beside_is_not_taken_back() -> None:
    case = play(diagram("p", "s > a > b > e", a=votes()))
    task = case.task("a", 1).token
    asked = [Signer("li", "李", "wu", "吴")]
    case.last = signers.ask(case.model, "p", case.last.state, task, "after", asked, case.now)
    case.do("a", 1)
    assert process.withdrawable(case.model, "p", case.last.state) == (task,)
    signature = next(t for t in process.open_tasks(case.model, "p", case.last.state) if t.signing)
    case.last = process.complete(
        case.model, "p", case.last.state, signature.token, {"verdict": "pass"}, case.now
    )
    assert process.withdrawable(case.model, "p", case.last.state) == ()
    assert rounds(case) == [("a", 2), ("a", 3)]


def test_what_is_not_marked_is_not_taken_back_from_a_joint_sign() -> None:
    case = play(diagram("p", "s > a > b > e", a=user(each=each("[4, 5]"))))
    token = case.task("a", 1).token
    case.do("a", 1)
    assert process.withdrawable(case.model, "p", case.last.state) == ()
    with pytest.raises(TooLateToWithdraw):
        case.withdraw(token)
