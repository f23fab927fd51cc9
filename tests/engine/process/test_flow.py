"""Tokens move as BPMN says: sequence, choices, parallel ways, loops, sub-processes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from server.engine import process
from server.engine.errors import UnknownProcess, UnknownStart, UnknownToken
from server.engine.model import Assignment, Kind, Step

from .build import AND, OR, XOR, at, begin, diagram, end, model, node, play, sub, user


def test_a_sequence_of_tasks_runs_to_its_end() -> None:
    case = play(diagram("p", "s > a > b > e", e=end(outcome="approved")), amount=5)
    assert case.open == ["a"]
    moved = case.do("a", x=1)
    assert [task.element for task in moved.opened] == ["b"]
    assert [(task.element, task.reason) for task in moved.closed] == [("a", "completed")]
    assert moved.steps == (Step("p", "a-b", "flow"), Step("p", "b", "node"))
    last = case.do("b")
    assert last.ended is not None
    assert (last.ended.event, last.ended.outcome, last.ended.cancelled) == ("e", "approved", False)
    assert case.variables == {"amount": 5, "x": 1}
    assert process.positions(case.model, "p", last.state) == ()


def test_a_token_is_done_only_once() -> None:
    case = play(diagram("p", "s > a > b > e"))
    token = case.task("a").token
    case.do("a")
    for stale in (token, "99", "x", ""):
        with pytest.raises(UnknownToken):
            process.complete(case.model, "p", case.last.state, stale, {}, at())


def test_nothing_moves_after_the_end() -> None:
    case = play(diagram("p", "s > a > e"))
    token = case.task("a").token
    case.do("a")
    with pytest.raises(UnknownToken):
        process.complete(case.model, "p", case.last.state, token, {}, at())
    with pytest.raises(UnknownToken):
        process.cancel(case.model, "p", case.last.state, at())


def test_cancel_closes_everything() -> None:
    case = play(diagram("p", "s > f; f > a > e; f > b > e", f=AND))
    over = process.cancel(case.model, "p", case.last.state, at())
    assert over.ended is not None
    assert over.ended.cancelled
    assert sorted(task.element for task in over.closed) == ["a", "b"]
    assert {task.reason for task in over.closed} == {"cancelled"}
    assert process.open_tasks(case.model, "p", over.state) == ()


def test_unknown_process_and_start_are_named() -> None:
    built = model(diagram("p", "s1 > a; s2 > a; a > e"))
    with pytest.raises(UnknownProcess, match="nowhere"):
        process.start(built, "nowhere", {}, at())
    with pytest.raises(UnknownStart):
        process.start(built, "p", {}, at())
    with pytest.raises(UnknownStart):
        process.start(built, "p", {}, at(), start_event="a")
    assert process.start(built, "p", {}, at(), start_event="s2").steps[0].element == "s2"


def test_a_message_start_gives_way_to_the_plain_one() -> None:
    built = model(diagram("p", "s1 > a; s2 > b; a > e; b > e", s2=begin("message", "m")))
    assert [t.element for t in process.start(built, "p", {}, at()).opened] == ["a"]
    assert [t.element for t in process.start(built, "p", {}, at(), start_event="s2").opened] == ["b"]


@pytest.mark.parametrize(("amount", "expected"), [("599999.99", "b"), ("600000.00", "a")])
def test_an_exclusive_gateway_takes_the_first_true_condition(amount: str, expected: str) -> None:
    flows = "s > g; g [amount >= 600000]> a > e; g [amount < 600000]> b > e"
    assert play(diagram("p", flows, g=XOR), amount=Decimal(amount)).open == [expected]


@pytest.mark.parametrize("condition", ["x = 1", "= x = 1", "${x = 1}"])
def test_wrapped_conditions_and_the_default_flow(condition: str) -> None:
    shape = diagram("p", f"s > g; g [{condition}]> a > e; g [*]> b > e", g=XOR)
    assert play(shape, x=1).open == ["a"]
    assert play(shape, x=2).open == ["b"]


def test_a_condition_that_is_not_true_or_false_is_an_incident_not_the_default() -> None:
    case = play(diagram("p", "s > g; g [x > 1]> a > e; g [*]> b > e", g=XOR))
    assert case.open == []
    (incident,) = case.last.incidents
    assert (incident.element, incident.finding.code) == ("g", "engine.condition_not_boolean")
    (position,) = process.positions(case.model, "p", case.last.state)
    assert position.incident
    case.retry("g", x=5)
    assert case.open == ["a"]
    assert case.last.incidents == ()


def test_no_condition_true_and_no_default_is_an_incident() -> None:
    case = play(diagram("p", "s > g; g [x = 1]> a > e; g [x = 2]> b > e", g=XOR), x=3)
    assert [i.finding.code for i in case.last.incidents] == ["engine.no_flow_taken"]


def test_a_flow_without_condition_is_never_taken_silently() -> None:
    case = play(diagram("p", "s > g; g [x = 1]> a > e; g > b > e", g=XOR), x=3)
    assert [i.finding.code for i in case.last.incidents] == ["engine.condition_missing"]


def test_an_incident_stands_still_while_other_branches_go_on() -> None:
    case = play(
        diagram("p", "s > f; f > g; g [x]> a > j; g [*]> b > j; f > c > j; j > e", f=AND, g=XOR, j=XOR)
    )
    assert case.open == ["c"]
    case.do("c")
    assert case.last.ended is None
    case.retry("g", x=True)
    case.do("a")
    assert case.last.ended is not None


def test_a_condition_on_a_flow_that_leaves_a_task_is_obeyed() -> None:
    shape = diagram("p", "s > a; a [x > 1]> b > e; a [x > 2]> c > e; a [*]> d > e")
    for x, expected in ((3, ["b", "c"]), (2, ["b"]), (0, ["d"])):
        case = play(shape)
        case.do("a", x=x)
        assert case.open == expected


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_a_parallel_join_keeps_the_newest_data(order: tuple[str, str]) -> None:
    shape = diagram("p", "s > z > f; f > a > j; f > b > j; j > c > e", f=AND, j=AND)
    case = play(shape)
    case.do("z", finance="pending", notes=["z"])
    for name in order:
        written = {"finance": "approved"} if name == "b" else {}
        case.do(name, **written)
    assert case.open == ["c"]
    assert case.variables["finance"] == "approved"


def test_a_join_in_a_loop_waits_each_time() -> None:
    flows = "s > x > f; f > a > j; f > b > j; j > c > g; g [again]> x; g [*]> e"
    case = play(diagram("p", flows, x=XOR, f=AND, j=AND, g=XOR))
    for again in (True, True, False):
        case.do("b")
        assert case.open == ["a"]
        case.do("a")
        assert case.open == ["c"]
        case.do("c", again=again)
    assert case.last.ended is not None


def test_a_second_token_on_one_flow_waits_for_its_own_partner() -> None:
    flows = "s > f; f > a > m; f > b > m; m > c > j; f > d > j; j > k > e"
    case = play(diagram("p", flows, f=AND, m=XOR, j=AND))
    case.do("a")
    case.do("b")
    case.do("c")
    case.do("c")
    assert case.open == ["d"]
    case.do("d")
    assert case.open == ["k"]
    case.do("k")
    assert case.last.ended is None  # the other token still waits at the join, as BPMN has it
    assert [p.element for p in process.positions(case.model, "p", case.last.state)] == ["j"]


@pytest.mark.parametrize(
    ("values", "opened"),
    [
        ({"x": True, "y": True}, ["a", "b"]),
        ({"x": True, "y": False}, ["a"]),
        ({"x": False, "y": False}, ["d"]),
    ],
)
def test_an_inclusive_gateway_joins_what_it_split(values: dict[str, bool], opened: list[str]) -> None:
    flows = "s > f; f [x]> a > j; f [y]> b > b2 > j; f [*]> d > j; j > c > e"
    case = play(diagram("p", flows, f=OR, j=OR), **values)
    assert case.open == opened
    for name in opened:
        assert "c" not in case.open
        case.do(name)
    if "b2" in case.open:
        assert case.open == ["b2"]
        case.do("b2")
    assert case.open == ["c"]
    case.do("c")
    assert case.last.ended is not None


def test_an_inclusive_join_in_a_loop_waits_each_time() -> None:
    flows = "s > x > f; f [p]> a > j; f [q]> b > j; j > c > g; g [again]> x; g [*]> e"
    case = play(diagram("p", flows, x=XOR, f=OR, j=OR, g=XOR), p=True, q=True)
    for again in (True, False):
        case.do("a")
        assert case.open == ["b"]
        case.do("b")
        assert case.open == ["c"]
        case.do("c", again=again)
    assert case.last.ended is not None


def test_an_inclusive_join_goes_on_when_the_other_way_turned_aside() -> None:
    flows = "s > f; f [p]> a > j; f [q]> b > g; g [ok]> j; g [*]> n > e2; j > c > e"
    case = play(diagram("p", flows, f=OR, j=OR, g=XOR), p=True, q=True)
    case.do("a")
    assert case.open == ["b"]
    case.do("b", ok=False)
    assert case.open == ["c", "n"]


def test_embedded_sub_processes_end_when_all_in_them_has_ended() -> None:
    flows = "s > x > c > e; x.s1 > x.f; x.f > x.a > x.e1; x.f > x.b > x.e2"
    case = play(diagram("p", flows, x=sub(), f=AND))
    assert case.open == ["a", "b"]
    assert case.task("a").path == ("x",)
    case.do("a")
    assert case.open == ["b"]
    case.do("b", seen=1)
    assert case.open == ["c"]
    assert case.variables == {"seen": 1}


def test_a_chain_of_a_thousand_elements_runs() -> None:
    gates = [f"g{n}" for n in range(1000)]
    shape = diagram("p", " > ".join(["s", *gates, "a", "e"]), **dict.fromkeys(gates, XOR))
    case = play(shape)
    assert case.open == ["a"]
    users = diagram("q", " > ".join(["s", *(f"t{n}" for n in range(700)), "e"]))
    long = play(users)
    for n in range(700):
        long.do(f"t{n}")
    assert long.last.ended is not None


def test_an_endless_automatic_loop_becomes_an_incident() -> None:
    case = play(diagram("p", "s > x > y > g; g [again]> x; g [*]> a > e", x=XOR, y=XOR, g=XOR), again=True)
    (incident,) = case.last.incidents
    assert incident.finding.code == "engine.endless_loop"
    case.retry(incident.element, again=False)
    assert case.open == ["a"]


def test_a_manual_task_passes_and_a_service_task_stands_still() -> None:
    case = play(diagram("p", "s > m > t > e", m=node(Kind.MANUAL_TASK), t=node(Kind.SERVICE_TASK)))
    assert [i.finding.code for i in case.last.incidents] == ["engine.not_executable"]


def test_a_task_is_assigned_by_feel_and_plain_text() -> None:
    assignment = Assignment(
        assignee="${applicant.id}",
        candidate_groups=("clerks, heads", '= ["g1", group]'),
        candidate_users=("${null}",),
        form="hongshan.f",
        due="${due}",
        follow_up="2026-03-05",
        priority="= 10 + 5",
    )
    case = play(
        diagram("p", "s > a > e", a=user(assignment=assignment, regulation=("hongshan#12.1",))),
        applicant={"id": "li"},
        group="g2",
        due="2026-03-09",
    )
    (task,) = case.last.opened
    assert (task.assignee, task.candidate_groups, task.candidate_users) == (
        "li",
        ("clerks", "heads", "g1", "g2"),
        (),
    )
    assert task.due is not None
    assert task.due.isoformat() == "2026-03-09T23:59:59+08:00"
    assert task.follow_up is not None
    assert task.follow_up.isoformat() == "2026-03-05T23:59:59+08:00"
    assert (task.priority, task.form, task.regulation) == (15, "hongshan.f", ("hongshan#12.1",))
    assert case.task("a") == task


def test_an_assignment_that_fails_is_an_incident_at_the_task() -> None:
    case = play(diagram("p", "s > a > e", a=user(assignment=Assignment(due="${due}"))), due="soon")
    assert [i.finding.code for i in case.last.incidents] == ["engine.not_a_time"]
    case.retry("a", due=None)
    assert case.open == ["a"]
    assert case.task("a").due is None
