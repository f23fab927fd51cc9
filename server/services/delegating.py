"""委派: somebody does the work of a task for its owner, to whom it comes back and who completes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.services import absences, colleagues, drafts, recording
from server.services.authorization import Person, denied, may_act
from server.services.case import Case, finish
from server.services.reassigning import LONGEST, delegate_row
from server.services.tasks import hold_open
from server.store.history import Attachment

_attachments = Attachment.metadata.tables["attachment"]


def delegate(
    session: Session, person: Person, task_id: str, revision: int, to: str, note: str, now: datetime
) -> None:
    """Ask somebody in office to fill the form of a task that the person holds: its draft goes to them, but
    they cannot complete it. Raises StaleTask when the task has changed since the page of this `revision`."""
    case, row = hold_open(session, person, task_id, revision, now)
    person = case.person
    _require_holder(case, row)
    note = note.strip()[:LONGEST]
    if not note:
        denied("Say what you ask them to do.").require()
    target = colleagues.person(session, person.tenant_id, to)
    if target.id in (person.id, person.as_id):
        denied("This is your own task already.").require()
    owner = row["assignee_id"]
    _hand_draft(session, person, target, f"task:{task_id}", now)
    recording.assign(case, row, target)
    delegate_row(session, row, owner, "pending")
    told = {"name": row["name"], "to": target.name, "to_id": target.id, "to_post": target.post}
    case.record.add("task_delegated", row["element"], row["id"], note=note, **told)
    finish(case)


def resolve(session: Session, person: Person, task_id: str, revision: int, note: str, now: datetime) -> None:
    """交回: give a task that was delegated back to its owner, with what was typed and the files of the
    draft."""
    case, row = hold_open(session, person, task_id, revision, now)
    person = case.person
    if row["delegation"] != "pending":
        denied("Nobody delegated this task.").require()
    may_act(person, row["assignee_id"], row["candidates"], _waits(case, row)).require()
    owner = _owner(session, case, row)
    files = _hand_draft(session, person, owner, f"task:{task_id}", now)
    recording.assign(case, row, owner)
    delegate_row(session, row, owner.id, "resolved")
    told = {"name": row["name"], "to": owner.name, "to_id": owner.id, "note": note.strip()[:LONGEST]}
    case.record.add("task_resolved", row["element"], row["id"], files=files, **told)
    finish(case)


def recall(session: Session, person: Person, task_id: str, revision: int, now: datetime) -> None:
    """Take back a task that the person delegated, with what the other has typed so far."""
    case, row = hold_open(session, person, task_id, revision, now)
    if row["delegation"] != "pending":
        denied("This task is not with anybody else any more.").require()
    acting = absences.acting(person, {**row, "assignee_id": row["owner_id"]})
    if acting.as_id != row["owner_id"]:
        denied("Only who delegated the task may take it back.").require()
    case.person = case.record.actor = acting
    asked = colleagues.known(session, person.tenant_id, row["assignee_id"])
    _hand_draft(session, asked, acting, f"task:{task_id}", now)
    recording.assign(case, row, _owner(session, case, row))
    delegate_row(session, row, None, "")
    case.record.add("task_recalled", row["element"], row["id"], name=row["name"])
    finish(case)


def _require_holder(case: Case, row: dict[str, Any]) -> None:
    may_act(case.person, row["assignee_id"], row["candidates"], _waits(case, row)).require()
    if case.rehearsed:
        denied("In a rehearsal its leader plays everybody: nothing has to change hands.").require()
    if row["delegation"] == "pending":
        denied("You work on this for somebody else: give it back, and they complete it.").require()


def _waits(case: Case, row: dict[str, Any]) -> str:
    return "、".join(case.deployed.principal_name(key) for key in row["candidates"])


def _owner(session: Session, case: Case, row: dict[str, Any]) -> Person:
    return colleagues.known(session, case.person.tenant_id, row["owner_id"])


def _hand_draft(
    session: Session, person: Person, owner: Person, key: str, now: datetime
) -> list[dict[str, str]]:
    """What somebody typed becomes the owner's draft; the files in it are the owner's to send. Gives name and
    SHA-256 of each, for the record."""
    kept = drafts.kept(session, person, key)
    if kept is None:
        return []
    drafts.keep(session, owner, key, kept.pairs, now)
    drafts.drop(session, person, key)
    a = _attachments.c
    given = session.execute(
        _attachments.update()
        .where(a.tenant_id == person.tenant_id, a.owner_key == key, a.uploaded_by == person.id)
        .where(a.instance_id == "")
        .values(uploaded_by=owner.id)
        .returning(a.id, a.name, a.sha256)
    ).all()
    return [{"name": name, "sha256": sha256} for _, name, sha256 in sorted(map(tuple, given))]
