"""The worklist: pages read one after the other equal one long list, for every person and filter."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.services import worklist
from server.services.authorization import Person
from server.services.worklist import Filters
from server.store import worklist as queries
from server.store.columns import NEVER
from server.store.database import Database
from server.store.runtime import ProcessInstance, Task, WorklistEntry
from server.store.worklist import Key
from tests.services.conftest import MORNING, TENANT, Office

EVERYTHING = Filters()
PRINCIPALS = ("u:x", "g:a", "g:a@unit", "g:b")
_entries = WorklistEntry.metadata.tables["worklist"]

dues = st.sampled_from([MORNING + timedelta(hours=h) for h in range(4)] + [NEVER])
tasks = st.lists(st.tuples(dues, st.sets(st.sampled_from(PRINCIPALS), min_size=1)), max_size=25)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tasks=tasks, mine=st.sets(st.sampled_from(PRINCIPALS)), limit=st.integers(1, 7))
def test_pages_are_the_list(office_url: str, tasks: Any, mine: set[str], limit: int) -> None:
    """Whatever is due when and for whom, with equal due dates and tasks on several of one's lists: no task
    is missing, none comes twice, all are in order."""
    database = Database(office_url)
    try:
        with database.write() as session:
            session.execute(_entries.delete())
            rows = [
                {"tenant_id": tenant, "principal": principal, "due_at": due, "task_id": f"t{n:02d}"}
                for n, (due, principals) in enumerate(tasks)
                for principal in principals
                for tenant in (TENANT, "elsewhere")
            ]
            if rows:
                session.execute(_entries.insert(), rows)
        expected = sorted((due, f"t{n:02d}") for n, (due, who) in enumerate(tasks) if who & mine)
        with database.read() as session:
            read: list[Key] = []
            while page := queries.keys(session, TENANT, sorted(mine), limit, read[-1] if read else None):
                assert len(page) <= limit
                read += page
            counted = queries.count(session, TENANT, sorted(mine), 10)
            late = queries.count(session, TENANT, sorted(mine), 10, before=MORNING + timedelta(hours=2))
        assert read == expected
        assert counted == min(10, len(expected))
        assert late == min(10, sum(due < MORNING + timedelta(hours=2) for due, _ in expected))
    finally:
        database.close()


@pytest.fixture
def busy(office: Office) -> Office:
    """130 tasks of the bureau: every third without a limit, some claimed, two kinds of process."""
    t, i = Task.metadata.tables["task"], ProcessInstance.metadata.tables["process_instance"]
    deployment = office.rows("select deployment_id from jurisdiction")[0]["deployment_id"]
    cases, tasks, entries = [], [], []
    for n in range(130):
        due = None if n % 3 == 0 else MORNING + timedelta(days=n - 60)
        process = "hongshan.library_entry" if n % 2 else "hongshan.project_approval"
        cases.append({
            "tenant_id": TENANT, "id": f"i{n:03d}", "deployment_id": deployment, "process_key": process,
            "business_key": f"〔2026〕{n}号", "title": f"项目{n}", "unit_id": "education",
            "status": "running", "revision": 1, "started_by": "zhoumin", "started_at": MORNING,
            "history_seq": 0, "history_head": "",
        })  # fmt: skip
        held = "chenwei" if n % 10 == 0 else "linfang" if n % 10 == 1 else None
        tasks.append({
            "tenant_id": TENANT, "id": f"t{n:03d}", "instance_id": f"i{n:03d}", "token": "1",
            "process_key": process, "element": "x", "name": "核对材料", "form_id": "", "status": "open",
            "revision": 0, "assignee_id": held, "candidates": ["g:data_bureau"], "regulation": [],
            "priority": 50, "created_at": MORNING, "due_at": due, "opened_seq": 1,
        })  # fmt: skip
        principal = f"u:{held}" if held else "g:data_bureau"
        entries.append(
            {"tenant_id": TENANT, "principal": principal, "due_at": due or NEVER, "task_id": f"t{n:03d}"}
        )
    with office.database.write() as session:
        session.execute(i.insert(), cases)
        session.execute(t.insert(), tasks)
        session.execute(_entries.insert(), entries)
    return office


def all_rows(
    office: Office, person: str, filters: Filters = EVERYTHING, limit: int = 7
) -> list[worklist.TaskRow]:
    """Every page, one after the other."""
    rows: list[worklist.TaskRow] = []
    after = None
    with office.database.read() as session:
        while True:
            page = worklist.page(
                session, office.people[person], filters, office.now, after=after, limit=limit
            )
            rows += page.rows
            if page.next is None:
                return rows
            assert len(page.rows) <= limit
            after = page.next


def test_every_task_once_in_order_of_due_date_and_those_without_last(busy: Office) -> None:
    """What a colleague has claimed is not on the list; what one holds oneself is."""
    rows = all_rows(busy, "chenwei")
    assert [row.id for row in rows] == [row.id for row in all_rows(busy, "chenwei", limit=1000)]
    assert {row.id for row in rows} == {f"t{n:03d}" for n in range(130) if n % 10 != 1}
    assert {row.id for row in rows if row.mine} == {f"t{n:03d}" for n in range(0, 130, 10)}
    dues = [row.due or NEVER for row in rows]
    assert dues == sorted(dues)
    assert all(row.due is None and row.working_days_left is None for row in rows[-39:])
    assert rows[0].light == "red"
    assert rows[-1].light == "green"
    assert rows[0].groups == ("区政数局",)


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (Filters(process_key="hongshan.library_entry"), lambda n: n % 10 != 1 and n % 2),
        (Filters(mine=True), lambda n: n % 10 == 0),
        (Filters(group="data_bureau"), lambda n: n % 10 > 1),
        (Filters(group="expert"), lambda n: False),
        (Filters(text=" 项目12 "), lambda n: n in (12, 120, 122, 123, 124, 125, 126, 127, 128, 129)),
        (Filters(text="〔2026〕77号"), lambda n: n == 77),
        (Filters(text="%"), lambda n: False),
        (Filters(process_key="hongshan.project_approval", mine=True, text="项目"), lambda n: n % 10 == 0),
    ],
)
def test_filters_miss_nothing(busy: Office, filters: Filters, chosen: Any) -> None:
    """However thin the matches lie, the pages together hold all of them."""
    assert {row.id for row in all_rows(busy, "chenwei", filters)} == {
        f"t{n:03d}" for n in range(130) if chosen(n)
    }


def test_badges_count_to_a_hundred(busy: Office) -> None:
    """117 wait; the badge says 99+ (100), and how many are late."""
    with busy.database.read() as session:
        page = worklist.page(session, busy.people["chenwei"], Filters(), busy.now)
        assert page.total == worklist.count(session, busy.people["chenwei"]) == 100
        late = sum(1 for n in range(60) if n % 3 and n % 10 != 1)
        assert page.overdue == late
        assert worklist.count(session, busy.people["wulan"]) == 0
        assert worklist.next_task(session, busy.people["chenwei"]) == page.rows[0].id
        assert worklist.next_task(session, busy.people["wulan"]) is None


def test_a_unit_group_means_ones_own_unit(office: Office) -> None:
    """Two units with the same post: each sees its own case only."""
    mine = office.start("zhoumin")
    office.do("chenwei", mine, "check_materials", materials_verdict="returned", return_reason="申请文件缺页")
    assert [row.instance_id for row in all_rows(office, "zhoumin")] == [mine]
    assert all_rows(office, "hejun") == []
    same_unit = Person(TENANT, "new", "new", "新人", "", "education", "区教育局", frozenset({"project_unit"}))
    office.people["new"] = same_unit
    assert [row.instance_id for row in all_rows(office, "new")] == [mine]


def test_done_and_ended_are_read_page_by_page(busy: Office) -> None:
    """已办 newest first; the key of a page may come in any time zone."""
    shanghai = timezone(timedelta(hours=8))
    with busy.database.write() as session:
        for n in range(25):
            at = MORNING + timedelta(minutes=n // 2)
            session.execute(
                sa.update(Task.metadata.tables["task"])
                .where(Task.metadata.tables["task"].c.id == f"t{n:03d}")
                .values(status="completed", completed_by="chenwei", completed_at=at)
            )
        session.execute(sa.text("update process_instance set status = 'ended' where id in ('i003', 'i004')"))
    read: list[str] = []
    before: Key | None = None
    with busy.database.read() as session:
        while page := worklist.done(session, busy.people["chenwei"], ended=False, before=before, limit=4):
            read += [row["id"] for row in page]
            assert len(read) <= 23
            at: datetime = page[-1]["completed_at"]
            before = Key(at.astimezone(shanghai), page[-1]["id"])
        ended = worklist.done(session, busy.people["chenwei"], ended=True)
    assert read == [f"t{n:03d}" for n in reversed(range(25)) if n not in (3, 4)]
    assert [row["id"] for row in ended] == ["t004", "t003"]


def test_what_one_has_started(office: Office) -> None:
    """我发起, newest first, page by page; a colleague's are not there."""
    started = []
    for n in range(5):
        office.now += timedelta(minutes=1)
        started.append(office.start("zhoumin", project_name=f"项目{n}"))
    office.start("hejun")
    with office.database.read() as session:
        first = worklist.cases(session, office.people["zhoumin"], limit=3)
        rest = worklist.cases(session, office.people["zhoumin"], before=first[-1]["id"], limit=3)
    assert [row["id"] for row in first + rest] == started[::-1]
