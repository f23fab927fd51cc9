"""停表: the time that a legal ground takes does not count. While the clock stands still the work goes on;
when it is started again every limit that ran moves by the days it stood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.bundles.manifest import ClockStop as Ground
from server.engine import clock as engine_clock
from server.services import faster, limits, recording
from server.services.authorization import ALLOWED, Person, Verdict, denied
from server.services.calendars import local
from server.services.case import Case, finish, hold
from server.services.deployed import Deployed
from server.services.errors import NotFound
from server.services.limits import Limit
from server.services.messages import RUNNING
from server.store.clocks import ClockStop
from server.store.columns import NEVER, new_id
from server.store.runtime import Task, Timer

_stops = ClockStop.metadata.tables["clock_stop"]
_tasks = Task.metadata.tables["task"]
_timers = Timer.metadata.tables["timer"]
LONGEST = 2000
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a person orders about the clock of a case: on which `ground`, why (the document that says so, what
    was sent back), and how far the record went on the page they saw."""

    ground: str
    reason: str
    seen: int


def grounds(used: Deployed) -> tuple[Ground, ...]:
    """The legal grounds that the manifest lists."""
    return tuple(used.manifest.clock_stops.values()) if used.manifest else ()


def may_stop(person: Person, ground: Ground, holders: Iterable[str], names: str = "") -> Verdict:
    """The clock is stopped and started again by the bodies that the manifest names for the ground, where it
    names none by those who hold a step of the case, and by admins."""
    if person.has("admin", *ground.by):
        return ALLOWED
    if not ground.by:
        if person.id in set(holders):
            return ALLOWED
        return denied("Only somebody who holds a step of this case may stop or restart its clock.")
    return denied("Only {groups} may do this.", groups=names)


def verdict(person: Person, used: Deployed, ground: Ground, holders: Iterable[str]) -> Verdict:
    """The same with the bodies' names in the refusal."""
    names = "、".join(used.group_name(group) for group in ground.by)
    return may_stop(person, ground, holders, names)


def running(case_limits: Iterable[Limit], row: Mapping[str, Any]) -> list[Limit]:
    """The limits that would stand still: counted ones that had not passed when the clock stopped."""
    return [limit for limit in case_limits if limit.term.runs and limit.due > row["stopped_at"]]


def stop(session: Session, person: Person, instance_id: str, order: Order, now: datetime) -> None:
    """停表. NotPermitted for those who may not, and where nothing runs; StaleTask when something happened in
    the case since the person looked."""
    case = hold(session, person, instance_id, now)
    ground = _ground(case.deployed, order.ground)
    may = verdict(person, case.deployed, ground, holders(case))
    faster.settle(session, person, case, may, order.seen)
    if case.row["status"] not in RUNNING or case.row["stopped_at"] is not None:
        denied("The clock of this case does not run.").require()
    if not (reason := order.reason.strip()[:LONGEST]):
        denied("Say why the clock stops, and name the document.").require()
    case.row["stopped_at"] = case.now
    standing = running(of_case(case), case.row)
    if not standing:
        denied(
            "No limit runs in this case: a named day and a limit that has passed do not stand still."
        ).require()
    told = {"ground": ground.id, "name": ground.name, "basis": ground.basis, "reason": reason}
    session.execute(
        _stops.insert().values(
            tenant_id=person.tenant_id, id=new_id(case.now), instance_id=case.id, **told, moved={},
            stopped_at=case.now, stopped_by=person.id,
        )
    )  # fmt: skip
    case.record.add("clock_stopped", **told, limits=[limit.due.isoformat() for limit in standing])
    recording.renew_limits(case, open_tasks(case))
    finish(case)


def restart(session: Session, person: Person, instance_id: str, order: Order, now: datetime) -> None:
    """恢复计时: every limit that stood still moves; `order.ground` is not looked at."""
    case = hold(session, person, instance_id, now)
    kept = standing_stop(session, person.tenant_id, instance_id)
    if case.row["stopped_at"] is None or kept is None:
        raise faster.moved(session, person, instance_id)
    ground = case.deployed.manifest.clock_stops.get(kept["ground"]) if case.deployed.manifest else None
    known = ground or Ground(id=kept["ground"], name=kept["name"], basis=kept["basis"])
    may = verdict(person, case.deployed, known, holders(case))
    faster.settle(session, person, case, may, order.seen)
    if not (reason := order.reason.strip()[:LONGEST]):
        denied("Say why the clock runs again.").require()
    start_again(case, kept, reason)
    finish(case)


def start_again(case: Case, kept: Mapping[str, Any], reason: str) -> None:
    """Let the clock of a held case run on: the limits move, the record says by how much and why."""
    since, until = local(kept["stopped_at"]).date(), local(case.now).date()
    moved = {
        limit.due: case.calendar.postponed(limit.due, limit.term.unit, max(since, limit.term.start), until)
        for limit in running(of_case(case), case.row)
    }
    moved = {old: new for old, new in moved.items() if new != old}
    case.row["stopped_at"] = None
    told = {old.isoformat(): new.isoformat() for old, new in moved.items()}
    days = max(case.calendar.working_days_between(since, until), 0)
    where = (_stops.c.tenant_id == kept["tenant_id"], _stops.c.id == kept["id"])
    done = {"restarted_at": case.now, "restarted_by": case.person.id, "moved": told}
    case.session.execute(_stops.update().where(*where).values(done))
    seq = case.record.add(
        "clock_restarted", ground=kept["ground"], name=kept["name"], basis=kept["basis"], reason=reason,
        since=kept["stopped_at"].isoformat(), days=days, moved=told,
    )  # fmt: skip
    _release_timers(case)
    move(case, moved, seq)


def move(case: Case, moved: Mapping[datetime, datetime], seq: int) -> None:
    """Let limits of a held case stand elsewhere: in the engine's state, its timers, the tasks and lists."""
    rows = open_tasks(case)
    if moved:
        advance = engine_clock.move(case.deployed.model, case.key, case.state, moved, case.at)
        recording.write_down(case, advance, seq)
        for row in rows:
            row["due_at"] = moved.get(row["due_at"], row["due_at"])
            row["follow_up_at"] = moved.get(row["follow_up_at"], row["follow_up_at"])
    recording.renew_limits(case, rows)


def holds(case: Case, due: datetime) -> bool:
    """Whether a timer of this moment stands still with the clock."""
    if case.row["stopped_at"] is None:
        return False
    return any(limit.due == due for limit in running(of_case(case), case.row))


def of_case(case: Case) -> tuple[Limit, ...]:
    """The limits of a held case."""
    dues = (row["due_at"] for row in open_tasks(case))
    return limits.of_case(case.session, case.deployed, case.row, case.calendar, *dues)


def open_tasks(case: Case) -> list[dict[str, Any]]:
    """The open tasks of a held case."""
    t = _tasks.c
    where = (t.tenant_id == case.row["tenant_id"], t.instance_id == case.id, t.status == "open")
    return [
        dict(row) for row in case.session.execute(_tasks.select().where(*where).order_by(t.id)).mappings()
    ]


def holders(case: Case) -> list[str]:
    """The people who hold an open task of a held case."""
    return [row["assignee_id"] for row in open_tasks(case) if row["assignee_id"] is not None]


def standing_stop(session: Session, tenant_id: str, instance_id: str) -> dict[str, Any] | None:
    """The stop of a case's clock that has not ended."""
    s = _stops.c
    where = (s.tenant_id == tenant_id, s.instance_id == instance_id, s.restarted_at.is_(None))
    row = session.execute(_stops.select().where(*where)).mappings().one_or_none()
    return dict(row) if row else None


def _ground(used: Deployed, ground_id: str) -> Ground:
    found = next((ground for ground in grounds(used) if ground.id == ground_id), None)
    if found is None:
        raise NotFound("ground", ground_id)
    return found


def _release_timers(case: Case) -> None:
    """Timers that came due while the clock stood still were put aside; now they are looked at again."""
    t = _timers.c
    where = (t.tenant_id == case.row["tenant_id"], t.instance_id == case.id, t.retry_at == NEVER)
    if not case.rehearsed:
        case.session.execute(_timers.update().where(*where).values(retry_at=None))
