"""What workers say of the work they hold: it is done, it failed, it met an error, it takes longer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from server.engine import process
from server.engine.errors import EngineError
from server.engine.model import Advance
from server.engine.process import Results, WorkError
from server.services import recording
from server.services.authorization import Person
from server.services.case import Case, finish, hold
from server.services.errors import Refused, WorkNotHeld
from server.services.fetching import LONGEST_LOCK
from server.services.handed_out import Work, find, one, with_case
from server.store.machines import ExternalTask

_work = ExternalTask.metadata.tables["external_task"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker says: under which name, and what it found."""

    worker: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    local: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a worker could not do its task, how often it may be tried again (0: it stands still), and when."""

    worker: str
    message: str
    details: str
    retries: int
    pause: timedelta


# --------------------------------------------------------------------------- what workers say
def complete(
    session: Session, actors: Sequence[Person], task_id: str, outcome: Outcome, now: datetime
) -> None:
    """The work is done: the case goes on with what the worker found out."""
    case, work = _hold(session, actors, task_id, outcome.worker, now)
    told: dict[str, Any] = {"topic": work.topic, "worker": outcome.worker, "values": dict(outcome.variables)}
    seq = case.record.add("work_done", work.element, name=_name(case, work), **told)
    results = Results(outcome.variables, outcome.local)
    _move(case, seq, lambda: process.finish_work(*_place(case), work.token, results, case.at))


def fail(session: Session, actors: Sequence[Person], task_id: str, failure: Failure, now: datetime) -> None:
    """A worker could not do its task. While it has retries left it is offered again after a pause; with none
    it stands still until an administrator lets it try again."""
    case, work = _hold(session, actors, task_id, failure.worker, now)
    told: dict[str, Any] = {
        "topic": work.topic,
        "worker": failure.worker,
        "reason": failure.message,
        "retries": failure.retries,
    }
    seq = case.record.add("work_failed", work.element, name=_name(case, work), **told)
    noted = {
        "error_message": failure.message[:1000], "error_details": failure.details[:20_000],
        "retries": failure.retries, "locked_until": now + min(failure.pause, LONGEST_LOCK),
    }  # fmt: skip
    _write(session, work, noted)
    if failure.retries > 0:
        finish(case)
        return
    reason = failure.message[:500] or "?"
    _move(case, seq, lambda: process.fail_work(*_place(case), work.token, reason, case.at))


def report_error(
    session: Session, actors: Sequence[Person], task_id: str, worker: str, error: WorkError, now: datetime
) -> None:
    """The worker met an error of the matter: the event of the diagram that catches its code goes on."""
    case, work = _hold(session, actors, task_id, worker, now)
    told: dict[str, Any] = {
        "topic": work.topic,
        "worker": worker,
        "code": error.code,
        "reason": error.message,
    }
    values = dict(error.variables)
    seq = case.record.add("error_reported", work.element, name=_name(case, work), values=values, **told)
    _move(case, seq, lambda: process.report_error(*_place(case), work.token, error, case.at))


def extend(
    session: Session, actors: Sequence[Person], task_id: str, worker: str, lock: timedelta, now: datetime
) -> None:
    """Hold a task longer. WorkNotHeld where the lock has passed or is another worker's."""
    work = _locked(session, actors, task_id)
    _require_held(work, worker)
    if work.locked_until is None or work.locked_until <= now:
        raise WorkNotHeld(task_id, worker, work.worker_id or "", expired=True)
    _write(session, work, {"locked_until": now + min(lock, LONGEST_LOCK)})


def lock(
    session: Session, actors: Sequence[Person], task_id: str, worker: str, lock: timedelta, now: datetime
) -> None:
    """Hold one task by its id. WorkNotHeld while another worker has it."""
    work = _locked(session, actors, task_id)
    if work.locked_until is not None and work.locked_until > now and work.worker_id != worker:
        raise WorkNotHeld(task_id, worker, work.worker_id or "")
    _write(session, work, {"worker_id": worker, "locked_until": now + min(lock, LONGEST_LOCK)})


def unlock(session: Session, actors: Sequence[Person], task_id: str) -> None:
    """Give a task back, whoever holds it."""
    _write(session, _locked(session, actors, task_id), {"worker_id": None, "locked_until": None})


def set_retries(
    session: Session, actors: Sequence[Person], task_id: str, retries: int, now: datetime
) -> None:
    """Let a task be tried so many times more; one that stands still goes on waiting for a worker."""
    work = one(session, actors, task_id)
    case = hold(session, _actor(actors, work), work.instance_id, now)
    work = _locked(session, actors, task_id)
    if work.retries == 0 and retries > 0:
        seq = case.record.add("incident_retried", work.element)
        _move(case, seq, lambda: process.retry(*_place(case), work.token, case.at))
    _write(session, work, {"retries": retries} if retries > 0 else {})


# --------------------------------------------------------------------------- one task, held
def _locked(session: Session, actors: Collection[Person], task_id: str) -> Work:
    query = with_case().where(_work.c.id == task_id).with_for_update(of=_work)
    return find(session, actors, query, task_id)


def _hold(
    session: Session, actors: Sequence[Person], task_id: str, worker: str, now: datetime
) -> tuple[Case, Work]:
    """The case of a task, then the task, each as the command before left it."""
    work = one(session, actors, task_id)
    case = hold(session, _actor(actors, work), work.instance_id, now)
    work = _locked(session, actors, task_id)
    _require_held(work, worker)
    return case, work


def _actor(actors: Sequence[Person], work: Work) -> Person:
    return next(actor for actor in actors if actor.tenant_id == work.tenant_id)


def _require_held(work: Work, worker: str) -> None:
    if work.worker_id is None or work.worker_id != worker:
        raise WorkNotHeld(work.id, worker, work.worker_id or "")


def _place(case: Case) -> tuple[Any, str, bytes]:
    return case.deployed.model, case.key, case.state


def _name(case: Case, work: Work) -> str:
    return case.deployed.model.processes[work.process_key].nodes[work.element].name


def _write(session: Session, work: Work, values: Mapping[str, Any]) -> None:
    if values:
        where = (_work.c.tenant_id == work.tenant_id, _work.c.id == work.id)
        session.execute(_work.update().where(*where).values(values))


def _move(case: Case, cause: int, step: Callable[[], Advance]) -> None:
    try:
        advance = step()
    except EngineError as error:
        raise Refused(error.finding) from error
    recording.write_down(case, advance, cause)
    finish(case)
