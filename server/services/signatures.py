"""Tasks that wait for signatures of others: what is asked beside them, and who gets them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import process, signers
from server.engine.forms import Form
from server.engine.model import Advance, FlowNode, UserTask
from server.services import colleagues, drafts, recording, submissions
from server.services.authorization import Verdict, denied
from server.services.case import Case
from server.services.deployed import Deployed
from server.services.errors import NotFound, NotPermitted
from server.store.identity import User
from server.store.runtime import InstanceState, ProcessInstance, Task

_tasks = Task.metadata.tables["task"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]
_people = User.metadata.tables["person"]

LONGEST = 500
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the holder of a step states, for who signs beside it: the form of the step, with what its page
    shows and what was filled in. `draft` says that it has not been sent yet."""

    form: Form | None
    values: dict[str, Any]
    draft: bool


def read(session: Session, tenant_id: str, task_id: str) -> dict[str, Any]:
    """An open task with its case, the case's state, and who holds it (`holder`, `holder_unit`). Raises
    NotFound."""
    t, i, p = _tasks.c, _instances.c, _people.c
    query = (
        sa.select(
            *t, i.deployment_id, i.business_key, i.title, i.rehearsal_at, i.started_by, i.unit_id,
            _states.c.state,
            i.process_key.label("root_key"), p.name.label("holder"), p.unit_id.label("holder_unit"),
        )
        .join(_instances, (i.tenant_id == t.tenant_id) & (i.id == t.instance_id))
        .join(_states, (_states.c.tenant_id == t.tenant_id) & (_states.c.instance_id == t.instance_id))
        .join(_people, (p.tenant_id == t.tenant_id) & (p.id == t.assignee_id), isouter=True)
        .where(t.tenant_id == tenant_id, t.id == task_id, t.status == "open")
    )  # fmt: skip
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("task", task_id)
    return {**row, "state": bytes(row["state"])}


def told(used: Deployed, row: Mapping[str, Any]) -> UserTask:
    """What the engine tells of an open task. Raises NotFound."""
    for task in process.open_tasks(used.model, row["root_key"], row["state"]):
        if task.token == row["token"]:
            return task
    raise NotFound("task", row["id"])


def stated(
    session: Session, used: Deployed, row: Mapping[str, Any], task: UserTask | None, now: datetime
) -> Stated | None:
    """What is to be signed with the task of a signature: what the holder of the step has sent, or typed so
    far where the signature comes before; None for every other task."""
    if task is None or task.signing is None:
        return None
    node = used.process(row["process_key"]).nodes[row["element"]]
    form = used.model.form(node.assignment.form)
    t = _tasks.c
    query = sa.select(t.id, t.assignee_id).where(
        t.tenant_id == row["tenant_id"], t.instance_id == row["instance_id"], t.status == "open",
        t.token == task.signing.task, t.assignee_id.is_not(None),
    )  # fmt: skip
    step = session.execute(query).one_or_none()
    values = dict(task.variables)
    if step is None:
        return Stated(form, values, draft=False)
    holder, key = colleagues.known(session, row["tenant_id"], step.assignee_id), f"task:{step.id}"
    if kept := drafts.kept(session, holder, key):
        values |= submissions.fill(session, holder, form, kept.pairs, values, key, now).values
    return Stated(form, values, draft=True)


def reason_of(text: str) -> str:
    """What was given as the reason. Raises NotPermitted where nothing was."""
    given = text.strip()[:LONGEST]
    if not given:
        denied("Say why: it stands in the record of the case.").require()
    return given


def ways(element: FlowNode, row: Mapping[str, Any], act: Verdict) -> tuple[str, ...]:
    """How signers may be added to an open task: `before` and `after` by who may do it, `together` where its
    diagram lets somebody be added to a joint sign."""
    if row["signing"] or row["rehearsal_at"] is not None:
        return ()
    together = is_joint(element)
    return (*(signers.addable(element) if act else ()), *(("together",) if together else ()))


def is_joint(element: FlowNode | None) -> bool:
    """Whether several sign at an element and its diagram lets signers be added."""
    loop = element.multi_instance if element else None
    return loop is not None and bool(loop.signer_item)


def holder(session: Session, row: Mapping[str, Any], token: str) -> str | None:
    """Who holds the task of a token, or held it when it was done."""
    t = _tasks.c
    query = (
        sa.select(t.assignee_id)
        .where(t.tenant_id == row["tenant_id"], t.instance_id == row["instance_id"], t.token == token)
        .where(t.status.in_(("open", "completed")))
        .order_by(t.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def back_to_holder(case: Case, advance: Advance, opened: list[dict[str, Any]]) -> None:
    """Give a task that is open again because somebody objected to whoever had done it; where they are no
    longer in office it waits for all who may do it."""
    for task, row in zip(advance.opened, opened, strict=True):
        if not any(signed.verdict for signed in task.signatures):
            continue
        t = _tasks.c
        done = (
            sa.select(t.assignee_id)
            .where(t.tenant_id == row["tenant_id"], t.instance_id == case.id, t.token == row["token"])
            .where(t.status == "completed")
            .order_by(t.id.desc())
            .limit(1)
        )
        before = case.session.execute(done).scalar_one_or_none()
        try:
            who = colleagues.person(case.session, row["tenant_id"], before or "")
        except NotPermitted:
            continue
        recording.assign(case, row, who)
