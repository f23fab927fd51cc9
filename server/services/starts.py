"""Beginning the right matter: what a person may start, the start form, its draft, and what would happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.bundles.manifest import ProcessEntry
from server.engine import process
from server.engine.errors import EngineError
from server.engine.forms import Form, Pair, Submission
from server.engine.model import EventKind, ProcessDefinition
from server.services import (
    calendars,
    deployed,
    drafts,
    faster,
    legal_status,
    predecessors,
    projects,
    rehearsal,
    schedules,
    single_use,
    submissions,
    trials,
)
from server.services.authorization import Person, Verdict, denied, may_begin_for_all, may_deploy, may_start
from server.services.deployed import Deployed
from server.services.errors import Refused
from server.services.predecessors import REASON, Predecessor, Standing
from server.services.projects import Choice, ProjectView
from server.services.submissions import Answers
from server.services.tasks import Preview

PROJECT_FIELDS = ("project_id", "project_name")


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to begin: a process, for real or as a rehearsal; `trial` is the deployment of a rehearsal of
    what is not in use yet, "" for the one in use. `before` is the ended case that it takes up again."""

    key: str
    rehearsed: bool = False
    trial: str = ""
    before: Predecessor | None = None

    @property
    def draft(self) -> str:
        """The key of its draft, and of the files that belong to it."""
        if self.before:
            return self.before.draft
        return f"{'rehearse' if self.rehearsed else 'start'}:{self.key}"

    def used(self, session: Session, person: Person) -> Deployed:
        """The deployment by which it goes."""
        if self.trial and self.rehearsed:
            return trials.of(session, person, self.trial)
        return deployed.active(session, person.tenant_id)

    def moment(self, answers: Answers, now: datetime) -> datetime:
        """When it begins: now, or nine o'clock of the day chosen for a rehearsal. What takes a rehearsal up
        again begins where its clock stands."""
        if self.before:
            return self.before.rehearsal_at or now
        day = rehearsal.chosen_day(answers, now) if self.rehearsed else None
        return rehearsal.opening(day) if day else now

    def needs_project(self, used: Deployed) -> bool:
        """Whether somebody has to name a project: what takes a case up again is about the same."""
        return self.before is None and schedules.needs_project(used, self.key)

    def duty(self, used: Deployed, at: datetime) -> Mapping[str, Any]:
        """What it knows of the duty that it fulfils."""
        return self.before.about if self.before else schedules.by_hand(used, self.key, at)


@dataclass(frozen=True, slots=True)
class Startable:
    """A process of the catalogue, whether this person may start it, and whether rehearse it."""

    key: str
    entry: ProcessEntry
    documentation: str
    starters: tuple[str, ...]
    verdict: Verdict
    rehearsal: Verdict
    has_draft: bool


@dataclass(frozen=True, slots=True)
class StartView:
    """A start page: the process, its form, the projects to choose from, and the draft. `variables` are what
    the form sees: the chosen project's facts and header. `replaces_draft` says that what is kept is about
    another project than the one this page was opened for, and goes when this one is kept. `before` is the
    ended case that is taken up again, whose application fills the form while there is no draft, and `stands`
    what remains of it."""

    key: str
    name: str
    documentation: str
    regulation: tuple[str, ...]
    form: Form | None
    variables: dict[str, Any]
    projects: tuple[ProjectView, ...]
    choice: Choice
    draft: drafts.Kept | None
    rehearsal_at: datetime | None = None
    replaces_draft: bool = False
    needs_project: bool = True
    before: Predecessor | None = None
    stands: Standing | None = None

    @property
    def asks_day(self) -> bool:
        """Whether a day is to be chosen: a rehearsal that takes up another goes on where its clock stands."""
        return self.rehearsal_at is not None and self.before is None

    @property
    def form_names_project(self) -> bool:
        """Whether the form itself asks for the name of a new project; otherwise the page must, if the case is
        about one."""
        fields = self.form.fields if self.form else ()
        return any(field.key == "project_name" and not field.auto for field in fields)


def catalogue(session: Session, person: Person, now: datetime) -> list[Startable]:
    """The processes of the active deployment that are started by people, in the order of the manifest."""
    used = deployed.active(session, person.tenant_id)
    entries = used.manifest.processes.values() if used.manifest else ()
    offered = [entry for entry in entries if not entry.called and _begun_by_people(used, entry)]
    kept = drafts.among(session, person, [Matter(entry.id).draft for entry in offered])
    return [_startable(person, used, entry, Matter(entry.id).draft in kept, now) for entry in offered]


def _startable(
    person: Person, used: Deployed, entry: ProcessEntry, has_draft: bool, now: datetime
) -> Startable:
    starters = tuple(used.group_name(group) for group in entry.started_by)
    real = may_begin(person, used, Matter(entry.id), now)
    rehearsed = may_begin(person, used, Matter(entry.id, rehearsed=True), now)
    documentation = used.process(entry.id).documentation
    return Startable(entry.id, entry, documentation, starters, real, rehearsed, has_draft)


def view(session: Session, person: Person, matter: Matter, now: datetime, *, project: str = "") -> StartView:
    """The start page of a matter, with the draft if there is one; opened for a `project`, only a draft that
    is about it."""
    used = matter.used(session, person)
    definition = used.process(matter.key)
    may_begin(person, used, matter, now).require()
    if matter.before:
        predecessors.is_free(matter.before).require()
    kept = drafts.kept(session, person, matter.draft)
    draft = kept if kept and (not project or choice_of(kept.pairs).id == project) else None
    pairs = draft.pairs if draft else ()
    choice = Choice(project) if project else choice_of(pairs)
    return StartView(
        matter.key,
        definition.name,
        definition.documentation,
        definition.regulation,
        start_form(used, definition),
        _variables(session, person, matter, choice),
        tuple(_choices(session, person, used, matter, choice)),
        choice,
        draft,
        matter.moment(pairs, now) if matter.rehearsed else None,
        replaces_draft=kept is not None and draft is None,
        needs_project=matter.needs_project(used),
        before=matter.before,
        stands=predecessors.stands(session, person, matter.before) if matter.before else None,
    )


def save(
    session: Session, person: Person, matter: Matter, pairs: Sequence[Pair], now: datetime
) -> Submission:
    """Keep what was typed as a draft and say what is wrong with it. Nothing starts."""
    used = matter.used(session, person)
    may_begin(person, used, matter, now).require()
    _require_free(session, person, matter)
    drafts.keep(session, person, matter.draft, pairs, now)
    return submission(session, person, used, matter, pairs, matter.moment(pairs, now))


def preview(session: Session, person: Person, matter: Matter, now: datetime) -> Preview:
    """What starting with the kept draft would do: a dry run of the engine."""
    used = matter.used(session, person)
    may_begin(person, used, matter, now).require()
    _require_free(session, person, matter)
    draft = drafts.kept(session, person, matter.draft)
    pairs = draft.pairs if draft else ()
    at = matter.moment(pairs, now)
    given = submissions.accept(submission(session, person, used, matter, pairs, at))
    known = _variables(session, person, matter, choice_of(pairs))
    variables = {**known, **matter.duty(used, at), "initiator": person.id, **given.values}
    try:
        advance = process.start(used.model, matter.key, variables, calendars.moment(session, person, at))
    except EngineError as error:
        raise Refused(error.finding) from error
    return Preview(advance, given)


def taking_up(session: Session, person: Person, instance_id: str) -> Matter:
    """The matter that takes a case up again which the person may see; whether they may is `may_begin`'s to
    say. Raises NotFound, NotPermitted."""
    return _after(predecessors.look(session, person, instance_id))


def _after(before: Predecessor) -> Matter:
    return Matter(before.process_key, before.rehearsal_at is not None, before.trial, before)


def may_reopen(session: Session, person: Person, instance_id: str, now: datetime) -> bool:
    """Whether to offer the person that a case be taken up again."""
    before = predecessors.look(session, person, instance_id, filed=False)
    matter = _after(before)
    if before.successor or (matter.trial and not may_deploy(person)):
        return False
    return bool(may_begin(person, matter.used(session, person), matter, now))


def choice_of(answers: Answers) -> Choice:
    """The project that a start page names: an existing one, or a new one by name."""
    pairs = answers.items() if isinstance(answers, Mapping) else answers
    given = {name: value for name, value in pairs if name in PROJECT_FIELDS and isinstance(value, str)}
    return Choice(given.get("project_id", ""), given.get("project_name", ""))


def start_form(used: Deployed, definition: ProcessDefinition) -> Form | None:
    """The form of the process's plain start event."""
    node = next((node for node in definition.starts if node.event.kind is EventKind.NONE), None)
    return used.model.forms.get(node.assignment.form) if node else None


def submission(
    session: Session, person: Person, used: Deployed, matter: Matter, answers: Answers, at: datetime
) -> Submission:  # fmt: skip
    """The start form as it was filled, with what is wrong."""
    form = start_form(used, used.process(matter.key))
    owned = form.keys if form else frozenset()
    extra = {name for name in (*PROJECT_FIELDS, rehearsal.DAY_FIELD, REASON) if name not in owned}
    given: Answers
    if isinstance(answers, Mapping):
        given = {name: value for name, value in answers.items() if name not in extra}
    else:
        given = [pair for pair in answers if pair[0] not in extra]
    variables = _variables(session, person, matter, choice_of(answers))
    sent = submissions.fill(session, person, form, given, variables, matter.draft, at)
    if matter.rehearsed:
        return sent
    return single_use.look(session, person, matter.before.id if matter.before else "", form, sent)


def may_begin(person: Person, used: Deployed, matter: Matter, now: datetime) -> Verdict:
    """Whether the person may begin it now: their post (or what lets them take the case `before` it up again),
    and where the law stands unless it is a rehearsal."""
    entry = used.manifest.processes.get(matter.key) if used.manifest else None
    if entry is None or entry.called or not _begun_by_people(used, entry):
        return denied("This process is not started by people.")
    if matter.before:
        if not (over := predecessors.has_ended(matter.before)):
            return over
        post = predecessors.may_take_up(person, used, matter.before, entry)
    else:
        names = {group: used.group_name(group) for group in entry.started_by}
        post = may_start(person, entry.started_by, names)
    if matter.rehearsed:
        return rehearsal.may_rehearse(person, post)
    return post and legal_status.may_begin(used, matter.key, legal_status.day_of(now))


def _require_free(session: Session, person: Person, matter: Matter) -> None:
    """StaleTask where somebody has taken the case `before` up again."""
    if matter.before and matter.before.successor:
        raise faster.moved(session, person, matter.before.id)


def _begun_by_people(used: Deployed, entry: ProcessEntry) -> bool:
    """Whether there is a start event for people: a process that only messages begin has none."""
    definition = used.model.processes.get(entry.id)
    return definition is not None and any(s.event.kind is EventKind.NONE for s in definition.starts)


def for_every_unit(person: Person, used: Deployed, process_key: str) -> bool:
    """Whether the person may begin the process for projects of units other than their own."""
    entry = used.manifest.processes.get(process_key) if used.manifest else None
    groups = used.manifest.groups if used.manifest else {}
    scopes = {group: groups[group].scope for group in person.groups if group in groups}
    return entry is not None and may_begin_for_all(person, entry.started_by, scopes)


def about(person: Person, project: ProjectView | None, before: Predecessor | None) -> dict[str, Any]:
    """The variables with which a case begins that nobody types: those of its project, else of its unit, which
    is the person's unless it takes another case up again."""
    if project is not None:
        return projects.known(project, person)
    return {**projects.unit_of(person), **(before.about if before else {})}


def _choices(
    session: Session, person: Person, used: Deployed, matter: Matter, choice: Choice
) -> list[ProjectView]:
    if not matter.needs_project(used):
        return []
    every = for_every_unit(person, used, matter.key)
    return projects.of_unit(session, person, rehearsals=matter.rehearsed, every=every, chosen=choice.id)


def _variables(session: Session, person: Person, matter: Matter, choice: Choice) -> dict[str, Any]:
    used = matter.used(session, person)
    if matter.before:
        return about(person, matter.before.project, matter.before)
    if not matter.needs_project(used):
        return projects.unit_of(person)
    found = next((p for p in _choices(session, person, used, matter, choice) if p.id == choice.id), None)
    if found is None:
        found = ProjectView("", "", choice.name, person.unit_id, {})
    return projects.known(found, person)
