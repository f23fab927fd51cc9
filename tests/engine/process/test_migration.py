"""A running case goes on in a new version of its process: where it can, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.engine import process
from server.engine.migration import Migration, migrate
from server.engine.model import Assignment, Model, ProcessDefinition

from .build import (
    AND,
    RACE,
    XOR,
    Case,
    at,
    begin,
    boundary,
    call,
    catch,
    diagram,
    each,
    model,
    play,
    sub,
    user,
)
from .build import timer as timed
from .test_random_processes import BLOCKS, drawn


def move(case: Case, *target: ProcessDefinition, **renamed: str) -> Migration:
    """Migrate a case to other diagrams; if it may, the case goes on there."""
    there = model(*target)
    found = migrate(case.model, there, case.process_id, case.last.state, case.now, {case.process_id: renamed})
    if found.advance is not None:
        case.model, case.last = there, found.advance
    return found


def codes(found: Migration) -> list[str]:
    return [finding.code.removeprefix("engine.") for finding in found.findings]


# --------------------------------------------------------------------------- where it can
def test_a_case_goes_on_at_the_same_step_with_its_variables_and_its_token() -> None:
    case = play(diagram("p", "s > a > b > e"), x=1)
    case.do("a", y=2)
    token = case.task("b").token
    found = move(case, diagram("p", "s > a > b > c > e"))
    assert [(m.element, m.target) for m in found.moves] == [("b", "b")]
    assert case.open == ["b"]
    assert case.task("b").token == token
    assert case.variables == {"x": 1, "y": 2}
    case.do("b")
    assert case.open == ["c"]
    assert case.do("c").ended is not None


def test_an_element_that_has_another_id_now_is_named_by_the_mapping() -> None:
    case = play(diagram("p", "s > a > e"))
    target = diagram("p", "s > first > e", first=user(name="First look"))
    assert codes(move(case, target)) == ["element_gone"]
    found = move(case, target, a="first")
    assert [(m.target, m.target_name) for m in found.moves] == [("first", "First look")]
    assert case.open == ["first"]


def test_who_may_do_a_task_follows_the_new_diagram_and_its_limit_stays() -> None:
    old = Assignment(candidate_groups=("clerks",), due="=due", form="p.f")
    case = play(diagram("p", "s > a > e", a=user(assignment=old)), due="2026-03-09T17:00:00+08:00")
    due = case.task("a").due
    new = replace(old, candidate_groups=("leaders",), due="2030-01-01T00:00:00+08:00", form="p.g")
    move(case, diagram("p", "s > a > e", a=user(assignment=new)))
    task = case.task("a")
    assert (task.candidate_groups, task.due, task.form) == (("leaders",), due, "p.g")


def test_new_boundary_events_are_armed_and_old_ones_are_forgotten() -> None:
    late = boundary("a", "timer", interrupting=False, **timed("duration", "P5D"))
    bare, watched = diagram("p", "s > a > e"), diagram("p", "s > a > e; late > e2", late=late)
    case = play(bare)
    move(case, watched)
    assert case.timer("late").due == at(days=5).now
    found = move(case, bare)
    assert codes(found) == ["watch_ended"]
    assert case.last.timers == ()
    assert case.do("a").ended is not None


def test_a_timer_that_runs_keeps_its_moment() -> None:
    def waits(how_long: str) -> ProcessDefinition:
        return diagram("p", "s > w > e", w=catch("timer", **timed("duration", how_long)))

    case = play(waits("P5D"))
    move(case, waits("P1D"))
    assert case.timer("w").due == at(days=5).now


def test_event_sub_processes_are_watched_for_after_migrating() -> None:
    case = play(diagram("p", "s > a > e"))
    told = {"n": sub(event_sub_process=True), "sn": begin("message", "news", interrupting=False)}
    move(case, diagram("p", "s > a > e; n.sn > n.b > n.en", **told))
    assert [s.name for s in case.last.subscriptions] == ["news"]
    case.tell("sn")
    assert case.open == ["a", "b"]


def test_branches_go_on_side_by_side_and_meet() -> None:
    case = play(diagram("p", "s > g > a > j; g > b > j; j > c > e", g=AND, j=AND))
    case.do("a")
    move(case, diagram("p", "s > g > a > j; g > b > b2 > j; j > c > d > e", g=AND, j=AND))
    case.do("b")
    case.do("b2")
    assert case.open == ["c"]


def test_a_branch_that_waited_for_one_that_is_gone_goes_on() -> None:
    flows = "s > g > a > j; g > b > j; g > k > j; j > c > e"
    case = play(diagram("p", flows, g=AND, j=AND))
    case.do("a")
    case.do("b")
    found = move(case, diagram("p", "s > g > a > j; g > b > j; j > k > c > e", g=AND, j=AND))
    assert set(codes(found)) == {"would_run_twice"}  # k is under way, and would come again behind the join
    assert move(case, diagram("p", "s > g > a > j; g > b > j; j > c > e; g > k > e2", g=AND, j=AND)).advance
    assert case.open == ["c", "k"]


def test_inside_rounds_sub_processes_and_called_processes() -> None:
    inner = diagram("q", "s > i > e")
    outer = "s > x > e; x.s2 > x.m > x.l > x.e2"
    case = play(diagram("p", outer, x=sub(), m=user(each=each("[1, 2]")), l=call("q")), inner)
    case.do("m", 1)
    more = diagram(
        "p", "s > x > z > e; x.s2 > x.m > x.l > x.e2", x=sub(), m=user(each=each("[1, 2]")), l=call("q")
    )
    move(case, more, diagram("q", "s > i > k > e"))
    case.do("m", 2)
    assert case.open == ["i"]
    move(case, more, diagram("q", "s > i > k > e"))
    case.do("i")
    case.do("k")
    assert case.open == ["z"]


def test_a_step_that_stood_still_is_tried_again_in_the_repaired_version() -> None:
    flows = "s > g; g [{}]> a > e; g [*]> b > e2"
    case = play(diagram("p", flows.format("missing > 1"), g=XOR))
    assert [i.element for i in case.last.incidents] == ["g"]
    move(case, diagram("p", flows.format("1 > 2"), g=XOR))
    case.retry("g")
    assert case.open == ["b"]


def test_what_can_be_returned_to_follows_the_marks_that_remain() -> None:
    case = play(diagram("p", "s > a > b > c > e", c=user(return_to="a b")))
    case.do("a")
    case.do("b")
    found = move(case, diagram("p", "s > a > c > e", c=user(return_to="a")))
    assert codes(found) == ["mark_left"]
    case.back("c", "a")
    assert case.open == ["a"]


# --------------------------------------------------------------------------- where it cannot
AND2 = {"g": AND, "j": AND}
REFUSED: dict[str, tuple[str, Any, Any]] = {
    "element_gone": ("a", diagram("p", "s > a > e"), diagram("p", "s > b > e")),
    "other_kind": ("a", diagram("p", "s > a > e"), diagram("p", "s > a > e", a=user(each=each("[1]")))),
    "other_scope": ("a", diagram("p", "s > a > e"), diagram("p", "s > x > e; x.s2 > x.a > x.e2", x=sub())),
    "would_run_twice": (
        "a b", diagram("p", "s > g > a > j; g > b > j; j > c > e", **AND2),
        diagram("p", "s > a > b > c > e; s > g; g > e2; g > j > e3", **AND2),
    ),
    "join_would_wait": (
        "a", diagram("p", "s > a > c > e"), diagram("p", "s > g > a > j; g > b > j; j > c > e", **AND2),
    ),
    "flow_gone": (
        "b", diagram("p", "s > g > a > j; g > b > j; j > c > e", **AND2),
        diagram("p", "s > g > a > a2 > j; g > b > j; j > c > e", **AND2),
    ),
    "race_changed": (
        "", diagram("p", "s > g; g > m > e; g > n > e2", g=RACE, m=catch("message", "m"),
                    n=catch("message", "n")),
        diagram("p", "s > g; g > m > e; g > o > e2; q > n > e3", g=RACE, m=catch("message", "m"),
                n=catch("message", "n"), o=catch("message", "o"), q=begin("message", "q")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", REFUSED)
def test_what_would_go_wrong_is_refused_with_its_reason(code: str) -> None:
    standing, old, new = REFUSED[code]
    case = play(old)
    if code == "flow_gone":
        case.do("a")
    assert case.open == standing.split()
    before = case.last.state
    found = move(case, new)
    assert found.advance is None
    assert code in codes(found)
    assert case.last.state == before
    assert all(f.text() and f.help() for f in found.findings if f.level == "error")


def test_what_was_called_must_still_be_called() -> None:
    case = play(diagram("p", "s > l > e", l=call("q")), diagram("q", "s > i > e"))
    there = diagram("p", "s > l > e", l=call("r")), diagram("r", "s > i > e")
    assert set(codes(move(case, *there))) == {"other_call", "process_gone"}


def test_a_loop_that_leads_back_does_not_count_as_a_way_to_the_other_branch() -> None:
    """Going round once more would pass the split again; it cannot feed this join."""
    old = diagram("p", "s > m > a > c > x; x [again]> m; x [*]> e", m=XOR, x=XOR)
    case = play(old, again=False)
    new = diagram(
        "p", "s > m > g > a > j; g > b > j; j > c > x; x [again]> m; x [*]> e", m=XOR, x=XOR, **AND2
    )
    assert codes(move(case, new)) == ["join_would_wait"]
    case.do("a")
    move(case, new)
    case.do("c", again=True)
    assert case.open == ["a", "b"]


# --------------------------------------------------------------------------- for any two diagrams
EVERY_WAY = {f"g{n}": [0] for n in range(1, 200)}


def _drained(case: Case) -> None:
    for _ in range(400):
        if case.last.ended is not None:
            return
        assert not case.last.incidents
        assert case.open, "the case is stuck"
        case.do(case.open[0], round=None)
    raise AssertionError("the case does not end")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BLOCKS, BLOCKS, st.data())
def test_what_is_accepted_comes_to_its_end(one: Any, other: Any, data: st.DataObject) -> None:
    case = play(drawn(one)[0], **EVERY_WAY)
    for _ in range(data.draw(st.integers(0, 6))):
        if case.open and case.last.ended is None:
            case.do(data.draw(st.sampled_from(case.open)))
    if case.last.ended is not None:
        return
    target = drawn(other)[0]
    renamed = {}
    for element in case.model.processes["p"].nodes:
        if alike := [name for name in target.nodes if name[0] == element[0]]:
            renamed[element] = data.draw(st.sampled_from(alike))
    if move(case, target, **renamed).advance is not None:
        _drained(case)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BLOCKS, st.data())
def test_migrating_to_the_same_diagram_changes_nothing(block: Any, data: st.DataObject) -> None:
    definition = drawn(block)[0]
    case = play(definition, **EVERY_WAY)
    for _ in range(data.draw(st.integers(0, 6))):
        if case.open and case.last.ended is None:
            case.do(data.draw(st.sampled_from(case.open)))
    if case.last.ended is not None:
        return
    before = case.last
    found = migrate(case.model, model(definition), "p", before.state, case.now)
    assert found.advance is not None, codes(found)
    assert found.advance.timers == before.timers
    assert process.open_tasks(case.model, "p", found.advance.state) == process.open_tasks(
        case.model, "p", before.state
    )
    _drained(case)


def test_a_model_is_not_changed_by_migrating() -> None:
    there: Model = model(diagram("p", "s > a > e"))
    case = play(diagram("p", "s > a > e"))
    for _ in range(3):
        assert migrate(case.model, there, "p", case.last.state, at()).advance is not None
