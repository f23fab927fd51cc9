"""The jurisdiction's calendar: an admin's word counts at once, and an unpublished year is not passed over."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from server.bundles.archive import Bundle
from server.bundles.scenario_files import read_scenario
from server.cli import demo
from server.engine.business_calendar import ZONE
from server.services import calendars, history, instance_views
from server.services.errors import NotPermitted
from tests.services.conftest import MORNING, TENANT, Office

LARGE = "project_approval/large_600000_00.yaml"
UNTIL_CLOCK = 13
"""Steps of the scenario until the decision is waited for."""


def approval(office: Office, bundle: Bundle, begun: datetime) -> str:
    """An approval that waits for its decision, begun on a day."""
    path = next(path for path in bundle.scenarios if path.endswith(LARGE))
    played = demo.Office(office.database, office.files, bundle, begun + timedelta(days=30))
    scenario = read_scenario(bundle.scenarios[path], path)
    return played.play(demo.Play(scenario, UNTIL_CLOCK, "城区内涝监测平台", begun))


def due(office: Office, instance: str) -> date:
    """The limit of the case, as a day."""
    with office.database.read() as session:
        view = instance_views.view(session, office.people["chenwei"], instance, office.now)
    assert view.due is not None
    return view.due.astimezone(ZONE).date()


def set_day(office: Office, day: date, *, working: bool) -> None:
    with office.database.write() as session:
        calendars.set_day(session, office.people["admin"], day, working=working, note="临时安排")


def revision(office: Office) -> int:
    return int(office.rows("select calendar_revision from jurisdiction")[0]["calendar_revision"])


def test_the_limit_of_an_approval(office: Office, bundle: Bundle) -> None:
    """Seven working days after both conditions are met; the reviews end on Thursday the 5th."""
    instance = approval(office, bundle, MORNING)
    assert office.open(instance) == ["decide_feasibility"]
    events = office.rows(
        "select at from history_event where instance_id = :i and kind = 'task_completed' order by seq desc",
        i=instance,
    )
    assert events
    ended = datetime.fromisoformat(str(events[0]["at"]))
    assert (due(office, instance) - ended.date()).days >= 7


def test_an_admins_day_counts_from_the_next_limit_on(office: Office, bundle: Bundle) -> None:
    """A limit that is set already stays; the next one counts around the day, and again without it."""
    first = approval(office, bundle, MORNING)
    before = due(office, first)
    set_day(office, before, working=False)
    assert revision(office) == 1
    assert due(office, first) == before
    assert due(office, approval(office, bundle, MORNING)) == before + timedelta(days=1)
    with office.database.write() as session:
        calendars.clear_day(session, office.people["admin"], before)
    assert revision(office) == 2
    assert due(office, approval(office, bundle, MORNING)) == before


def test_a_working_saturday(office: Office) -> None:
    """An admin's word stands above weekend and notice; it is kept with its note."""
    saturday = date(2026, 3, 7)
    with office.database.read() as session:
        assert not calendars.of(session, TENANT).is_working_day(saturday)
    set_day(office, saturday, working=True)
    with office.database.read() as session:
        assert calendars.of(session, TENANT).is_working_day(saturday)
        (kept,) = calendars.days(session, TENANT)
    assert (kept.day, kept.working, kept.note) == (saturday, True, "临时安排")


def test_a_day_is_set_once(office: Office) -> None:
    """Set again it has the new word only; each change raises the revision."""
    for working in (True, False, False):
        set_day(office, date(2026, 3, 7), working=working)
    assert [(row["working"]) for row in office.rows("select working from calendar_day")] in ([0], [False])
    assert revision(office) == 3


def test_a_change_that_was_rolled_back_is_forgotten(office: Office) -> None:
    """Even if the calendar was read in between."""
    day = date(2026, 3, 4)

    def fail() -> None:
        with office.database.write() as session:
            calendars.set_day(session, office.people["admin"], day, working=False, note="")
            assert not calendars.of(session, TENANT).is_working_day(day)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    set_day(office, date(2026, 3, 5), working=False)
    with office.database.read() as session:
        assert calendars.of(session, TENANT).is_working_day(day)
        assert not calendars.of(session, TENANT).is_working_day(date(2026, 3, 5))


def test_only_admins_set_days(office: Office) -> None:
    """A bureau officer may not."""
    for change in (
        lambda session: calendars.set_day(
            session, office.people["chenwei"], MORNING.date(), working=False, note=""
        ),
        lambda session: calendars.clear_day(session, office.people["chenwei"], MORNING.date()),
    ):
        with pytest.raises(NotPermitted), office.database.write() as session:
            change(session)
    assert revision(office) == 0


def test_an_unpublished_year_is_told(office: Office, bundle: Bundle) -> None:
    """The limit is counted by weekends, and record and case say that it may move."""
    instance = approval(office, bundle, datetime(2041, 3, 4, 9, tzinfo=ZONE))
    with office.database.read() as session:
        told = [e for e in history.timeline(session, TENANT, instance) if e.kind == "deadline_uncertain"]
        view = instance_views.view(session, office.people["chenwei"], instance, office.now)
        assert all(isinstance(found, int) for found in history.verify(session, TENANT))
    assert [entry.payload["years"] for entry in told] == [[2041]]
    assert view.due == datetime.fromisoformat(told[0].payload["due"])
    assert view.uncertain_years == (2041,)


def test_a_published_year_is_not(office: Office, bundle: Bundle) -> None:
    """No warning that nobody needs."""
    instance = approval(office, bundle, MORNING)
    with office.database.read() as session:
        assert (
            instance_views.view(session, office.people["chenwei"], instance, office.now).uncertain_years == ()
        )
        kinds = {entry.kind for entry in history.timeline(session, TENANT, instance)}
    assert "deadline_uncertain" not in kinds
