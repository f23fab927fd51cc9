"""抄送 and 传阅: letting others read a case, and seeing who has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import addressees
from server.services.announcing import News, announce
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.case import Case, finish, hold
from server.services.errors import NotFound, StaleTask
from server.services.participants import admit
from server.store.columns import new_id
from server.store.letters import CircularCopy
from server.store.runtime import ProcessInstance, Task

_copies = CircularCopy.metadata.tables["circular_copy"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_tasks = Task.metadata.tables["task"]
LONGEST = 500
"""Characters of a note or a remark."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A case sent to one person: by whom, with which note, and when it was read with which remark."""

    id: str
    sheet_id: str
    instance_id: str
    circulation: bool
    note: str
    sent_by: str
    sent_by_name: str
    sent_at: datetime
    user_id: str
    user_name: str
    via: str
    read_at: datetime | None
    remark: str
    business_key: str
    title: str


def may_send(session: Session, person: Person, instance_id: str) -> Verdict:
    """A case is sent on by those who work on it: its starter, whoever holds or has done one of its tasks, and
    admins. Whoever only reads it cannot widen the circle."""
    i, t = _instances.c, _tasks.c
    works = sa.exists().where(
        t.tenant_id == i.tenant_id, t.instance_id == i.id,
        sa.or_(t.assignee_id == person.id, t.completed_by == person.id),
    )  # fmt: skip
    query = sa.select(i.id).where(
        i.tenant_id == person.tenant_id, i.id == instance_id, sa.or_(i.started_by == person.id, works)
    )
    if person.has("admin") or session.execute(query).scalar_one_or_none() is not None:
        return ALLOWED
    return denied("Only those who work on the case may send it to others: its starter and its officers.")


def send(
    session: Session, person: Person, instance_id: str, keys: Sequence[str], note: str, now: datetime,
    *, circulation: bool = False,
) -> tuple[str, ...]:  # fmt: skip
    """Let the people whom some keys name read a case from now on; they are told. Who has an unread copy from
    this person already gets no second one. Gives the names."""
    case = hold(session, person, instance_id, now)
    may_send(session, person, instance_id).require()
    if case.rehearsed:
        denied("In a rehearsal its leader plays everybody: nobody else is asked or told.").require()
    found = _without_unread(session, person, instance_id, addressees.chosen(session, person, keys))
    if not found:
        denied("All of them have an unread copy from you already.").require()
    sheet, note = new_id(case.now), note.strip()[:LONGEST]
    rows = [_row(case, sheet, one, note, circulation) for one in found]
    session.execute(_copies.insert(), rows)
    admit(session, person.tenant_id, instance_id, [f"u:{one.id}" for one in found])
    names = [one.name for one in found]
    case.record.add("case_copied", to=names, note=note, circulation=circulation)
    payload = {"number": case.row["business_key"], "title": case.row["title"], "by": person.name}
    news = News(
        "case_copied", tuple(f"u:{one.id}" for one in found), case.id, None, {**payload, "note": note}
    )
    announce(session, person.tenant_id, [news], case.now)
    finish(case)
    return tuple(names)


def read(session: Session, person: Person, copy_id: str, remark: str, now: datetime) -> str:
    """已阅: mark one's copy as read, in a circulation with a remark; gives the case's id. StaleTask when it
    was read already, NotFound for everybody else's."""
    c = _copies.c
    where = (c.tenant_id == person.tenant_id, c.id == copy_id, c.user_id == person.id)
    instance_id = session.execute(sa.select(c.instance_id).where(*where)).scalar_one_or_none()
    if instance_id is None:
        raise NotFound("copy", copy_id)
    case = hold(session, person, instance_id, now)
    row = session.execute(_copies.select().where(*where)).mappings().one()
    if row["read_at"] is not None:
        raise StaleTask("", "read", row["user_name"], row["read_at"], instance_id=instance_id)
    remark = remark.strip()[:LONGEST] if row["circulation"] else ""
    session.execute(_copies.update().where(*where).values(read_at=case.now, remark=remark))
    case.record.add("copy_read", remark=remark, by=row["sent_by_name"], circulation=row["circulation"])
    finish(case)
    return str(instance_id)


def received(session: Session, person: Person, *, unread: bool = True, limit: int = 100) -> list[Copy]:
    """The copies sent to the person, newest first: those not read yet, or those read."""
    c = _copies.c
    state = c.read_at.is_(None) if unread else c.read_at.is_not(None)
    query = _listing().where(c.tenant_id == person.tenant_id, c.user_id == person.id, state)
    return [Copy(**row) for row in session.execute(query.order_by(c.id.desc()).limit(limit)).mappings()]


def sent(session: Session, person: Person, limit: int = 200) -> list[Copy]:
    """The copies that the person has sent, newest first: who has read them."""
    c = _copies.c
    query = _listing().where(c.tenant_id == person.tenant_id, c.sent_by == person.id)
    return [Copy(**row) for row in session.execute(query.order_by(c.id.desc()).limit(limit)).mappings()]


def of_case(session: Session, tenant_id: str, instance_id: str) -> list[Copy]:
    """All copies of a case, newest first. Who may see it is for the caller to know."""
    c = _copies.c
    query = _listing().where(c.tenant_id == tenant_id, c.instance_id == instance_id)
    return [Copy(**row) for row in session.execute(query.order_by(c.id.desc())).mappings()]


def _listing() -> sa.Select[Any]:
    c, i = _copies.c, _instances.c
    names = [name for name in Copy.__slots__ if name in c]
    return sa.select(*(c[name] for name in names), i.business_key, i.title).join(
        _instances, (i.tenant_id == c.tenant_id) & (i.id == c.instance_id)
    )


def _without_unread(
    session: Session, person: Person, instance_id: str, found: list[addressees.Addressee]
) -> list[addressees.Addressee]:
    c = _copies.c
    query = sa.select(c.user_id).where(
        c.tenant_id == person.tenant_id, c.instance_id == instance_id, c.sent_by == person.id,
        c.read_at.is_(None),
    )  # fmt: skip
    have = set(session.execute(query).scalars())
    return [one for one in found if one.id not in have]


def _row(case: Case, sheet: str, one: addressees.Addressee, note: str, circulation: bool) -> dict[str, Any]:
    return {
        "tenant_id": case.person.tenant_id, "id": new_id(case.now), "sheet_id": sheet,
        "instance_id": case.id, "circulation": circulation, "note": note, "sent_by": case.person.id,
        "sent_by_name": case.person.name, "sent_at": case.now, "user_id": one.id, "user_name": one.name,
        "via": one.via, "read_at": None, "remark": "",
    }  # fmt: skip
