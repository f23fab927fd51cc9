"""Instances (办件): starting and ending them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from server.engine import process
from server.engine.errors import EngineError
from server.services import (
    drafts,
    projects,
    recording,
    rehearsal,
    schedules,
    separation,
    single_use,
    starts,
    submissions,
)
from server.services.authorization import Person, denied
from server.services.case import finish, hold
from server.services.deployed import Deployed
from server.services.entering import Opening, enter
from server.services.errors import NotFound, Refused
from server.services.projects import ProjectView
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
    """Start a process for a project of the person's unit, or for that unit where the schedule names a duty of
    units or of the installation, with the start form as it was filled (the kept draft unless `answers` are
    given). The first task is given to the starter if they may do it. A rehearsal begins on the day that the
    answers choose, with a project and a number of its own; a `trial` is the deployment of a draft that it
    rehearses."""
    matter = starts.Matter(process_key, rehearsed, trial)
    used = matter.used(session, person)
    definition = used.process(process_key)
    draft = drafts.kept(session, person, matter.draft)
    given: Answers = answers if answers is not None else (draft.pairs if draft else ())
    entry = used.manifest.processes.get(process_key) if used.manifest else None
    if entry is None:
        raise NotFound("process", process_key)
    starts.may_begin(person, used, matter, now).require()
    if rehearsed and rehearsal.chosen_day(given, now) is None:
        denied("Choose the day of the rehearsal, for example 2026-03-05.").require()
    at = matter.moment(given, now)
    submission = submissions.accept(starts.submission(session, person, used, matter, given, at))
    project = _project(session, person, used, matter, given, at)
    duty = schedules.by_hand(used, process_key, at)
    title = project.name if project else f"{definition.name} {duty['period']}"
    about = (project.id, project.unit_id) if project else (None, "")
    opening = Opening(entry, title, about[0], at if rehearsed else None, about[1])
    case = enter(session, person, used, opening, now)
    single_use.keep(case, starts.start_form(used, definition), submission)
    business_key = str(case.row["business_key"])
    told = {"process": process_key, "name": definition.name, "number": business_key}
    told["project"] = project.code if project else ""
    if rehearsed:
        told["rehearsed_on"] = now.isoformat()
    seq = case.record.add("instance_started", values=submission.values, **told)
    known = projects.known(project, person) if project else projects.unit_of(person)
    variables = {**known, **duty, "initiator": person.id, **submission.values}
    if project:
        variables["project_name"] = project.name
    try:
        advance = process.start(used.model, process_key, variables, case.at)
    except EngineError as error:
        raise Refused(error.finding) from error
    opened = recording.write_down(case, advance, seq)
    if files := drafts.hand_over(session, person, matter.draft, case.id, submission.values):
        case.record.add("materials_attached", files=files)
    mine = next((task for task in opened if recording.candidate(person, task)), None)
    if mine is not None and not separation.may_take(case, person, mine):
        mine = None
    if mine is not None:
        recording.assign(case, mine, person)
    finish(case)
    return Started(case.id, business_key, mine["id"] if mine else None)


def _project(
    session: Session, person: Person, used: Deployed, matter: starts.Matter, given: Answers, at: datetime
) -> ProjectView | None:
    """The project that the answers name; None for what is about none."""
    if not schedules.needs_project(used, matter.key):
        return None
    every = starts.for_every_unit(person, used, matter.key)
    choice = starts.choice_of(given)
    return projects.choose(session, person, choice, at, rehearsed=matter.rehearsed, every=every)


def cancel(session: Session, person: Person, instance_id: str, reason: str, now: datetime) -> None:
    """终止: end a case without an outcome. Its starter may, or an admin; the reason is kept."""
    case = hold(session, person, instance_id, now)
    if case.row["started_by"] != person.id and not person.has("admin"):
        denied("Only the person who started the case, or an administrator, may end it.").require()
    if case.row["status"] not in ("running", "incident"):
        denied("The case has ended already.").require()
    if not reason.strip():
        denied("Say why the case is ended.").require()
    seq = case.record.add("instance_cancelled", reason=reason)
    advance = process.cancel(case.deployed.model, case.key, case.state, case.at)
    recording.write_down(case, advance, seq)
    finish(case)
