"""Projects as people read them: found by name or code, with facts, cases, tasks and registers on one page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.manifest import ProcessEntry
from server.bundles.papers import Register
from server.services import (
    calendars,
    deployed,
    heads,
    past_facts,
    past_log,
    register_views,
    schedules,
    starts,
)
from server.services.authorization import Person
from server.services.deployed import Deployed
from server.services.errors import NotFound, NotPermitted
from server.services.register_views import Entry
from server.services.starts import Startable
from server.store.identity import Unit, User
from server.store.papers import ProjectFact
from server.store.runtime import Participant, ProcessInstance, Project, Task

_projects = Project.metadata.tables["project"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_participants = Participant.metadata.tables["participant"]
_tasks = Task.metadata.tables["task"]
_facts = ProjectFact.metadata.tables["project_fact"]
_units = Unit.metadata.tables["unit"]
_people = User.metadata.tables["person"]


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project in a list, with the number of its cases and of those that run."""

    id: str
    code: str
    name: str
    unit: str
    created_at: datetime
    rehearsal: bool
    cases: int
    running: int


@dataclass(frozen=True, slots=True)
class Source:
    """What a fact was at a time: the case that fixed it, its number, and the process it ran through; or,
    where it was entered from before, who entered it (`by`) from which document of which day, and why it was
    corrected."""

    value: Any
    at: datetime
    instance_id: str = ""
    number: str = ""
    process_key: str = ""
    by: str = ""
    document: str = ""
    day: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of a project as it stands, and what fixed it, newest first; none for facts from before sources
    were kept."""

    name: str
    value: Any
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class ProjectCase:
    """A case of a project. `light` is of the whole case."""

    id: str
    number: str
    process_key: str
    process_name: str
    status: str
    outcome_name: str | None
    started_at: datetime
    ended_at: datetime | None
    due: datetime | None
    light: str


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task that waits in one of the project's cases; `mine` if this person holds it or may claim it."""

    id: str
    name: str
    number: str
    instance_id: str
    holder: str | None
    groups: tuple[str, ...]
    due: datetime | None
    light: str
    mine: bool


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """All about one project that this person may know. `stages` are the parts of the life cycle in the order
    of the manifest (category, English category, cases); `hidden` counts cases of others; `startable` is what
    this person may begin for it, with the number of such cases it has had; `past` is what was entered of it
    from before, newest first, and `may_enter` whether this person may enter more."""

    row: ProjectRow
    facts: tuple[Fact, ...]
    stages: tuple[tuple[str, str, tuple[ProjectCase, ...]], ...]
    hidden: int
    tasks: tuple[WaitingTask, ...]
    startable: tuple[tuple[Startable, int], ...]
    entries: tuple[tuple[Register, Entry], ...]
    visible: frozenset[str]
    past: tuple[past_log.Entry, ...] = ()
    may_enter: bool = False


def search(
    session: Session, person: Person, text: str = "", *, before: str | None = None, limit: int = 50
) -> list[ProjectRow]:
    """Projects that the person may see, newest first, whose name or code holds the text."""
    p, text = _projects.c, text.strip()
    query = _bounded(session, person).where(p.rehearsal.is_(sa.false()))
    if text:
        query = query.where(p.code.contains(text, autoescape=True) | p.name.contains(text, autoescape=True))
    if before:
        query = query.where(p.id < before)
    return _rows(session, person, query.order_by(p.id.desc()).limit(limit))


def page(session: Session, person: Person, project_id: str, now: datetime) -> ProjectPage:
    """The page of a project. Raises NotFound, NotPermitted."""
    p = _projects.c
    known = (p.tenant_id == person.tenant_id, p.id == project_id)
    facts: dict[str, Any] | None = session.execute(sa.select(p.facts).where(*known)).scalar_one_or_none()
    if facts is None:
        raise NotFound("project", project_id)
    found = _rows(session, person, _bounded(session, person).where(*known))
    if not found:
        raise NotPermitted("This project belongs to another unit.")
    used = deployed.active(session, person.tenant_id)
    cases = _cases(session, person, used, project_id, now)
    visible = _visible(session, person, cases)
    mine = [case for case in cases if case.id in visible]
    startable = (s for s in starts.catalogue(session, person, now) if s.verdict)
    may_start = [s for s in startable if schedules.needs_project(used, s.key)]
    started = [case.process_key for case in cases]
    past = tuple(past_log.entries(session, person.tenant_id, project_id=project_id))
    return ProjectPage(
        row=found[0], facts=_known(session, person, project_id, facts, past), stages=_stages(used, mine),
        hidden=len(cases) - len(mine), tasks=_waiting(session, person, used, mine, now),
        startable=tuple((s, started.count(s.key)) for s in may_start),
        entries=tuple(register_views.of_project(session, person, project_id)), visible=visible,
        past=past, may_enter=not found[0].rehearsal and bool(past_facts.may_enter(person, used)),
    )  # fmt: skip


# --------------------------------------------------------------------------- who may see which
def _bounded(session: Session, person: Person) -> sa.Select[Any]:
    """The projects a person may see: auditors, admins and bodies of the whole installation all, others those
    of their unit and those in whose cases they, or a body they head, took part."""
    p, i, of = _projects.c, _instances.c, _participants.c
    query = sa.select(_projects).where(p.tenant_id == person.tenant_id)
    if register_views.reach(deployed.active(session, person.tenant_id), person) == "all":
        return query
    # Their cases are looked up once, not once for each project of the jurisdiction.
    took_part = (
        sa.select(i.project_id)
        .join(_participants, (of.tenant_id == i.tenant_id) & (of.instance_id == i.id))
        .where(of.tenant_id == person.tenant_id, heads.took_part(session, person))
        .where(i.project_id.is_not(None))
    )
    return query.where((p.unit_id == person.unit_id) | p.id.in_(took_part))


def _visible(session: Session, person: Person, cases: Iterable[ProjectCase]) -> frozenset[str]:
    return frozenset(register_views.may_open(session, person, [case.id for case in cases]))


# --------------------------------------------------------------------------- parts of the page
def _rows(session: Session, person: Person, query: sa.Select[Any]) -> list[ProjectRow]:
    p, u, i = _projects.c, _units.c, _instances.c
    joined = _projects.outerjoin(_units, (u.tenant_id == p.tenant_id) & (u.id == p.unit_id))
    columns = (p.id, p.code, p.name, sa.func.coalesce(u.name, p.unit_id), p.created_at, p.rehearsal)
    rows = list(session.execute(query.with_only_columns(*columns).select_from(joined)))
    running = sa.func.sum(sa.case((i.status.in_(("running", "incident")), 1), else_=0))
    counts = sa.select(i.project_id, sa.func.count(), running).where(
        i.tenant_id == person.tenant_id, i.project_id.in_([row.id for row in rows])
    )
    number = {row[0]: (row[1], row[2]) for row in session.execute(counts.group_by(i.project_id))}
    return [
        ProjectRow(
            row.id, row.code, row.name, row[3], row.created_at, row.rehearsal, *number.get(row.id, (0, 0))
        )
        for row in rows
    ]


def _known(
    session: Session, person: Person, project_id: str, facts: dict[str, Any], past: Iterable[past_log.Entry]
) -> tuple[Fact, ...]:
    f, i = _facts.c, _instances.c
    query = (
        sa.select(f.name, f.value, f.at, i.id, i.business_key, i.process_key)
        .join(_instances, (i.tenant_id == f.tenant_id) & (i.id == f.instance_id))
        .where(f.tenant_id == person.tenant_id, f.project_id == project_id)
        .order_by(f.at.desc(), f.instance_id.desc())
    )
    sources: dict[str, list[Source]] = {}
    for name, *source in session.execute(query):
        sources.setdefault(name, []).append(Source(*source))
    for entry in past:  # behind those of cases: nothing is entered over what a case fixed
        for change in entry.changes:
            entered = Source(
                change.after, entry.at, by=entry.actor_name, document=entry.document, day=entry.day,
                reason=entry.reason,
            )  # fmt: skip
            sources.setdefault(change.name, []).append(entered)
    return tuple(Fact(name, value, tuple(sources.get(name, ()))) for name, value in facts.items())


def _cases(
    session: Session, person: Person, used: Deployed, project_id: str, now: datetime
) -> list[ProjectCase]:
    """Every case of the project, oldest first."""
    i = _instances.c
    query = (
        sa.select(
            i.id, i.business_key, i.process_key, i.status, i.outcome_name, i.started_at, i.ended_at, i.due_at
        )
        .where(i.tenant_id == person.tenant_id, i.project_id == project_id)
        .order_by(i.id)
    )
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    processes, found = used.model.processes, []
    for id_, number, key, status, outcome_name, started, ended, due in session.execute(query):
        name = processes[key].name if key in processes else key
        light = calendar.light(due, now) if due and ended is None else "green"
        found.append(ProjectCase(id_, number, key, name, status, outcome_name, started, ended, due, light))
    return found


def _stages(used: Deployed, cases: list[ProjectCase]) -> tuple[tuple[str, str, tuple[ProjectCase, ...]], ...]:
    """Cases by category, categories in the order of the manifest."""
    entries: dict[str, ProcessEntry] = dict(used.manifest.processes) if used.manifest else {}
    stages: dict[tuple[str, str], list[ProjectCase]] = {
        (entry.category, entry.category_en): [] for entry in entries.values()
    }
    for case in cases:
        entry = entries.get(case.process_key)
        place = (entry.category, entry.category_en) if entry else ("", "")
        stages.setdefault(place, []).append(case)
    return tuple((name, english, tuple(found)) for (name, english), found in stages.items() if found)


def _waiting(
    session: Session, person: Person, used: Deployed, cases: list[ProjectCase], now: datetime
) -> tuple[WaitingTask, ...]:
    """The tasks that wait in some cases, the most urgent first."""
    t = _tasks.c
    numbers = {case.id: case.number for case in cases}
    query = (
        sa.select(t.id, t.name, t.instance_id, t.assignee_id, _people.c.name, t.candidates, t.due_at)
        .join(_people, (_people.c.tenant_id == t.tenant_id) & (_people.c.id == t.assignee_id), isouter=True)
        .where(t.tenant_id == person.tenant_id, t.instance_id.in_(numbers), t.status == "open")
        .order_by(t.due_at.is_(None), t.due_at, t.id)
    )
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    found = []
    for id_, name, instance_id, holder_id, holder, candidates, due in session.execute(query):
        free = holder_id is None and not set(person.principals).isdisjoint(candidates)
        groups = tuple(used.principal_name(key) for key in candidates)
        light = calendar.light(due, now) if due else "green"
        mine = free or holder_id == person.id
        found.append(
            WaitingTask(id_, name, numbers[instance_id], instance_id, holder, groups, due, light, mine)
        )
    return tuple(found)
