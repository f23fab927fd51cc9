"""Duties begin by themselves: each day, also those that were missed, one case for each period and subject."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from server.jobs.runner import Runner
from server.services import admin, history, instance_views, instances, schedule_views, schedules, starts
from server.services.clock import BACKOFF
from server.services.identity import add_person, add_unit
from server.services.starts import Matter
from server.services.wakeups import Wakeup, duty_key
from tests.bundles import linked
from tests.services.conftest import MORNING
from tests.services.lab import TENANT, Lab
from tests.services.test_together import together

DAY = timedelta(days=1)


def on(month: int, day: int, year: int = 2026, hour: int = 9) -> datetime:
    return MORNING.replace(year=year, month=month, day=day, hour=hour)


@pytest.fixture
def office(lab: Lab) -> Lab:
    """The lab with a schedule, a second unit with a clerk, and a third one without."""
    lab.deploy(linked.files())
    with lab.database.write() as session:
        for unit in ("school", "pool"):
            add_unit(session, TENANT, unit, unit.title())
        add_person(session, TENANT, "cid", "Cid", "", "school", ["clerks"], "", MORNING)
        add_person(session, TENANT, "dan", "Dan", "", "pool", ["heads"], "", MORNING)
    return lab


def begun(lab: Lab) -> list[tuple[str, str, str]]:
    """Process, title and unit of the cases that began by themselves, in their order."""
    query = "select process_key, title, unit_id from process_instance where started_by = 'system' order by "
    return [tuple(row.values()) for row in lab.rows(query + "process_key, title, unit_id")]  # type: ignore[misc]


def duty_rows(lab: Lab) -> list[dict[str, Any]]:
    return lab.rows("select * from duty order by day, process_key, subject")


def approve(lab: Lab, name: str) -> str:
    """A project with the fact `approved`; gives its id."""
    with lab.database.write() as session:
        given = {"project_name": name, "amount": "600"}
        sender = instances.start(session, lab.people["ann"], "lab.sender", lab.now, given).instance_id
    lab.do("ann", sender, "decide")
    lab.runner().catch_up()
    return str(lab.rows("select project_id from process_instance where id = :i", i=sender)[0]["project_id"])


def test_a_new_jurisdiction_begins_with_today(office: Lab) -> None:
    """Not with the fifth of last month."""
    office.now = on(3, 6)
    office.runner().catch_up()
    assert begun(office) == []
    office.now = on(4, 4, hour=23)
    office.runner().catch_up()
    assert begun(office) == []
    office.now = on(4, 5, hour=0)
    assert office.runner().catch_up() == 1
    assert begun(office) == [("lab.monthly", "lab.monthly 2026-4", "office")]
    assert office.runner().catch_up() == 0


def test_once_for_each_unit_that_has_the_duty(office: Lab) -> None:
    """The unit without people who could begin it by hand has none."""
    office.now = on(1, 14, 2027)
    office.runner().catch_up()
    office.now = on(1, 15, 2027)
    assert office.runner().catch_up() == 2
    assert begun(office) == [("lab.yearly", "lab.yearly 2027", unit) for unit in ("office", "school")]
    (first, second) = office.rows("select * from process_instance order by unit_id")
    assert office.task(second["id"], "plan")["candidates"] == '["g:clerks@school"]'
    assert first["project_id"] is None
    with office.database.read() as session:
        view = instance_views.view(session, office.people["admin"], second["id"], office.now)
        (entry,) = history.timeline(session, TENANT, second["id"], last=None)[-1:]
    assert view.variables == {
        "period": "2027", "year": 2027, "opened_on": "2027-01-15", "project_unit": "School", "unit": "school",
    }  # fmt: skip
    assert (entry.kind, entry.actor_id, entry.payload["period"]) == ("instance_started", "system", "2027")


def test_once_for_each_project_that_it_concerns(office: Lab) -> None:
    """With the facts that its cases fixed; projects without the fact have no such duty."""
    project = approve(office, "智慧校园")
    with office.database.write() as session:
        given = {"project_name": "未批", "amount": "1"}
        instances.start(session, office.people["ann"], "lab.sender", office.now, given)
    office.now = on(6, 1)
    office.runner().catch_up()
    reviews = office.rows("select * from process_instance where process_key = 'lab.review'")
    assert [(row["project_id"], row["title"], row["unit_id"]) for row in reviews] == [
        (project, "智慧校园", "office")
    ]
    with office.database.read() as session:
        known = instance_views.view(session, office.people["admin"], reviews[0]["id"], office.now).variables
    assert known | {"period": "2026-H1", "amount": "600", "approved": True} == known


def test_three_weeks_without_power(office: Lab) -> None:
    """Everything that should have begun begins, once, and knows the day for which it was named."""
    project = approve(office, "智慧校园")
    office.now = on(11, 29)
    office.runner().catch_up()
    before = len(begun(office))
    office.now = on(12, 20)
    assert Runner(office.database, office.sent.append, lambda: office.now).catch_up() == 2
    assert Runner(office.database, office.sent.append, lambda: office.now).catch_up() == 0
    assert len(begun(office)) == before + 2
    rows = [(r["process_key"], r["period"], r["subject"], str(r["day"])) for r in duty_rows(office)[-2:]]
    assert rows == [
        ("lab.review", "2026-H2", project, "2026-12-01"), ("lab.monthly", "2026-12", "", "2026-12-05"),
    ]  # fmt: skip
    late = duty_rows(office)[-1]["instance_id"]
    with office.database.read() as session:
        known = instance_views.view(session, office.people["admin"], late, office.now).variables
    assert known["opened_on"] == "2026-12-05"


def test_a_period_never_begins_twice(office: Lab) -> None:
    """Not when a later day names it again, nor when the clock is set back."""
    often = ("-", "-", '"lab.yearly"', "string(day.year)", '"unit"', "null")
    office.deploy(linked.files(schedule=linked.schedule((*linked.RULES, often))))
    for number in range(5):
        office.now = on(3, 6) + number * DAY
        office.runner().catch_up()
    office.now = on(3, 1)
    office.runner().catch_up()
    assert [unit for _, _, unit in begun(office)] == ["office", "school"]
    office.now = on(1, 1, 2027)
    office.runner().catch_up()
    assert len([key for key, _, _ in begun(office) if key == "lab.yearly"]) == 4


def test_once_when_several_processes_look_at_the_same_moment(office: Lab) -> None:
    """Two servers read the schedule and ring; the rows let one of them through."""
    office.now = on(3, 4)
    office.runner().catch_up()
    for month in range(4, 10):
        office.now = on(month, 5)
        assert together(*(lambda: office.runner().catch_up() for _ in range(3))) == []
    monthly = sorted(title for key, title, _ in begun(office) if key == "lab.monthly")
    assert monthly == [f"lab.monthly 2026-{month}" for month in range(3, 10)]


def test_case_and_mark_are_one_transaction(office: Lab) -> None:
    """What is rolled back has neither."""
    office.now = on(4, 5)
    office.runner().read_schedules()
    with office.database.write() as session:
        assert schedules.perform(session, TENANT, ("lab.monthly", "", "2026-4"), office.now)
        session.rollback()
    assert begun(office) == []
    assert [row["status"] for row in duty_rows(office)] == ["waiting"]
    ring = Wakeup("duty", TENANT, duty_key("lab.monthly", "", "2026-4"), office.now)
    assert [office.runner().ring(ring), office.runner().ring(ring)] == [True, False]
    assert [row["status"] for row in duty_rows(office)] == ["begun"]


def test_a_duty_that_cannot_begin_waits_for_an_admin(office: Lab) -> None:
    """The others go on; when the process is there again, it begins."""
    office.now = on(4, 4)
    office.runner().catch_up()
    office.now = on(4, 5)
    office.runner().read_schedules()
    gone = linked.files()
    del gone["bpmn/monthly.bpmn"]
    gone["jurisdiction.toml"] = gone["jurisdiction.toml"].replace(b'id = "lab.monthly"', b'id = "lab.gone"')
    gone["bpmn/gone.bpmn"] = linked.diagram("lab.monthly").replace(b'"lab.monthly"', b'"lab.gone"')
    gone["dmn/schedule.dmn"] = gone["dmn/schedule.dmn"].replace(b"lab.monthly", b"lab.gone")
    office.deploy(gone)
    assert office.runner().catch_up() == 0
    for pause in BACKOFF:
        office.now += pause
        assert office.runner().catch_up() == 0
    with office.database.read() as session:
        (letter,) = admin.dead_letters(session, office.people["admin"])
    assert (letter.kind, letter.what, letter.attempts) == ("duty", "lab.monthly 2026-4", 5)
    office.deploy(linked.files())
    with office.database.write() as session:
        admin.revive(session, office.people["admin"], "duty", letter.id, office.now)
    assert office.runner().catch_up() == 1
    assert begun(office) == [("lab.monthly", "lab.monthly 2026-4", "office")]


def test_a_schedule_that_cannot_be_read_loses_no_day(office: Lab) -> None:
    """It stands still and says why; mended, it goes on where it stood."""
    office.now = on(4, 3)
    office.runner().catch_up()
    # The check tries later years.
    period = "if day.year = 2026 then null else string(day.year)"
    nonsense = ("4", "4", '"lab.yearly"', period, '"unit"', "null")
    office.deploy(linked.files(schedule=linked.schedule((*linked.RULES, nonsense))))
    office.now = on(4, 6)
    assert office.runner().catch_up() == 0
    with office.database.read() as session:
        found = schedule_views.overview(session, office.people["admin"], office.now)
    assert (found.read_up_to.isoformat(), found.failure[:10]) == ("2026-04-03", "2026-04-04")
    office.deploy(linked.files())
    assert office.runner().catch_up() == 1
    assert begun(office) == [("lab.monthly", "lab.monthly 2026-4", "office")]


def test_nothing_begins_under_an_instrument_that_has_expired(office: Lab) -> None:
    """The law of the day counts, not that of the day on which it is read."""
    expires = b'title = "Lab"\nexpires = 2026-04-30'
    office.deploy(linked.files(manifest=linked.manifest().replace(b'title = "Lab"', expires, 1)))
    office.now = on(3, 6)
    office.runner().catch_up()
    office.now = on(7, 1)
    office.runner().catch_up()
    assert begun(office) == [("lab.monthly", "lab.monthly 2026-4", "office")]


def test_begun_by_hand_it_knows_its_period_too(office: Lab) -> None:
    """The one that the schedule named last."""
    office.now = on(7, 9)
    project = approve(office, "智慧校园")
    with office.database.write() as session:
        given = {"project_id": project}
        found = instances.start(session, office.people["ann"], "lab.review", office.now, given)
    with office.database.read() as session:
        known = instance_views.view(session, office.people["ann"], found.instance_id, office.now).variables
    assert (known["period"], known["year"], known["opened_on"]) == ("2026-H1", 2026, "2026-07-09")


def test_a_duty_of_units_that_is_begun_by_hand_is_about_no_project(office: Lab) -> None:
    """It belongs to the unit of who begins it and is called by its period; no project is asked for."""
    office.now = on(7, 9)
    before = office.rows("select count(*) as n from project")
    with office.database.write() as session:
        view = starts.view(session, office.people["ann"], Matter("lab.yearly"), office.now)
        assert (view.needs_project, view.projects) == (False, ())
        found = instances.start(session, office.people["ann"], "lab.yearly", office.now, {})
    row = office.rows(
        "select title, unit_id, project_id from process_instance where id = :i", i=found.instance_id
    )
    assert [tuple(r.values()) for r in row] == [("lab.yearly 2026", "office", None)]
    assert office.rows("select count(*) as n from project") == before
    with office.database.read() as session:
        known = instance_views.view(session, office.people["ann"], found.instance_id, office.now).variables
        assert starts.view(session, office.people["ann"], Matter("lab.review"), office.now).needs_project
    assert (known["unit"], known["period"]) == ("office", "2026")
    assert "project_name" not in known
    assert found.task_id


def test_what_began_and_what_comes(office: Lab) -> None:
    """For admins: the duties with their cases, and a look ahead that begins nothing."""
    office.now = on(4, 5)
    office.runner().catch_up()
    with office.database.read() as session:
        found = schedule_views.overview(session, office.people["admin"], office.now)
    (duty,) = found.begun
    assert (duty.process_name, duty.period, duty.subject, duty.status) == (
        "lab.monthly",
        "2026-4",
        "",
        "begun",
    )
    assert duty.business_key == "lab.monthly-2026-1"
    assert [(c.day.isoformat(), c.process_key, c.period, c.count) for c in found.coming] == [
        ("2026-05-05", "lab.monthly", "2026-5", 1),
        ("2026-06-01", "lab.review", "2026-H1", 0),
    ]
    assert len(begun(office)) == 1
