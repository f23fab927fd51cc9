"""Work for programs in a rehearsal: no program ever gets it, so whoever leads the rehearsal says what came of
it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.engine import process
from server.engine.errors import EngineError
from server.engine.model import Advance
from server.engine.process import Results, WorkError
from server.services import handed_out, recording, rehearsal
from server.services.authorization import Person
from server.services.case import Case, finish, hold
from server.services.errors import Refused, StaleTask
from server.services.handed_out import Work

WORKER = "rehearsal"
"""The name under which the record tells it."""


def done(
    session: Session, person: Person, instance_id: str, token: str, results: Mapping[str, Any], now: datetime
) -> None:
    """The work is done, with these results."""
    case, work = _hold(session, person, instance_id, token, now)
    told: dict[str, Any] = {"topic": work.topic, "worker": WORKER, "values": dict(results)}
    seq = case.record.add("work_done", work.element, name=_name(case, work), **told)
    place = (case.deployed.model, case.key, case.state, token)
    _move(case, seq, lambda: process.finish_work(*place, Results(results), case.at))


def refused(session: Session, person: Person, instance_id: str, token: str, code: str, now: datetime) -> None:
    """The program met an error of the matter with this code."""
    case, work = _hold(session, person, instance_id, token, now)
    told = {"topic": work.topic, "worker": WORKER, "code": code, "reason": ""}
    seq = case.record.add("error_reported", work.element, name=_name(case, work), **told)
    place = (case.deployed.model, case.key, case.state, token)
    _move(case, seq, lambda: process.report_error(*place, WorkError(code), case.at))


def _hold(session: Session, person: Person, instance_id: str, token: str, now: datetime) -> tuple[Case, Work]:
    case = hold(session, person, instance_id, now)
    rehearsal.may_lead(person, case.row).require()
    for work in handed_out.of_case(session, person.tenant_id, instance_id):
        if work.token == token:
            return case, work
    raise StaleTask("", "moved", instance_id=instance_id)


def _name(case: Case, work: Work) -> str:
    return case.deployed.model.processes[work.process_key].nodes[work.element].name


def _move(case: Case, cause: int, step: Callable[[], Advance]) -> None:
    try:
        advance = step()
    except EngineError as error:
        raise Refused(error.finding) from error
    recording.write_down(case, advance, cause)
    finish(case)
