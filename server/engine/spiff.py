"""Where SpiffWorkflow moves the tokens: its task tree and its tasks' life cycle, and nothing else of it.

SpiffWorkflow predicts future tasks, copies data from task to task, finds joins by searching the tree and
keeps run-time state on its specifications. A `Token` (its Task), a `Node` (its TaskSpec) and an `Instance`
(its Workflow) do none of that: nothing is predicted, tokens carry no variables, nodes are immutable, and
finished tokens leave the tree as soon as nothing needs them. So a tree holds the tokens that live now, the
splits between them, and the steps a case may go back to; its size does not depend on history, and *the
ancestors of a token are exactly the steps by which it came*: a join hangs its token under the split it
closes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol, cast

from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from server.engine.errors import EndlessLoop, EngineError, UnexpectedFailure, UnknownStart
from server.engine.journal import Closing, Journal
from server.engine.model import (
    Event,
    EventKind,
    Finding,
    FlowNode,
    Model,
    Moment,
    ProcessDefinition,
)
from server.engine.scopes import Scopes

STEP_BUDGET = 10_000
"""Automatic steps one command may take before it is taken for an endless loop."""

ARRIVING, READY, OPEN = TaskState.FUTURE, TaskState.READY, TaskState.STARTED
COMPLETED, FAILED, INTERRUPTED = TaskState.COMPLETED, TaskState.ERROR, TaskState.CANCELLED

WITHDRAWABLE = "withdrawable"
"""The property of a user task whose sender may take it back; in a memo: that they still may."""
BROUGHT = "brought"
"""Memo of a task that is done again: the reason of the return that asked for it."""


class Token(Task):  # type: ignore[misc]
    """One token: the node it stands on, the scope it stands in, the flow it came by.

    States: READY is about to be carried out; OPEN waits (for a person, a timer, a message, for other tokens
    at a join, for those inside it); FAILED stands still with `finding`; COMPLETED and INTERRUPTED tokens
    remain only as the way by which their descendants came. `leaving` tells that its work is done and only the
    way on is to be found. `memo` is what its node remembers: plain values, stored with the instance.
    """

    id: int
    task_spec: Node
    workflow: Instance

    def __init__(
        self,
        instance: Instance,
        node: Node,
        parent: Token | None,
        scope: int,
        *,
        id: int = 0,
        state: int = ARRIVING,
    ) -> None:
        # Task.__init__ would draw a random id and read the clock.
        self.id = id or instance.next_id()
        self.workflow = instance
        self.task_spec = node
        self.scope = scope or self.id
        self.flow = ""
        self.leaving = False
        self.finding: Finding | None = None
        self.memo: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        self.ways: Sequence[Arrow] = ()
        self._parent = None if parent is None else parent.id
        self._children: list[int] = []
        self._state = state
        self.triggered = False
        self.data: dict[str, Any] = {}
        instance.tasks[self.id] = self
        if parent is not None:
            parent._children.append(self.id)

    @property
    def parent(self) -> Token | None:
        """The token it came from, none for the root."""
        return None if self._parent is None else self.workflow.tasks[self._parent]

    @property
    def origin(self) -> Token:
        """The token it came from, for tokens other than the root."""
        return self.workflow.tasks[cast("int", self._parent)]

    @property
    def children(self) -> list[Token]:
        """The tokens that came from it and still matter."""
        return [self.workflow.tasks[child] for child in self._children]

    @property
    def instance(self) -> Instance:
        """The instance it belongs to."""
        return self.workflow

    @property
    def node(self) -> Node:
        """Where it stands."""
        return self.task_spec

    @property
    def view(self) -> int:
        """The scope whose variables its own expressions see: the one it opened, else the one it stands in."""
        return self.id if self.id in self.workflow.scopes else self.scope

    @property
    def failed(self) -> bool:
        """Whether it stands still with an incident."""
        return bool(self._state == FAILED)

    @property
    def finished(self) -> bool:
        """Whether it has gone on and only marks the way."""
        return self._state in (COMPLETED, INTERRUPTED)

    @property
    def guarding(self) -> bool:
        """Whether it only watches an activity or a scope for an event; nothing waits for it to end."""
        return self.task_spec.guard and not self.leaving

    def ancestors(self) -> Iterator[Token]:
        """The steps by which it came, nearest first, out through the activities around it."""
        parent = self.parent
        while parent is not None:
            yield parent
            parent = parent.parent

    def containers(self) -> Iterator[Token]:
        """The tokens whose scopes it stands in, innermost first; the last is the instance's root."""
        token = self
        while token._parent is not None:
            token = self.workflow.tasks[token.scope]
            yield token

    def inside(self) -> list[Token]:
        """The tokens that stand directly in its scope, those that only guard it included."""
        return [child for child in self.children if child.scope == self.id]

    def busy(self) -> bool:
        """Whether anything inside still keeps it from ending."""
        return any(not child.guarding for child in self.inside())

    def go_on(self) -> None:
        """Let it leave its node: what it waited for has happened."""
        self.leaving = True
        self._ready()

    def _ready(self) -> None:
        self._state = READY
        self.finding = None
        self.workflow.queue.append(self)

    def _set_state(self, value: int) -> None:
        # Task._set_state reads the clock and builds a log record.
        self._state = value

    def _inherit_data(self) -> None:
        """Variables live in scopes, never on tokens."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way on from a node: a sequence flow, or for a link event its other half (without id)."""

    id: str
    target: Node
    condition: str = ""
    default: bool = False


class Node(TaskSpec):  # type: ignore[misc]
    """A flow node as tokens meet it. Subclasses say what happens on entering and on leaving.

    Nodes are shared by all instances and threads: after compilation nothing on them changes.
    """

    guard: ClassVar[bool] = False
    """Whether tokens here only watch for an event and nothing waits for them."""
    races: ClassVar[bool] = False
    """Whether only one of the ways on will be taken in the end, by the first event."""
    opens_task: ClassVar[bool] = False
    """Whether a token that is OPEN here is a task for a person."""
    recorded: bool = True
    """Whether a token that comes here is a step for the history."""

    def __init__(self, process: ProcessSpec, element: FlowNode, name: str = "") -> None:
        super().__init__(process, name or element.id, inputs=[], outputs=[], data={})
        self.process = process
        self.element = element
        self.arrows: tuple[Arrow, ...] = ()
        self.polled = False

    @property
    def event(self) -> Event:
        """The event definition of its element."""
        return self.element.event

    def enter(self, token: Token) -> bool:
        """Do what the node is for. False: the token waits; `Token.go_on` or `Token._ready` wakes it later."""
        return True

    def leave(self, token: Token) -> Sequence[Arrow]:
        """Find the ways on. Everything that can fail comes before anything that cannot be repeated."""
        return self.arrows

    def child_ended(self, token: Token) -> None:
        """Something inside the token has ended and is gone."""
        if not token.busy():
            token.go_on()

    def poll(self, token: Token) -> None:
        """For `polled` nodes: see whether an OPEN token may go on, now that all else has come to rest."""

    # -- what SpiffWorkflow asks of a task specification
    def test(self) -> None:
        """Nodes are checked before they are deployed, not each time a token arrives."""

    def _update_hook(self, my_task: Token) -> bool:
        return True

    def _run_hook(self, my_task: Token) -> bool | None:
        if not my_task.leaving:
            if not self.enter(my_task):
                return None
            my_task.leaving = True
        my_task.ways = self.leave(my_task)
        return True

    def _on_complete_hook(self, my_task: Token) -> None:
        for arrow in my_task.ways:
            my_task.instance.follow(my_task, arrow)


class ProcessSpec(WorkflowSpec):  # type: ignore[misc]
    """The nodes of one process definition by name, and what each scope of it begins with."""

    def __init__(self, definition: ProcessDefinition) -> None:
        super().__init__(definition.id, definition.file)
        self.definition = definition
        self.starts: dict[str, tuple[Node, ...]] = {}
        self.watchers: dict[str, tuple[Node, ...]] = {}
        self.root: Node

    @property
    def nodes(self) -> dict[str, Node]:
        """Every node by its name."""
        return cast("dict[str, Node]", self.task_specs)

    def start_event(self, name: str | None) -> Node:
        """The start event of this id; for None the only one without a trigger, or the only one at all.

        Raises UnknownStart.
        """
        starts = self.starts.get("", ())
        chosen = [node for node in starts if node.name == name]
        if name is None:
            chosen = [node for node in starts if node.event.kind is EventKind.NONE] or list(starts)
        if len(chosen) != 1:
            all_names = ", ".join(node.name for node in starts)
            raise UnknownStart(
                process=self.name, element=name or "", starts=all_names, file=self.definition.file
            )
        return chosen[0]


class Definitions(Protocol):
    """The compiled processes of one deployment."""

    model: Model
    landmarks: frozenset[str]
    """Elements to which some diagram allows a return."""

    def process(self, process_id: str) -> ProcessSpec:
        """The compiled process. Raises UnknownProcess."""
        ...


class Instance(Workflow):  # type: ignore[misc]
    """A process instance in memory: its tokens, its scopes, and the journal of the present command."""

    tasks: dict[int, Token]
    task_tree: Token

    def __init__(
        self, spec: ProcessSpec, definitions: Definitions, scopes: Scopes, at: Moment | None, counter: int = 0
    ) -> None:
        super().__init__(spec, deserializing=True)
        self.definitions = definitions
        self.scopes = scopes
        self.moment = at
        self.counter = counter
        self.journal = Journal()
        self.queue: deque[Token] = deque()

    @property
    def at(self) -> Moment:
        """The time at which the command is carried out."""
        if self.moment is None:
            raise RuntimeError("an instance that is only looked at has no present")
        return self.moment

    @property
    def root(self) -> Token:
        """The token that stands for the whole instance."""
        return self.task_tree

    def next_id(self) -> int:
        """A number no token of this instance has had before."""
        self.counter += 1
        return self.counter

    def token(self, name: str) -> Token | None:
        """The token with this public name, if it is still there."""
        return self.tasks.get(int(name)) if name.isdecimal() and len(name) < 20 else None

    # -- moving
    def spawn(self, parent: Token, node: Node, scope: int, *, leaving: bool = False) -> Token:
        """Put a token on a node, ready to be carried out (`leaving`: only to go on from there)."""
        token = Token(self, node, parent, scope)
        token.leaving = leaving
        token._ready()
        if not token.guarding:
            self.arrive(node)
        return token

    def follow(self, token: Token, arrow: Arrow) -> None:
        """Send a token along an arrow; SpiffWorkflow makes it ready once its parent is complete."""
        child = Token(self, arrow.target, token, token.scope)
        child.flow = arrow.id
        if not token.node.races:
            self.arrive(arrow.target, arrow.id)

    def arrive(self, node: Node, flow: str = "") -> None:
        """Note that a token came to a node, along this flow."""
        self.journal.flow(node.process.name, flow)
        if node.recorded:
            self.journal.node(node.process.name, node.element.id)

    def advance(self) -> None:
        """Carry out everything that needs nobody, until all tokens wait."""
        budget = STEP_BUDGET
        while self.queue or self._look_again():
            token = self.queue.popleft()
            if token._state != READY or token.id not in self.tasks:
                continue
            budget -= 1
            if budget < 0:
                self.stand_still(token, EndlessLoop(element=token.node.element.id, limit=STEP_BUDGET).finding)
            else:
                self._attempt(token, token.run)

    def _look_again(self) -> bool:
        for token in [t for t in self.tasks.values() if t._state == OPEN and t.node.polled]:
            if token.id in self.tasks and token._state == OPEN:
                self._attempt(token, partial(token.node.poll, token))
        return bool(self.queue)

    def _attempt(self, token: Token, action: Callable[[], object]) -> None:
        """Do something for a token; if it fails the token stands still, but never takes the case with it."""
        try:
            action()
        except EngineError as problem:
            self.stand_still(token, problem.finding)
        except Exception as problem:
            reason = f"{type(problem).__name__}: {problem}"
            self.stand_still(token, UnexpectedFailure(element=token.node.element.id, reason=reason).finding)

    def stand_still(self, token: Token, finding: Finding) -> None:
        """Let a token wait until the cause of an incident is repaired."""
        token._state = FAILED
        token.finding = finding

    def _task_completed_notify(self, task: Token) -> None:
        if task is self.root:
            self.completed = True
            return
        keeps = (WITHDRAWABLE, BROUGHT) if WITHDRAWABLE in task.memo else ()
        task.memo = {name: task.memo[name] for name in keeps if name in task.memo}
        self.settle(task)

    # -- keeping the tree small
    def settle(self, token: Token) -> None:
        """Forget a finished token if nothing needs it: nothing came of it, or only one thing did."""
        while token.finished and token.id in self.tasks:
            parent = token.origin
            if not token._children:
                self._forget([token])
                parent._children.remove(token.id)
                token = parent
            elif len(token._children) == 1 and not self._landmark(token):
                child = self.tasks[token._children[0]]
                parent._children[parent._children.index(token.id)] = child.id
                child._parent = parent.id
                self._forget([token])
                return
            else:
                self._settle_earlier(token)
                return
        if token._state == OPEN and token.id in self.tasks:
            token.node.child_ended(token)

    def _settle_earlier(self, token: Token) -> None:
        """A step that is passed again makes the mark of its earlier passing needless."""
        earlier = next((a for a in token.ancestors() if a.finished and a.node is token.node), None)
        if earlier is not None and len(earlier._children) == 1 and not self._landmark(earlier):
            self.settle(earlier)

    def _landmark(self, token: Token) -> bool:
        if WITHDRAWABLE in token.memo:
            return True
        if token.node.element.id not in self.definitions.landmarks:
            return False
        below = token
        while len(below._children) == 1 and (below := self.tasks[below._children[0]]).finished:
            if below.node is token.node:
                return False  # passed again since: one would go back to the later one
        return True

    def merge(self, token: Token, others: Iterable[Token]) -> None:
        """Let a token at a join take in others: it hangs under the step at which their ways parted."""
        gone = list(others)
        common = {step.id for step in token.ancestors()}
        for other in gone:
            common &= {step.id for step in other.ancestors()}
        split = next(step for step in token.ancestors() if step.id in common)
        split._children.append(token.id)
        for loser in (*gone, token):
            parent = loser.origin
            parent._children.remove(loser.id)
            if loser is token:
                loser._parent = split.id
            else:
                self._forget([loser])
            self.settle(parent)
        self.journal.irrevocable |= bool(gone)

    def drop(self, token: Token) -> None:
        """End a token and all that came of it, with their open tasks and timers."""
        doomed = [token]
        for each in doomed:
            doomed.extend(each.children)
        for each in doomed:
            if each.node.opens_task and each._state == OPEN and not each.leaving:
                self.close(each, "cancelled")
        token.origin._children.remove(token.id)
        self._forget(doomed)

    def close(self, token: Token, reason: Closing) -> None:
        """Note that a user task does not wait any more."""
        self.journal.close(str(token.id), token.node.element.id, reason)

    def _forget(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            del self.tasks[token.id]
            self.scopes.close(token.id)
