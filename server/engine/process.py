"""The front door of the engine: every command a process instance obeys, and what can be asked about it.

All functions are pure: a deployment (`Model`), the stored state and the `Moment` go in, an `Advance` comes
out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from server.engine import reports
from server.engine import state as states
from server.engine.advances import Standing, carry_out, report, standing
from server.engine.definitions import compiled
from server.engine.errors import (
    NotWithdrawable,
    ReturnNotDrawn,
    ReturnNotVisited,
    SignersFirst,
    TooLateToWithdraw,
    UnknownToken,
)
from server.engine.model import (
    NOTHING,
    Advance,
    ExternalTask,
    Model,
    Moment,
    Position,
    Subscription,
    UserTask,
    Variables,
)
from server.engine.nodes import external, multi_instance, signatures
from server.engine.nodes.activities import correct
from server.engine.nodes.signatures import Signature
from server.engine.nodes.sub_processes import begin_scope
from server.engine.scopes import Scopes
from server.engine.spiff import BROUGHT, OPEN, WITHDRAWABLE, Instance, Token

RETURN_REASON = "return_reason"
"""The variable that says why a case was returned, while that is being corrected."""


# --------------------------------------------------------------------------- what workers send
@dataclass(frozen=True, slots=True)
class Results:
    """What a worker found out: `variables` for the case, `local` ones only for the task's output mappings."""

    variables: Variables = field(default_factory=dict)
    local: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkError:
    """An error of the matter that a worker met: the code by which the diagram catches it."""

    code: str
    message: str = ""
    variables: Variables = field(default_factory=dict)


# --------------------------------------------------------------------------- commands
def start(
    model: Model, process_id: str, variables: Variables, at: Moment, *, start_event: str | None = None
) -> Advance:
    """Start an instance with these variables. Raises UnknownProcess, UnknownStart."""
    definitions = compiled(model)
    spec = definitions.process(process_id)
    first = spec.start_event(start_event)
    instance = Instance(spec, definitions, Scopes(), at)
    instance.task_tree = root = Token(instance, spec.root, None, 0, state=OPEN)
    instance.scopes.open(root.id, None, "process", variables)
    begin_scope(root, spec, "", first)
    return carry_out(instance, Standing())


def complete(
    model: Model, process_id: str, state: bytes, token: str, variables: Variables, at: Moment
) -> Advance:
    """A person has done a user task and left these variables. Where others are to sign after it, they are
    asked now and the case goes on when they agree. Raises UnknownToken, SignersFirst."""
    instance = _load(model, process_id, state, at)
    task = _open_task(instance, token)
    if asked := signatures.pending(task):
        names = "、".join(signature.memo[signatures.ASKED]["name"] for signature in asked)
        raise SignersFirst(element=task.node.element.id, name=task.node.element.name, names=names)
    before = standing(instance)
    _touch(task)
    brought = {BROUGHT: task.memo[BROUGHT]} if BROUGHT in task.memo else {}
    if brought:
        instance.scopes.write(task.scope, {RETURN_REASON: None})
    instance.scopes.write(task.view, variables)
    instance.close(task, "completed")
    if _may_be_withdrawn(task):
        task.memo |= {WITHDRAWABLE: True, **brought}
        multi_instance.sent(task)
    if not signatures.begin_after(task):
        task.go_on()
    return carry_out(instance, before, task)


def fire(model: Model, process_id: str, state: bytes, token: str, at: Moment) -> Advance:
    """The moment of an armed timer has come. Raises UnknownToken."""
    instance = _load(model, process_id, state, at)
    timer = _find(instance, token)
    if not reports.is_armed_timer(timer):
        raise UnknownToken(token=token)
    return _happen(instance, timer, NOTHING)


def deliver(
    model: Model, process_id: str, state: bytes, token: str, payload: Variables, at: Moment
) -> Advance:
    """A message or signal has come for one of the subscriptions. Raises UnknownToken."""
    instance = _load(model, process_id, state, at)
    waiting = _find(instance, token)
    if reports.awaited(waiting) is None:
        raise UnknownToken(token=token)
    return _happen(instance, waiting, payload)


def finish_work(
    model: Model, process_id: str, state: bytes, token: str, results: Results, at: Moment
) -> Advance:
    """A worker has done an external task. Raises UnknownToken."""
    instance = _load(model, process_id, state, at)
    task = _find_work(instance, token)
    before = standing(instance)
    _touch(task)
    external.done(task, results.variables, results.local)
    return carry_out(instance, before)


def fail_work(model: Model, process_id: str, state: bytes, token: str, reason: str, at: Moment) -> Advance:
    """A worker gives an external task up: it stands still with its reason, until `retry`. Raises
    UnknownToken."""
    instance = _load(model, process_id, state, at)
    task = _find_work(instance, token)
    before = standing(instance)
    external.failed(task, reason)
    return carry_out(instance, before)


def report_error(
    model: Model, process_id: str, state: bytes, token: str, error: WorkError, at: Moment
) -> Advance:
    """A worker reports an error of the matter: the nearest event that catches its code goes on; where none
    does the step stands still. Raises UnknownToken."""
    instance = _load(model, process_id, state, at)
    task = _find_work(instance, token)
    before = standing(instance)
    _touch(task)
    external.error(task, error.code, error.message, error.variables)
    return carry_out(instance, before)


def return_to(
    model: Model, process_id: str, state: bytes, token: str, element: str, variables: Variables, at: Moment,
    *, straight: bool = False,
) -> Advance:  # fmt: skip
    """Return an open task to an earlier step (退回): what came of that step ends and it opens again. With
    `straight` only the task waits meanwhile: the earlier step opens beside it, and when it is done the task
    opens anew; what lies between is not passed again and nothing else ends. Of the variables that come along
    the reason, `return_reason`, is null again when the step, a task, has been done.

    Raises UnknownToken; ReturnNotDrawn or ReturnNotVisited, each with its reason.
    """
    instance = _load(model, process_id, state, at)
    task = _open_task(instance, token)
    if element not in _drawn_returns(task):
        raise ReturnNotDrawn(element=task.node.element.id, target=element)
    target = next((step for step in _way_back(task) if step.node.element.id == element), None)
    if target is None:
        raise ReturnNotVisited(element=task.node.element.id, target=element)
    before = standing(instance)
    _touch(task)
    instance.close(task, "returned")
    if straight:
        anew = correct(task, target)
    else:
        task.leaving = True
        anew = _reopen(target)
    _bring(anew, variables)
    return carry_out(instance, before)


def withdraw(model: Model, process_id: str, state: bytes, token: str, at: Moment) -> Advance:
    """The sender takes back a completed user task (撤回): what came of it ends and it opens again. In a joint
    sign that goes on the round of its sender does, and the others stay as they are.

    Raises NotWithdrawable or TooLateToWithdraw, each with its reason.
    """
    instance = _load(model, process_id, state, at)
    if whole := next((t for t in instance.tasks.values() if token in multi_instance.revocable(t)), None):
        return _take_back_round(instance, whole, token)
    task = instance.token(token)
    if task is None or not (task.finished or signatures.awaits(task)):
        raise TooLateToWithdraw(token=token)
    if task.node.element.properties.get(WITHDRAWABLE) != "true":
        raise NotWithdrawable(element=task.node.element.id)
    if WITHDRAWABLE not in task.memo:
        raise TooLateToWithdraw(token=token, element=task.node.element.id)
    before = standing(instance)
    brought = {RETURN_REASON: task.memo[BROUGHT]} if BROUGHT in task.memo else {}
    _touch(task)
    if task.finished:
        _bring(_reopen(task), brought)
    else:
        signatures.take_back(task)
        del task.memo[WITHDRAWABLE]
    return carry_out(instance, before)


def _take_back_round(instance: Instance, whole: Token, token: str) -> Advance:
    before = standing(instance)
    cast("multi_instance.MultiInstance", whole.node).take_back(whole, token)
    _touch(whole)
    return carry_out(instance, before)


def retry(
    model: Model, process_id: str, state: bytes, token: str, at: Moment, variables: Variables | None = None
) -> Advance:
    """Try a step that stands still once more, with corrected variables if given. Raises UnknownToken."""
    instance = _load(model, process_id, state, at)
    failed = _find(instance, token)
    if not failed.failed:
        raise UnknownToken(token=token)
    before = standing(instance)
    _touch(failed)
    instance.scopes.write(failed.view, variables or {})
    failed._ready()
    return carry_out(instance, before)


def cancel(model: Model, process_id: str, state: bytes, at: Moment) -> Advance:
    """End an instance without an outcome (终止). Raises UnknownToken if it is over already."""
    instance = _load(model, process_id, state, at)
    if instance.completed:
        raise UnknownToken(token="")
    before = standing(instance)
    for child in instance.root.children:
        instance.drop(child)
    instance.completed = True
    return report(instance, before, cancelled=True)


# --------------------------------------------------------------------------- questions
def positions(model: Model, process_id: str, state: bytes) -> tuple[Position, ...]:
    """Where the instance stands."""
    return reports.positions(_load(model, process_id, state, None))


def open_tasks(model: Model, process_id: str, state: bytes) -> tuple[UserTask, ...]:
    """The tasks that wait for a person."""
    return reports.open_tasks(_load(model, process_id, state, None))


def subscriptions(model: Model, process_id: str, state: bytes) -> tuple[Subscription, ...]:
    """The messages and signals that are waited for."""
    return reports.subscriptions(_load(model, process_id, state, None))


def external_tasks(model: Model, process_id: str, state: bytes) -> tuple[ExternalTask, ...]:
    """The work that waits for workers outside, with the variables it sees."""
    return reports.external_tasks(_load(model, process_id, state, None), with_variables=True)


def variables_of(model: Model, process_id: str, state: bytes) -> dict[str, Any]:
    """The variables of the process itself (those of sub-processes and rounds are seen in their tasks)."""
    return states.variables(state)


def returns(model: Model, process_id: str, state: bytes, token: str) -> tuple[str, ...]:
    """The steps to which an open task can be returned now, nearest first. Raises UnknownToken."""
    task = _open_task(_load(model, process_id, state, None), token)
    drawn = _drawn_returns(task)
    found = dict.fromkeys(step.node.element.id for step in _way_back(task))
    return tuple(element for element in found if element in drawn)


def withdrawable(model: Model, process_id: str, state: bytes) -> tuple[str, ...]:
    """The tokens of completed tasks that their senders may still take back."""
    instance = _load(model, process_id, state, None)
    sent = (t for t in instance.tasks.values() if t.finished or signatures.awaits(t))
    rounds = (name for token in instance.tasks.values() for name in multi_instance.revocable(token))
    return (*(str(token.id) for token in sent if WITHDRAWABLE in token.memo), *rounds)


# --------------------------------------------------------------------------- finding tokens
def _load(model: Model, process_id: str, state: bytes, at: Moment | None) -> Instance:
    return states.restore(compiled(model), process_id, state, at)


def _find(instance: Instance, token: str) -> Token:
    found = instance.token(token)
    if found is None or instance.completed:
        raise UnknownToken(token=token)
    return found


def _find_work(instance: Instance, token: str) -> Token:
    found = _find(instance, token)
    if not external.is_waiting(found):
        raise UnknownToken(token=token)
    return found


def _open_task(instance: Instance, token: str) -> Token:
    found = _find(instance, token)
    if not reports.is_open_task(found):
        raise UnknownToken(token=token)
    return found


# --------------------------------------------------------------------------- going back
def _drawn_returns(task: Token) -> set[str]:
    """Where the diagram lets a task be returned to: its own property, and those of the activities around
    it. Who only signs beside a task returns nothing."""
    if isinstance(task.node, Signature):
        return set()
    return {element for step in (task, *task.containers()) for element in step.node.element.return_to}


def _way_back(task: Token) -> list[Token]:
    return [step for step in task.ancestors() if step.finished]


def _reopen(step: Token) -> Token:
    """Put a fresh token where a finished one stands and end everything that came of the finished one."""
    anew = step.instance.spawn(step.origin, step.node, step.scope)
    step.instance.drop(step)
    return anew


def _bring(step: Token, variables: Variables) -> None:
    """Hand what belongs to a return to the step that is done again for it."""
    step.instance.scopes.write(step.scope, variables)
    if RETURN_REASON in variables:
        step.memo[BROUGHT] = variables[RETURN_REASON]


def _may_be_withdrawn(task: Token) -> bool:
    return task.node.element.properties.get(WITHDRAWABLE) == "true"


def _touch(token: Token) -> None:
    """Someone acts on a token: what led to it can no longer be withdrawn."""
    for step in list(token.ancestors()):
        multi_instance.touch(step)
        if step.memo.pop(WITHDRAWABLE, False):
            step.memo.pop(BROUGHT, None)
            step.instance.settle(step)


def _happen(instance: Instance, token: Token, payload: Mapping[str, Any]) -> Advance:
    before = standing(instance)
    _touch(token)
    token.node.fire(token, payload)
    return carry_out(instance, before)
