"""回避: somebody must not act on a case, or on any case of a project. They declare it, or an admin enters it;
what they hold goes back to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import heads, recording, rights_log
from server.services.authorization import Person, denied, may_administer
from server.services.bundle_log import take_turn
from server.services.case import Case, finish, hold
from server.services.errors import NotFound, StaleTask
from server.services.rights_log import Change
from server.store.columns import new_id
from server.store.identity import User
from server.store.people import Recusal
from server.store.runtime import ProcessInstance, Task

_recusals = Recusal.metadata.tables["recusal"]
_people = User.metadata.tables["person"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_tasks = Task.metadata.tables["task"]
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """A recusal as it is asked for: who (an account), on which case or on its whole project, and why."""

    account: str
    instance_id: str
    reason: str
    whole_project: bool = False


@dataclass(frozen=True, slots=True)
class RecusalView:
    """A recusal that counts, or counted until `lifted_at`. `case` is the number of its case, "" where it is
    for a whole project. `declared_by` is a name."""

    id: str
    user_id: str
    name: str
    subject_kind: str
    subject_id: str
    reason: str
    declared_by: str
    declared_at: datetime
    lifted_at: datetime | None


def declare(session: Session, person: Person, wanted: Wanted, now: datetime) -> tuple[str, ...]:
    """Enter a recusal: one's own, or as an admin anybody's. Tasks that the person holds go back to their
    groups; gives the ids of those that have no group because the diagram names the person, so that somebody
    must be found for them."""
    if wanted.account != person.id:
        may_administer(person).require()
    heads.may_read(session, person, wanted.instance_id).require()
    if not wanted.reason.strip():
        denied("Say why: whoever reads the record must be able to judge it.").require()
    name = _name(session, person.tenant_id, wanted.account)
    take_turn(session, person.tenant_id)  # before any case, as everybody does who holds both
    kind, subject = _subject(session, person, wanted)
    if _counting(session, person.tenant_id, wanted.account, subject):
        return ()
    reason = wanted.reason.strip()[:LONGEST]
    session.execute(
        _recusals.insert().values(
            tenant_id=person.tenant_id, id=new_id(now), user_id=wanted.account, subject_kind=kind,
            subject_id=subject, reason=reason, declared_by=person.id, declared_at=now, lifted_by="",
        )
    )  # fmt: skip
    payload = {"kind": kind, "subject": subject, "reason": reason}
    rights_log.add(session, person, person.tenant_id, now, Change("recused", wanted.account, payload))
    left: list[str] = []
    for case in _cases(session, person, kind, subject, now):
        case.record.add("recusal_declared", name=name, subject=kind, reason=reason)
        left += _give_back(case, wanted.account)
        finish(case)
    return tuple(left)


def lift(session: Session, person: Person, recusal_id: str, now: datetime) -> None:
    """End a recusal: its ground is gone. An admin says so, never the person themselves. StaleTask where
    another admin did so meanwhile."""
    may_administer(person).require()
    take_turn(session, person.tenant_id)
    r = _recusals.c
    where = (r.tenant_id == person.tenant_id, r.id == recusal_id)
    row = session.execute(_recusals.select().where(*where)).mappings().one_or_none()
    if row is None:
        raise NotFound("recusal", recusal_id)
    if row["lifted_at"] is not None:
        raise StaleTask("", "moved", _name(session, person.tenant_id, row["lifted_by"]), row["lifted_at"])
    if row["user_id"] == person.id:
        denied("Another administrator must end your own recusal.", ask=("admin",)).require()
    session.execute(_recusals.update().where(*where).values(lifted_at=now, lifted_by=person.id))
    kind, subject = row["subject_kind"], row["subject_id"]
    change = Change("recusal_lifted", row["user_id"], {"kind": kind, "subject": subject})
    rights_log.add(session, person, person.tenant_id, now, change)
    name = _name(session, person.tenant_id, row["user_id"])
    for case in _cases(session, person, kind, subject, now):
        case.record.add("recusal_lifted", name=name, subject=kind)
        finish(case)


def of_case(session: Session, person: Person, instance_id: str) -> list[RecusalView]:
    """The recusals that count for a case, those of its project included, oldest first."""
    heads.may_read(session, person, instance_id).require()
    i = _instances.c
    project = sa.select(i.project_id).where(i.tenant_id == person.tenant_id, i.id == instance_id)
    subject = _recusals.c.subject_id
    return _listing(
        session, person, sa.or_(subject == instance_id, subject == project.scalar_subquery()),
        _recusals.c.lifted_at.is_(None),
    )  # fmt: skip


def of_person(session: Session, person: Person, account: str) -> list[RecusalView]:
    """Every recusal of somebody, for themselves and for admins, oldest first."""
    if account != person.id:
        may_administer(person).require()
    return _listing(session, person, _recusals.c.user_id == account)


def _listing(session: Session, person: Person, *where: sa.ColumnElement[bool]) -> list[RecusalView]:
    r, p, entered = _recusals.c, _people.c, _people.alias("entered")
    by = sa.func.coalesce(entered.c.name, r.declared_by)
    query = (
        sa.select(
            r.id, r.user_id, p.name, r.subject_kind, r.subject_id, r.reason, by, r.declared_at, r.lifted_at
        )
        .join(_people, (p.tenant_id == r.tenant_id) & (p.id == r.user_id))
        .join(entered, (entered.c.tenant_id == r.tenant_id) & (entered.c.id == r.declared_by), isouter=True)
        .where(r.tenant_id == person.tenant_id, *where)
        .order_by(r.id)
        .limit(200)
    )  # fmt: skip
    return [RecusalView(*row) for row in session.execute(query)]


def _subject(session: Session, person: Person, wanted: Wanted) -> tuple[str, str]:
    i = _instances.c
    query = sa.select(i.project_id, i.rehearsal_at).where(
        i.tenant_id == person.tenant_id, i.id == wanted.instance_id
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("instance", wanted.instance_id)
    if row.rehearsal_at is not None:
        denied("A rehearsal decides nothing real: nobody needs to be recused.").require()
    if wanted.whole_project and row.project_id:
        return "project", str(row.project_id)
    return "case", wanted.instance_id


def _counting(session: Session, tenant_id: str, account: str, subject: str) -> bool:
    r = _recusals.c
    query = sa.select(r.id).where(
        r.tenant_id == tenant_id, r.user_id == account, r.subject_id == subject, r.lifted_at.is_(None)
    )
    return session.execute(query.limit(1)).one_or_none() is not None


def _cases(session: Session, person: Person, kind: str, subject: str, now: datetime) -> Sequence[Case]:
    """The running cases that a recusal is about, each held for writing."""
    i = _instances.c
    mine = i.id == subject if kind == "case" else i.project_id == subject
    query = sa.select(i.id).where(
        i.tenant_id == person.tenant_id, mine, i.status.in_(("running", "incident")), i.rehearsal_at.is_(None)
    )
    return [hold(session, person, id_, now) for id_ in session.execute(query.order_by(i.id)).scalars().all()]


def _give_back(case: Case, account: str) -> list[str]:
    """Put what the person holds back to the others; gives what only they could do."""
    t = _tasks.c
    query = _tasks.select().where(
        t.tenant_id == case.person.tenant_id, t.instance_id == case.id, t.status == "open"
    )
    left = []
    for row in case.session.execute(query.order_by(t.id)).mappings().all():
        task: dict[str, Any] = dict(row)
        if task["candidates"] == [f"u:{account}"]:
            left.append(task["id"])
        elif task["assignee_id"] == account:
            recording.assign(case, task, None)
            case.record.add("task_released", task["element"], task["id"])
    return left


def _name(session: Session, tenant_id: str, account: str) -> str:
    p = _people.c
    found = session.execute(sa.select(p.name).where(p.tenant_id == tenant_id, p.id == account)).scalar()
    if found is None:
        raise NotFound("person", account)
    return str(found)
