"""Random block-structured processes run as a plain simulator of tokens says, and always to their end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.engine import process
from server.engine.model import FlowNode, Kind, ProcessDefinition
from server.engine.spiff import WITHDRAWABLE

from .build import AND, OR, XOR, at, boundary, diagram, each, model, sub, timer, user


# --------------------------------------------------------------------------- blocks
@dataclass(frozen=True)
class Task:
    """One user task."""


@dataclass(frozen=True)
class Rounds:
    """A user task for each of `count` items."""

    count: int
    sequential: bool


@dataclass(frozen=True)
class Timed:
    """A user task that a timer may end, after which `late` is done instead; or that it only adds `late`
    to."""

    late: Any
    interrupting: bool


@dataclass(frozen=True)
class Sequence:
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Split:
    """Branches of a parallel ("and"), inclusive ("or") or exclusive ("xor") pair of gateways."""

    kind: str
    branches: tuple[Any, ...]


@dataclass(frozen=True)
class Loop:
    """The body once, and again for as long as the condition holds."""

    body: Any


@dataclass(frozen=True)
class Inside:
    """An embedded sub-process."""

    body: Any


LEAVES = st.one_of(st.just(Task()), st.builds(Rounds, st.integers(0, 3), st.booleans()))
BLOCKS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Sequence, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(
            Split, st.sampled_from(["and", "or", "xor"]), st.lists(inner, min_size=2, max_size=3).map(tuple)
        ),
        st.builds(Loop, inner.map(lambda block: Sequence((Task(), block)))),  # the task steers the loop
        st.builds(Inside, inner),
        st.builds(Timed, inner, st.booleans()),
    ),
    max_leaves=10,
)


# --------------------------------------------------------------------------- the diagram
@dataclass
class Drawing:
    """Draws blocks; each conditional gateway `g` reads the list variable `g`: the numbers of the ways to
    take."""

    elements: dict[str, FlowNode] = field(default_factory=dict)
    flows: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    count: int = 0

    def new(self, kind: str, scope: str, element: FlowNode | None = None) -> str:
        self.count += 1
        name = f"{kind}{self.count}"
        if element is not None:
            self.elements[name] = element
        return f"{scope}.{name}" if scope else name

    def draw(self, block: Any, scope: str, path: tuple[int, ...]) -> tuple[str, str]:
        """Draw a block; its first and last node."""
        return getattr(self, f"_{type(block).__name__.lower()}")(block, scope, path)

    def _task(self, block: Task, scope: str, path: tuple[int, ...]) -> tuple[str, str]:
        name = self._named("t", scope, path, user())
        return name, name

    def _rounds(self, block: Rounds, scope: str, path: tuple[int, ...]) -> tuple[str, str]:
        items = f"[{', '.join(map(str, range(block.count)))}]"
        name = self._named("t", scope, path, user(each=each(items, sequential=block.sequential)))
        return name, name

    def _timed(self, block: Timed, scope: str, path: tuple[int, ...]) -> tuple[str, str]:
        task = self._named("t", scope, path, user())
        watch = boundary(
            task.rpartition(".")[2], "timer", interrupting=block.interrupting, **timer("duration", "P1D")
        )
        event = self._named("b", scope, (*path, -1), watch)
        late = self.draw(block.late, scope, (*path, 0))
        self.flows.append(f"{event} > {late[0]}")
        if not block.interrupting:
            self.flows.append(f"{late[1]} > {self.new('e', scope)}")
            return task, task
        merge = self.new("m", scope, XOR)
        self.flows += [f"{task} > {merge}", f"{late[1]} > {merge}"]
        return task, merge

    def _sequence(self, block: Sequence, scope: str, path: tuple[int, ...]) -> tuple[str, str]:
        drawn = [self.draw(part, scope, (*path, n)) for n, part in enumerate(block.parts)]
        self.flows += [f"{before[1]} > {after[0]}" for before, after in pairwise(drawn)]
        return drawn[0][0], drawn[-1][1]

    def _split(self, block: Split, scope: str, path: tuple[int, ...]) -> tuple[str, str]:
        gateway = {"and": AND, "or": OR, "xor": XOR}[block.kind]
        split, join = self._named("g", scope, path, gateway), self.new("j", scope, gateway)
        bare = split.rpartition(".")[2]
        for n, branch in enumerate(block.branches):
            first, last = self.draw(branch, scope, (*path, n))
            condition = "" if block.kind == "and" else f"[list contains({bare}, {n})]"
            self.flows += [f"{split} {condition}> {first}", f"{last} > {join}"]
        return split, join

    def _loop(self, block: Loop, scope: str, path: tuple[int, ...]) -> tuple[str, str]:
        top, bottom = self.new("m", scope, XOR), self._named("g", scope, path, XOR)
        first, last = self.draw(block.body, scope, (*path, 0))
        out = self.new("m", scope, XOR)
        bare = bottom.rpartition(".")[2]
        self.flows += [
            f"{top} > {first}",
            f"{last} > {bottom}",
            f"{bottom} [list contains({bare}, 1)]> {top}",
        ]
        self.flows.append(f"{bottom} [*]> {out}")
        return top, out

    def _inside(self, block: Inside, scope: str, path: tuple[int, ...]) -> tuple[str, str]:
        name = self._named("x", scope, path, sub())
        inner = name.rpartition(".")[2]
        first, last = self.draw(block.body, inner, (*path, 0))
        self.flows += [f"{self.new('s', inner)} > {first}", f"{last} > {self.new('e', inner)}"]
        return name, name

    def _named(self, kind: str, scope: str, path: tuple[int, ...], element: FlowNode) -> str:
        name = self.new(kind, scope, element)
        self.names[path] = name.rpartition(".")[2]  # type: ignore[index]
        return name


def drawn(block: Any) -> tuple[ProcessDefinition, dict[Any, str]]:
    drawing = Drawing()
    first, last = drawing.draw(block, "", ())
    drawing.flows += [f"s > {first}", f"{last} > e"]
    return diagram("p", ";".join(drawing.flows), **drawing.elements), dict(drawing.names)


# --------------------------------------------------------------------------- the simulator
Ways = dict[str, list[int]]


@dataclass
class Running:
    """What is left of a block. `tasks` open tasks called `name`, one at a time if `sequential`; everything in
    `inner`; and when that is over, whatever `follows`. In a scope, `beside` are the ways of reminders."""

    block: Any
    path: tuple[int, ...]
    name: str = ""
    tasks: int = 0
    inner: list[Running] = field(default_factory=list)
    beside: list[Running] = field(default_factory=list)
    part: int = 0
    armed: str = ""

    @property
    def over(self) -> bool:
        return not (self.tasks or self.inner or self.beside)

    def parts(self) -> list[Running]:
        return [*self.inner, *self.beside]


class Simulator:
    """Runs a block without tokens: it knows what is left of it."""

    def __init__(self, block: Any, names: dict[Any, str], ways: Ways) -> None:
        self.names, self.ways = names, ways
        self.top = Running(Inside(block), (-9,))
        self.top.inner = self._begun([(block, ())])

    def open(self, running: Running | None = None) -> list[str]:
        running = running or self.top
        one = isinstance(running.block, Rounds) and running.block.sequential
        found = [running.name] * (min(running.tasks, 1) if one else running.tasks)
        return sorted(found + [name for part in running.parts() for name in self.open(part)])

    def timers(self, running: Running | None = None) -> list[str]:
        running = running or self.top
        own = [running.armed] if running.armed and running.tasks else []
        return sorted(own + [name for part in running.parts() for name in self.timers(part)])

    def done(self, name: str) -> None:
        """The first task of this name is done."""
        task, around = self._find(self.top, lambda r: r.tasks and r.name == name, [])
        task.tasks -= 1
        self._tidy([*around, task])

    def fired(self, name: str) -> None:
        """The first timer of this name has fired."""
        task, around = self._find(self.top, lambda r: r.tasks and r.armed == name, [])
        task.armed = ""
        late = self._begun([(task.block.late, (*task.path, 0))])
        if task.block.interrupting:
            task.tasks, task.inner = 0, late
        else:
            scope = next(r for r in reversed(around) if isinstance(r.block, Inside))
            scope.beside += late
        self._tidy([*around, task])

    def _find(self, running: Running, wanted: Any, around: list[Running]) -> Any:
        if wanted(running):
            return running, around
        for part in running.parts():
            if (found := self._find(part, wanted, [*around, running])) is not None:
                return found
        return None

    def _tidy(self, line: list[Running]) -> None:
        """Remove what is over, from the innermost outwards, and begin what follows it."""
        for outer, inner in zip(reversed(line[:-1]), reversed(line[1:]), strict=True):
            if inner.over:
                (outer.inner if inner in outer.inner else outer.beside).remove(inner)
                if not outer.inner:
                    self._go_on(outer)

    def _go_on(self, running: Running) -> None:
        if isinstance(running.block, Sequence):
            self._next_part(running)
        elif isinstance(running.block, Loop) and self.ways[running.name] == [1]:
            self._repeat(running)

    def _begun(self, blocks: list[tuple[Any, tuple[int, ...]]]) -> list[Running]:
        return [running for block, path in blocks if not (running := self._begin(block, path)).over]

    def _begin(self, block: Any, path: tuple[int, ...]) -> Running:
        running = Running(block, path, self.names.get(path, ""))
        match block:
            case Task() | Timed():
                running.tasks = 1
                running.armed = self.names.get((*path, -1), "")
            case Rounds():
                running.tasks = block.count
            case Sequence():
                self._next_part(running)
            case Split():
                taken = range(len(block.branches)) if block.kind == "and" else self.ways[running.name]
                running.inner = self._begun([(block.branches[n], (*path, n)) for n in taken])
            case Loop():
                self._repeat(running)
            case Inside():
                running.inner = self._begun([(block.body, (*path, 0))])
        return running

    def _next_part(self, running: Running) -> None:
        while not running.inner and running.part < len(running.block.parts):
            running.part += 1
            n = running.part - 1
            running.inner = self._begun([(running.block.parts[n], (*running.path, n))])

    def _repeat(self, running: Running) -> None:
        running.inner = self._begun([(running.block.body, (*running.path, 0))])


def gateways(block: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Every gateway with conditions, with the block it belongs to."""
    if isinstance(block, Loop) or (isinstance(block, Split) and block.kind != "and"):
        yield path, block
    single = [getattr(block, name) for name in ("body", "late") if hasattr(block, name)]
    for n, part in enumerate(getattr(block, "branches", getattr(block, "parts", single))):
        yield from gateways(part, (*path, n))


def chosen(data: st.DataObject, conditional: dict[str, Any], may_loop: bool) -> Ways:
    """New values for what the gateways read."""
    found = {}
    for name, block in conditional.items():
        if isinstance(block, Loop):
            found[name] = [data.draw(st.sampled_from([0, 0, 1]))] if may_loop else [0]
        elif block.kind == "xor":
            found[name] = [data.draw(st.integers(0, len(block.branches) - 1))]
        else:
            found[name] = sorted(data.draw(st.sets(st.integers(0, len(block.branches) - 1), min_size=1)))
    return found


COMPLETED, INTERRUPTED = 64, 256


def assert_lean(state: bytes, landmarks: int = 0) -> None:
    """Nothing finished is kept but splits between what lives, and steps one may go back to."""
    tokens = {row[0]: row for row in json.loads(state)["tokens"]}
    children = Counter(row[1] for row in tokens.values())
    finished = [row for row in tokens.values() if row[4] in (COMPLETED, INTERRUPTED) and row[1]]
    assert all(children[row[0]] for row in finished), state
    assert sum(children[row[0]] == 1 for row in finished) <= landmarks, state


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(block=BLOCKS, data=st.data())
def test_a_random_process_has_the_tasks_open_that_a_simulator_says(block: Any, data: st.DataObject) -> None:
    definition, names = drawn(block)
    built = model(definition)
    conditional = {names[path]: inner for path, inner in gateways(block)}
    ways = chosen(data, conditional, may_loop=False)
    simulator = Simulator(block, names, ways)
    last = process.start(built, "p", dict(ways), at())
    for turn in range(200):
        tasks = process.open_tasks(built, "p", last.state)
        assert last.incidents == ()
        assert_lean(last.state)
        assert sorted(task.element for task in tasks) == simulator.open()
        assert sorted(timer.element for timer in last.timers) == simulator.timers()
        assert (last.ended is not None) == simulator.top.over
        if last.ended:
            return
        pick = data.draw(st.integers(0, len(tasks) + len(last.timers) - 1))
        if pick >= len(tasks):
            fired = last.timers[pick - len(tasks)]
            last = process.fire(built, "p", last.state, fired.token, at())
            simulator.fired(fired.element)
            continue
        task = tasks[pick]
        # what is written in a round stays in the round, so only other tasks steer the gateways
        written = chosen(data, conditional, may_loop=turn < 15) if task.round is None else {}
        ways.update(written)
        last = process.complete(built, "p", last.state, task.token, written, at())
        simulator.done(task.element)
    raise AssertionError("the process does not end")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(block=BLOCKS, data=st.data())
def test_returns_and_withdrawals_anywhere_leave_a_case_that_ends(block: Any, data: st.DataObject) -> None:
    definition, names = drawn(block)
    tasks = [node for node in definition.nodes.values() if node.kind is Kind.USER_TASK]
    anywhere = {"returnTo": " ".join(node.id for node in tasks), WITHDRAWABLE: "true"}
    nodes = {**definition.nodes, **{node.id: replace(node, properties=anywhere) for node in tasks}}
    built = model(replace(definition, nodes=nodes))
    conditional = {names[path]: inner for path, inner in gateways(block)}
    last = process.start(built, "p", dict(chosen(data, conditional, may_loop=False)), at())
    for turn in range(300):
        assert last.incidents == ()
        if last.ended:
            return
        open_now = process.open_tasks(built, "p", last.state)
        assert_lean(last.state, landmarks=2 * len(tasks) * max(1, len(open_now)))
        task = data.draw(st.sampled_from(open_now))
        back = process.returns(built, "p", last.state, task.token) if turn < 15 else ()
        sent = process.withdrawable(built, "p", last.state) if turn < 15 else ()
        match data.draw(st.sampled_from(["do", "do", *["back"] * bool(back), *["withdraw"] * bool(sent)])):
            case "back":
                target = data.draw(st.sampled_from(back))
                last = process.return_to(built, "p", last.state, task.token, target, {}, at())
                loop = nodes[target].multi_instance
                nobody = loop is not None and loop.collection == "[]"
                assert nobody or target in [opened.element for opened in last.opened]
                assert task.token in [closed.token for closed in last.closed if closed.reason == "returned"]
            case "withdraw":
                last = process.withdraw(built, "p", last.state, data.draw(st.sampled_from(sent)), at())
                assert len({opened.element for opened in last.opened}) == 1
            case _:
                written = chosen(data, conditional, may_loop=turn < 15) if task.round is None else {}
                last = process.complete(built, "p", last.state, task.token, written, at())
    raise AssertionError("the process does not end")
