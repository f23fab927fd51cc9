"""Cases whose states are kept for ever: `python -m tests.engine.process.kept` writes those of this
release."""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from server.engine import process
from server.engine.model import Advance, Model
from server.engine.state import ENGINE

from .build import (
    AND,
    OR,
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
    end,
    play,
    sub,
    timer,
    user,
)

STATES = Path(__file__).parent / "states"


def branches() -> Case:
    """One branch waits at the join, the other has an incident; a reminder is armed."""
    flows = "s > z > f; f > a > j; f > g; g [x]> b > m; g [*]> c > m; m > j; j > d > e; t > r > e"
    remind = boundary("a", "timer", interrupting=False, **timer("cycle", "R/PT24H"))
    shape = diagram(
        "kept",
        flows,
        f=AND,
        g=XOR,
        m=XOR,
        j=AND,
        t=remind,
        d=user(return_to="z"),
        z=user(withdrawable="true"),
    )
    case = play(shape, amount=Decimal("600000.00"), 名称="平台", rows=[{"a": None}])
    case.do("z", note="九")
    case.fire("t", hours=24)
    return case


def rounds() -> Case:
    """Parallel rounds of a sub-process, one done, one inside a called process."""
    loop = each("experts", "expert", output_collection="votes", output_element="vote")
    called = call("kept_vote", inputs={"who": "expert"}, outputs={"vote": "answer"})
    flows = "s > m > e; m.s1 > m.a > m.c > m.e1; t > b > e"
    late = boundary("m", "timer", **timer("duration", "P5D"))
    case = play(
        diagram("kept", flows, m=sub(each=loop), c=called, t=late),
        diagram("kept_vote", "s > v > e"),
        experts=["li", "wu", None],
    )
    for n in (1, 2):
        case.do("a", n)
    case.do("v", 1, answer="yes")
    return case


def events() -> Case:
    """An event-based gateway, event sub-processes with a message and a condition, a sequential
    multi-instance."""
    flows = """s > f; f > w; w > t > a > e; w > m > b > e; f > q > o; o [x]> k1 > i; o [y]> k2 > i; i > e
        h.s1 > h.c > h.e1; l.s2 > l.d > l.e2"""
    shape = diagram(
        "kept", flows, f=AND, w=RACE, o=OR, i=OR,
        t=catch("timer", **timer("date", "2026-12-01T09:00:00+08:00")),
        m=catch("message", "reply"), q=user(each=each("xs", sequential=True)), h=sub(event_sub_process=True),
        s1=begin("message", "note", interrupting=False), l=sub(event_sub_process=True),
        s2=begin("conditional", expression="stop = true"), e2=end("terminate"),
    )  # fmt: skip
    case = play(shape, xs=[1, 2], x=True, y=True, stop=False)
    case.do("q", 1)
    case.tell("s1")
    return case


CASES: dict[str, Callable[[], Case]] = {case.__name__: case for case in (branches, rounds, events)}


def finish(model: Model, state: bytes) -> Advance:
    """Do whatever can be done until the case is over."""
    if failed := _failed(model, state):
        last = process.retry(model, "kept", state, failed, at(), {"x": True})
    else:
        task = process.open_tasks(model, "kept", state)[0]
        last = process.complete(model, "kept", state, task.token, {}, at())
    case = Case(model, "kept", last, at(days=400))
    for _ in range(100):
        if case.last.ended:
            return case.last
        if case.open:
            case.do(case.open[0])
        else:
            case.fire(case.last.timers[0].element)
    raise AssertionError(f"not finished: {process.positions(model, 'kept', case.last.state)}")


def _failed(model: Model, state: bytes) -> str:
    return next((p.token for p in process.positions(model, "kept", state) if p.incident), "")


def main() -> int:
    """Write the states of this release once; what is written stays as it is."""
    folder = STATES / ENGINE
    if folder.exists():
        print(f"{folder} exists: kept states are never overwritten; raise ENGINE in server/engine/state.py")
        return 1
    folder.mkdir(parents=True)
    for name, case in CASES.items():
        (folder / f"{name}.bin").write_bytes(case().last.state)
    return 0


if __name__ == "__main__":
    sys.exit(main())
