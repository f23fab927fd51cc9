"""Everything about one matter, for those who may see it: facts, position, decisions, materials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.engine import process
from server.engine.model import EventKind, Kind, Position, ProcessDefinition
from server.engine.reports import OUTCOME
from server.services import (
    absences,
    attachments,
    calendars,
    deployed,
    handed_out,
    heads,
    history,
    rehearsal,
    rehearsing,
    signatures,
    untouched,
)
from server.services.authorization import Person, may_end
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.services.history import TimelineEntry
from server.services.rehearsing import Awaited
from server.store.history import Attachment, DecisionEvaluation, HistoryEvent
from server.store.identity import User
from server.store.runtime import Incident, InstanceState, ProcessInstance, Project, Task

_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]
_projects = Project.metadata.tables["project"]
_people = User.metadata.tables["person"]
_tasks = Task.metadata.tables["task"]
_incidents = Incident.metadata.tables["incident"]
_events = HistoryEvent.metadata.tables["history_event"]
_evaluations = DecisionEvaluation.metadata.tables["decision_evaluation"]
_deployments = DecisionEvaluation.metadata.tables["deployment"]


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that waits now: for whom, since when, until when; `mine` if this person holds it or
    may claim it, or leads the rehearsal to which it belongs; `joint` if several sign and signers may be
    added."""

    id: str
    element: str
    name: str
    holder: str | None
    candidates: tuple[str, ...]
    created_at: datetime
    due: datetime | None
    light: str
    mine: bool
    joint: bool = False


@dataclass(frozen=True, slots=True)
class OpenWork:
    """A step that waits for a program: on which topic, which worker holds it until when (`held`: still), and
    what went wrong last."""

    token: str
    element: str
    name: str
    topic: str
    worker: str | None
    until: datetime | None
    held: bool
    error: str


class Linked(NamedTuple):
    """Another case that this one is tied to, and its number."""

    id: str
    number: str


class Ending(NamedTuple):
    """What the diagram says about the end that a case reached, and its articles."""

    documentation: str
    regulation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstanceView:
    """The head of a case, and what waits in it. `variables` are the case's own; `uncertain_years` those over
    which its limit was counted before their holidays were known; `endable` says that the person may end it.
    `awaited` are the timers of a case that waits for nobody. In a rehearsal `rehearsal_at` is where its clock
    stands; who `leads` it always sees the timers and may move the clock on to one of them. `reopens` is the
    ended case that this one takes up again, `reopened_as` the one that takes this one up; `ending` explains
    the outcome, where the diagram does."""

    id: str
    business_key: str
    title: str
    process_key: str
    process_name: str
    process_documentation: str
    project_code: str | None
    project_name: str | None
    starter: str
    started_at: datetime
    ended_at: datetime | None
    status: str
    outcome: str | None
    outcome_name: str | None
    due: datetime | None
    light: str
    open_tasks: tuple[OpenTask, ...]
    variables: dict[str, Any]
    withdrawable: tuple[tuple[str, str], ...]
    incidents: tuple[dict[str, Any], ...]
    uncertain_years: tuple[int, ...] = ()
    rehearsal_at: datetime | None = None
    leads: bool = False
    endable: bool = False
    awaited: tuple[Awaited, ...] = ()
    work: tuple[OpenWork, ...] = ()
    reopens: Linked | None = None
    reopened_as: Linked | None = None
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class DiagramView:
    """A diagram with its taken path: the XML, ids of passed elements and flows, and where tokens
    stand. `steps` is the same as a list for those who do not see pictures: name, state (done,
    current), and article."""

    process_key: str
    name: str
    xml: str
    taken: tuple[str, ...]
    current: tuple[str, ...]
    steps: tuple[tuple[str, str, str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One decision of a case: which rule fired on which inputs, and its articles. `version` is the number of
    the deployment whose table it was."""

    seq: int
    at: datetime
    decision_id: str
    name: str
    element: str
    hit_policy: str
    inputs: dict[str, Any]
    outputs: Any
    matched: list[dict[str, Any]]
    missed: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    version: int


def view(session: Session, person: Person, instance_id: str, now: datetime) -> InstanceView:
    """The head of a case."""
    row, used = see(session, person, instance_id)
    now, leads = rehearsal.clock(row, now), bool(rehearsal.may_lead(person, row))
    definition = used.process(row["process_key"])
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    of_case = {"of_tenant": person.tenant_id, "of_instance": instance_id}
    running = row["status"] in ("running", "incident")
    open_tasks = tuple(_open_tasks(session, person, used, row, calendar, now))
    work = _work(session, used, row, now) if running and used.hands_out else ()
    waits = running and (leads or not (open_tasks or work))
    return InstanceView(
        id=instance_id, business_key=row["business_key"], title=row["title"], process_key=row["process_key"],
        process_name=definition.name, process_documentation=definition.documentation,
        project_code=row["project_code"], project_name=row["project_name"], starter=row["starter"] or "",
        started_at=row["started_at"], ended_at=row["ended_at"], status=row["status"],
        outcome=row["outcome"], outcome_name=row["outcome_name"], due=row["due_at"],
        light=calendars.light(calendar, row["due_at"], row, now) if running else "green",
        open_tasks=open_tasks,
        variables=dict(process.variables_of(used.model, row["process_key"], row["state"])),
        withdrawable=_withdrawable(session, person, used, row) if running else (),
        incidents=tuple(session.execute(_OPEN_INCIDENTS, of_case).scalars()),
        uncertain_years=_uncertain_years(session, row) if row["due_at"] else (),
        rehearsal_at=row["rehearsal_at"], leads=leads and running,
        endable=running and bool(may_end(person, row["started_by"])),
        awaited=rehearsing.awaited(session, used, row) if waits else (), work=work,
        reopens=Linked(row["reopens"], row["reopens_number"]) if row["reopens_number"] else None,
        reopened_as=Linked(row["reopened_as"], row["reopened_number"]) if row["reopened_as"] else None,
        ending=None if running else _ending(definition, row["outcome"], row["outcome_name"]),
    )  # fmt: skip


def _ending(definition: ProcessDefinition, outcome: str | None, name: str | None) -> Ending | None:
    """The end event of an outcome; of several with one outcome the one of this name, which the case keeps."""
    ends = (node for node in definition.nodes.values() if node.kind is Kind.END_EVENT and node.name == name)
    for end in ends:
        if end.properties.get(OUTCOME, end.id) == outcome:
            return Ending(end.documentation, end.regulation)
    return None


def _work(session: Session, used: Deployed, row: dict[str, Any], now: datetime) -> tuple[OpenWork, ...]:
    found = []
    for work in handed_out.of_case(session, row["tenant_id"], row["id"]):
        node = used.process(work.process_key).nodes[work.element]
        held = work.locked_until is not None and work.locked_until > now
        found.append(
            OpenWork(
                work.token, work.element, node.name, work.topic, work.worker_id, work.locked_until, held,
                work.error_message,
            )
        )  # fmt: skip
    return tuple(found)


def _uncertain_years(session: Session, row: dict[str, Any]) -> tuple[int, ...]:
    e = _events.c
    query = sa.select(e.payload).where(
        e.tenant_id == row["tenant_id"], e.instance_id == row["id"], e.kind == "deadline_uncertain"
    )
    told = session.execute(query.order_by(e.seq)).scalars()
    years = {datetime.fromisoformat(payload["due"]): payload["years"] for payload in told}
    return tuple(years.get(row["due_at"], ()))


def diagrams(session: Session, person: Person, instance_id: str) -> list[DiagramView]:
    """The case's diagram and those of the processes it has called, with path and position."""
    row, used = see(session, person, instance_id)
    entries = history.timeline(session, person.tenant_id, instance_id)
    taken: dict[str, dict[str, None]] = {row["process_key"]: {}}
    for entry in reversed(entries):
        for process_key, element in entry.payload.get("steps", ()):
            taken.setdefault(process_key, {})[element] = None
    running = row["status"] in ("running", "incident")
    positions = process.positions(used.model, row["process_key"], row["state"]) if running else ()
    return [
        _diagram(used, key, tuple(ids), positions)
        for key, ids in taken.items()
        if key in used.model.processes
    ]


def decisions(session: Session, person: Person, instance_id: str) -> list[DecisionView]:
    """The decisions of a case, oldest first."""
    see(session, person, instance_id)
    e = _evaluations.c
    query = (
        sa.select(
            e.seq, e.at, e.decision_id, e.name, e.element, e.hit_policy, e.inputs, e.outputs, e.matched,
            e.missed, e.findings, _deployments.c.number,
        )
        .join(
            _deployments, (_deployments.c.tenant_id == e.tenant_id) & (_deployments.c.id == e.deployment_id)
        )
        .where(e.tenant_id == person.tenant_id, e.instance_id == instance_id)
        .order_by(e.seq)
    )  # fmt: skip
    return [DecisionView(*row) for row in session.execute(query)]


def record(session: Session, person: Person, instance_id: str) -> list[TimelineEntry]:
    """办理记录: the record of a case, newest first."""
    see(session, person, instance_id)
    return history.timeline(session, person.tenant_id, instance_id)


def materials(session: Session, person: Person, instance_id: str) -> list[Attachment]:
    """The files of a case."""
    see(session, person, instance_id)
    return attachments.of_instance(session, person, instance_id)


def beside_task(
    session: Session, person: Person, instance_id: str, entries: int, process_key: str = ""
) -> tuple[list[Attachment], list[TimelineEntry]]:
    """What a task of a case shows beside it: the case's files, and the last entries of its record but for
    steps and openings."""
    tenant = person.tenant_id
    heads.may_read(session, person, instance_id, process_key).require()
    told = history.latest(session, tenant, instance_id, entries, ("steps_taken", "task_opened"))
    return attachments.of_instance(session, person, instance_id), told


def see(session: Session, person: Person, instance_id: str) -> tuple[dict[str, Any], Deployed]:
    """The row of an instance and its deployment, if the person may see it."""
    values = {"of_tenant": person.tenant_id, "of_instance": instance_id}
    row = session.execute(_HEAD, values).mappings().one_or_none()
    if row is None:
        raise NotFound("instance", instance_id)
    heads.may_read(session, person, instance_id, row["process_key"]).require()
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    return {**row, "state": bytes(row["state"])}, used


def _head() -> sa.Select[Any]:
    """An instance with the names that every page about it shows, put together once."""
    i, s, p = _instances.c, _states.c, _projects.c
    earlier, later = _instances.alias("earlier"), _instances.alias("later")
    before, after = earlier.c, later.c
    return (
        sa.select(
            *i, s.state, p.code.label("project_code"), p.name.label("project_name"),
            _people.c.name.label("starter"), before.business_key.label("reopens_number"),
            after.id.label("reopened_as"), after.business_key.label("reopened_number"),
            after.started_by.label("reopened_by"),
        )
        .join(_states, (s.tenant_id == i.tenant_id) & (s.instance_id == i.id))
        .join(_projects, (p.tenant_id == i.tenant_id) & (p.id == i.project_id), isouter=True)
        .join(_people, (_people.c.tenant_id == i.tenant_id) & (_people.c.id == i.started_by), isouter=True)
        .join(earlier, (before.tenant_id == i.tenant_id) & (before.id == i.reopens), isouter=True)
        .join(later, (after.tenant_id == i.tenant_id) & (after.reopens == i.id), isouter=True)
        .where(i.tenant_id == bindparam("of_tenant"), i.id == bindparam("of_instance"))
    )  # fmt: skip


_HEAD = _head()
_OF_CASE = (_tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.instance_id == bindparam("of_instance"))
_OPEN_TASKS = (
    sa.select(
        *(_tasks.c[name] for name in ("id", "element", "name", "assignee_id")), _people.c.name,
        _tasks.c.candidates, _tasks.c.created_at, _tasks.c.due_at,
    )
    .join(
        _people,
        (_people.c.tenant_id == _tasks.c.tenant_id) & (_people.c.id == _tasks.c.assignee_id), isouter=True,
    )
    .where(*_OF_CASE, _tasks.c.status == "open")
    .order_by(_tasks.c.id)
)  # fmt: skip
_SENT = (
    sa.select(_tasks.c.id, _tasks.c.name, _tasks.c.closed_seq)
    .where(
        *_OF_CASE, _tasks.c.completed_by == bindparam("of_person"), _tasks.c.status == "completed",
        _tasks.c.token.in_(bindparam("tokens", expanding=True)),
    )
    .order_by(_tasks.c.id)
)  # fmt: skip
_OPEN_INCIDENTS = sa.select(_incidents.c.finding).where(
    _incidents.c.tenant_id == bindparam("of_tenant"),
    _incidents.c.instance_id == bindparam("of_instance"),
    _incidents.c.resolved_at.is_(None),
)


def _open_tasks(
    session: Session, person: Person, used: Deployed, case: Mapping[str, Any], calendar: Any, now: datetime
) -> list[OpenTask]:
    leads = rehearsal.may_lead(person, case)
    key = case["process_key"]
    of_case = {"of_tenant": person.tenant_id, "of_instance": case["id"]}
    rows = session.execute(_OPEN_TASKS, of_case)
    found = []
    for task_id, element, name, holder_id, holder, candidates, created_at, due in rows:
        free = holder_id is None and not set(person.principals).isdisjoint(candidates)
        light = calendars.light(calendar, due, case, now)
        names = tuple(used.principal_name(key) for key in candidates)
        theirs = person.stands_for and absences.absent_of(person, holder_id, candidates, key) is not None
        mine = free or holder_id == person.id or bool(leads) or bool(theirs)
        found.append(
            OpenTask(
                task_id, element, name, holder, names, created_at, due, light, mine,
                signatures.is_joint(used.node(element)),
            )
        )  # fmt: skip
    return found


def _withdrawable(
    session: Session, person: Person, used: Deployed, row: dict[str, Any]
) -> tuple[tuple[str, str], ...]:
    """Tasks this person sent and nobody has touched since (id, name)."""
    tokens = process.withdrawable(used.model, row["process_key"], row["state"])
    if not tokens:
        return ()
    of_case = {"of_tenant": person.tenant_id, "of_instance": row["id"]}
    done = session.execute(_SENT, {**of_case, "of_person": person.id, "tokens": tokens}).all()
    taken = untouched.touched(session, person.tenant_id, row["id"], {one.closed_seq for one in done})
    return tuple((one.id, one.name) for one in done if one.closed_seq not in taken)


def _diagram(
    used: Deployed, process_key: str, taken: tuple[str, ...], positions: tuple[Position, ...]
) -> DiagramView:
    definition: ProcessDefinition = used.process(process_key)
    standing = [p.element for p in positions if p.process == process_key]
    around = [e for p in positions for e in p.path if e in definition.nodes]
    current = tuple(dict.fromkeys((*standing, *around)))
    steps = []
    for element in (*taken, *current):
        node = definition.nodes.get(element)
        arrives = node is not None and node.kind is Kind.CATCH_EVENT and node.event.kind is EventKind.LINK
        if node is not None and node.name and not arrives:
            state = "current" if element in current else "done"
            steps.append((element, node.name, state, node.regulation))
    xml = used.files[definition.file].decode("utf-8")
    unique = tuple(dict.fromkeys(steps))
    return DiagramView(process_key, definition.name, xml, taken, current, unique)
