"""The stored state: small, shared by no one, read in other processes and by later releases."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from server.engine import process
from server.engine.definitions import compiled
from server.engine.errors import UnreadableState
from tests.patience import PATIENCE

from . import kept
from .build import AND, Case, at, diagram, each, model, play, sub, user

KEPT = sorted(kept.STATES.rglob("*.bin"))


def test_states_are_kept() -> None:
    assert {path.stem for path in KEPT} >= set(kept.CASES)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_state_ever_written_loads_and_finishes(path: Path) -> None:
    fresh = kept.CASES[path.stem]()
    over = kept.finish(fresh.model, path.read_bytes())
    assert over.ended is not None
    if path.stem == "branches":
        assert str(over.variables["amount"]) == "600000.00"
        assert over.variables["名称"] == "平台"
    if path.stem == "rounds":
        assert over.variables["votes"] == ["yes", None, None]


@pytest.mark.parametrize("name", kept.CASES)
def test_a_state_is_the_same_for_the_same_commands(name: str) -> None:
    assert kept.CASES[name]().last.state == kept.CASES[name]().last.state


@pytest.mark.parametrize("name", kept.CASES)
def test_a_state_is_read_and_written_without_change(name: str) -> None:
    from server.engine.state import restore, store

    case = kept.CASES[name]()
    again = restore(compiled(case.model), "kept", case.last.state, at())
    assert store(again) == case.last.state


def test_kept_states_are_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in KEPT}
    assert kept.main() == 1
    assert "never overwritten" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in KEPT} == before


def test_a_state_holds_no_diagram_and_stays_small() -> None:
    chain = " > ".join(f"t{n}" for n in range(250))
    case = play(diagram("p", f"s > {chain} > e"))
    for n in range(249):
        case.do(f"t{n}")
    assert len(case.last.state) < 500
    assert {row[3] for row in json.loads(case.last.state)["tokens"]} == {"(process)", "t249"}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (b"", "cannot be read"),
        (b"{}", "format"),
        (b'{"format": 99}', "99"),
        (b'{"format": 1}', "required field"),
    ],
)
def test_an_unreadable_state_says_why(state: bytes, reason: str) -> None:
    with pytest.raises(UnreadableState, match=reason):
        process.open_tasks(model(diagram("p", "s > a > e")), "p", state)


def test_a_state_survives_a_diagram_parsed_anew_and_names_what_is_gone() -> None:
    case = play(diagram("p", "s > a > b > e"))
    reordered = model(diagram("p", "b > e; s > a > b"))
    assert [t.element for t in process.open_tasks(reordered, "p", case.last.state)] == ["a"]
    with pytest.raises(UnreadableState, match="holds no a"):
        process.open_tasks(model(diagram("p", "s > b > e")), "p", case.last.state)


SHARED = "s > z > f; f > a > j; f > x > j; j > c > e; x.s1 > x.b > x.e1"


def shared() -> Case:
    loop = each("xs", "n", output_collection="done", output_element="n")
    return play(
        diagram("p", SHARED, f=AND, j=AND, a=user(each=loop), x=sub(each=loop), c=user(return_to="z")),
        xs=[1, 2],
    )


def finish(case: Case, turn: int) -> None:
    case.do("z")
    for element in ("a", "b", "a", "b") if turn % 2 else ("b", "a", "b", "a"):
        case.do(element)
    assert case.open == ["c"]
    case.do("c", turn=turn)
    assert case.last.ended is not None
    assert case.variables == {"xs": [1, 2], "done": [1, 2], "turn": turn}


def test_two_instances_of_one_definition_do_not_touch_each_other() -> None:
    one = shared()
    two = Case(one.model, "p", process.start(one.model, "p", {"xs": [1, 2]}, at()), at())
    one.do("z")
    two.do("z")
    one.do("a", 1)
    two.do("b", 2)
    one.do("a", 2)
    two.do("b", 1)
    assert one.open == ["b", "b"]
    assert two.open == ["a", "a"]
    three = Case(one.model, "p", process.start(one.model, "p", {"xs": [1, 2]}, at()), at())
    finish(three, 0)


def test_specifications_do_not_change_while_instances_run() -> None:
    case = shared()
    spec = compiled(case.model).process("p")

    def picture() -> dict[str, dict[str, str]]:
        return {
            name: {key: repr(value) for key, value in vars(node).items()} for name, node in spec.nodes.items()
        }

    before = picture()
    finish(case, 1)
    assert picture() == before


def test_many_threads_run_one_definition() -> None:
    first = shared()
    problems: list[Exception] = []

    def run(turn: int) -> None:
        try:
            for _ in range(5):
                finish(
                    Case(first.model, "p", process.start(first.model, "p", {"xs": [1, 2]}, at()), at()), turn
                )
        except Exception as problem:
            problems.append(problem)

    threads = [Thread(target=run, args=(turn,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


RELOAD = """
import sys
from tests.engine.process.test_state import shared
from tests.engine.process.build import Case, at
from server.engine import process
case = shared()
case.last = process.complete(case.model, "p", state := sys.stdin.buffer.read(),
                             process.open_tasks(case.model, "p", state)[0].token, {}, at())
while case.open != ["c"]:
    case.do(case.open[0])
print(case.variables["done"], case.do("c").ended.event)
"""


def test_a_half_done_multi_instance_goes_on_in_another_process() -> None:
    case = shared()
    case.do("z")
    case.do("a", 1)
    done = subprocess.run(
        [sys.executable, "-c", RELOAD],
        input=case.last.state,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.stdout.decode().strip() == "[1, 2] e", done.stderr.decode()
