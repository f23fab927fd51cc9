"""容缺: materials of a case that need not be given, and what a form then no longer asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.forms import Form, Kind, Submission, messages
from server.services.authorization import Person
from server.store.papers import Waiver
from server.store.runtime import Task

waivers = Waiver.metadata.tables["waiver"]
_tasks = Task.metadata.tables["task"]
_NEEDED = frozenset({messages.ATTACH, messages.REQUIRED})


def of_case(session: Session, tenant_id: str, instance_id: str) -> dict[str, Mapping[str, Any]]:
    """The waived materials of a case, by the name of their field."""
    w = waivers.c
    query = waivers.select().where(w.tenant_id == tenant_id, w.instance_id == instance_id)
    return {row["field"]: dict(row) for row in session.execute(query).mappings()}


def excuse(
    session: Session, person: Person, form: Form, owner_key: str, submission: Submission
) -> Submission:
    """The submission without complaints about files that were waived in the case of its task. Asks nobody
    where there are none."""
    kind, _, task_id = owner_key.partition(":")
    files = {field.key for field in form.fields if field.kind is Kind.FILES}
    lacking = {
        e.name for e in submission.errors if e.message in _NEEDED and e.name.rpartition(".")[2] in files
    }
    if kind != "task" or not lacking:
        return submission
    w, t = waivers.c, _tasks.c
    query = (
        sa.select(w.field)
        .join_from(waivers, _tasks, (t.tenant_id == w.tenant_id) & (t.instance_id == w.instance_id))
        .where(t.tenant_id == person.tenant_id, t.id == task_id, w.field.in_(lacking))
    )
    waived = set(session.execute(query).scalars())
    left = tuple(e for e in submission.errors if e.message not in _NEEDED or e.name not in waived)
    return replace(submission, errors=left)
