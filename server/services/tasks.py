"""What a person does with a task: look, claim, release, keep a draft, complete, return, withdraw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.engine import process
from server.engine.errors import EngineError
from server.engine.forms import Form, Pair, Submission
from server.engine.model import Advance, FlowNode, Signing, UserTask
from server.services import (
    absences,
    calendars,
    consulting,
    deployed,
    drafts,
    faster,
    heads,
    instructions,
    recording,
    rehearsal,
    separation,
    signatures,
    single_use,
    submissions,
    untouched,
)
from server.services.authorization import (
    Person,
    Verdict,
    denied,
    may_act,
    may_claim,
    may_conclude,
)
from server.services.case import Case, finish, hold_of_task
from server.services.deployed import Deployed
from server.services.errors import NotFound, Refused
from server.services.signatures import Stated
from server.services.submissions import Answers
from server.store.identity import User
from server.store.runtime import InstanceState, ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]
_people = User.metadata.tables["person"]


_OWNER = (
    sa.select(_people.c.name)
    .where(_people.c.tenant_id == _tasks.c.tenant_id, _people.c.id == _tasks.c.owner_id)
    .correlate(_tasks)
    .scalar_subquery()
)


def _with_case() -> sa.Select[Any]:
    """A task with what a page needs of its case, put together once."""
    t, i, s = _tasks.c, _instances.c, _states.c
    return (
        sa.select(
            *t, i.deployment_id, i.business_key, i.title, i.process_key.label("root_key"),
            i.due_at.label("instance_due"), i.started_by, i.rehearsal_at, i.stopped_at, s.state,
            _people.c.name.label("assignee_name"), _OWNER.label("owner_name"), *separation.columns(),
            *consulting.counts(t), instructions.open_of(t).label("instructed"), *drafts.COLUMNS,
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .join(_states, (s.tenant_id == t.tenant_id) & (s.instance_id == t.instance_id))
        .join(_people, (_people.c.tenant_id == t.tenant_id) & (_people.c.id == t.assignee_id), isouter=True)
        .where(*_THIS)
    )  # fmt: skip


_THIS = (_tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.id == bindparam("of_task"))
_TASK = drafts.beside(
    sa.select(*_tasks.c, *separation.columns(), *drafts.COLUMNS).select_from(_tasks), _tasks.c
).where(*_THIS)
_TASK_WITH_CASE = drafts.beside(_with_case(), _tasks.c)


@dataclass(frozen=True, slots=True)
class TaskView:
    """All a page needs to show a task. `variables` are what it sees; `returns` the earlier steps to
    which it may be returned, with their names; `claim` and `act` say whether this person may,
    and why not; `cautions` what they are to think of before (English templates). In a rehearsal
    `rehearsal_at` is where its clock stands, and `plays` are the principals, with their names, as whom its
    leader may do the task; `stated` is what a signature is asked for."""

    id: str
    instance_id: str
    deployment_id: str
    business_key: str
    title: str
    process_key: str
    process_name: str
    element: str
    name: str
    documentation: str
    regulation: tuple[str, ...]
    status: str
    revision: int
    assignee: str | None
    candidates: tuple[str, ...]
    created_at: datetime
    due: datetime | None
    instance_due: datetime | None
    light: str
    instance_light: str
    sent_by: str | None
    form: Form | None
    variables: dict[str, Any]
    draft: drafts.Kept | None
    returns: tuple[tuple[str, str], ...]
    claim: Verdict
    act: Verdict
    round: int | None = None
    instructed: int = 0
    rehearsal_at: datetime | None = None
    opinions: int = 0
    unanswered: int = 0
    plays: tuple[tuple[str, str], ...] = ()
    acting_for: str = ""
    delegation: str = ""
    owner: str = ""
    owns: bool = False
    cautions: tuple[str, ...] = ()
    signatures: tuple[Signing, ...] = ()
    signing: Signing | None = None
    signers: tuple[str, ...] = ()
    stated: Stated | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen: the engine's own answer, and what was typed."""

    advance: Advance
    submission: Submission


@dataclass(frozen=True, slots=True)
class Done:
    """What happened after a task was sent: the tasks that are open now (name, who), or the outcome."""

    instance_id: str
    task_id: str
    opened: tuple[str, ...]


def view(session: Session, person: Person, task_id: str, now: datetime) -> TaskView:
    """A task as this person may see it; NotPermitted names the reason."""
    row = _read(session, person, task_id)
    return _view(session, person, row, now)


def _view(session: Session, person: Person, row: dict[str, Any], now: datetime) -> TaskView:
    now, person = rehearsal.clock(row, now), absences.acting(person, row)
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    groups = tuple(used.principal_name(key) for key in row["candidates"])
    claim = may_claim(person, row["candidates"], row["assignee_id"], "、".join(groups))
    act = may_act(person, row["assignee_id"], row["candidates"], "、".join(groups))
    if not (claim or act):
        heads.may_read(session, person, row["instance_id"], row["root_key"]).require()
    apart = _standing(person, row, used)
    if (claim or act) and not apart.verdict:
        claim = act = apart.verdict
    node = _node(used, row)
    open_task = _open_task(used, row) if row["status"] == "open" else None
    calendar = calendars.of(session, person.tenant_id, person.calendar_revision)
    form = used.model.form(row["form_id"])
    return TaskView(
        id=row["id"], instance_id=row["instance_id"], deployment_id=row["deployment_id"],
        business_key=row["business_key"], title=row["title"],
        process_key=row["root_key"], process_name=used.process(row["root_key"]).name, element=row["element"],
        name=row["name"], documentation=node.documentation, regulation=tuple(row["regulation"]),
        status=row["status"], revision=row["revision"], assignee=row["assignee_name"], candidates=groups,
        created_at=row["created_at"], due=row["due_at"], instance_due=row["instance_due"],
        light=calendars.light(calendar, row["due_at"], row, now),
        instance_light=calendars.light(calendar, row["instance_due"], row, now),
        sent_by=row["sent_by"], form=form, draft=drafts.of_row(row), returns=_returns(used, row, node),
        variables=dict(submissions.seen(session, person, form, open_task.variables)) if open_task else {},
        claim=claim, act=act, round=row["round"], rehearsal_at=row["rehearsal_at"],
        owner=row["owner_name"] or "",
        opinions=row["opinions"], unanswered=row["unanswered"], instructed=row["instructed"],
        acting_for=person.acting_for.name if person.acting_for else "", delegation=row["delegation"],
        owns=row["owner_id"] in (person.id, *(absent.id for absent in person.stands_for)),
        plays=() if act else _plays(person, used, row), cautions=apart.told if claim or act else (),
        signatures=open_task.signatures if open_task else (),
        signing=open_task.signing if open_task else None,
        signers=signatures.ways(node, row, act) if open_task else (),
        stated=signatures.stated(session, used, row, open_task, now),
    )  # fmt: skip


def claim(session: Session, person: Person, task_id: str, now: datetime) -> None:
    """签收: take a candidate task. Claiming one's own task again changes nothing."""
    case, row = _hold(session, person, task_id, now)
    person = case.person
    if row["status"] != "open":
        raise faster.task_moved(session, person, row)
    if row["assignee_id"] == person.as_id:
        return
    names = "、".join(case.deployed.principal_name(key) for key in row["candidates"])
    if row["assignee_id"] is not None:
        raise faster.task_moved(session, person, row)
    may_claim(person, row["candidates"], None, names).require()
    _standing(person, row, case.deployed).verdict.require()
    recording.assign(case, row, person)
    case.record.add("task_claimed", row["element"], task_id)
    finish(case)


def release(
    session: Session, person: Person, task_id: str, now: datetime, revision: int | None = None
) -> None:
    """退签: put a claimed task back for the other candidates. Raises StaleTask where it went to somebody else
    since the page of this `revision`."""
    case, row = _hold(session, person, task_id, now)
    person = case.person
    if row["status"] != "open":
        raise faster.task_moved(session, person, row)
    faster.settle_task(session, person, row, _may_act(case, person, row), revision)
    may_conclude(row["delegation"]).require()
    given = set(person.reach).isdisjoint(row["candidates"]) or row["candidates"] == [f"u:{person.as_id}"]
    if given and not row["played"]:
        denied("This task was given to you by name and cannot be put back.").require()
    recording.assign(case, row, None)
    case.record.add("task_released", row["element"], task_id)
    finish(case)


def save(
    session: Session, person: Person, task_id: str, pairs: Sequence[Pair], now: datetime,
    revision: int | None = None,
) -> Submission:  # fmt: skip
    """Keep what was typed as a draft and say what is wrong with it. Nothing moves. Raises StaleTask where the
    task is done, or went to somebody else since the page of this `revision`: the draft is kept."""
    row = _read(session, person, task_id)
    person = absences.acting(person, row)
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    drafts.keep(session, person, f"task:{task_id}", pairs, now)
    if row["status"] != "open":
        raise faster.task_moved(session, person, row)
    holds = may_act(person, row["assignee_id"], row["candidates"], "")
    faster.settle_task(session, person, row, holds, revision)
    return _submission(session, used, row, person, pairs, rehearsal.clock(row, now))


def preview(session: Session, person: Person, task_id: str, now: datetime) -> Preview:
    """What sending the kept draft would do: a dry run of the engine. Raises InvalidSubmission if it
    is not ready."""
    row = _read(session, person, task_id)
    return _preview(session, person, row, _kept_pairs(row), now)


def would_do(session: Session, person: Person, task_id: str, pairs: Sequence[Pair], now: datetime) -> Preview:
    """What sending these answers would do: as `preview` tells it of the kept draft."""
    return _preview(session, person, _read(session, person, task_id), pairs, now)


def check(session: Session, person: Person, task_id: str, now: datetime) -> tuple[TaskView, Preview]:
    """核对: the task and what sending its kept draft would do, as `view` and `preview` tell them."""
    row = _read(session, person, task_id)
    task = _view(session, person, row, now)
    return task, _preview(session, person, row, task.draft.pairs if task.draft else (), now)


def _preview(
    session: Session, person: Person, row: dict[str, Any], pairs: Sequence[Pair], now: datetime
) -> Preview:
    person = absences.acting(person, row)
    if row["status"] != "open":
        raise faster.task_moved(session, person, row)
    may_act(person, row["assignee_id"], row["candidates"], "").require()
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    _standing(person, row, used).verdict.require()
    now = rehearsal.clock(row, now)
    submission = submissions.accept(_submission(session, used, row, person, pairs, now))
    at = calendars.moment(session, person, now)
    try:
        advance = process.complete(
            used.model, row["root_key"], row["state"], row["token"], submission.values, at
        )
    except EngineError as error:
        raise Refused(error.finding) from error
    return Preview(advance, submission)


def complete(
    session: Session, person: Person, task_id: str, revision: int, now: datetime,
    answers: Answers | None = None,
) -> Done:  # fmt: skip
    """办理: send the task with what was typed (the kept draft unless `answers` are given). One of two
    people wins; the other gets StaleTask and keeps the draft."""
    case, row = hold_open(session, person, task_id, revision, now)
    person = case.person
    _require_act(case, person, row)
    apart = _standing(person, row, case.deployed)
    apart.verdict.require()
    given = _kept_pairs(row) if answers is None else answers
    row["state"] = case.state
    submission = submissions.accept(_submission(session, case.deployed, row, person, given, case.now))
    single_use.keep(case, case.deployed.model.form(row["form_id"]), submission)
    values = dict(submission.values)
    node = _node(case.deployed, row)
    outcome = _outcome(node, values)
    kind = "task_signed" if row["signing"] else "task_completed"
    seq = case.record.add(
        kind, row["element"], task_id, name=row["name"], outcome=outcome, values=values,
        **({"cautions": list(apart.cautions)} if apart.cautions else {}),
    )  # fmt: skip
    advance = _move(
        lambda: process.complete(case.deployed.model, case.key, case.state, row["token"], values, case.at)
    )
    case.outcome = outcome
    opened = recording.write_down(case, advance, seq)
    if row["signing"]:
        signatures.back_to_holder(case, advance, opened)
    given_with = drafts.hand_over if row["draft_saved_at"] else drafts.give_files
    if files := given_with(session, person, f"task:{task_id}", case.id, values):
        case.record.add("materials_attached", row["element"], task_id, files=files)
    finish(case)
    return Done(case.id, task_id, tuple(task["id"] for task in opened))


def return_to(
    session: Session, person: Person, task_id: str, revision: int, element: str, reason: str, now: datetime,
    *, straight: bool = False,
) -> Done:  # fmt: skip
    """退回: send the case back to an earlier step that the diagram allows, with the reason; `straight`: when
    that step has been done again, it comes straight back here."""
    case, row = hold_open(session, person, task_id, revision, now)
    person = case.person
    _require_act(case, person, row)
    _standing(person, row, case.deployed).verdict.require()
    if not reason.strip():
        denied("Say why the case is returned: the next person needs to know what to change.").require()
    seq = case.record.add(
        "task_returned", row["element"], task_id, name=row["name"], to=element, reason=reason,
        **({"straight": True} if straight else {}),
    )  # fmt: skip
    given = {process.RETURN_REASON: reason}
    advance = _move(
        lambda: process.return_to(
            case.deployed.model,
            case.key,
            case.state,
            row["token"],
            element,
            given,
            case.at,
            straight=straight,
        )
    )
    opened = recording.write_down(case, advance, seq)
    drafts.drop(session, person, f"task:{task_id}")
    finish(case)
    return Done(case.id, task_id, tuple(task["id"] for task in opened))


def withdraw(session: Session, person: Person, task_id: str, now: datetime) -> Done:
    """撤回: take back what one has sent, while nobody has acted on it; StaleTask once somebody has."""
    case, row = _hold(session, person, task_id, now)
    person = case.person
    if row["completed_by"] != person.id or row["status"] not in ("completed", "withdrawn"):
        denied("Only the person who sent a task may take it back.").require()
    if row["status"] == "withdrawn" or case.row["status"] not in ("running", "incident"):
        raise faster.moved(session, person, case.id)
    if untouched.touched(session, row["tenant_id"], case.id, (row["closed_seq"],)):
        raise faster.moved(session, person, case.id)
    seq = case.record.add("task_withdrawn", row["element"], task_id, name=row["name"])
    recording.withdraw(case, task_id)
    advance = _move(
        lambda: process.withdraw(case.deployed.model, case.key, case.state, row["token"], case.at)
    )
    opened = recording.write_down(case, advance, seq)
    mine = next((task for task in opened if task["element"] == row["element"]), None)
    if mine is not None and recording.candidate(person, mine):
        recording.assign(case, mine, person)
    finish(case)
    return Done(case.id, mine["id"] if mine else task_id, tuple(task["id"] for task in opened))


def _may_act(case: Case, person: Person, row: dict[str, Any]) -> Verdict:
    names = "、".join(case.deployed.principal_name(key) for key in row["candidates"])
    return may_act(person, row["assignee_id"], row["candidates"], names)


def _require_act(case: Case, person: Person, row: dict[str, Any]) -> None:
    _may_act(case, person, row).require()
    may_conclude(row["delegation"]).require()


def _standing(person: Person, row: dict[str, Any], used: Deployed) -> separation.Standing:
    """Whether the rules of separation let the person act: their post is another matter."""
    return separation.standing(person, row, used, row["root_key"], row["started_by"])


def _move(step: Any) -> Advance:
    """Let the engine move; what it refuses becomes a refusal people can read."""
    try:
        advance: Advance = step()
    except EngineError as error:
        raise Refused(error.finding) from error
    return advance


def hold_open(
    session: Session, person: Person, task_id: str, revision: int, now: datetime
) -> tuple[Case, dict[str, Any]]:
    """An open task, held with its case for a command, as the page of this `revision` showed it. Who may act
    is for the caller to decide. Raises StaleTask when something has happened to it since."""
    case, row = _hold(session, person, task_id, now)
    if row["status"] != "open" or row["revision"] != revision:
        raise faster.task_moved(session, person, row)
    return case, row


def _hold(session: Session, person: Person, task_id: str, now: datetime) -> tuple[Case, dict[str, Any]]:
    case = hold_of_task(session, person, task_id, now)
    values = {"of_tenant": person.tenant_id, "of_task": task_id, "of_person": person.id}
    row = session.execute(_TASK, values).mappings().one()
    known = {"root_key": case.key, "state": case.state}
    known |= {name: case.row[name] for name in ("rehearsal_at", "started_by")}
    held = {**row, **known}
    case.person = absences.acting(person, held)
    case.record.actor = rehearsal.acting(case.person, held, case.deployed)
    return case, held


def _read(session: Session, person: Person, task_id: str) -> dict[str, Any]:
    values = {"of_tenant": person.tenant_id, "of_task": task_id, "of_person": person.id}
    row = session.execute(_TASK_WITH_CASE, values).mappings().one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    return {**row, "state": bytes(row["state"])}


def _plays(person: Person, used: Deployed, row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """As whom this person may do the task because they lead the rehearsal."""
    if row["status"] != "open" or not rehearsal.may_lead(person, row):
        return ()
    return tuple((key, used.principal_name(key)) for key in row["candidates"])


def _node(used: Deployed, row: dict[str, Any]) -> FlowNode:
    return used.process(row["process_key"]).nodes[row["element"]]


def _open_task(used: Deployed, row: dict[str, Any]) -> UserTask:
    for task in process.open_tasks(used.model, row["root_key"], row["state"]):
        if task.token == row["token"]:
            return task
    raise NotFound("task", row["id"])


def _returns(used: Deployed, row: dict[str, Any], node: FlowNode) -> tuple[tuple[str, str], ...]:
    if row["status"] != "open" or not node.return_to:
        return ()
    named = {
        e: n.name for d in used.model.processes.values() for e, n in d.nodes.items() if e in node.return_to
    }
    possible = process.returns(used.model, row["root_key"], row["state"], row["token"])
    return tuple((element, named.get(element, element)) for element in possible)


def _submission(
    session: Session, used: Deployed, row: dict[str, Any], person: Person, answers: Answers, now: datetime
) -> Submission:
    form = used.model.form(row["form_id"])
    variables = _open_task(used, row).variables
    acting = rehearsal.acting(person, row, used)
    sent = submissions.fill(session, acting, form, answers, variables, f"task:{row['id']}", now)
    real = row["rehearsal_at"] is None
    return single_use.look(session, person, row["instance_id"], form, sent) if real else sent


def _kept_pairs(row: dict[str, Any]) -> Sequence[Pair]:
    kept = drafts.of_row(row)
    return kept.pairs if kept else ()


def _outcome(node: FlowNode, values: dict[str, Any]) -> str | None:
    """What the person decided, for lists: the field named by the element's property `outcome`, or
    the verdict."""
    value = values.get(node.properties.get("outcome", "verdict"))
    return str(value) if isinstance(value, str | bool) else None
