"""Writing down what the engine did: tasks and worklist, timers, decisions, incidents, messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from server.engine.model import Advance, ClosedTask, Subscription, UserTask
from server.services import calendars, handing_out, messages, projects, registers, rehearsal
from server.services.authorization import SYSTEM, Person, denied
from server.services.case import Case
from server.services.history import finding_json
from server.services.wakeups import Wakeup, note
from server.store.clocks import ClockStop
from server.store.columns import NEVER, new_id
from server.store.conflicts import Entering
from server.store.runtime import (
    Incident,
    Outgoing,
    Participant,
    Task,
    Timer,
    WorklistEntry,
)
from server.store.runtime import Subscription as SubscriptionRow

_tasks = Task.metadata.tables["task"]
_worklist = WorklistEntry.metadata.tables["worklist"]
_participants = Participant.metadata.tables["participant"]
_timers = Timer.metadata.tables["timer"]
_subscriptions = SubscriptionRow.metadata.tables["subscription"]
_incidents = Incident.metadata.tables["incident"]
_stops = ClockStop.metadata.tables["clock_stop"]
_outgoing = Outgoing.metadata.tables["outgoing"]

# Statements are put together once: building one costs more than running it.
_CLOSE = (
    _tasks.update()
    .where(
        _tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.instance_id == bindparam("of_instance"),
        _tasks.c.status == "open", _tasks.c.token.in_(bindparam("tokens", expanding=True)),
    )
    .values(revision=_tasks.c.revision + 1)
    .returning(_tasks.c.id, _tasks.c.element, _tasks.c.due_at)
)  # fmt: skip
_WITHDRAW = (
    _tasks.update()
    .where(_tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.id == bindparam("of_task"))
    .values(revision=_tasks.c.revision + 1, status="withdrawn")
)
_ASSIGN = (
    _tasks.update()
    .where(_tasks.c.tenant_id == bindparam("of_tenant"), _tasks.c.id == bindparam("of_task"))
    .values(revision=_tasks.c.revision + 1)
)
_OFF_WORKLISTS = _worklist.delete().where(
    _worklist.c.tenant_id == bindparam("of_tenant"),
    _worklist.c.task_id.in_(bindparam("task_ids", expanding=True)),
)
_NO_REMINDERS = _outgoing.delete().where(
    _outgoing.c.tenant_id == bindparam("of_tenant"),
    _outgoing.c.id.in_(bindparam("ids", expanding=True)),
    _outgoing.c.status == "waiting",
)
_OF_CASE = (_timers.c.tenant_id == bindparam("of_tenant"), _timers.c.instance_id == bindparam("of_instance"))
_TIMERS = sa.select(_timers.c.token, _timers.c.due_at).where(*_OF_CASE)
_DISARM = _timers.delete().where(*_OF_CASE, _timers.c.token.in_(bindparam("tokens", expanding=True)))
_SIGNING = {"before": "前加签", "after": "后加签"}
_DRAWN = ("process_key", "element", "name", "form_id", "candidates", "regulation", "priority")
_SUBSCRIBE = _subscriptions.insert()
_UNSUBSCRIBE = _subscriptions.delete().where(
    _subscriptions.c.tenant_id == bindparam("of_tenant"),
    _subscriptions.c.instance_id == bindparam("of_instance"),
)
_ADD_TASKS = _tasks.insert()
_ADD_TIMERS = _timers.insert()
_ADD_ENTRIES = _worklist.insert()
_ADD_OUTGOING = _outgoing.insert()
_ADD_PARTICIPANTS = Entering(_participants)


def write_down(case: Case, advance: Advance, cause: int) -> list[dict[str, Any]]:
    """Write what the engine did: state, tasks, worklist, timers, decisions, incidents. Gives the
    opened tasks. The instance's own row and the record are written by `finish`, once per
    command."""
    _require_free(case, advance)
    if advance.steps:
        case.record.add("steps_taken", steps=[(step.process, step.element) for step in advance.steps])
    for evaluation in advance.evaluations:
        case.record.add_evaluation(evaluation, case.deployed.deployment_id)
    _close_tasks(case, advance.closed, cause)
    _take_limit(case, advance.variables.get("due"))
    opened = _open_tasks(case, advance.opened, cause)
    _replace_timers(case, advance)
    _replace_subscriptions(case, advance)
    handing_out.renew(case, advance)
    # a moment and work for programs have no candidates who see the case
    if advance.external or not (opened or case.row["revision"]):
        _add_participants(case, _beginners(case))
    _note_incidents(case, advance)
    _send(case, advance)
    case.state = advance.state
    case.row["status"] = "incident" if advance.incidents else "running"
    if advance.ended is not None:
        _end(case, advance)
    registers.enter(case, advance.variables)
    return opened


def _require_free(case: Case, advance: Advance) -> None:
    """Nothing moves in a suspended case; it can only be ended without an outcome."""
    if case.row["suspended_at"] is None or (advance.ended is not None and advance.ended.cancelled):
        return
    denied(
        "The case is suspended; an administrator can let it go on. Its record says why.", ask=("admin",)
    ).require()


def _take_limit(case: Case, due: object) -> None:
    """The limit of the case is what its variable `due` says. Where it moves, so do the tasks that are open on
    every list."""
    before = case.row["due_at"]
    case.row["due_at"] = datetime.fromisoformat(due) if isinstance(due, str) and "T" in due else None
    if before == case.row["due_at"] or not case.row["revision"]:  # a case that begins has no open tasks yet
        return
    t = _tasks.c
    open_ = (t.tenant_id == case.row["tenant_id"], t.instance_id == case.id, t.status == "open")
    rows = [dict(row) for row in case.session.execute(_tasks.select().where(*open_)).mappings()]
    if rows:
        _list_anew(case, rows)


def _end(case: Case, advance: Advance) -> None:
    ended = advance.ended
    assert ended is not None
    if case.row["stopped_at"] is not None:
        _end_stop(case)
    case.row.update(
        status="cancelled" if ended.cancelled else "ended", ended_at=case.now,
        outcome=ended.outcome, outcome_name=ended.name,
    )  # fmt: skip
    how: dict[str, Any] = {"cancelled": True} if ended.cancelled else {}
    case.record.add("instance_ended", ended.event, outcome=ended.outcome, name=ended.name, **how)
    _add_participants(case, {f"u:{case.row['started_by']}"})  # a case decided at once had no task
    entry = case.deployed.manifest.processes.get(case.key) if case.deployed.manifest else None
    if entry is not None and ended.outcome in entry.outcome_facts and not ended.cancelled:
        known = {name: advance.variables.get(name) for name in entry.facts}
        facts = {name: value for name, value in known.items() if value is not None} | {ended.outcome: True}
        projects.fix_facts(case.session, case.row, facts, case.now)


def _end_stop(case: Case) -> None:
    """A clock that stands still when its case ends has nothing left to run for."""
    case.row["stopped_at"] = None
    s = _stops.c
    where = (s.tenant_id == case.row["tenant_id"], s.instance_id == case.id, s.restarted_at.is_(None))
    ended = {"restarted_at": case.now, "restarted_by": case.person.id}
    case.session.execute(_stops.update().where(*where).values(ended))


def candidate(person: Person, task: dict[str, Any]) -> bool:
    """Whether the person may claim the task: one of its candidates, and nobody holds it."""
    return task["assignee_id"] in (None, person.as_id) and not set(person.reach).isdisjoint(
        task["candidates"]
    )


def _close_tasks(case: Case, closed: Iterable[ClosedTask], cause: int) -> None:
    """Mark closed tasks, one statement for each way of closing, and take them off every worklist."""
    tokens: dict[str, list[str]] = {}
    for task in closed:
        tokens.setdefault(task.reason, []).append(task.token)
    rows = []
    for status, ended in tokens.items():
        found = _close(case, status, ended, cause)
        if status == "cancelled":
            for row in found:
                case.record.add("task_cancelled", row.element, row.id)
        rows += found
    if rows:
        _off_worklists(case, rows)


def _close(case: Case, status: str, tokens: list[str], cause: int) -> list[Any]:
    """Close the open tasks of some tokens; gives id, element and limit of each, oldest first."""
    values = {
        "of_tenant": case.person.tenant_id, "of_instance": case.id, "tokens": tokens, "status": status,
        "closed_seq": cause, "completed_at": case.now,
        "completed_by": case.person.id if status != "cancelled" else None,
        "outcome": case.outcome if status == "completed" else None,
    }  # fmt: skip
    return sorted(case.session.execute(_CLOSE, values), key=lambda row: str(row.id))


def withdraw(case: Case, task_id: str) -> None:
    """What its sender has taken back was not completed: no figure counts it, and no list of what was done."""
    case.session.execute(_WITHDRAW, {"of_tenant": case.person.tenant_id, "of_task": task_id})


def _off_worklists(case: Case, rows: list[Any]) -> None:
    """Remove tasks from every worklist, and the reminders that were waiting for them."""
    tenant = case.person.tenant_id
    case.session.execute(_OFF_WORKLISTS, {"of_tenant": tenant, "task_ids": [row.id for row in rows]})
    reminders = [f"remind-{row.id}" for row in rows if row.due_at is not None]
    if reminders:
        case.session.execute(_NO_REMINDERS, {"of_tenant": tenant, "ids": reminders})


def _open_tasks(case: Case, opened: Iterable[UserTask], cause: int) -> list[dict[str, Any]]:
    rows = [_task_row(case, task, cause) for task in opened]
    if not rows:
        return rows
    case.session.execute(_ADD_TASKS, rows)
    for row in rows:
        case.record.add("task_opened", row["element"], row["id"], name=row["name"], due=_iso(row["due_at"]),
                        candidates=row["candidates"],
                        **({"signing": row["signing"]} if row["signing"] else {}))  # fmt: skip
        _remind(case, row)
    case.session.execute(_ADD_ENTRIES, [entry for row in rows for entry in _entries(case, row)])
    _add_participants(case, {principal for row in rows for principal in _principals(row)})
    return rows


def _task_row(case: Case, task: UserTask, cause: int) -> dict[str, Any]:
    candidates = [f"u:{user}" for user in task.candidate_users]
    candidates += [case.principal(group) for group in task.candidate_groups]
    if task.assignee:  # given by name: nobody else of the group may take it
        candidates = [f"u:{task.assignee}"]
    return {
        "tenant_id": case.person.tenant_id, "id": new_id(case.now), "instance_id": case.id,
        "token": task.token, "process_key": task.process, "element": task.element,
        "name": _task_name(task), "signing": task.signing.when if task.signing else None,
        "form_id": task.form, "status": "open", "revision": 0, "assignee_id": task.assignee or None,
        "owner_id": None, "delegation": "",
        "candidates": candidates, "regulation": list(task.regulation), "round": task.round,
        "priority": task.priority, "created_at": case.now,
        "claimed_at": None, "due_at": task.due,
        "follow_up_at": task.follow_up, "sent_by": case.person.signed, "opened_seq": cause,
    }  # fmt: skip


def _task_name(task: UserTask) -> str:
    """The name of the step; of a signature asked for beside it, with what it is, as lists and papers show
    it."""
    return f"{task.name}（{_SIGNING[task.signing.when]}）" if task.signing else task.name


def _principals(row: dict[str, Any]) -> list[str]:
    if row["assignee_id"] is not None:
        return [f"u:{row['assignee_id']}"]
    return list(dict.fromkeys(row["candidates"]))


def _list_anew(case: Case, rows: list[dict[str, Any]]) -> None:
    """Put open tasks where they belong on the lists now."""
    ids = [row["id"] for row in rows]
    case.session.execute(_OFF_WORKLISTS, {"of_tenant": case.row["tenant_id"], "task_ids": ids})
    case.session.execute(_ADD_ENTRIES, [entry for row in rows for entry in _entries(case, row)])


def _entries(case: Case, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Where a task stands on its lists: by its own limit or that of its case, whichever is over first."""
    due = NEVER if case.row["stopped_at"] else min(row["due_at"] or NEVER, case.row["due_at"] or NEVER)
    found = _principals(row)
    return [
        {"tenant_id": row["tenant_id"], "principal": principal, "due_at": due, "task_id": row["id"]}
        for principal in (rehearsal.lists(found, case.row["started_by"]) if case.rehearsed else found)
    ]


def _beginners(case: Case) -> set[str]:
    """Whoever began the case; where a message or the clock did, those who otherwise would."""
    entry = case.deployed.manifest.processes.get(case.key) if case.deployed.manifest else None
    if case.row["started_by"] != SYSTEM or entry is None:
        return {f"u:{case.row['started_by']}"}
    return {case.principal(group) for group in entry.started_by}


def _add_participants(case: Case, principals: set[str]) -> None:
    principals |= {f"u:{case.person.id}"}
    keys = {"tenant_id": case.person.tenant_id, "instance_id": case.id}
    rows = [{**keys, "principal": principal} for principal in sorted(principals)]
    _ADD_PARTICIPANTS.enter(case.session, *rows)


def assign(case: Case, task: dict[str, Any], person: Person | None, played: str | None = None) -> None:
    """Give an open task to a person, or back to its candidates: the row, the worklist and the
    participants. `played` is the principal as whom the person does it in a rehearsal."""
    task.update(assignee_id=person.as_id if person else None, claimed_at=case.now if person else None)
    keys = {"of_tenant": task["tenant_id"], "of_task": task["id"]}
    holder = {"assignee_id": task["assignee_id"], "claimed_at": task["claimed_at"], "played": played}
    case.session.execute(_ASSIGN, {**keys, **holder})
    task["revision"] += 1
    _list_anew(case, [task])
    if person is not None:
        _add_participants(case, {f"u:{person.as_id}"})


def renew(case: Case, task: UserTask) -> None:
    """Let the row of a task that stays open tell what the diagram says of it now. Whoever holds it keeps it
    while it waits for the same people; its limit stays as it was set."""
    t = _tasks.c
    of_task = (t.tenant_id == case.person.tenant_id, t.instance_id == case.id, t.token == task.token)
    found = case.session.execute(_tasks.select().where(*of_task, t.status == "open")).mappings().one()
    row = {**found, **{name: value for name, value in _task_row(case, task, 0).items() if name in _DRAWN}}
    if row["candidates"] != found["candidates"]:
        row |= {"assignee_id": task.assignee or None, "claimed_at": None}
        row |= {"owner_id": None, "delegation": ""}
        if found["assignee_id"] is not None and task.assignee is None:
            case.record.add("task_released", row["element"], row["id"])
    held = {name: row[name] for name in (*_DRAWN, "assignee_id", "claimed_at", "owner_id", "delegation")}
    keys = {"of_tenant": row["tenant_id"], "of_task": row["id"]}
    case.session.execute(_ASSIGN, {**keys, **held})
    _list_anew(case, [row])
    _add_participants(case, set(_principals(row)))


def renew_limits(case: Case, rows: list[dict[str, Any]]) -> None:
    """Write where the limits of open tasks stand now: the rows, the lists in order of limits (while the clock
    stands still as if there were none), and when their holders are reminded."""
    if not rows:
        return
    t = _tasks.c
    for row in rows:
        where = (t.tenant_id == row["tenant_id"], t.id == row["id"])
        limits = {name: row[name] for name in ("due_at", "follow_up_at")}
        case.session.execute(_tasks.update().where(*where).values(limits))
    _list_anew(case, rows)
    tenant, ids = case.row["tenant_id"], [row["id"] for row in rows]
    reminders = [f"remind-{task_id}" for task_id in ids]
    case.session.execute(_NO_REMINDERS, {"of_tenant": tenant, "ids": reminders})
    sent = sa.select(_outgoing.c.id).where(_outgoing.c.tenant_id == tenant, _outgoing.c.id.in_(reminders))
    told = set(case.session.execute(sent).scalars())
    for row in rows:
        if f"remind-{row['id']}" not in told:
            _remind(case, row)


def _replace_timers(case: Case, advance: Advance) -> None:
    """The rows of timers become those that stand now; each new or moved one asks to be woken. Those of a
    rehearsal wait until its starter moves the clock: nobody else looks at them."""
    tenant = case.person.tenant_id
    of_case = {"of_tenant": tenant, "of_instance": case.id}
    standing = {timer.token: timer for timer in advance.timers}
    if not standing and not advance.disarmed:
        return
    known = {row.token: row.due_at for row in case.session.execute(_TIMERS, of_case)}
    changed = [token for token in known if token not in standing or known[token] != standing[token].due]
    if changed:
        case.session.execute(_DISARM, {**of_case, "tokens": changed})
    new = [timer for token, timer in standing.items() if known.get(token) != timer.due]
    if not new:
        return
    keys = {"tenant_id": tenant, "instance_id": case.id, "retry_at": NEVER if case.rehearsed else None}
    case.session.execute(
        _ADD_TIMERS,
        [
            {**keys, "token": t.token, "process_key": t.process, "element": t.element, "due_at": t.due}
            for t in new
        ],
    )
    for timer in () if case.rehearsed else new:
        note(case.session, Wakeup("timer", tenant, f"{case.id} {timer.token}", timer.due))


def _replace_subscriptions(case: Case, advance: Advance) -> None:
    tenant = case.person.tenant_id
    if case.deployed.waits_for_messages(case.key):
        case.session.execute(_UNSUBSCRIBE, {"of_tenant": tenant, "of_instance": case.id})
        keys = {"tenant_id": tenant, "instance_id": case.id}
        rows = [
            {**keys, "token": s.token, "element": s.element, "kind": s.kind, "name": s.name}
            for s in advance.subscriptions
        ]
        if rows:
            case.session.execute(_SUBSCRIBE, rows)
            _let_deliverers_see(case, advance.subscriptions)


def _let_deliverers_see(case: Case, waiting: Iterable[Subscription]) -> None:
    """Those who may deliver a message by hand must find the case that waits for it."""
    processes = case.deployed.model.processes
    groups = {g for s in waiting for g in processes[s.process].nodes[s.element].delivered_by}
    if groups:
        _add_participants(case, {case.principal(group) for group in groups})


def _note_incidents(case: Case, advance: Advance) -> None:
    """Open incidents become those that stand now."""
    if not advance.incidents and case.row["status"] != "incident":
        return
    c, tenant = _incidents.c, case.person.tenant_id
    where = (c.tenant_id == tenant, c.instance_id == case.id, c.resolved_at.is_(None))
    known = set(case.session.execute(sa.select(c.token).where(*where)).scalars())
    standing = {incident.token: incident for incident in advance.incidents}
    gone = known - standing.keys()
    if gone:
        case.session.execute(
            _incidents.update().where(*where, c.token.in_(gone)).values(resolved_at=case.now)
        )
    for token in standing.keys() - known:
        incident = standing[token]
        finding = finding_json(incident.finding)
        case.record.add("incident_raised", incident.element, finding=finding)
        case.session.execute(
            _incidents.insert().values(
                tenant_id=tenant, id=new_id(case.now), instance_id=case.id, token=token,
                element=incident.element, finding=finding, created_at=case.now,
            )
        )  # fmt: skip


def _remind(case: Case, row: dict[str, Any]) -> None:
    """One working day before the limit the light turns yellow: those who hold the task are told
    once."""
    if row["due_at"] is None or case.rehearsed or case.row["stopped_at"]:
        return
    at = calendars.yellow_from(case.calendar, row["due_at"])
    if at <= case.now:
        return
    payload = {
        "task": row["id"],
        "name": row["name"],
        "number": case.row["business_key"],
        "due": _iso(row["due_at"]),
    }
    _queue(case, f"remind-{row['id']}", "task_due_soon", _principals(row)[0], payload, at)


def _send(case: Case, advance: Advance) -> None:
    """Messages go to other cases; a signal has reached all that it can, inside its own."""
    for thrown in advance.thrown:
        if thrown.kind == "message":
            messages.dispatch(case, thrown)
        else:
            case.record.add("signal_thrown", thrown.element, name=thrown.name)


def _queue(
    case: Case, message_id: str, kind: str, recipient: str, payload: dict[str, Any], due: datetime
) -> None:
    tenant = case.person.tenant_id
    row = {
        "tenant_id": tenant, "id": message_id, "instance_id": case.id, "kind": kind, "recipient": recipient,
        "payload": payload, "due_at": due, "status": "waiting", "attempts": 0, "failure": "",
    }  # fmt: skip
    case.session.execute(_ADD_OUTGOING, row)
    note(case.session, Wakeup("outgoing", tenant, message_id, due))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
