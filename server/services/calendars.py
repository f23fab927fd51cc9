"""The business calendar of a jurisdiction: the published one, with an admin's word above it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

from server.bundles import terms
from server.bundles.manifest import Manifest
from server.engine.business_calendar import BusinessCalendar, DayKind, Deadline
from server.engine.model import Moment
from server.services import deployed
from server.services.authorization import Person, may_administer
from server.store.columns import NEVER
from server.store.identity import CalendarDay, Jurisdiction

_days = CalendarDay.metadata.tables["calendar_day"]
_jurisdictions = Jurisdiction.metadata.tables["jurisdiction"]
_cache: WeakKeyDictionary[Engine, dict[str, tuple[int, BusinessCalendar]]] = WeakKeyDictionary()
_lock = threading.Lock()
_CHANGED = "calendar changed"
"""Marks a unit of work that may still be rolled back: what it sees must not be remembered for others."""
_HOME = ZoneInfo("Asia/Shanghai")
_SHOWN = date(1, 1, 2), date(9999, 12, 30)


class Watched:
    """A calendar that remembers the limits it counted over days of a year whose notice is not known."""

    def __init__(self, calendar: BusinessCalendar, uncertain: list[Deadline]) -> None:
        self.calendar = calendar
        self.uncertain = uncertain

    def deadline(self, start: date, limit: int, unit: str, rule: str) -> datetime:
        """The last moment of a limit."""
        found = self.calendar.explain(start, limit, unit, rule)
        if found.uncertain:
            self.uncertain.append(found)
        return found.due


def local(now: datetime) -> datetime:
    """A moment on the clocks of the jurisdictions."""
    return now.astimezone(_HOME)


def midnight(day: date) -> datetime:
    """When a day begins on the clocks of the jurisdictions. What somebody typed may be any day: one that has
    no such moment on clocks elsewhere stands for the nearest that has one."""
    first, last = _SHOWN
    return datetime.combine(min(max(day, first), last), time(), _HOME)


def midnight_after(day: date) -> datetime:
    """When a day has ended, such as the last of those asked for."""
    return midnight(min(day, _SHOWN[1]) + timedelta(days=1))


def moment(session: Session, person: Person, now: datetime) -> Moment:
    """The time of a command and the calendar of the person's jurisdiction."""
    return Moment(now, of(session, person.tenant_id, person.calendar_revision))


def of(session: Session, tenant_id: str, revision: int | None = None) -> BusinessCalendar:
    """The calendar of a jurisdiction; read again only when its revision has risen."""
    if revision is None:
        query = sa.select(_jurisdictions.c.calendar_revision)
        revision = (
            session.execute(query.where(_jurisdictions.c.tenant_id == tenant_id)).scalar_one_or_none() or 0
        )
    with _lock:
        held = _cache.setdefault(session.get_bind().engine, {})
        known = None if _CHANGED in session.info else held.get(tenant_id)
    if known is not None and known[0] == revision:
        return known[1]
    overrides: dict[date, DayKind] = {
        day.day: "workday" if day.working else "holiday" for day in days(session, tenant_id)
    }
    calendar = BusinessCalendar(overrides, warned=warned(deployed.manifest(session, tenant_id)))
    if _CHANGED in session.info:
        return calendar
    with _lock:
        held[tenant_id] = (revision, calendar)
    return calendar


def warned(manifest: Manifest | None) -> int:
    """How many working days before a limit the manifest lets its light turn yellow, else one."""
    found = terms.read(manifest.lights.yellow_when_left) if manifest else None
    return found.count if found and found.unit == "working_day" else 1


def light(
    calendar: BusinessCalendar, due: datetime | None, case: Mapping[str, Any], now: datetime
) -> Literal["green", "yellow", "red", "stopped"]:
    """The light of a limit in a case (its row). While the clock of the case stands still, that of a limit
    which had not passed is `stopped`; without a limit it is green."""
    if due is None or due >= NEVER:
        return "green"
    if case["stopped_at"] is not None and due > case["stopped_at"]:
        return "stopped"
    return calendar.light(due, now)


def yellow_from(calendar: BusinessCalendar, due: datetime) -> datetime:
    """When the light of a limit turns yellow: the beginning of a working day before its day, the one
    before where the manifest does not say otherwise."""
    return midnight(calendar.add_working_days(local(due).date(), -calendar.warned))


def renew(session: Session, tenant_id: str) -> None:
    """What a calendar is made of has changed: a day of it, or the manifest that says when lights turn."""
    session.info[_CHANGED] = True
    session.execute(
        _jurisdictions.update()
        .where(_jurisdictions.c.tenant_id == tenant_id)
        .values(calendar_revision=_jurisdictions.c.calendar_revision + 1)
    )


def days(session: Session, tenant_id: str) -> list[CalendarDay]:
    """The days an admin has set, in order."""
    rows = session.execute(_days.select().where(_days.c.tenant_id == tenant_id).order_by(_days.c.day))
    return [CalendarDay(**row) for row in rows.mappings()]


def set_day(session: Session, person: Person, day: date, *, working: bool, note: str) -> None:
    """Declare a day working or free, above the published calendar. Deadlines already set keep their
    date."""
    may_administer(person).require()
    clear_day(session, person, day)
    session.execute(_days.insert().values(tenant_id=person.tenant_id, day=day, working=working, note=note))


def clear_day(session: Session, person: Person, day: date) -> None:
    """Take an admin's word back: the published calendar holds again."""
    may_administer(person).require()
    session.execute(_days.delete().where(_days.c.tenant_id == person.tenant_id, _days.c.day == day))
    renew(session, person.tenant_id)
