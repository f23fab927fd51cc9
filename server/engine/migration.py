"""A running instance goes on in a new version of its process: where each token goes, and why it may not.

A token keeps its number, its variables and what it remembers, and stands on the element of the new diagram
that the mapping names, else on the one of the same id. Limits and timers stay as they were set; who may do an
open task follows the new diagram. Whatever would leave the case stuck, or do a step twice, is refused:
nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from server.engine import assignment, reports
from server.engine import state as states
from server.engine.advances import carry_out, standing
from server.engine.definitions import compiled
from server.engine.errors import (
    ElementGone,
    EngineError,
    FlowGone,
    JoinWouldWait,
    OtherCall,
    OtherKind,
    OtherScope,
    ProcessGone,
    RaceChanged,
    WouldRunTwice,
)
from server.engine.findings import Finding, mark
from server.engine.model import Advance, Model, Moment
from server.engine.nodes.activities import Activity
from server.engine.nodes.events import EventSubProcessStart
from server.engine.nodes.gateways import Join, ParallelGateway
from server.engine.nodes.multi_instance import MultiInstance, Round
from server.engine.nodes.signatures import Signature
from server.engine.nodes.sub_processes import CallActivity, ProcessRoot, SubProcess
from server.engine.spiff import OPEN, Definitions, Instance, Node, ProcessSpec, Token
from server.engine.state import State
from server.engine.ways import Ways, is_join, waits_for_all

ElementMapping = Mapping[str, Mapping[str, str]]
"""For each process the elements that have another id in the new version: old id to new id."""

_KEPT = ("due", "follow_up")
"""What an open task keeps: its limit runs on."""


@dataclass(frozen=True, slots=True)
class Move:
    """Where one position of the case goes: the process and the ids and names of the two elements."""

    token: str
    process: str
    element: str
    name: str
    target: str
    target_name: str


@dataclass(frozen=True, slots=True)
class Migration:
    """What migrating does, or why it may not: `advance` is None exactly when a finding is an error."""

    moves: tuple[Move, ...]
    findings: tuple[Finding, ...]
    advance: Advance | None


def migrate(
    source: Model,
    target: Model,
    process_id: str,
    state: bytes,
    at: Moment,
    mapping: ElementMapping | None = None,
) -> Migration:
    """Put an instance that runs on `source` into `target`. A dry run is the same call whose answer is thrown
    away. Raises UnreadableState."""
    old = states.restore(compiled(source), process_id, state, None)
    plan = _Plan(old, compiled(target), mapping or {})
    findings = [*plan.problems(), *plan.notes()]
    if any(finding.level == "error" for finding in findings):
        return Migration(plan.moves(), tuple(findings), None)
    new = states.restore(compiled(target), process_id, states.rewritten(state, plan.rewrite), at)
    before = standing(old)
    problems = [*_reassign(new)]
    if problems:
        return Migration(plan.moves(), (*findings, *problems), None)
    _watch(new)
    _look_at_joins(new)
    return Migration(plan.moves(), tuple(findings), carry_out(new, before))


class _Plan:
    """The old instance beside the new definitions: which node each token goes to."""

    def __init__(self, old: Instance, definitions: Definitions, mapping: ElementMapping) -> None:
        self.old = old
        self.definitions = definitions
        self.mapping = mapping
        self.nodes: dict[int, Node] = {}
        self.specs: dict[str, ProcessSpec] = {}
        self.ways: dict[str, Ways] = {}
        for name in {token.node.process.name for token in old.tasks.values()}:
            if name in definitions.model.processes:
                self.specs[name] = definitions.process(name)
                self.ways[name] = Ways(self.specs[name])
        for token in old.tasks.values():
            node = self._target(token)
            if node is not None:
                self.nodes[token.id] = node

    def _target(self, token: Token) -> Node | None:
        spec = self.specs.get(token.node.process.name)
        if spec is None or isinstance(token.node, ProcessRoot):
            return spec.root if spec else None
        element, sharp, part = token.node.name.partition("#")
        renamed = self.mapping.get(token.node.process.name, {}).get(element, element)
        return spec.nodes.get(f"{renamed}{sharp}{part}")

    # -- why it may not
    def problems(self) -> Iterator[Finding]:
        """Everything that speaks against it; the shape of the diagram is asked only when every token has a
        place."""
        found = list(self._misplaced())
        yield from found
        if not found:
            yield from self._stuck()
            yield from self._doubled()

    def _misplaced(self) -> Iterator[Finding]:
        gone = {token.node.process.name for token in self.old.tasks.values()} - self.specs.keys()
        yield from (ProcessGone(process=name).finding for name in sorted(gone))
        for token in self.old.tasks.values():
            if token.node.process.name in gone or self._may_be_left_out(token):
                continue
            node = self.nodes.get(token.id)
            if node is None:
                yield ElementGone(element=token.node.element.id, name=token.node.element.name).finding
            elif (problem := self._unlike(token, node)) is not None:
                yield problem.finding

    def _may_be_left_out(self, token: Token) -> bool:
        """A mark of a step that was passed, or something that only watches, is not needed to go on."""
        return not self._fits(token) and ((token.finished and len(token.children) == 1) or token.guarding)

    def _fits(self, token: Token) -> bool:
        node = self.nodes.get(token.id)
        return node is not None and self._unlike(token, node) is None

    def _unlike(self, token: Token, node: Node) -> EngineError | None:
        """Why a token cannot go on on this node."""
        here, there = token.node.element, node.element
        told = {"element": here.id, "target": there.id, "name": here.name}
        if type(token.node) is not type(node) or _manner(token.node) != _manner(node):
            return OtherKind(**told, kind=_kind(token.node), other=_kind(node))
        if not self._same_place(token, node):
            return OtherScope(**told)
        if isinstance(node, CallActivity) and here.called_element != there.called_element:
            return OtherCall(**told, called=here.called_element, other=there.called_element)
        if token.node.races and token.finished and self._targets(token.node) != _names(node):
            return RaceChanged(**told)
        if is_join(token.node) and token._state == OPEN and token.flow not in _joined(node):
            return FlowGone(**told)
        return None

    def _same_place(self, token: Token, node: Node) -> bool:
        """Whether a node stands in the sub-process to which the sub-process around the token goes."""
        around = next((c for c in token.containers() if isinstance(c.node, SubProcess | CallActivity)), None)
        scope = _scope(node) if token.guarding else node.element.scope
        if around is None or isinstance(around.node, CallActivity):
            return scope == ""
        target = self.nodes.get(around.id)
        return target is not None and scope == target.element.id

    def _targets(self, node: Node) -> set[str]:
        renamed = self.mapping.get(node.process.name, {})
        return {renamed.get(arrow.target.name, arrow.target.name) for arrow in node.arrows}

    def _alive(self) -> dict[int, list[Token]]:
        """The tokens that have ways on before them, by the scope they stand in."""
        found: dict[int, list[Token]] = {}
        for token in self.old.tasks.values():
            if token.finished or token.guarding or isinstance(token.node, ProcessRoot | Round):
                continue
            if "#" not in token.node.name:
                found.setdefault(token.scope, []).append(token)
        return found

    def _stuck(self) -> Iterator[Finding]:
        for tokens in self._alive().values():
            ways = self.ways[tokens[0].node.process.name]
            places = [(token, self.nodes[token.id]) for token in tokens]
            ahead = {name for _, node in places for name in ways.ahead(node)}
            for name in sorted(ahead):
                join = ways.spec.nodes[name]
                if waits_for_all(join):
                    yield from self._missing(ways, join, places)

    def _missing(self, ways: Ways, join: Node, places: list[tuple[Token, Node]]) -> Iterator[Finding]:
        waiting = {token.flow for token, node in places if node is join and not token.leaving}
        coming: set[str] = set()
        for token, node in places:
            if node is not join or token.leaving:
                coming |= ways.ahead(node, stop=join)
        for flow, before in ways.incoming(join):
            if flow not in waiting and before.name not in coming:
                yield JoinWouldWait(
                    element=places[0][0].node.element.id, target=join.element.id, source=before.element.id
                ).finding

    def _doubled(self) -> Iterator[Finding]:
        for tokens in self._alive().values():
            ways = self.ways[tokens[0].node.process.name]
            before = Ways(tokens[0].node.process)
            for one, other in combinations(tokens, 2):
                if one.origin is other.origin and one.origin.node.races:
                    continue
                meeting = _meeting(ways, self.nodes[one.id], self.nodes[other.id])
                if meeting is not None and _meeting(before, one.node, other.node) is None:
                    yield WouldRunTwice(
                        element=one.node.element.id, other=other.node.element.id, target=meeting.element.id
                    ).finding

    # -- what it does
    def moves(self) -> tuple[Move, ...]:
        """Where the case stands and where each position goes."""
        found = []
        for place in reports.positions(self.old):
            token = self.old.tasks[int(place.token)]
            node = self.nodes.get(token.id)
            there = node.element if node else None
            found.append(
                Move(
                    place.token, place.process, place.element, token.node.element.name,
                    there.id if there else "", there.name if there else "",
                )
            )  # fmt: skip
        return tuple(found)

    def notes(self) -> Iterator[Finding]:
        """What those who migrate should know."""
        for token in self.old.tasks.values():
            if self._may_be_left_out(token):
                told = {"element": token.node.element.id, "name": token.node.element.name}
                if token.finished:
                    yield _note("engine.mark_left", _MARK_LEFT, **told)
                else:
                    yield _note("engine.watch_ended", _WATCH_ENDED, **told)

    def rewrite(self, state: State) -> None:
        """Give every row its new node; rows that are left out hand their children to their parent."""
        left = {t.id for t in self.old.tasks.values() if self._may_be_left_out(t)}
        parents = {row.id: row.parent for row in state.tokens}
        kept, processes = [], list(state.processes)
        for row in state.tokens:
            if row.id in left:
                continue
            while row.parent in left:
                row.parent = parents[row.parent]
            row.node = self.nodes[row.id].name
            kept.append(row)
        state.tokens, state.processes = kept, processes
        state.scopes = [scope for scope in state.scopes if scope.id not in left]


_MARK_LEFT = mark("The case can no longer be returned to “{name}”: the new version does not have it there.")
_WATCH_ENDED = mark("“{name}” is no longer watched for: the new version does not have it there.")


def _note(code: str, message: str, **params: object) -> Finding:
    return Finding("info", code, message, params, element=str(params.get("element", "")))


def _scope(node: Node) -> str:
    """Where something that watches stands: an event sub-process is watched for from outside it."""
    return node.sub_process.element.scope if isinstance(node, EventSubProcessStart) else node.element.scope


def _manner(node: Node) -> object:
    """What besides its class makes a node one of its kind."""
    loop = node.element.multi_instance
    event = node.event
    return (event.kind, event.timer, event.interrupting, loop.sequential if loop else None)


def _joined(node: Node) -> tuple[str, ...]:
    """The flows that a join makes one of."""
    return node.incoming if isinstance(node, Join) and is_join(node) else ()


def _kind(node: Node) -> str:
    element = node.element
    what = element.kind.value
    if element.event.kind.value != "none":
        what = f"{element.event.kind.value} {what}"
    if isinstance(node, MultiInstance) and element.multi_instance is not None:
        what += " (sequential)" if element.multi_instance.sequential else " (parallel)"
    return what


def _names(node: Node) -> set[str]:
    return {arrow.target.name for arrow in node.arrows}


def _meeting(ways: Ways, one: Node, other: Node) -> Node | None:
    """Where two tokens come to the same node without a join that makes one of them."""
    if one is other and is_join(one):
        return None
    ahead, beside = ways.ahead(one, joins=False), ways.ahead(other, joins=False)
    if (is_join(one) and one.name in beside) or (is_join(other) and other.name in ahead):
        return None
    if one is other or other.name in ahead or one.name in beside:
        return other if other.name in ahead or one is other else one
    common = sorted(ahead & beside)
    return next((ways.spec.nodes[name] for name in common if not is_join(ways.spec.nodes[name])), None)


# --------------------------------------------------------------------------- in the new version
def _reassign(instance: Instance) -> Iterator[Finding]:
    """Who may do an open task follows the new diagram; its limit stays as it was set."""
    for token in instance.tasks.values():
        if not reports.is_open_task(token) or isinstance(token.node, Signature):
            continue
        variables = instance.scopes.visible(token.view)
        try:
            found = assignment.assign(token.node.element, variables, instance.at)
        except EngineError as problem:
            yield problem.finding
            continue
        kept = {name: token.memo["task"][name] for name in _KEPT if name in token.memo["task"]}
        token.memo["task"] = {k: v for k, v in found.items() if k not in _KEPT} | kept


def _watch(instance: Instance) -> None:
    """Arm the boundary events and event sub-processes that the new version has in addition."""
    for token in list(instance.tasks.values()):
        if token._state != OPEN or token.leaving:
            continue
        watched = {child.node for child in token.children if child.guarding}
        if isinstance(token.node, Activity):
            for guard in token.node.guards:
                if guard not in watched:
                    instance.spawn(token, guard, token.scope)
        for watcher in _watchers(token):
            if watcher not in watched:
                instance.spawn(token, watcher, token.id)


def _look_at_joins(instance: Instance) -> None:
    """Let branches that wait at a join see whether all that it waits for in the new version is there."""
    for token in instance.tasks.values():
        if isinstance(token.node, ParallelGateway) and token._state == OPEN:
            token._ready()


def _watchers(token: Token) -> tuple[Node, ...]:
    node = token.node
    if isinstance(node, ProcessRoot):
        return node.process.watchers.get("", ())
    if isinstance(node, CallActivity):
        called = token.instance.definitions.process(node.element.called_element)
        return called.watchers.get("", ())
    return node.process.watchers.get(node.element.id, ()) if isinstance(node, SubProcess) else ()
