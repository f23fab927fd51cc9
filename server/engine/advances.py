"""What one command did to an instance, told as an `Advance`: everything that stands now, and what changed."""

from __future__ import annotations

from dataclasses import dataclass

from server.engine import reports
from server.engine import state as states
from server.engine.model import Advance
from server.engine.spiff import WITHDRAWABLE, Instance, Token


@dataclass(frozen=True, slots=True)
class Standing:
    """The open tasks and armed timers that stood before a command: differences are told against it."""

    tasks: frozenset[int] = frozenset()
    timers: frozenset[int] = frozenset()


def standing(instance: Instance) -> Standing:
    """What stands now, before a command changes it."""
    tokens = instance.tasks.values()
    return Standing(
        frozenset(t.id for t in tokens if reports.is_open_task(t)),
        frozenset(t.id for t in tokens if reports.is_armed_timer(t)),
    )


def carry_out(instance: Instance, before: Standing, done: Token | None = None) -> Advance:
    """Move everything that needs nobody, and tell what happened. `done` is the task whose completion this
    was."""
    instance.advance()
    if done is not None and instance.journal.irrevocable and done.memo.pop(WITHDRAWABLE, False):
        instance.settle(done)
    return report(instance, before)


def report(instance: Instance, before: Standing, *, cancelled: bool = False) -> Advance:
    """Tell what happened since `before`."""
    timers, journal = reports.timers(instance), instance.journal
    gone = before.timers - {int(timer.token) for timer in timers}
    opened = [t for t in instance.tasks.values() if t.id not in before.tasks and reports.is_open_task(t)]
    return Advance(
        state=states.store(instance),
        opened=tuple(reports.user_task(token) for token in opened),
        closed=tuple(task for task in journal.closed if int(task.token) in before.tasks),
        evaluations=tuple(journal.evaluations),
        timers=timers,
        disarmed=tuple(str(token) for token in sorted(gone)),
        subscriptions=reports.subscriptions(instance),
        thrown=tuple(journal.thrown),
        steps=tuple(journal.steps),
        incidents=reports.incidents(instance),
        ended=reports.ended(instance, cancelled=cancelled),
        variables=dict(instance.scopes.own(instance.root.id)),
        external=reports.external_tasks(instance),
    )
