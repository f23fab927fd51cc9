"""会签 under way: who signs, and who is added to it or taken out of it (加签 and 减签 in parallel)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import rounds
from server.engine.errors import EngineError
from server.engine.model import UserTask, Value
from server.engine.rounds import JointSign
from server.services import colleagues, deployed, signatures
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import Case, finish
from server.services.colleagues import Colleague
from server.services.deployed import Deployed
from server.services.errors import NotFound, Refused
from server.services.signing import move, touch
from server.services.tasks import hold_open
from server.store.identity import User
from server.store.runtime import Task

_tasks = Task.metadata.tables["task"]
_people = User.metadata.tables["person"]


@dataclass(frozen=True, slots=True)
class Round:
    """One who has not signed yet: the task, its number, and who holds it or for whom it waits."""

    id: str
    revision: int
    number: int
    who: str


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint sign: how many sign and have signed, whose signature is open (`rounds`), how many come after
    them; whether they sign one after the other; and who can be added: a `person` of `people` or a `group` of
    `groups` (id, name), or "" where the diagram lets nobody be."""

    id: str
    revision: int
    name: str
    business_key: str
    title: str
    instance_id: str
    total: int
    done: int
    coming: int
    sequential: bool
    rounds: tuple[Round, ...]
    added: Literal["", "person", "group"]
    people: tuple[Colleague, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()


def look(session: Session, person: Person, task_id: str, now: datetime) -> Joint:
    """The joint sign to which an open task belongs. NotFound where it belongs to none; NotPermitted for all
    but those who sign in it, who sent the case into it, their leaders, and admins."""
    row = signatures.read(session, person.tenant_id, task_id)
    used = deployed.of(session, person.tenant_id, row["deployment_id"])
    joint = _joint(used, row)
    standing = _standing(session, row, joint)
    verdict(session, person, row, joint, standing).require()
    people: list[Colleague] = []
    if joint.added == "person":
        held = {one["assignee_id"] for one in standing}
        found = colleagues.listing(session, person.tenant_id, _keys(used, row), now)
        people = [one for one in found if one.id not in held]
    groups = used.manifest.groups.values() if joint.added == "group" and used.manifest else ()
    return Joint(
        row["id"], row["revision"], joint.element.name, row["business_key"], row["title"],
        row["instance_id"], joint.total, joint.done, len(joint.coming), joint.sequential,
        tuple(_rounds(used, joint, standing)), joint.added, tuple(people),
        tuple((group.id, group.name) for group in groups),
    )  # fmt: skip


def add(
    session: Session, person: Person, task_id: str, revision: int, whom: str, reason: str, now: datetime
) -> None:
    """Add a signer (a person or a group, by id, as the diagram asks for) to the joint sign of an open task:
    side by side they sign at once, one after the other they come last. Raises StaleTask."""
    case, row, joint = _hold(session, person, task_id, revision, now)
    reason = signatures.reason_of(reason)
    signer, name = _signer(session, case, row, joint, whom)
    model = case.deployed.model
    try:
        item = rounds.item_of(model, case.key, case.state, row["token"], signer, case.at)
    except EngineError as error:
        raise Refused(error.finding) from error
    seq = case.record.add(
        "signers_added", row["element"], task_id, name=joint.element.name, when="together", to=[name],
        reason=reason,
    )  # fmt: skip
    move(case, seq, lambda: rounds.add_round(model, case.key, case.state, row["token"], item, case.at))
    touch(session, row)
    finish(case)


def take_out(
    session: Session, person: Person, task_id: str, revision: int, reason: str, now: datetime
) -> None:
    """Take the signer of an open task out of its joint sign: nobody waits for them any more. Raises
    StaleTask; Refused where nobody would be left."""
    case, row, joint = _hold(session, person, task_id, revision, now)
    reason = signatures.reason_of(reason)
    standing = _standing(session, row, joint)
    name = next(_who(case.deployed, one) for one in standing if one["id"] == row["id"])
    seq = case.record.add(
        "signer_removed", row["element"], task_id, name=joint.element.name, when="together", who=name,
        reason=reason,
    )  # fmt: skip
    model = case.deployed.model
    move(case, seq, lambda: rounds.remove_round(model, case.key, case.state, row["token"], case.at))
    finish(case)


def verdict(
    session: Session,
    person: Person,
    row: Mapping[str, Any],
    joint: JointSign,
    standing: list[dict[str, Any]],
) -> Verdict:
    """Who says who signs together: those who sign, whoever sent the case into it, who leads one of them, and
    admins; where the diagram lets signers be added at all."""
    if row["rehearsal_at"] is not None:
        return denied("In a rehearsal its leader plays everybody: nobody has to be asked to sign.")
    if not joint.added:
        return denied("Who signs “{name}” is settled by its diagram: nobody is added or taken out.",
                      name=joint.element.name)  # fmt: skip
    signs = person.id in {one["assignee_id"] for one in standing}
    led = person.has("leader") and person.unit_id in {one["holder_unit"] for one in standing}
    if signs or led or person.has("admin") or person.id in _senders(session, row, standing):
        return ALLOWED
    return denied(
        "Only those who sign together, whoever sent the case to them, their leader or an administrator may "
        "add signers or take them out."
    )


# --------------------------------------------------------------------------- parts
def _hold(
    session: Session, person: Person, task_id: str, revision: int, now: datetime
) -> tuple[Case, dict[str, Any], JointSign]:
    case, row = hold_open(session, person, task_id, revision, now)
    row["unit_id"] = case.row["unit_id"]
    joint = _joint(case.deployed, row)
    verdict(session, person, row, joint, _standing(session, row, joint)).require()
    return case, row, joint


def _joint(used: Deployed, row: Mapping[str, Any]) -> JointSign:
    found = rounds.joint_sign(used.model, row["root_key"], row["state"], row["token"])
    if found is None or row["signing"] is not None:
        raise NotFound("task", row["id"])
    return found


def _standing(session: Session, row: Mapping[str, Any], joint: JointSign) -> list[dict[str, Any]]:
    """The open tasks of a joint sign with who holds them."""
    t, p = _tasks.c, _people.c
    query = (
        sa.select(*t, p.name.label("holder"), p.unit_id.label("holder_unit"))
        .join(_people, (p.tenant_id == t.tenant_id) & (p.id == t.assignee_id), isouter=True)
        .where(t.tenant_id == row["tenant_id"], t.instance_id == row["instance_id"], t.status == "open")
        .where(t.token.in_([token for token, _number in joint.tasks]))
        .order_by(t.id)
    )
    return [dict(found) for found in session.execute(query).mappings()]


def _senders(session: Session, row: Mapping[str, Any], standing: list[dict[str, Any]]) -> set[str]:
    """Who did the step that led to the joint sign: the command that closed it opened these tasks."""
    t = _tasks.c
    query = sa.select(t.completed_by).where(
        t.tenant_id == row["tenant_id"], t.instance_id == row["instance_id"],
        t.closed_seq.in_({one["opened_seq"] for one in standing}), t.completed_by.is_not(None),
        t.element != row["element"],
    )  # fmt: skip
    return set(session.execute(query).scalars())


def _rounds(used: Deployed, joint: JointSign, standing: list[dict[str, Any]]) -> list[Round]:
    numbers = dict(joint.tasks)
    found = [Round(o["id"], o["revision"], numbers[o["token"]], _who(used, o)) for o in standing]
    return sorted(found, key=lambda one: one.number)


def _who(used: Deployed, row: Mapping[str, Any]) -> str:
    return row["holder"] or "、".join(used.principal_name(key) for key in row["candidates"])


def _keys(used: Deployed, row: Mapping[str, Any]) -> list[str]:
    """Those for whom the rounds of a joint sign may wait: the posts that the diagram names."""
    task: UserTask = signatures.told(used, row)
    return [
        f"g:{group}@{row['unit_id']}" if used.scope_of(group) == "unit" else f"g:{group}"
        for group in task.candidate_groups
    ]


def _signer(
    session: Session, case: Case, row: dict[str, Any], joint: JointSign, whom: str
) -> tuple[dict[str, Value], str]:
    """What the diagram is told of a signer, and their name."""
    if joint.added == "group":
        known = case.deployed.manifest.groups if case.deployed.manifest else {}
        if whom not in known:
            denied("Choose who is to sign.").require()
        return {"group": whom}, known[whom].name
    target = colleagues.person(session, case.person.tenant_id, whom)
    if target.id in {one["assignee_id"] for one in _standing(session, row, joint)}:
        denied("{name} signs here already.", name=target.name).require()
    keys, starter = _keys(case.deployed, row), case.row["started_by"]
    colleagues.may_hold(session, target, row, keys, case.deployed, starter).require()
    told = {"id": target.id, "account": target.account, "name": target.name, "post": target.post}
    return {"person": {**told, "unit": target.unit_name}}, f"{target.name}（{target.post}）"
