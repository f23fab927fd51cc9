"""One act on many tasks at once: each is done, or refused, by itself, and says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.forms import Form, Kind, Pair
from server.engine.model import Advance
from server.services import reassigning, tasks
from server.services.authorization import Person, denied
from server.services.errors import InvalidSubmission, NotFound, NotPermitted, Refused, ServiceError, StaleTask
from server.services.tasks import TaskView
from server.store.database import part
from server.store.runtime import ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
MOST = 50
"""Tasks of one act."""
SHORT = 12
"""Fields of a form that can be filled once for many tasks."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A task that somebody ticked, as it stands now."""

    id: str
    name: str
    business_key: str
    title: str
    revision: int
    process_key: str
    element: str
    deployment_id: str
    instance_id: str
    holder_id: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one task: `problem` is what stopped it, None where it was done. `advance` is what
    sending it would do, where that was asked."""

    task: Picked
    problem: ServiceError | None = None
    advance: Advance | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """Tasks that one form can do: the first of them as its page shows it, what all cases have in common, and
    the names of those for whom the person acts in some of them."""

    picked: tuple[Picked, ...]
    task: TaskView
    variables: dict[str, Any]
    acting_for: tuple[str, ...] = ()


def pick(session: Session, person: Person, ids: Sequence[str]) -> list[Picked]:
    """The open tasks among those ticked, in their order; others are gone."""
    t, i = _tasks.c, _instances.c
    query = (
        sa.select(
            t.id, t.name, i.business_key, i.title, t.revision, i.process_key, t.element, i.deployment_id,
            t.instance_id, t.assignee_id,
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .where(t.tenant_id == person.tenant_id, t.status == "open", t.id.in_(list(ids)[:MOST]))
    )  # fmt: skip
    found = {row[0]: Picked(*row) for row in session.execute(query)}
    return [found[task_id] for task_id in dict.fromkeys(ids) if task_id in found]


def claim(session: Session, person: Person, ids: Sequence[str], now: datetime) -> list[Result]:
    """签收 each."""
    return _each(session, pick(session, person, ids), lambda one: tasks.claim(session, person, one.id, now))


def release(session: Session, person: Person, ids: Sequence[str], now: datetime) -> list[Result]:
    """退签 each."""
    return _each(session, pick(session, person, ids), lambda one: tasks.release(session, person, one.id, now))


def reassign(
    session: Session, person: Person, picked: Sequence[Picked], to: str, reason: str, now: datetime
) -> list[Result]:
    """转办 each, as the page showed it, to one person."""
    return _each(
        session, picked,
        lambda one: reassigning.reassign(session, person, one.id, one.revision, to, reason, now),
    )  # fmt: skip


def alike(session: Session, person: Person, ids: Sequence[str], now: datetime) -> Alike:
    """What one form can do at once. NotPermitted unless all are the same step of the same process and
    version, with a short form and no files, and the person may act on the first."""
    picked = pick(session, person, ids)
    if len(picked) < 2:
        denied("Tick at least two tasks that are still open.").require()
    if len({(one.process_key, one.element, one.deployment_id) for one in picked}) > 1:
        denied("These tasks are not alike. Tick tasks of one step of one process only.").require()
    views = [tasks.view(session, person, one.id, now) for one in picked]
    views[0].act.require()
    if not is_short(views[0].form):
        denied("This form is too long, or asks for files: each case needs its own.").require()
    return Alike(
        tuple(picked),
        views[0],
        _common([view.variables for view in views]),
        tuple(dict.fromkeys(view.acting_for for view in views if view.acting_for)),
    )


def is_short(form: Form | None) -> bool:
    """Whether a form can be filled once for many tasks."""
    if form is None:
        return True
    long = {Kind.FILES, Kind.LIST}
    return len(form.fields) <= SHORT and not any(field.kind in long for field in form.fields)


def check(
    session: Session, person: Person, group: Alike, answers: Sequence[Pair], now: datetime
) -> list[Result]:
    """What sending the answers would do to each: a dry run."""
    return [_checked(session, person, one, answers, now) for one in group.picked]


def complete(
    session: Session, person: Person, picked: Sequence[Picked], answers: Sequence[Pair], now: datetime
) -> list[Result]:
    """办理 each, as the page showed it, with the same answers."""
    return _each(
        session, picked, lambda one: tasks.complete(session, person, one.id, one.revision, now, answers)
    )


def _checked(session: Session, person: Person, one: Picked, answers: Sequence[Pair], now: datetime) -> Result:
    try:
        advance = tasks.would_do(session, person, one.id, answers, now).advance
    except (NotPermitted, StaleTask, NotFound, InvalidSubmission, Refused) as problem:
        return Result(one, problem)
    return Result(one, None, advance)


def _each(session: Session, picked: Sequence[Picked], act: Callable[[Picked], object]) -> list[Result]:
    """Act on each by itself; what one of them wrote before it was refused is undone. Cases are locked in one
    order, so that two batches at once never wait for each other."""
    done: dict[str, Result] = {}
    for one in sorted(picked, key=lambda found: (found.instance_id, found.id)):
        try:
            with part(session):
                act(one)
            done[one.id] = Result(one)
        except (NotPermitted, StaleTask, NotFound, InvalidSubmission, Refused) as problem:
            done[one.id] = Result(one, problem)
    return [done[one.id] for one in picked]


def _common(seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all cases know alike: a shared form shows nothing that is true for one of them only."""
    first, *others = seen
    return {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }
