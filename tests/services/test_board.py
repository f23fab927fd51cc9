"""The board: each number equals the list it leads to; rehearsals and other units are never counted."""

from __future__ import annotations

import importlib
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bench import cases
from server.engine.business_calendar import BusinessCalendar
from server.services import board, board_lists, history, searching, tasks, worklist
from server.services.board import Board
from server.services.board_lists import Wanted
from server.services.errors import NotPermitted
from server.services.step_times import Times
from server.store.tables import metadata
from tests.services.conftest import Office
from tests.services.test_list_order import migrating

COPIES = 90


@pytest.fixture
def busy(office: Office) -> Office:
    """An office with cases over a year in several states, one of them returned, made of four real ones."""
    begun, complete = office.start(project_name="甲平台"), office.start(project_name="乙平台")
    office.do("chenwei", complete, "check_materials", materials_verdict="complete")
    office.do("chenwei", begun, "check_materials", materials_verdict="complete")
    office.pre_review(begun)
    back = office.start(project_name="丙平台")
    office.do("chenwei", back, "check_materials", materials_verdict="complete")
    _return(office, back)
    office.start(project_name="丁平台")
    office.now += timedelta(weeks=2)
    cases.multiply(office.database, COPIES, office.now)
    _limits(office)
    return office


def _limits(office: Office) -> None:
    """Limits around today, one in seven without any; the clocks of a few cases stand still."""
    task, case = metadata.tables["task"], metadata.tables["process_instance"]
    waiting = task.update().where(task.c.status == "open", task.c.id == sa.bindparam("of_task"))
    rows = office.rows("select id, instance_id from task where status = 'open' order by id")
    dues = [
        {"of_task": row["id"], "due_at": None if n % 7 == 0 else office.now + timedelta(hours=17 * (n - 20))}
        for n, row in enumerate(rows)
    ]
    with office.database.write() as session:
        session.execute(waiting, dues)
        for row in rows[::11]:
            still = case.update().where(case.c.id == row["instance_id"])
            session.execute(still.values(stopped_at=office.now))


def _return(office: Office, instance_id: str) -> None:
    office.pre_review(instance_id)
    task, person = office.task(instance_id, "decide_review")["id"], office.people["chenwei"]
    with office.database.write() as session:
        tasks.claim(session, person, task, office.now)
        revision = tasks.view(session, person, task, office.now).revision
        tasks.return_to(session, person, task, revision, "pre_review", "缺附件", office.now)


def _board(office: Office, person: str = "auditor", months: int = 12) -> Board:
    with office.database.read() as session:
        return board.board(session, office.people[person], office.now, months)


def _listed(office: Office, person: str = "auditor", **asked: Any) -> int:
    """How many rows a list has, over all its pages, in the file, and by its own count."""
    wanted = Wanted(**{"months": 12, **asked})
    with office.database.read() as session:
        who, start, rows = office.people[person], 0, 0
        while True:
            page = board_lists.page(session, who, wanted, office.now, start=start, limit=7)
            rows += len(page.lines)
            if page.next is None:
                break
            start = page.next
        first = board_lists.page(session, who, wanted, office.now, limit=1)
        every = list(board_lists.every(session, who, wanted, office.now))
    assert first.total == rows == len(every) == len({line.id for line in every})
    return rows


def _ranks(office: Office, asked: dict[str, Any]) -> tuple[int, int]:
    """The working days that half, and nine of ten, of the tasks of a list took at most."""
    with office.database.read() as session:
        lines = board_lists.every(session, office.people["auditor"], Wanted(**asked), office.now)
        days = sorted(line.days for line in lines)
    return days[(len(days) + 1) // 2 - 1], days[-(-9 * len(days) // 10) - 1]


def test_copies_are_cases_like_any_other(busy: Office) -> None:
    """Their chains are sound, their numbers their own, their texts found; the count is what was asked for."""
    with busy.database.read() as session:
        found = list(history.verify(session))
        who, wanted = busy.people["auditor"], searching.Wanted()
        listed = list(searching.every(session, who, wanted, busy.now))
        title = searching.page(session, who, searching.Wanted("丙平台"), busy.now).rows[0].title
        some = next(row for row in listed if row.title[1:] != "平台")
        named = searching.page(session, who, searching.Wanted(some.business_key), busy.now)
    assert len(found) == len(listed) == COPIES
    assert all(isinstance(entry, int) for entry in found)
    assert len({row.business_key for row in listed}) == COPIES
    assert title == "丙平台"
    assert named.rows[0].id == some.id


def test_lights_equal_their_lists(busy: Office) -> None:
    """By department, by step and together, each light and the sum."""
    found = _board(busy)
    for light in board.LIGHTS:
        assert _listed(busy, light=light) == found.lights[light], light
    assert _listed(busy) == sum(found.lights.values()) > 20
    assert min(found.lights.values()) > 0
    names = [count.name for count in found.departments]
    assert len(names) == len(set(names))  # a body and the unit of its people are one department
    for count in found.departments:
        assert _listed(busy, department=count.id) == count.total
        for light, n in count.lights.items():
            assert _listed(busy, department=count.id, light=light) == n
    for count in found.steps:
        assert _listed(busy, process=count.process, element=count.id) == count.total
    assert sum(count.total for count in found.departments) == sum(count.total for count in found.steps)


def test_months_durations_and_returns_equal_their_lists(busy: Office) -> None:
    """Over each period."""
    for months in board.PERIODS:
        found = _board(busy, months=months)
        for one in found.durations:
            asked = {"kind": "completed", "process": one.process, "element": one.element, "months": months}
            assert _listed(busy, **asked) == one.count
            assert _listed(busy, **asked, late=True) == one.late
            assert (one.median, one.ninetieth) == _ranks(busy, asked)
        assert _listed(busy, kind="returned", months=months) == found.returned
        for reason in found.returns:
            text = reason.text or board_lists.OTHERS
            assert _listed(busy, kind="returned", reason=text, months=months) == reason.count
    whole = _board(busy)
    assert whole.returned > 0
    assert whole.returns[0].text == "缺附件"
    with busy.database.read() as session:
        for month in whole.throughput:
            for n, wanted in (
                (month.begun, searching.Wanted(begun_first=month.first, begun_last=month.last)),
                (month.ended, searching.Wanted(ended_first=month.first, ended_last=month.last)),
            ):
                among = board.reach_of(session, busy.people["auditor"]).cases
                page = searching.page(session, busy.people["auditor"], wanted, busy.now, among=among)
                assert page.total == n
    assert sum(month.begun for month in whole.throughput) > 0


def test_what_was_taken_back_was_not_completed(office: Office) -> None:
    """Neither by the board, nor by its list, nor by what the person has done; done again it counts once. A
    database from before knows it from the record."""
    wulan = office.people["wulan"]
    case = office.start()
    office.do("chenwei", case, "check_materials", materials_verdict="complete")

    def counted() -> tuple[int, int, int]:
        found = [one.count for one in _board(office).durations if one.element == "pre_review"]
        with office.database.read() as session:
            mine = worklist.done(session, wulan, ended=False)
        return sum(found), _listed(office, kind="completed", element="pre_review"), len(mine)

    sent = office.pre_review(case).task_id
    assert counted() == (1, 1, 1)
    with office.database.write() as session:
        tasks.withdraw(session, wulan, sent, office.now)
    assert counted() == (0, 0, 0)
    office.pre_review(case)
    assert counted() == (1, 1, 1)
    name = "server.store.migrations.versions.0019_people_of_a_body_and_tasks_taken_back"
    change = importlib.import_module(name)
    with office.database.engine.begin() as connection, migrating(connection):
        change.downgrade()
    assert counted() == (2, 2, 2)
    with office.database.engine.begin() as connection, migrating(connection):
        change.upgrade()
    assert counted() == (1, 1, 1)


def test_what_is_coming_equals_its_lists(busy: Office) -> None:
    """By day, and those that would be late at the usual pace."""
    found = _board(busy)
    assert found.coming
    for due in found.coming:
        assert _listed(busy, first=due.day, last=due.day) == due.count
        assert _listed(busy, first=due.day, last=due.day, likely=True) == due.likely
        assert due.likely <= due.count


def test_a_light_of_the_board_is_that_of_the_calendar(busy: Office) -> None:
    """The bounds put into the query say what the calendar says of each task."""
    calendar = BusinessCalendar()
    with busy.database.read() as session:
        lines = list(board_lists.every(session, busy.people["auditor"], Wanted(), busy.now))
    assert any(line.due for line in lines)
    for line in lines:
        if line.light == "stopped":
            continue
        assert line.light == (calendar.light(line.due, busy.now) if line.due else "green")


def test_each_sees_as_far_as_their_posts_reach(busy: Office) -> None:
    """A unit's people their unit, bodies of the installation all, an expert nothing with the reason."""
    everything = _board(busy)
    assert _board(busy, "chenwei").lights == everything.lights
    unit = _board(busy, "zhoumin")
    assert unit.unit
    assert unit.lights == everything.lights, "all cases are of this unit"
    other = _board(busy, "hejun")
    assert sum(other.lights.values()) == other.returned == 0
    assert _listed(busy, "hejun") == 0
    with busy.database.read() as session:
        line = next(board_lists.every(session, busy.people["zhoumin"], Wanted(), busy.now))
        assert line.visible
        for refused in (
            lambda: board.board(session, busy.people["baoyin"], busy.now),
            lambda: board_lists.page(session, busy.people["baoyin"], Wanted(), busy.now),
        ):
            with pytest.raises(NotPermitted):
                refused()
        assert not board.oversees(session, busy.people["baoyin"])
        assert board.oversees(session, busy.people["zhoumin"])


@pytest.mark.parametrize(
    ("days", "half", "ninetieth"),
    [([3], 3, 3), ([1, 2], 1, 2), ([0, 1, 9], 1, 9), (list(range(1, 11)), 5, 9), (list(range(1, 12)), 6, 10)],
)
def test_ranks_are_days_that_occurred(days: list[int], half: int, ninetieth: int) -> None:
    """At least half, and at least nine of ten, took no longer."""
    times = Times(tuple(sorted(Counter(days).items())))
    assert (times.count, times.median, times.ninetieth) == (len(days), half, ninetieth)
    assert sum(day <= half for day in days) * 2 >= len(days)
    assert sum(day <= ninetieth for day in days) * 10 >= 9 * len(days)
