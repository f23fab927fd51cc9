"""加签 and 减签 before and after a task: who waits for whom, and what a return makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from server.engine import migration, process, rounds, signers
from server.engine.errors import AlreadyAsked, SignersFirst, SignersNotDrawn, TooManySigners, UnknownToken
from server.engine.forms import signature
from server.engine.model import UserTask
from server.engine.signers import Signer, When

from .build import AND, Case, boundary, diagram, each, model, play, sub, timer, user


def who(*people: str) -> list[Signer]:
    return [Signer(person, person.upper(), "holder", "HOLDER", "look at it") for person in people]


def ask(case: Case, element: str, when: When, *people: str, round: int | None = None) -> None:
    case._moved(signers.ask, task(case, element, round).token, when, who(*people))


def tasks(case: Case) -> list[UserTask]:
    return list(process.open_tasks(case.model, "p", case.last.state))


def task(case: Case, element: str, round: int | None = None) -> UserTask:
    """The task of the step itself."""
    found = [t for t in tasks(case) if t.element == element and t.round == round and t.signing is None]
    assert len(found) == 1, found
    return found[0]


def asked(case: Case) -> list[str]:
    """Who is asked to sign now."""
    return sorted(t.assignee or "" for t in tasks(case) if t.signing is not None)


def sign(case: Case, person: str, verdict: str = "pass", opinion: str = "fine") -> Any:
    token = next(t.token for t in tasks(case) if t.signing is not None and t.assignee == person)
    return case._moved(process.complete, token, {"verdict": verdict, "opinion_text": opinion})


def plain(**more: Any) -> Case:
    return play(diagram("p", "s > a > b > c > e", b=user(return_to="a", **more)), x=1)


def at_b(**more: Any) -> Case:
    case = plain(**more)
    case.do("a")
    return case


# --------------------------------------------------------------------------- before
def test_who_is_asked_before_signs_first() -> None:
    case = at_b()
    ask(case, "b", "before", "li", "wu")
    assert [t.element for t in case.last.opened] == ["b", "b"]
    signing = next(t for t in tasks(case) if t.assignee == "li")
    assert (signing.form, signing.variables["x"]) == (signature.ID, 1)
    assert signing.signing is not None
    assert (signing.signing.when, signing.signing.by, signing.signing.reason) == (
        "before", "holder", "look at it",
    )  # fmt: skip
    with pytest.raises(SignersFirst) as refused:
        case._moved(process.complete, task(case, "b").token, {})
    assert refused.value.finding.params["names"] == "LI、WU"
    sign(case, "li", "fail", "not yet")
    sign(case, "wu")
    own = task(case, "b")
    assert [(s.person, s.verdict, s.opinion) for s in own.signatures] == [
        ("li", "fail", "not yet"),
        ("wu", "pass", "fine"),
    ]
    assert case.open == ["b"]
    assert "verdict" not in case.variables
    case.do("b", verdict="pass")
    assert case.open == ["c"]


def test_the_task_keeps_its_token_while_it_waits() -> None:
    case = at_b()
    before = task(case, "b").token
    ask(case, "b", "before", "li")
    sign(case, "li")
    assert task(case, "b").token == before
    assert case.last.closed[0].token != before


# --------------------------------------------------------------------------- after
def test_the_case_moves_on_when_those_after_agree() -> None:
    case = at_b()
    ask(case, "b", "after", "li", "wu")
    assert case.last.opened == ()
    assert [(s.person, s.token) for s in task(case, "b").signatures] == [("li", ""), ("wu", "")]
    moved = case.do("b", y=2)
    assert [(c.element, c.reason) for c in moved.closed] == [("b", "completed")]
    assert asked(case) == ["li", "wu"]
    assert [p.element for p in process.positions(case.model, "p", moved.state)] == ["b", "b"]
    sign(case, "wu")
    assert asked(case) == ["li"]
    sign(case, "li")
    assert case.open == ["c"]
    assert case.variables == {"x": 1, "y": 2}


def test_an_objection_brings_it_back_once_all_have_signed() -> None:
    case = at_b()
    ask(case, "b", "after", "li", "wu")
    case.do("b")
    sign(case, "li", "fail", "wrong sum")
    assert asked(case) == ["wu"]
    moved = sign(case, "wu")
    assert [t.element for t in moved.opened] == ["b"]
    assert [(s.person, s.verdict) for s in task(case, "b").signatures] == [
        ("li", "fail"),
        ("wu", "pass"),
        ("li", ""),
    ]
    case.do("b")
    assert asked(case) == ["li"]
    sign(case, "li")
    assert case.open == ["c"]


def test_a_sender_may_take_it_back_before_anybody_has_signed() -> None:
    case = at_b(withdrawable="true")
    ask(case, "b", "after", "li")
    token = task(case, "b").token
    case.do("b")
    assert process.withdrawable(case.model, "p", case.last.state) == (token,)
    case.withdraw(token)
    assert asked(case) == []
    assert case.open == ["b"]
    case.do("b")
    sign(case, "li")
    assert process.withdrawable(case.model, "p", case.last.state) == ()
    assert case.open == ["c"]


# --------------------------------------------------------------------------- called off
def test_what_is_called_off_is_waited_for_no_longer() -> None:
    case = at_b()
    ask(case, "b", "before", "li")
    ask(case, "b", "after", "wu", "xu")
    own = task(case, "b").token
    case._moved(signers.call_off, own, "li")
    assert [(c.element, c.reason) for c in case.last.closed] == [("b", "cancelled")]
    case._moved(signers.call_off, own, "wu")
    with pytest.raises(UnknownToken):
        case._moved(signers.call_off, own, "wu")
    case.do("b")
    assert asked(case) == ["xu"]
    case._moved(signers.call_off, own, "xu")
    assert case.open == ["c"]


def test_calling_off_the_last_one_leaves_an_objection_standing() -> None:
    case = at_b()
    ask(case, "b", "after", "li", "wu")
    own = task(case, "b").token
    case.do("b")
    sign(case, "li", "fail")
    case._moved(signers.call_off, own, "wu")
    assert case.open == ["b"]


# --------------------------------------------------------------------------- returned, timed out, migrated
@pytest.mark.parametrize("straight", [True, False])
def test_a_return_calls_off_who_was_asked_before(straight: bool) -> None:
    case = at_b()
    ask(case, "b", "before", "li")
    ask(case, "b", "after", "wu")
    token = task(case, "b").token
    case.last = process.return_to(
        case.model, "p", case.last.state, token, "a", {}, case.now, straight=straight
    )
    assert case.open == ["a"]
    assert sorted(c.reason for c in case.last.closed) == ["cancelled", "returned"]
    case.do("a")
    assert (case.open, asked(case)) == (["b"], [])
    case.do("b")
    assert asked(case) == (["wu"] if straight else [])  # straight back, the task is the one it was


def test_who_signs_returns_nothing_and_asks_nobody() -> None:
    case = at_b()
    ask(case, "b", "before", "li")
    token = next(t.token for t in tasks(case) if t.signing is not None)
    assert process.returns(case.model, "p", case.last.state, token) == ()
    with pytest.raises(SignersNotDrawn):
        case._moved(signers.ask, token, "before", who("wu"))


@pytest.mark.parametrize("done", [True, False])
def test_a_timer_that_ends_the_task_ends_what_was_asked(done: bool) -> None:
    late = boundary("b", "timer", **timer("duration", "P3D"))
    case = play(diagram("p", "s > b > e; t > d > e2", t=late))
    ask(case, "b", "after" if done else "before", "li")
    if done:
        case.do("b")
    case.fire("t", days=3)
    assert case.open == ["d"]
    assert case.do("d").ended is not None


def test_a_joint_sign_waits_for_those_whom_one_of_it_asked() -> None:
    loop = each("[1, 2]", output_collection="votes", output_element="vote")
    case = play(diagram("p", "s > a > b > e", a=user(each=loop)))
    ask(case, "a", "before", "li", round=1)
    ask(case, "a", "after", "wu", round=2)
    case.do("a", 2, vote="two")
    assert asked(case) == ["li", "wu"]
    sign(case, "wu")
    sign(case, "li")
    assert case.open == ["a"]
    case._moved(process.complete, task(case, "a", 1).token, {"vote": "one"})
    assert (case.open, case.variables["votes"]) == (["b"], ["one", "two"])


def test_a_round_that_is_taken_out_takes_its_signers_with_it() -> None:
    case = play(diagram("p", "s > a > b > e", a=user(each=each("[1, 2]"))))
    ask(case, "a", "before", "li", round=1)
    case._moved(rounds.remove_round, task(case, "a", 1).token)
    assert (asked(case), len(tasks(case))) == ([], 1)


def test_the_other_branch_and_the_sub_process_around_wait_too() -> None:
    flows = "s > x > e; x.s2 > x.g; x.g > x.a > x.j; x.g > x.b > x.j; x.j > x.c > x.e2"
    case = play(diagram("p", flows, x=sub(), g=AND, j=AND))
    ask(case, "a", "after", "li")
    case.do("a")
    case.do("b")
    assert asked(case) == ["li"]
    assert "c" not in case.open
    sign(case, "li")
    assert case.open == ["c"]


def test_signatures_go_with_the_task_into_a_new_version() -> None:
    case = at_b()
    ask(case, "b", "before", "li")
    ask(case, "b", "after", "wu")
    drawn = case.model.processes["p"]
    nodes = {**drawn.nodes, "b": replace(drawn.nodes["b"], id="b2")}
    nodes["b2"] = nodes.pop("b")
    flows = {
        key: replace(flow, source=flow.source.replace("b", "b2"), target=flow.target.replace("b", "b2"))
        for key, flow in drawn.flows.items()
    }
    new = model(replace(drawn, nodes=nodes, flows=flows))
    moved = migration.migrate(case.model, new, "p", case.last.state, case.now, {"p": {"b": "b2"}})
    assert moved.advance is not None, moved.findings
    case.model, case.last = new, moved.advance
    assert asked(case) == ["li"]
    sign(case, "li")
    case.do("b2")
    sign(case, "wu")
    assert case.open == ["c"]


# --------------------------------------------------------------------------- refused
def test_what_the_diagram_does_not_let_is_refused() -> None:
    drawn = diagram("p", "s > b > e")
    closed = replace(drawn.nodes["b"], properties={"addSigners": "none"})
    only = replace(drawn.nodes["b"], properties={"addSigners": "before"})
    assert (signers.addable(closed), signers.addable(only)) == ((), ("before",))
    for node, when in ((closed, "before"), (closed, "after"), (only, "after")):
        case = play(replace(drawn, nodes={**drawn.nodes, "b": node}))
        with pytest.raises(SignersNotDrawn):
            ask(case, "b", when, "li")  # type: ignore[arg-type]


def test_nobody_is_asked_twice_nor_a_crowd() -> None:
    case = at_b()
    ask(case, "b", "before", "li")
    with pytest.raises(AlreadyAsked):
        ask(case, "b", "after", "li")
    with pytest.raises(AlreadyAsked):
        ask(case, "b", "after", "wu", "wu")
    with pytest.raises(TooManySigners):
        ask(case, "b", "after", *(f"p{n}" for n in range(20)))
    for token, person in (("1", "li"), (task(case, "b").token, "nobody"), (task(case, "b").token, "")):
        with pytest.raises(UnknownToken):
            case._moved(signers.call_off, token, person)
