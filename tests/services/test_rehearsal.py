"""试运行: a case of its own time, by people who play every post, of which nothing real learns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.services import admin, history, instance_views, instances, rehearsing, starts, tasks, worklist
from server.services.errors import NotPermitted, StaleTask
from server.services.starts import Matter
from server.services.worklist import Filters
from tests.services.conftest import Office
from tests.services.lab import GIVEN, Lab


def rehearse(lab: Lab, person: str = "ann", process: str = "lab.chased", day: str = "", **more: Any) -> str:
    """Begin a rehearsal; gives the instance's id."""
    given = {"project_name": "试验", **GIVEN, **more}
    if day:
        given["rehearsal_day"] = day
    with lab.database.write() as session:
        started = instances.start(session, lab.people[person], process, lab.now, given, rehearsed=True)
    return started.instance_id


def move(lab: Lab, person: str, instance_id: str, until: datetime) -> int:
    with lab.database.write() as session:
        return rehearsing.move_clock(session, lab.people[person], instance_id, until, lab.now)


def play(lab: Lab, person: str, task_id: str, principal: str) -> None:
    with lab.database.write() as session:
        rehearsing.play(session, lab.people[person], task_id, principal, lab.now)


def waiting(lab: Lab, person: str, **filters: Any) -> list[str]:
    """The names on a person's worklist."""
    with lab.database.read() as session:
        page = worklist.page(session, lab.people[person], Filters(**filters), lab.now)
    return sorted(row.name for row in page.rows)


def test_it_lives_on_the_day_it_chooses(lab: Lab) -> None:
    """All its moments are of that day, in order; the record tells the real one too."""
    case = rehearse(lab, process="lab.due", day="2024-02-29", due="2024-03-01T23:59:59+08:00")
    lab.do("ann", case, "work")
    row = lab.rows("select * from process_instance")[0]
    for name in ("started_at", "ended_at", "rehearsal_at"):
        assert str(row[name]).startswith("2024-02-29 01:00:0"), (name, row[name])
    events = lab.rows("select kind, at, payload from history_event order by seq")
    moments = [str(event["at"]) for event in events]
    assert moments == sorted(moments)
    assert lab.now.isoformat() in events[0]["payload"]
    with lab.database.read() as session:
        view = instance_views.view(session, lab.people["ann"], case, lab.now)
    assert view.rehearsal_at is not None


def test_its_forms_and_rules_see_the_chosen_day(lab: Lab) -> None:
    """FEEL's now is the rehearsal's: at nine the gateway has no way out, after the move it has."""
    lab.now = datetime(2026, 3, 2, 6, tzinfo=UTC)  # past noon in reality
    case = rehearse(lab, process="lab.stuck", day="2026-03-02")
    lab.do("ann", case, "work")
    assert lab.rows("select status from process_instance") == [{"status": "incident"}]
    move(lab, "ann", case, datetime(2026, 3, 2, 5, tzinfo=UTC))
    incident = lab.rows("select id from incident")[0]["id"]
    with lab.database.write() as session:
        admin.retry(session, lab.people["admin"], incident, lab.now)
    assert lab.open(case) == ["after"]


def test_time_passes_only_when_its_leader_lets_it(lab: Lab) -> None:
    """No wake-up, no sweep and no reminder; then the timer fires at its own moment, before the day chosen."""
    case = rehearse(lab, day="2025-03-03")
    lab.now += timedelta(days=30)
    assert lab.runner().catch_up() == 0
    assert lab.open(case) == ["work"]
    assert lab.rows("select * from outgoing") == []
    with lab.database.read() as session:
        (awaited,) = instance_views.view(session, lab.people["ann"], case, lab.now).awaited
    assert awaited.name == "late"
    with pytest.raises(NotPermitted):
        move(lab, "bob", case, awaited.due)
    with pytest.raises(NotPermitted):
        move(lab, "ann", case, datetime(2025, 3, 2, tzinfo=UTC))
    assert move(lab, "ann", case, awaited.due - timedelta(seconds=1)) == 0
    assert move(lab, "admin", case, awaited.due + timedelta(days=7)) == 1
    assert lab.open(case) == ["chase", "work"]
    chase = lab.rows("select created_at from task where element = 'chase'")[0]["created_at"]
    assert str(chase).startswith("2025-03-04 01:00")
    assert str(lab.rows("select rehearsal_at as at from process_instance")[0]["at"]).startswith("2025-03-11")


def test_one_person_plays_every_post(lab: Lab) -> None:
    """Recorded with the post played; nobody else can, and a real case knows no play."""
    case = rehearse(lab, day="2025-03-03")
    move(lab, "ann", case, datetime(2025, 3, 10, tzinfo=UTC))
    chase = lab.task(case, "chase")
    with pytest.raises(NotPermitted):
        play(lab, "bob", chase["id"], "g:heads")
    with pytest.raises(NotPermitted):
        play(lab, "ann", chase["id"], "g:clerks")
    with pytest.raises(NotPermitted), lab.database.write() as session:
        tasks.claim(session, lab.people["ann"], chase["id"], lab.now)
    with lab.database.read() as session:
        assert tasks.view(session, lab.people["ann"], chase["id"], lab.now).plays == (("g:heads", "heads"),)
    play(lab, "ann", chase["id"], "g:heads")
    lab.do("ann", case, "chase")
    told = lab.rows(
        "select kind, actor_id, actor_post from history_event where task_id = :t order by seq", t=chase["id"]
    )
    assert [(t["kind"], t["actor_id"], t["actor_post"]) for t in told[1:]] == [
        ("task_claimed", "ann", "heads"), ("task_completed", "ann", "heads"),
    ]  # fmt: skip
    lab.now = datetime(2026, 3, 2, tzinfo=UTC)
    real = lab.start()
    with pytest.raises(NotPermitted, match="real case"):
        play(lab, "ann", lab.task(real, "work")["id"], "g:clerks")
    with pytest.raises(NotPermitted, match="real case"):
        move(lab, "ann", real, lab.now + timedelta(days=1))


def test_a_played_task_can_be_put_back(lab: Lab) -> None:
    """Then it waits for its post again, and nobody plays it."""
    case = rehearse(lab, day="2025-03-03")
    move(lab, "ann", case, datetime(2025, 3, 10, tzinfo=UTC))
    chase = lab.task(case, "chase")["id"]
    play(lab, "ann", chase, "g:heads")
    with lab.database.write() as session:
        tasks.release(session, lab.people["ann"], chase, lab.now)
    row = lab.rows("select assignee_id, played from task where id = :t", t=chase)[0]
    assert row == {"assignee_id": None, "played": None}
    with lab.database.write() as session:
        tasks.claim(session, lab.people["head"], chase, lab.now)
    with pytest.raises(StaleTask), lab.database.write() as session:
        tasks.claim(session, lab.people["ann"], chase, lab.now)


def test_lists_keep_rehearsals_apart(lab: Lab) -> None:
    """Neither the worklist nor its count nor the lists of cases mix them; the leader has all tasks."""
    case = rehearse(lab, day="2025-03-03")
    move(lab, "ann", case, datetime(2025, 3, 10, tzinfo=UTC))
    for person, real, tried in (
        ("ann", [], ["chase", "work"]), ("bob", [], []), ("head", [], ["chase"]), ("admin", [], []),
    ):  # fmt: skip
        assert waiting(lab, person) == real, person
        assert waiting(lab, person, rehearsals=True) == tried, person
    assert waiting(lab, "ann", rehearsals=True, mine=True) == ["work"]
    with lab.database.read() as session:
        ann = lab.people["ann"]
        assert worklist.count(session, ann) == 0
        assert worklist.next_task(session, ann) is None
        assert worklist.rehearsals(session, ann) == 2
        assert worklist.cases(session, ann) == []
        assert [row["id"] for row in worklist.cases(session, ann, rehearsals=True)] == [case]
        assert worklist.cases(session, lab.people["admin"], everyone=True) == []
        assert not worklist.page(session, ann, Filters(rehearsals=True), lab.now).overdue


def test_numbers_and_projects_are_its_own(lab: Lab) -> None:
    """The first real case is number one, whatever was rehearsed before."""
    rehearse(lab)
    rehearse(lab)
    lab.start()
    rows = lab.rows("select business_key, rehearsal_at from process_instance order by id")
    keys = {row["business_key"]: row["rehearsal_at"] is None for row in rows}
    assert keys == {
        "试-lab.chased-2026-1": False, "试-lab.chased-2026-2": False, "lab.chased-2026-1": True,
    }  # fmt: skip
    codes = lab.rows("select code, rehearsal from project order by code")
    assert [(row["code"], bool(row["rehearsal"])) for row in codes] == [
        ("XM-2026-0001", False), ("试-XM-2026-0001", True), ("试-XM-2026-0002", True),
    ]  # fmt: skip
    with lab.database.read() as session:
        listed = starts.projects.of_unit(session, lab.people["ann"])
        assert [p.code for p in listed] == ["XM-2026-0001"]
        assert len(starts.projects.of_unit(session, lab.people["ann"], rehearsals=True)) == 3


def test_a_rehearsal_of_a_real_project_works_on_a_copy(office: Office) -> None:
    """It reads the facts that real cases fixed; what it fixes stays with the copy, for which no real case can
    begin."""
    office.start()
    row, clerk = office.rows("select * from process_instance")[0], office.people["zhoumin"]
    fix_facts, choose, chosen = starts.projects.fix_facts, starts.projects.choose, starts.projects.Choice
    with office.database.write() as session:
        fix_facts(session, row, {"in_library": True}, office.now)
        copy = choose(session, clerk, chosen(row["project_id"]), office.now, rehearsed=True)
        fix_facts(session, {**row, "project_id": copy.id}, {"is_rehearsed": True}, office.now)
        again = choose(session, clerk, chosen(copy.id), office.now, rehearsed=True)
    assert (copy.rehearsal, copy.facts, again.id) == (True, {"in_library": True}, copy.id)
    assert again.facts == {"in_library": True, "is_rehearsed": True}
    kept = office.rows("select facts from project where id = :i", i=row["project_id"])[0]["facts"]
    assert "is_rehearsed" not in kept
    with pytest.raises(NotPermitted, match="rehearsal"), office.database.write() as session:
        choose(session, clerk, chosen(copy.id), office.now)


def test_who_may_rehearse(lab: Lab) -> None:
    """Those who may start, and process owners and admins; a head may neither. A day that is none is named."""
    rehearse(lab, "admin")
    with pytest.raises(NotPermitted, match="may start"):
        rehearse(lab, "head")
    for day in ("gestern", "2026-02-30", "0001-01-01", "9999-01-01"):
        with pytest.raises(NotPermitted, match="day of the rehearsal"):
            rehearse(lab, day=day)


def test_its_draft_is_not_that_of_a_start(lab: Lab) -> None:
    """Both can be half filled at once; each begins from its own."""
    ann, pairs = lab.people["ann"], [("project_name", "甲"), *GIVEN.items()]
    with lab.database.write() as session:
        starts.save(session, ann, Matter("lab.due"), pairs, lab.now)
        starts.save(
            session, ann, Matter("lab.due", rehearsed=True),
            [*pairs[1:], ("project_name", "乙"), ("rehearsal_day", "2024-05-06")], lab.now,
        )  # fmt: skip
    with lab.database.read() as session:
        assert starts.view(session, ann, Matter("lab.due"), lab.now).choice.name == "甲"
        page = starts.view(session, ann, Matter("lab.due", rehearsed=True), lab.now)
        assert (page.choice.name, str(page.rehearsal_at)) == ("乙", "2024-05-06 09:00:00+08:00")
        assert starts.preview(session, ann, Matter("lab.due", rehearsed=True), lab.now).advance.opened
    with lab.database.write() as session:
        instances.start(session, ann, "lab.due", lab.now, rehearsed=True)
    assert [row["key"] for row in lab.rows("select key from draft")] == ["start:lab.due"]
    assert lab.rows("select title from process_instance") == [{"title": "乙"}]


def test_its_record_is_a_chain_like_every_other(lab: Lab) -> None:
    """Moved and played, it verifies."""
    case = rehearse(lab, day="2025-03-03")
    move(lab, "ann", case, datetime(2025, 3, 10, tzinfo=UTC))
    play(lab, "ann", lab.task(case, "chase")["id"], "g:heads")
    with lab.database.read() as session:
        (found,) = history.verify(session, "lab")
    assert isinstance(found, int)
    assert found > 5
