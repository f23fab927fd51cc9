"""退回, 撤回 and 补正后直送: every gateway x every kind of joint sign x inside and outside a sub-process.

The region under test lies between `a`, to which everything returns, and `z`: a gateway, in one of its
branches the joint sign `c`, in the other (where there is one) `d`. What holds each time: the case stands
where it would stand had the step been reached for the first time, and it can be driven to its end with no
task left over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import product

import pytest

from server.engine import process
from server.engine.errors import TooLateToWithdraw
from server.engine.model import FlowNode, Model, ProcessDefinition

from .build import (
    AND,
    OR,
    RACE,
    XOR,
    Case,
    at,
    boundary,
    call,
    catch,
    diagram,
    each,
    model,
    play,
    sub,
    timer,
    user,
)

# --------------------------------------------------------------------------- what is put together
GATEWAYS: dict[str, tuple[str, dict[str, FlowNode]]] = {
    "none": ("{a} > {c} > {z}", {}),
    "exclusive": ("{a} > {g}; {g} [true]> {c} > {j}; {g} [*]> {d} > {j}; {j} > {z}", {"g": XOR, "j": XOR}),
    "parallel": ("{a} > {g}; {g} > {c} > {j}; {g} > {d} > {j}; {j} > {z}", {"g": AND, "j": AND}),
    "inclusive": ("{a} > {g}; {g} [true]> {c} > {j}; {g} [true]> {d} > {j}; {j} > {z}", {"g": OR, "j": OR}),
    "event": (
        "{a} > {g}; {g} > {w} > {c} > {j}; {g} > {late} > {d} > {j}; {j} > {z}",
        {"g": RACE, "j": XOR, "w": catch("message", "news"),
         "late": catch("timer", **timer("duration", "P9D"))},
    ),
    "nested": (
        "{a} > {g}; {g} > {h}; {h} [true]> {c} > {k}; {h} [true]> {x1} > {k}; {k} > {j}; "
        "{g} > {d} > {j}; {j} > {z}",
        {"g": AND, "j": AND, "h": OR, "k": OR},
    ),
}  # fmt: skip
VOTES = {"output_collection": "votes", "output_element": "vote"}
TOGETHER, IN_TURN = each("[1, 2, 3]"), each("[1, 2, 3]", sequential=True)
ENOUGH = each("[1, 2, 3]", completion_condition="nrOfCompletedInstances >= 2", **VOTES)
IN_TURN_ENOUGH = each("[1, 2, 3]", sequential=True, completion_condition="nrOfCompletedInstances >= 2")
INNER = diagram("q", "s > c > e")
"""The called process; its task is called as the others are."""
SIGNING: dict[str, tuple[FlowNode, bool]] = {
    "one": (user(), False),
    "together": (user(each=TOGETHER), False),
    "in turn": (user(each=IN_TURN), False),
    "enough": (user(each=ENOUGH), False),
    "in turn enough": (user(each=IN_TURN_ENOUGH), False),
    "reminded": (user(each=TOGETHER), False),
    "call": (call("q"), True),
    "calls together": (call("q", each=TOGETHER), True),
    "calls in turn": (call("q", each=IN_TURN), True),
    "calls enough": (call("q", each=ENOUGH), True),
    "sub-processes": (sub(each=TOGETHER), True),
    "sub-processes in turn": (sub(each=IN_TURN), True),
}
PLACES = ("outside", "all inside", "inside, back out")


@dataclass(frozen=True)  # without slots: its models are kept
class Setting:
    """One cell of the matrix."""

    gateway: str
    signing: str
    place: str

    def __str__(self) -> str:
        return f"{self.gateway}, {self.signing}, {self.place}"

    @cached_property
    def models(self) -> tuple[Model, Model]:
        """The same diagrams, compiled by two processes of the house."""
        drawn = tuple(self.processes())
        return model(*drawn), model(*drawn)

    def processes(self) -> Iterator[ProcessDefinition]:
        flows, elements = GATEWAYS[self.gateway]
        step, holds = SIGNING[self.signing]
        step = replace(step, properties={**step.properties, "returnTo": "a"})
        name = "m" if holds else "c"
        scope = {"outside": ("", ""), "all inside": ("p1.", "p1."), "inside, back out": ("", "p1.")}[
            self.place
        ]
        names = {n: f"{scope[1]}{n}" for n in ("g", "j", "h", "k", "w", "late", "d", "x1", "c", "a", "z")}
        names |= {"a": f"{scope[0]}a", "c": f"{scope[1]}{name}"}
        if self.place == "inside, back out":
            flows = flows.replace("{a} >", "{s2} >", 1)
            names |= {"s2": "p1.s2"}
        drawn = flows.format(**names)
        if self.place == "outside":
            drawn = f"s > a; {drawn}; z > e"
        elif self.place == "all inside":
            drawn = f"s > p1 > e; p1.s2 > p1.a; {drawn}; p1.z > p1.e2"
        else:
            drawn = f"s > a > p1 > e; {drawn}; p1.z > p1.e2"
        extra = {"p1": sub()} if scope[1] else {}
        if self.signing.startswith("sub"):
            drawn += "; m.s3 > m.c > m.e3"
        if self.signing == "reminded":
            extra["t"] = boundary("c", "timer", interrupting=False, **timer("cycle", "R3/P1D"))
            drawn += f"; {scope[1]}t > {scope[1]}told > {scope[1]}e4"
        sent, back = user(withdrawable="true"), user(return_to="a")
        yield diagram("p", drawn, **{**elements, **extra, name: step, "a": sent, "z": back})
        yield INNER


MATRIX = [Setting(*cell) for cell in product(GATEWAYS, SIGNING, PLACES)]
every_setting = pytest.mark.parametrize("setting", MATRIX, ids=str)


# --------------------------------------------------------------------------- playing
def begun(setting: Setting) -> Case:
    """The case at the beginning of the joint sign; `a` was done once."""
    return replace(_begun(setting))


@cache
def _begun(setting: Setting) -> Case:
    case = begun_at_first(setting)
    arrive(case)
    return case


def begun_at_first(setting: Setting) -> Case:
    built = setting.models[0]
    started = process.start(built, "p", {}, at())
    return Roaming(built, "p", started, at(), setting.models[1])


def arrive(case: Case) -> None:
    """Do `a` and, behind an event-based gateway, let its message come."""
    reload(case)
    case.do("a", x=1)
    if any(s.element == "w" for s in case.last.subscriptions):
        reload(case)
        case.tell("w")


@dataclass
class Roaming(Case):
    """A case that another process of the house goes on with, from the stored state."""

    other: Model


def reload(case: Case) -> None:
    if isinstance(case, Roaming):
        case.model, case.other = case.other, case.model


def standing(case: Case) -> list[tuple[str, int | None]]:
    """Which tasks are open, with their rounds."""
    found = process.open_tasks(case.model, "p", case.last.state)
    return sorted(((task.element, task.round) for task in found), key=str)


def drive(case: Case) -> tuple[str, ...]:
    """Do every open task until the case has ended; what was done."""
    done = []
    for _ in range(60):
        reload(case)
        assert case.last.incidents == ()
        if case.last.ended:
            break
        assert case.open, "nothing is open, yet the case has not ended"
        done.append(case.open[0])
        case.do(case.open[0], vote="yes")
    assert case.last.ended is not None
    assert process.open_tasks(case.model, "p", case.last.state) == ()
    assert (case.last.timers, case.last.subscriptions) == ((), ())
    return tuple(sorted(done))


def straight(case: Case, element: str, target: str, round: int | None = None) -> None:
    reload(case)
    token = case.task(element, round).token
    case.last = process.return_to(
        case.model, "p", case.last.state, token, target, {}, case.now, straight=True
    )


@cache
def usual(setting: Setting) -> tuple[str, ...]:
    """What is done from the joint sign on in a case that is never returned."""
    return drive(begun(setting))


def half_way(setting: Setting) -> tuple[Case, int | None]:
    """Whoever is beside has signed, and where several sign one of them has: who is next."""
    case = begun(setting)
    for beside in ("d", "x1"):
        if beside in case.open:
            case.do(beside)
    if len(case.open) > 1 or "in turn" in setting.signing:
        case.do("c", 1, vote="no")
    assert "c" in case.open
    return case, case.task("c").round


# --------------------------------------------------------------------------- the matrix
@every_setting
def test_returned_at_once_it_stands_as_at_first(setting: Setting) -> None:
    case = begun(setting)
    first = standing(case)
    case.back("c", "a")
    assert case.open == ["a"]
    assert (case.last.timers, case.last.subscriptions) == ((), ())
    arrive(case)
    assert standing(case) == first
    assert drive(case) == usual(setting)


@every_setting
def test_returned_half_way_it_begins_anew(setting: Setting) -> None:
    case, round = half_way(setting)
    reload(case)
    case.back("c", "a", round)
    assert case.open == ["a"]
    assert (case.last.timers, case.last.subscriptions) == ((), ())
    arrive(case)
    assert standing(case) == standing(begun(setting))
    assert drive(case) == usual(setting)


@every_setting
def test_returned_straight_only_who_returned_it_waits(setting: Setting) -> None:
    case, round = half_way(setting)
    before = standing(case)
    straight(case, "c", "a", round)
    assert standing(case) == sorted([("a", None), *(s for s in before if s != ("c", round))], key=str)
    reload(case)
    case.do("a", x=2)
    assert standing(case) == before
    straight(case, "c", "a", round)
    case.do("a", x=3)
    assert standing(case) == before
    drive(case)


@every_setting
def test_returned_straight_and_then_wholly(setting: Setting) -> None:
    """While one waits for the correction another may return the whole matter; nothing of the first stays."""
    case, round = half_way(setting)
    straight(case, "c", "a", round)
    if "c" in case.open:
        case.back("c", "a")
        assert case.open == ["a"]
    arrive(case)
    drive(case)


@every_setting
def test_the_others_may_end_it_while_one_waits(setting: Setting) -> None:
    """Whoever signs meanwhile may make enough of it: then nobody has to correct anything any more."""
    case, round = half_way(setting)
    straight(case, "c", "a", round)
    while "c" in case.open:
        case.do("c", vote="yes")
    if "enough" in setting.signing and "in turn" not in setting.signing:
        assert "a" not in case.open
    drive(case)


@every_setting
def test_taken_back_it_stands_as_at_first(setting: Setting) -> None:
    case = begun_at_first(setting)
    token = case.task("a").token
    case.do("a", x=1)
    first = standing(case)
    reload(case)
    case.withdraw(token)
    assert case.open == ["a"]
    assert (case.last.timers, case.last.subscriptions) == ((), ())
    token = case.task("a").token
    case.do("a", x=1)
    assert standing(case) == first
    if first:
        case.do(case.open[0])
        with pytest.raises(TooLateToWithdraw):
            case.withdraw(token)


@every_setting
def test_returned_from_behind_the_join(setting: Setting) -> None:
    for directly in (False, True):
        case = begun(setting)
        while case.open != ["z"]:
            case.do(case.open[0], vote="yes")
        if directly:
            straight(case, "z", "a")
            case.do("a", x=2)
            assert case.open == ["z"]
            continue
        case.back("z", "a")
        arrive(case)
        assert standing(case) == standing(begun(setting))
        assert drive(case) == usual(setting)


# --------------------------------------------------------------------------- returning to a joint sign
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("signing", ["together", "in turn", "enough", "in turn enough"])
def test_returned_to_a_joint_sign_all_sign_again(signing: str, whole: bool) -> None:
    step = SIGNING[signing][0]
    case = play(diagram("p", "s > c > b > z > e", c=step, z=user(return_to="c")))
    first = standing(case)
    while case.open != ["z"]:
        case.do(case.open[0], vote="yes")
    if whole:
        case.back("z", "c")
    else:
        straight(case, "z", "c")
    assert standing(case) == first
    while "c" in case.open:
        case.do("c", vote="no")
    assert case.open == (["b"] if whole else ["z"])
    drive(case)


def test_two_who_sign_return_it_each_straight_back_to_themselves() -> None:
    setting = Setting("parallel", "together", "outside")
    case = begun(setting)
    for round in (1, 2):
        straight(case, "c", "a", round)
    assert case.open == ["a", "a", "c", "d"]
    case.do("a")
    case.do("a")
    assert standing(case) == standing(begun(setting))
    assert drive(case) == usual(setting)


def test_a_reminder_that_fires_while_one_waits_does_not_wake_the_waiting() -> None:
    case = begun(Setting("none", "reminded", "outside"))
    straight(case, "c", "a", 1)
    case.fire("t", days=1)
    assert case.open == ["a", "c", "c", "told"]
    case.do("told")
    assert case.open == ["a", "c", "c"]
    drive(case)


# --------------------------------------------------------------------------- events of a step done again
def late_while_correcting(**event: bool) -> Case:
    late = boundary("a", "timer", **timer("duration", "P3D"), **event)
    flows = "s > a > g; g > c > j; g > d > j; j > z > e; t > told > e2"
    case = play(diagram("p", flows, g=AND, j=AND, c=user(return_to="a"), t=late))
    case.do("a")
    straight(case, "c", "a")
    case.fire("t", days=3)
    return case


def test_what_becomes_of_a_correction_that_is_never_made() -> None:
    """An event that ends the step that is done again takes the case its way; nobody comes back."""
    case = late_while_correcting()
    assert case.open == ["told"]
    assert {c.element: c.reason for c in case.last.closed} == {"a": "cancelled", "d": "cancelled"}
    assert drive(case) == ("told",)


@pytest.mark.parametrize("first", ["told", "a"])
def test_a_reminder_of_a_step_done_again_is_its_own_way(first: str) -> None:
    case = late_while_correcting(interrupting=False)
    assert case.open == ["a", "d", "told"]
    case.do(first)
    assert case.open == (["a", "d"] if first == "told" else ["c", "d", "told"])
    assert drive(case) == tuple(sorted({"a", "c", "d", "told", "z"} - {first}))


def test_a_joint_sign_that_is_done_again_may_be_ended_by_an_event_too() -> None:
    late = boundary("c", "timer", **timer("duration", "P3D"))
    step = user(each=TOGETHER)
    case = play(diagram("p", "s > c > z > e; t > told > e2", c=step, t=late, z=user(return_to="c")))
    for round in (1, 2, 3):
        case.do("c", round)
    straight(case, "z", "c")
    case.do("c", 2)
    case.fire("t", days=3)
    assert drive(case) == ("told",)


def test_straight_back_within_one_round_leaves_the_other_rounds_alone() -> None:
    flows = "s > x > e; x.s1 > x.a > x.b > x.c > x.e1"
    case = play(diagram("p", flows, x=sub(each=TOGETHER), c=user(return_to="a")))
    for round in (1, 2, 3):
        case.do("a", round)
    case.do("b", 2)
    straight(case, "c", "a", 2)
    assert standing(case) == [("a", 2), ("b", 1), ("b", 3)]
    case.do("a", 2)
    assert standing(case) == [("b", 1), ("b", 3), ("c", 2)]
    drive(case)


def test_from_a_call_within_a_call_straight_back_to_the_outermost() -> None:
    inner = diagram("r", "s > c > e")
    middle = diagram("q", "s > l2 > y > e", l2=call("r"))
    outer = call("q", each=TOGETHER, return_to="a")
    case = play(diagram("p", "s > a > l > z > e", l=outer), middle, inner)
    case.do("a")
    straight(case, "c", "a", 2)
    case.do("a")
    assert standing(case) == [("c", 1), ("c", 2), ("c", 3)]
    assert drive(case) == tuple("cccyyyz")
