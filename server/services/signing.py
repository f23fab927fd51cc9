"""前加签, 后加签 and 减签: the holder of a task asks others to sign before or after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.engine import signers
from server.engine.errors import EngineError
from server.engine.model import Advance, Signing
from server.engine.signers import Signer, When
from server.services import absences, colleagues, deployed, faster, reassigning, recording, signatures
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import Case, finish
from server.services.colleagues import Colleague
from server.services.errors import NotPermitted, Refused
from server.services.tasks import hold_open
from server.store.runtime import Task

_tasks = Task.metadata.tables["task"]


@dataclass(frozen=True, slots=True)
class Signers:
    """An open task and who signs beside it: when the diagram lets somebody be added (`ways`), and whom one
    can choose."""

    id: str
    revision: int
    name: str
    business_key: str
    title: str
    instance_id: str
    holder: str
    signatures: tuple[Signing, ...]
    ways: tuple[When, ...]
    people: tuple[Colleague, ...]


def look(session: Session, person: Person, task_id: str, now: datetime) -> Signers:
    """The task with its signers, and the people to choose from. NotPermitted for all but its holder, their
    leader and admins."""
    row = signatures.read(session, person.tenant_id, task_id)
    verdict(person, row).require()
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    task = signatures.told(used, row)
    ways = signers.addable(used.process(row["process_key"]).nodes[row["element"]])
    taken = {s.person for s in task.signatures if not s.verdict} | {row["assignee_id"]}
    everybody = colleagues.everybody(session, person.tenant_id, now) if ways else []
    return Signers(
        row["id"], row["revision"], row["name"], row["business_key"], row["title"],
        row["instance_id"], row["holder"] or "",
        task.signatures, ways, tuple(one for one in everybody if one.id not in taken),
    )  # fmt: skip


def ask(
    session: Session, person: Person, task_id: str, revision: int, when: When, whom: Sequence[str],
    reason: str, now: datetime,
) -> None:  # fmt: skip
    """Ask people, by id, to sign before or after a task. Raises StaleTask when the task has changed since the
    page of this `revision`."""
    case, row = hold_open(session, person, task_id, revision, now)
    person, row = case.person, {**row, **_held(session, row)}
    verdict(person, row).require()
    reason = signatures.reason_of(reason)
    targets = [_target(session, case, row, user_id) for user_id in dict.fromkeys(whom)]
    if not targets:
        denied("Choose who is to sign.").require()
    asked = [Signer(one.id, one.name, person.as_id, person.signed, reason) for one in targets]
    told = {"name": row["name"], "when": when, "reason": reason}
    seq = case.record.add(
        "signers_added", row["element"], task_id, to=[f"{one.name}（{one.post}）" for one in targets], **told
    )
    model = case.deployed.model
    move(
        case, seq,
        lambda: signers.ask(model, case.key, case.state, row["token"], when, asked, case.at),
    )  # fmt: skip
    touch(session, row)
    finish(case)


def call_off(
    session: Session, person: Person, task_id: str, revision: int, whom: str, reason: str, now: datetime
) -> str:
    """减签: take back what was asked of somebody, by id. `task_id` is the task itself, or that of the
    signature (then `whom` is not needed). Gives the case's id. Raises StaleTask."""
    case, row = hold_open(session, person, task_id, revision, now)
    person, row = case.person, {**row, **_held(session, row)}
    reason = signatures.reason_of(reason)
    asked = _asked(session, case, row, whom)
    may_call_off(session, person, row, asked).require()
    seq = case.record.add(
        "signer_removed", row["element"], task_id, name=row["name"], who=asked.name, when=asked.when,
        reason=reason,
    )  # fmt: skip
    model = case.deployed.model
    move(
        case, seq,
        lambda: signers.call_off(model, case.key, case.state, asked.task, asked.person, case.at),
    )  # fmt: skip
    if row["signing"] is None:
        touch(session, row)
    finish(case)
    return case.id


def verdict(person: Person, row: Mapping[str, Any]) -> Verdict:
    """Who asks others to sign beside a task: its owner, whoever leads the unit of its holder, and admins. In
    a rehearsal nobody has to be asked."""
    if row["rehearsal_at"] is not None:
        return denied("In a rehearsal its leader plays everybody: nobody has to be asked to sign.")
    if row["signing"] is not None:
        return denied("This is a signature somebody asked for: whoever signs it asks nobody else.")
    owner = row["owner_id"] if row["delegation"] == "pending" else row["assignee_id"]
    if owner is None:
        return denied("Claim the task first: only who holds it asks others to sign.")
    acting = absences.acting(person, {**row, "assignee_id": owner})
    if acting.as_id == owner or person.has("admin") or reassigning.leads(person, row):
        return ALLOWED
    return denied(
        "Only {name}, who holds this task, their leader or an administrator may ask others to sign.",
        name=row["holder"] or "",
        ask=("admin",),
    )


def may_call_off(session: Session, person: Person, row: Mapping[str, Any], asked: Signing) -> Verdict:
    """Who calls a signature off: who asked for it, who holds the task, their leader, and admins."""
    holder = signatures.holder(session, row, asked.task)
    if person.as_id in (asked.by, holder) or person.has("admin") or reassigning.leads(person, row):
        return ALLOWED
    return denied("Only {name}, who asked for this signature, or an administrator may call it off.",
                  name=asked.by_name, ask=("admin",))  # fmt: skip


def move(case: Case, cause: int, step: Callable[[], Advance]) -> None:
    """Let the engine do it and write down what came of it; what it refuses becomes a refusal people can
    read."""
    try:
        advance = step()
    except EngineError as error:
        raise Refused(error.finding) from error
    opened = recording.write_down(case, advance, cause)
    signatures.back_to_holder(case, advance, opened)


def touch(session: Session, row: Mapping[str, Any]) -> None:
    """Let a page that was made of the task before be stale."""
    where = (_tasks.c.tenant_id == row["tenant_id"], _tasks.c.id == row["id"])
    session.execute(_tasks.update().where(*where).values(revision=_tasks.c.revision + 1))


def _asked(session: Session, case: Case, row: Mapping[str, Any], whom: str) -> Signing:
    """What was asked of somebody and is not answered yet. StaleTask where they signed meanwhile."""
    task = signatures.told(case.deployed, row)
    if task.signing is not None:
        return task.signing
    found = next((s for s in task.signatures if s.person == whom and not s.verdict), None)
    if found is not None:
        return found
    t = _tasks.c
    given = (
        t.tenant_id == row["tenant_id"], t.instance_id == case.id, t.element == row["element"],
        t.signing.is_not(None), t.assignee_id == whom, t.status == "completed",
    )  # fmt: skip
    query = _tasks.select().where(*given).order_by(t.completed_at.desc()).limit(1)
    signed = session.execute(query).mappings().one_or_none()
    if signed is None:
        raise NotPermitted("Nothing is asked of this person any more.")
    raise faster.task_moved(session, case.person, {**signed, "root_key": case.key})


def _target(session: Session, case: Case, row: Mapping[str, Any], user_id: str) -> Person:
    target = colleagues.person(session, case.person.tenant_id, user_id)
    if target.id == row["assignee_id"]:
        denied("{name} holds this task and signs it anyway.", name=target.name).require()
    starter = case.row["started_by"]
    colleagues.may_hold(session, target, row, target.principals, case.deployed, starter).require()
    return target


def _held(session: Session, row: Mapping[str, Any]) -> dict[str, Any]:
    found = signatures.read(session, row["tenant_id"], row["id"])
    return {name: found[name] for name in ("holder", "holder_unit")}
