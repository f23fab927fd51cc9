"""Cases in the sandbox: begun, told and worked on by whoever may deploy. No form is asked for, no post looked
at: what is tried here is the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.bundles.manifest import ProcessEntry
from server.engine import process
from server.engine.errors import EngineError
from server.engine.model import Advance
from server.services import recording, sandbox
from server.services.authorization import Person
from server.services.case import Case, finish, hold_of_task
from server.services.deployed import Deployed
from server.services.entering import Opening, enter
from server.services.errors import Refused, StaleTask
from server.services.instances import Started
from server.store.runtime import Task

_tasks = Task.metadata.tables["task"]


def start(
    session: Session, player: Person, used: Deployed, key: str, variables: Mapping[str, Any], now: datetime,
    *, title: str = "", start_event: str | None = None,
) -> Started:  # fmt: skip
    """Begin a case of a process with these variables. `player` is a person as they act in the sandbox."""
    definition = used.process(key)
    sandbox.take_turn(session)
    entry = ProcessEntry(key, definition.name, number=f"{key}-{{n}}")
    case = enter(session, player, used, Opening(entry, title[:200] or definition.name, None), now)
    number = str(case.row["business_key"])
    told = {"process": key, "name": definition.name, "number": number}
    seq = case.record.add("instance_started", values=dict(variables), **told)
    opened = _move(
        case,
        seq,
        lambda: process.start(used.model, key, variables, case.at, start_event=start_event),
    )
    return Started(case.id, number, opened[0]["id"] if opened else None)


def claim(session: Session, player: Person, task_id: str, now: datetime) -> None:
    """Take a task that nobody holds."""
    case, row = _open(session, player, task_id, now)
    if row["assignee_id"] == player.id:
        return
    if row["assignee_id"] is not None:
        raise StaleTask(task_id, row["status"], at=row["claimed_at"], instance_id=case.id)
    recording.assign(case, row, player)
    case.record.add("task_claimed", row["element"], task_id)
    finish(case)


def release(session: Session, player: Person, task_id: str, now: datetime) -> None:
    """Put a task back."""
    case, row = _open(session, player, task_id, now)
    recording.assign(case, row, None)
    case.record.add("task_released", row["element"], task_id)
    finish(case)


def complete(
    session: Session, player: Person, task_id: str, variables: Mapping[str, Any], now: datetime
) -> None:
    """Do a task, whoever holds it, with these variables."""
    case, row = _open(session, player, task_id, now)
    told = {"name": row["name"], "outcome": None, "values": dict(variables)}
    seq = case.record.add("task_completed", row["element"], task_id, **told)
    place = (case.deployed.model, case.key, case.state, row["token"])
    _move(case, seq, lambda: process.complete(*place, variables, case.at))


def _open(session: Session, player: Person, task_id: str, now: datetime) -> tuple[Case, dict[str, Any]]:
    case = hold_of_task(session, player, task_id, now)
    query = _tasks.select().where(_tasks.c.tenant_id == player.tenant_id, _tasks.c.id == task_id)
    row = dict(session.execute(query).mappings().one())
    if row["status"] != "open":
        raise StaleTask(task_id, row["status"], instance_id=case.id)
    return case, row


def _move(case: Case, cause: int, step: Callable[[], Advance]) -> list[dict[str, Any]]:
    try:
        advance = step()
    except EngineError as error:
        raise Refused(error.finding) from error
    opened = recording.write_down(case, advance, cause)
    finish(case)
    return opened
