"""People added to and taken out of a multi-instance that is under way."""

from __future__ import annotations

from typing import Any

import pytest

from server.engine import rounds
from server.engine.errors import LastRound, NoRounds, SignersNotDrawn, UnknownToken

from .build import Case, diagram, each, play, sub, user


def signed(*, sequential: bool = False, **more: str) -> Case:
    loop = each("signers", "signer", sequential=sequential, output_collection="opinions",
                output_element="opinion", **more)  # fmt: skip
    return play(diagram("p", "s > a > b > e", a=user(each=loop)), signers=["x", "y"])


def change(case: Case, command: Any, round: int, *arguments: Any) -> None:
    case._moved(command, case.task("a", round).token, *arguments)


def test_somebody_added_side_by_side_signs_too() -> None:
    case = signed()
    change(case, rounds.add_round, 1, "z")
    assert [t.element for t in case.last.opened] == ["a"]
    assert case.task("a", 3).variables["signer"] == "z"
    assert case.task("a", 1).variables["nrOfInstances"] == 3
    for round, opinion in ((1, "one"), (3, "three"), (2, "two")):
        case.do("a", round, opinion=opinion)
    assert case.open == ["b"]
    assert case.variables["opinions"] == ["one", "two", "three"]


@pytest.mark.parametrize("when", [1, 2])
def test_somebody_added_one_after_the_other_comes_last(when: int) -> None:
    """Also while the last one of those who were there first is signing."""
    case = signed(sequential=True)
    if when == 2:
        case.do("a", 1, opinion="one")
    change(case, rounds.add_round, when, "z")
    case.do("a", case.task("a").round, opinion="…")
    while case.open == ["a"]:
        last = case.task("a").variables["signer"]
        case.do("a", case.task("a").round, opinion="…")
    assert last == "z"
    assert len(case.variables["opinions"]) == 3


def test_somebody_taken_out_is_not_waited_for() -> None:
    case = signed()
    case.do("a", 1, opinion="one")
    change(case, rounds.add_round, 2, "z")
    change(case, rounds.remove_round, 2)
    assert [(c.element, c.reason) for c in case.last.closed] == [("a", "cancelled")]
    assert case.task("a").variables["signer"] == "z"
    change(case, rounds.add_round, 3, "w")
    case.do("a", 3, opinion="three")
    assert case.task("a").variables["nrOfInstances"] == 3
    assert case.task("a").variables["nrOfCompletedInstances"] == 2
    case.do("a", 4, opinion="four")
    assert case.open == ["b"]
    assert case.variables["opinions"] == ["one", "three", "four"]


def test_taking_the_only_one_out_who_has_not_signed_ends_the_waiting() -> None:
    case = signed()
    case.do("a", 1, opinion="one")
    change(case, rounds.remove_round, 2)
    assert case.open == ["b"]
    assert case.variables["opinions"] == ["one"]


def test_the_next_of_those_who_sign_one_after_the_other_follows() -> None:
    case = signed(sequential=True)
    assert rounds.items(case.model, "p", case.last.state, case.task("a").token) == ("y",)
    change(case, rounds.remove_round, 1)
    assert case.task("a").variables["signer"] == "y"
    case.do("a", case.task("a").round, opinion="two")
    assert case.open == ["b"]
    assert case.variables["opinions"] == ["two"]


def test_a_ratio_is_of_those_who_are_there() -> None:
    case = signed(completion_condition="nrOfCompletedInstances / nrOfInstances >= 0.5")
    change(case, rounds.add_round, 1, "z")
    change(case, rounds.add_round, 1, "w")
    case.do("a", 1, opinion="one")
    assert case.open == ["a", "a", "a"]
    case.do("a", 2, opinion="two")
    assert case.open == ["b"]


def test_what_cannot_be_is_refused() -> None:
    case = signed()
    case.do("a", 1, opinion="one")
    case.do("a", 2, opinion="two")
    token = case.task("b").token
    with pytest.raises(NoRounds):
        case._moved(rounds.add_round, token, "z")
    with pytest.raises(UnknownToken):
        case._moved(rounds.remove_round, "1")
    alone = play(diagram("p", "s > a > e", a=user(each=each("[1]"))))
    with pytest.raises(LastRound):
        alone._moved(rounds.remove_round, alone.task("a").token)


def test_rounds_of_a_sub_process_take_everything_in_them_with_them() -> None:
    flows = "s > x > e; x.s2 > x.m > x.l > x.e2"
    case = play(diagram("p", flows, x=sub(each=each("[1, 2]", "n"))))
    case.do("m", 1)
    case._moved(rounds.remove_round, case.task("l").token)
    assert case.open == ["m"]
    case._moved(rounds.add_round, case.task("m").token, 3)
    assert [case.task("m", round).variables["n"] for round in (2, 3)] == [2, 3]


# --------------------------------------------------------------------------- what pages ask
def test_who_signs_and_who_may_be_added_is_told() -> None:
    case = signed(sequential=True, signer_item='{name: person.name, by: "added"}')
    found = rounds.joint_sign(case.model, "p", case.last.state, case.task("a").token)
    assert found is not None
    assert (found.element.id, found.total, found.done, found.coming) == ("a", 2, 0, ("y",))
    assert (found.sequential, found.added) == (True, "person")
    assert found.tasks == ((case.task("a").token, 1),)
    person = {"person": {"id": "li", "account": "li", "name": "Li", "post": "", "unit": ""}}
    item = rounds.item_of(case.model, "p", case.last.state, case.task("a").token, person, case.now)
    assert item == {"name": "Li", "by": "added"}


def test_a_joint_sign_whose_diagram_does_not_say_lets_nobody_be_added() -> None:
    case = signed()
    found = rounds.joint_sign(case.model, "p", case.last.state, case.task("a").token)
    assert found is not None
    assert found.added == ""
    with pytest.raises(SignersNotDrawn):
        rounds.item_of(case.model, "p", case.last.state, case.task("a").token, {"group": "x"}, case.now)
    assert signed(signer_item="group").model.processes["p"].nodes["a"].multi_instance is not None
    plain = play(diagram("p", "s > a > e"))
    assert rounds.joint_sign(plain.model, "p", plain.last.state, plain.task("a").token) is None


def test_a_body_is_added_by_its_group() -> None:
    case = signed(signer_item="group")
    token = case.task("a", 1).token
    found = rounds.joint_sign(case.model, "p", case.last.state, token)
    assert found is not None
    assert (found.added, len(found.tasks)) == ("group", 2)
    assert rounds.item_of(case.model, "p", case.last.state, token, {"group": "drc"}, case.now) == "drc"
