"""Instances (办件): starting and ending them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.engine import process
from server.engine.errors import EngineError
from server.engine.forms import Submission
from server.services import (
    carried_files,
    drafts,
    legal_status,
    predecessors,
    projects,
    recording,
    rehearsal,
    separation,
    single_use,
    starts,
    submissions,
)
from server.services.authorization import Person, denied, may_end
from server.services.case import Case, finish, hold
from server.services.deployed import Deployed
from server.services.entering import Opening, enter
from server.services.errors import NotFound, Refused
from server.services.projects import ProjectView
from server.services.starts import Matter
from server.services.submissions import Answers


@dataclass(frozen=True, slots=True)
class Started:
    """A new instance, and the first task its starter can do, if any."""

    instance_id: str
    business_key: str
    task_id: str | None


def start(
    session: Session, person: Person, process_key: str, now: datetime, answers: Answers | None = None,
    *, rehearsed: bool = False, trial: str = "",
) -> Started:  # fmt: skip
    """Begin a process for real, or as a rehearsal; a `trial` is the deployment of a draft that it rehearses.
    See `begin`."""
    return begin(session, person, Matter(process_key, rehearsed, trial), now, answers)


def begin(
    session: Session, person: Person, matter: Matter, now: datetime, answers: Answers | None = None
) -> Started:
    """Begin a case for a project of the person's unit, or for that unit where the schedule names a duty of
    units or of the installation, with the start form as it was filled (the kept draft unless `answers` are
    given). The first task is given to the starter if they may do it. A rehearsal begins on the day that the
    answers choose, with a project and a number of its own. What takes an ended case up again is about the
    same as that one and says why; StaleTask where somebody else took it up first."""
    used = matter.used(session, person)
    draft = drafts.kept(session, person, matter.draft)
    given: Answers = answers if answers is not None else (draft.pairs if draft else ())
    if used.manifest is None or matter.key not in used.manifest.processes:
        raise NotFound("process", matter.key)
    starts.may_begin(person, used, matter, now).require()
    ended = predecessors.held(session, person, matter.before, now) if matter.before else None
    _require_said(matter, given, now)
    at = matter.moment(given, now)
    submission = submissions.accept(starts.submission(session, person, used, matter, given, at))
    project = _project(session, person, used, matter, given, at)
    case = enter(session, person, used, _opening(used, matter, project, at), now)
    values, carried = _keep(case, used, matter, submission)
    told = _told(case, matter, project, given, now)
    if not matter.rehearsed:
        told |= legal_status.exception_of(used, matter.key, legal_status.day_of(now))
    seq = case.record.add("instance_started", values=values, **told)
    known = {**starts.about(person, project, matter.before), **matter.duty(used, at)}
    variables = {**known, "initiator": person.id, **values}
    if project:
        variables["project_name"] = project.name
    try:
        advance = process.start(used.model, matter.key, variables, case.at)
    except EngineError as error:
        raise Refused(error.finding) from error
    opened = recording.write_down(case, advance, seq)
    files = [*carried, *drafts.hand_over(session, person, matter.draft, case.id, values)]
    if files:
        case.record.add("materials_attached", files=files)
    task_id = _take_first(case, person, opened)
    finish(case)
    if ended is not None:
        predecessors.tie(ended, case, told["reason"])
    return Started(case.id, str(case.row["business_key"]), task_id)


def _require_said(matter: Matter, given: Answers, now: datetime) -> None:
    """What the page asks for beside the form: the day of a rehearsal, why a case is taken up again."""
    if matter.before:
        if not predecessors.reason_of(given):
            denied("Say why the case is taken up again.").require()
    elif matter.rehearsed and rehearsal.chosen_day(given, now) is None:
        denied("Choose the day of the rehearsal, for example 2026-03-05.").require()


def _opening(used: Deployed, matter: Matter, project: ProjectView | None, at: datetime) -> Opening:
    entry = used.manifest.processes[matter.key] if used.manifest else None
    assert entry is not None
    clock = at if matter.rehearsed else None
    if before := matter.before:
        project_id = project.id if project else None
        return Opening(entry, before.title, project_id, clock, before.unit_id, before.id)
    if project:
        return Opening(entry, project.name, project.id, clock, project.unit_id)
    title = f"{used.process(matter.key).name} {matter.duty(used, at)['period']}"
    return Opening(entry, title, None, clock)


def _keep(
    case: Case, used: Deployed, matter: Matter, sent: Submission
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Let the new case have what exists once, and the files of the case that it takes up again. Gives its
    answers, and what its record tells of these files."""
    form = starts.start_form(used, used.process(matter.key))
    if matter.before:
        single_use.take_over(case, matter.before.id, form, sent)
    single_use.keep(case, form, sent)
    if matter.before:
        return carried_files.take_over(case, matter.before.id, sent.values)
    return dict(sent.values), []


def _told(
    case: Case, matter: Matter, project: ProjectView | None, given: Answers, now: datetime
) -> dict[str, Any]:
    """How the record of a case begins."""
    told: dict[str, Any] = {
        "process": matter.key, "name": case.deployed.process(matter.key).name,
        "number": case.row["business_key"], "project": project.code if project else "",
    }  # fmt: skip
    if matter.rehearsed:
        told["rehearsed_on"] = now.isoformat()
    if before := matter.before:
        reopens = {"id": before.id, "number": before.number}
        told |= {"reopens": reopens, "reason": predecessors.reason_of(given)}
    return told


def _take_first(case: Case, person: Person, opened: list[dict[str, Any]]) -> str | None:
    """Give the first task that the starter may do to them; gives its id."""
    mine = next((task for task in opened if recording.candidate(person, task)), None)
    if mine is None or not separation.may_take(case, person, mine):
        return None
    recording.assign(case, mine, person)
    return str(mine["id"])


def _project(
    session: Session, person: Person, used: Deployed, matter: Matter, given: Answers, at: datetime
) -> ProjectView | None:
    """The project that the answers name, or the case `before` had; None for what is about none."""
    if matter.before:
        return matter.before.project
    if not matter.needs_project(used):
        return None
    every = starts.for_every_unit(person, used, matter.key)
    choice = starts.choice_of(given)
    return projects.choose(session, person, choice, at, rehearsed=matter.rehearsed, every=every)


def cancel(session: Session, person: Person, instance_id: str, reason: str, now: datetime) -> None:
    """终止: end a case without an outcome. Its starter may, or an admin; the reason is kept."""
    case = hold(session, person, instance_id, now)
    may_end(person, case.row["started_by"]).require()
    if case.row["status"] not in ("running", "incident"):
        denied("The case has ended already.").require()
    if not reason.strip():
        denied("Say why the case is ended.").require()
    seq = case.record.add("instance_cancelled", reason=reason)
    advance = process.cancel(case.deployed.model, case.key, case.state, case.at)
    recording.write_down(case, advance, seq)
    finish(case)
