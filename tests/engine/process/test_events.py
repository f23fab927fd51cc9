"""Messages, signals, errors, escalations, conditions, links, terminations; around activities and in event
sub-processes."""

from __future__ import annotations

import pytest

from server.engine import process
from server.engine.model import EventKind, Kind, Thrown

from .build import (
    AND,
    XOR,
    begin,
    boundary,
    call,
    catch,
    diagram,
    each,
    end,
    node,
    play,
    sub,
    throw,
)
from .build import event as an_event


def test_a_message_is_waited_for_and_its_payload_written() -> None:
    case = play(diagram("p", "s > m > a > e", m=catch("message", "paid")))
    (wanted,) = case.last.subscriptions
    assert (wanted.element, wanted.kind, wanted.name) == ("m", "message", "paid")
    moved = case.tell("m", amount=5)
    assert (case.open, case.variables, moved.subscriptions) == (["a"], {"amount": 5}, ())


def test_a_receive_task_waits_with_its_boundary_events() -> None:
    shape = diagram(
        "p",
        "s > r > a > e; m > b > e",
        r=node(Kind.RECEIVE_TASK, message="paid"),
        m=boundary("r", "message", "off"),
    )
    case = play(shape)
    assert sorted(s.name for s in case.last.subscriptions) == ["off", "paid"]
    case.tell("r")
    assert (case.open, case.last.subscriptions) == (["a"], ())
    case = play(shape)
    case.tell("m")
    assert (case.open, case.last.subscriptions) == (["b"], ())


def test_what_is_thrown_leaves_the_instance() -> None:
    shape = diagram("p", "s > t > d > a > e", t=throw("message", "told", inputs={"n": "x + 1"}),
                    d=node(Kind.SEND_TASK, message="sent", inputs={"m": "x"}),
                    e=end("message", "over"))  # fmt: skip
    case = play(shape, x=1)
    assert case.last.thrown == (
        Thrown("t", "message", "told", {"n": 2}),
        Thrown("d", "message", "sent", {"m": 1}),
    )
    over = case.do("a")
    assert over.thrown == (Thrown("e", "message", "over", {}),)
    assert over.ended is not None
    assert over.ended.event == "e"


def test_a_signal_end_reaches_everything_in_the_instance_that_waits_for_it() -> None:
    flows = "s > f; f > a > g > e; f > c > b > e; f > d > e; k > h > e"
    shape = diagram(
        "p", flows, f=AND, g=end("signal", "go"), c=catch("signal", "go"), k=boundary("d", "signal", "go")
    )
    case = play(
        diagram("p", flows.replace("g > e", "g"), **{n: shape.nodes[n] for n in ("f", "g", "c", "k")})
    )
    assert sorted(s.element for s in case.last.subscriptions) == ["c", "k"]
    moved = case.do("a")
    assert moved.thrown == (Thrown("g", "signal", "go", {}),)
    assert case.open == ["b", "h"]


def test_a_signal_from_outside_is_delivered_to_a_subscription() -> None:
    case = play(diagram("p", "s > c > a > e", c=catch("signal", "law changed")))
    case.tell("c", article="12")
    assert (case.open, case.variables) == (["a"], {"article": "12"})


@pytest.mark.parametrize("caught", ["E1", ""])
def test_an_error_end_is_caught_on_the_boundary(caught: str) -> None:
    flows = "s > x > a > e; x.s1 > x.f; x.f > x.b > x.e1; x.f > x.c > x.e2; k > d > e"
    shape = diagram("p", flows, x=sub(), f=AND, e1=end("error", "E1"), k=boundary("x", "error", caught))
    case = play(shape)
    moved = case.do("b")
    assert [(c.element, c.reason) for c in moved.closed] == [("b", "completed"), ("c", "cancelled")]
    assert case.open == ["d"]
    assert case.do("d").ended is not None


def test_an_error_goes_out_through_called_processes_to_the_nearest_catcher() -> None:
    parent = diagram("p", "s > c > a > e; k1 > b > e; k2 > d > e", c=call("q"),
                     k1=boundary("c", "error", "OTHER"), k2=boundary("c", "error"))  # fmt: skip
    child = diagram("q", "s > x > e1; x.s1 > x.e2", x=sub(), e2=end("error", "BAD"))
    assert play(parent, child).open == ["d"]


def test_an_error_nobody_catches_is_an_incident_inside_and_the_end_outside() -> None:
    inside = play(diagram("p", "s > x > a > e; x.s1 > x.e1", x=sub(), e1=end("error", "BAD")))
    assert [i.finding.code for i in inside.last.incidents] == ["engine.error_not_caught"]
    outside = play(
        diagram("p", "s > f; f > a > e; f > b > e2", f=AND, e2=end("error", "BAD", outcome="failed"))
    )
    over = outside.do("b")
    assert over.ended is not None
    assert over.ended.outcome == "failed"
    assert [(c.element, c.reason) for c in over.closed] == [("b", "completed"), ("a", "cancelled")]


def test_an_error_event_sub_process_interrupts_its_scope() -> None:
    flows = "s > x > z > e; x.s1 > x.f; x.f > x.a > x.e1; x.f > x.b > x.e2; x.h; h.s2 > h.c > h.e3"
    shape = diagram(
        "p",
        flows,
        x=sub(),
        f=AND,
        e1=end("error", "BAD"),
        h=sub(event_sub_process=True),
        s2=begin("error", "BAD"),
    )
    case = play(shape)
    case.do("a")
    assert case.open == ["c"]
    assert case.task("c").path == ("x", "h")
    case.do("c")
    assert case.open == ["z"]


def test_an_escalation_goes_on_beside_what_it_started() -> None:
    flows = "s > x > a > e; x.s1 > x.t > x.b > x.e1; k > c > e2"
    shape = diagram(
        "p",
        flows,
        x=sub(),
        t=throw("escalation", "LATE"),
        k=boundary("x", "escalation", "LATE", interrupting=False),
    )
    assert play(shape).open == ["b", "c"]
    cutting = diagram(
        "p", flows, x=sub(), t=throw("escalation", "LATE"), k=boundary("x", "escalation", "LATE")
    )
    assert play(cutting).open == ["c"]
    unheard = diagram(
        "p", flows, x=sub(), t=throw("escalation", "OTHER"), k=boundary("x", "escalation", "LATE")
    )
    assert play(unheard).open == ["b"]


def test_an_escalation_end_is_caught_too() -> None:
    flows = "s > x > a > e; x.s1 > x.e1; k > c > e2"
    shape = diagram(
        "p", flows, x=sub(), e1=end("escalation", "LATE"), k=boundary("x", "escalation", interrupting=False)
    )
    assert play(shape).open == ["a", "c"]


def test_an_interrupting_event_sub_process_interrupts() -> None:
    flows = "s > f; f > a > e; f > b > e; x.s1 > x.c > x.e1"
    shape = diagram("p", flows, f=AND, x=sub(event_sub_process=True), s1=begin("message", "stop"))
    case = play(shape)
    moved = case.tell("s1", why="found")
    assert [c.reason for c in moved.closed] == ["cancelled", "cancelled"]
    assert (case.open, moved.subscriptions) == (["c"], ())
    assert case.variables == {"why": "found"}
    over = case.do("c")
    assert over.ended is not None
    assert over.ended.event == "e1"


def test_a_non_interrupting_event_sub_process_can_start_again_and_again() -> None:
    flows = "s > a > e; x.s1 > x.c > x.e1"
    shape = diagram(
        "p", flows, x=sub(event_sub_process=True), s1=begin("message", "note", interrupting=False)
    )
    case = play(shape)
    case.tell("s1")
    case.tell("s1")
    assert case.open == ["a", "c", "c"]
    case.do("c")
    case.do("a")
    assert case.last.ended is None
    assert case.do("c").ended is not None


def test_an_event_sub_process_that_never_fires_blocks_nothing() -> None:
    flows = "s > x > b > e; x.s1 > x.a > x.e1; x.h; h.s2 > h.c > h.e2; k.s3 > k.d > k.e3"
    shape = diagram("p", flows, x=sub(), h=sub(event_sub_process=True),
                    s2=begin("message", "m", interrupting=False), k=sub(event_sub_process=True),
                    s3=begin("signal", "n"))  # fmt: skip
    case = play(shape)
    assert sorted(s.element for s in case.last.subscriptions) == ["s2", "s3"]
    case.do("a")
    assert [s.element for s in case.last.subscriptions] == ["s3"]
    assert case.do("b").ended is not None
    assert case.last.subscriptions == ()


def test_an_event_sub_process_nested_in_a_sub_process_fires() -> None:
    flows = "s > x > b > e; x.s1 > x.a > x.e1; x.h; h.s2 > h.c > h.e2"
    shape = diagram("p", flows, x=sub(), h=sub(event_sub_process=True), s2=begin("signal", "m"))
    case = play(shape)
    case.tell("s2")
    assert case.open == ["c"]
    case.do("c")
    assert case.open == ["b"]


def test_an_event_sub_process_in_each_round_is_its_rounds_own() -> None:
    flows = "s > x > b > e; x.s1 > x.a > x.e1; x.h; h.s2 > h.c > h.e2"
    shape = diagram(
        "p", flows, x=sub(each=each("xs", "n")), h=sub(event_sub_process=True), s2=begin("message", "m")
    )
    case = play(shape, xs=[1, 2])
    case.tell("s2", seen=True)
    assert case.open == ["a", "c"]
    assert case.task("c").variables["n"] == 1
    assert "seen" not in case.task("a").variables


def test_a_condition_fires_when_it_becomes_true_in_any_branch() -> None:
    flows = "s > f; f > a > e; f > w > b > e; k > c > e"
    shape = diagram("p", flows, f=AND, w=catch("conditional", expression="ready"),
                    k=boundary("a", "conditional", expression="stop = true", interrupting=False))  # fmt: skip
    case = play(diagram("p", flows + "; f > d > h > e", **{n: shape.nodes[n] for n in ("f", "w", "k")}))
    assert case.open == ["a", "d"]
    case.do("d", ready=True)
    assert case.open == ["a", "b", "h"]
    case.do("h", stop=True)
    assert case.open == ["a", "b", "c"]
    case.do("b")
    assert case.open == ["a", "c"]  # still true: does not fire again


def test_a_link_leads_to_its_other_half() -> None:
    case = play(
        diagram("p", "s > t1; t2 > t1; c > a > e", t1=throw("link", "L"), t2=XOR, c=catch("link", "L"))
    )
    assert case.open == ["a"]
    assert [step.element for step in case.last.steps] == ["s", "s-t1", "t1", "c", "c-a", "a"]
    assert case.do("a").ended is not None


def test_a_terminate_end_ends_its_scope_only() -> None:
    flows = "s > x > b > e; x.s1 > x.f; x.f > x.a > x.e1; x.f > x.c > x.e2"
    shape = diagram("p", flows, x=sub(), f=AND, e1=end("terminate"))
    case = play(shape)
    moved = case.do("a")
    assert [(c.element, c.reason) for c in moved.closed] == [("a", "completed"), ("c", "cancelled")]
    assert case.open == ["b"]
    outer = play(diagram("p", "s > f; f > a > e1; f > c > e2", f=AND, e1=end("terminate", outcome="stopped")))
    over = outer.do("a")
    assert over.ended is not None
    assert (over.ended.event, over.ended.outcome) == ("e1", "stopped")


def test_an_unknown_kind_of_throw_stands_still() -> None:
    odd = an_event(Kind.THROW_EVENT, EventKind.TIMER)
    case = play(diagram("p", "s > t > a > e", t=odd))
    assert [i.finding.code for i in case.last.incidents] == ["engine.not_executable"]


def test_positions_show_where_tokens_wait() -> None:
    case = play(diagram("p", "s > f; f > a > j; f > b > j; j > m > e", f=AND, j=AND, m=catch("message", "m")))
    case.do("a")
    assert [p.element for p in process.positions(case.model, "p", case.last.state)] == ["b", "j"]
    case.do("b")
    assert [p.element for p in process.positions(case.model, "p", case.last.state)] == ["m"]
