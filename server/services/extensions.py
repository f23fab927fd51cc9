"""延期: the limit of a case is made longer, where the manifest allows it, once the head of the body that has
the case agrees with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import terms
from server.services import faster, stops
from server.services.authorization import ALLOWED, Person, Verdict, denied, may_administer
from server.services.calendars import local
from server.services.case import Case, finish, hold
from server.services.deployed import Deployed
from server.services.heads import led
from server.services.messages import RUNNING
from server.services.reminding import heads_of
from server.store.clocks import Extension
from server.store.columns import new_id

_extensions = Extension.metadata.tables["extension"]
LONGEST = 2000
"""Characters of a reason or an answer."""


def allowed(used: Deployed, process_key: str) -> int:
    """How many working days the manifest lets the limit of a process be extended by in all; 0: not at all."""
    entry = used.manifest.processes.get(process_key) if used.manifest else None
    found = terms.read(entry.extension) if entry else None
    return found.count if found is not None and found.unit == "working_day" else 0


def may_ask(person: Person, holders: list[str]) -> Verdict:
    """An extension is asked for by those who hold a step of the case, and by admins."""
    if person.id in holders or person.has("admin"):
        return ALLOWED
    return denied("Only somebody who holds a step of this case may ask for more time.")


def may_decide(person: Person, used: Deployed, waiting: list[list[str]], asked_by: str) -> Verdict:
    """It is decided by the head of a body for which the case waits, where there is no head by an admin; never
    by whoever asked. `waiting` are the candidates of the open tasks."""
    keys = {key for candidates in waiting for key in candidates}
    heads = heads_of(keys, used.manifest)
    if person.id == asked_by:
        return denied("Whoever asked for more time does not decide on it.")
    if not keys.isdisjoint(led(person, used.manifest)) if heads else person.has("admin"):
        return ALLOWED
    if not heads:
        return may_administer(person)
    return denied("Only {groups} may do this.", groups="、".join(used.group_name(g) for g in sorted(heads)))


def ask(
    session: Session, person: Person, instance_id: str, days: int, reason: str, seen: int, now: datetime
) -> None:
    """Ask for so many working days more. NotPermitted where nothing may be extended, or not by so much, or
    when the limit has passed; StaleTask when something happened since the person looked."""
    case = hold(session, person, instance_id, now)
    faster.settle(session, person, case, may_ask(person, stops.holders(case)), seen)
    left = allowed(case.deployed, case.key) - granted(session, person.tenant_id, instance_id)
    _may_be_longer(case, days, left).require()
    if not (why := reason.strip()[:LONGEST]):
        denied("Say why more time is needed.").require()
    if _waiting(session, person.tenant_id, instance_id) is not None:
        raise faster.moved(session, person, instance_id)
    session.execute(
        _extensions.insert().values(
            tenant_id=person.tenant_id, id=new_id(case.now), instance_id=case.id, days=days, reason=why,
            status="asked", asked_at=case.now, asked_by=person.id, asked_by_name=person.name, answer="",
            moved={},
        )
    )  # fmt: skip
    case.record.add("extension_asked", days=days, reason=why)
    finish(case)


def decide(
    session: Session, person: Person, instance_id: str, *, grant: bool, answer: str, seen: int, now: datetime
) -> None:
    """Grant or refuse what was asked for, with a reason. A granted one moves the limit of the case, and those
    of its steps that fall on the same moment."""
    case = hold(session, person, instance_id, now)
    row = _waiting(session, person.tenant_id, instance_id)
    if row is None:
        raise faster.moved(session, person, instance_id)
    waiting = [task["candidates"] for task in stops.open_tasks(case)]
    faster.settle(session, person, case, may_decide(person, case.deployed, waiting, row["asked_by"]), seen)
    if not (said := answer.strip()[:LONGEST]):
        denied("Say why the extension is granted or refused.").require()
    moved = _later(case, row["days"]) if grant else {}
    told = {old.isoformat(): new.isoformat() for old, new in moved.items()}
    done = {"status": "granted" if grant else "refused", "answer": said, "moved": told,
            "decided_at": case.now, "decided_by": person.id, "decided_by_name": person.name}  # fmt: skip
    where = (_extensions.c.tenant_id == row["tenant_id"], _extensions.c.id == row["id"])
    session.execute(_extensions.update().where(*where).values(done))
    about = {"days": row["days"], "reason": row["reason"], "answer": said, "asked_by": row["asked_by_name"]}
    if grant:
        seq = case.record.add("limit_extended", by=person.name, moved=told, **about)
        stops.move(case, moved, seq)
    else:
        case.record.add("extension_refused", **about)
    finish(case)


def granted(session: Session, tenant_id: str, instance_id: str) -> int:
    """Working days granted so far."""
    e = _extensions.c
    query = sa.select(sa.func.coalesce(sa.func.sum(e.days), 0)).where(
        e.tenant_id == tenant_id, e.instance_id == instance_id, e.status == "granted"
    )
    return int(session.execute(query).scalar_one())


def of_case(session: Session, tenant_id: str, instance_id: str) -> list[dict[str, Any]]:
    """Every extension that was asked for, oldest first."""
    e = _extensions.c
    where = (e.tenant_id == tenant_id, e.instance_id == instance_id)
    return [
        dict(row) for row in session.execute(_extensions.select().where(*where).order_by(e.id)).mappings()
    ]


def _waiting(session: Session, tenant_id: str, instance_id: str) -> dict[str, Any] | None:
    return next((row for row in of_case(session, tenant_id, instance_id) if row["status"] == "asked"), None)


def _may_be_longer(case: Case, days: int, left: int) -> Verdict:
    if allowed(case.deployed, case.key) == 0:
        return denied("The regulation knows no extension for this matter.")
    if not 1 <= days <= left:
        return denied("At most {left} working days more can be asked for.", left=left)
    return runs(case.row, case.now)


def runs(row: Mapping[str, Any], now: datetime) -> Verdict:
    """Whether the limit of a case (its row) can still be made longer."""
    if row["status"] not in RUNNING or row["due_at"] is None:
        return denied("This case has no limit that runs.")
    if row["stopped_at"] is not None:
        return denied("The clock of this case stands still; start it again first.")
    if row["due_at"] < now:
        return denied("The limit has passed: it can no longer be extended.")
    return ALLOWED


def _later(case: Case, days: int) -> dict[datetime, datetime]:
    runs(case.row, case.now).require()
    due = local(case.row["due_at"])
    day = case.calendar.add_working_days(due.date(), days)
    return {case.row["due_at"]: datetime.combine(day, due.timetz())}
