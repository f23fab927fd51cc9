"""How often the database is asked, and that what is remembered is what it would say now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from server.services import drafts, indexing, starts, step_times, tasks
from server.services.calendars import of as calendar_of
from server.store import searching
from server.store.board import Reach
from server.store.database import Database
from tests.services.conftest import TENANT as HONGSHAN
from tests.services.conftest import Office
from tests.services.lab import TENANT, Lab


@contextmanager
def sent(database: Database) -> Iterator[list[str]]:
    """What is asked meanwhile, in words."""
    told: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        told.append(statement)

    engines = (database.engine, database._reader)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield told
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def test_sending_a_task_asks_little(lab: Lab) -> None:
    """The draft comes with the task, the project with the case; a draft that is not there is not dropped."""
    instance = lab.start(process="lab.parallel")
    task, ann = lab.task(instance, "left")["id"], lab.people["ann"]
    with lab.database.write() as session:
        tasks.claim(session, ann, task, lab.now)
        tasks.save(session, ann, task, [("note", "fine")], lab.now)
    with sent(lab.database) as told, lab.database.write() as session:
        tasks.complete(session, ann, task, 1, lab.now)
    assert len(told) <= 12, told
    assert sum("draft" in text for text in told) == 2
    with sent(lab.database) as told:
        lab.do("bob", instance, "right", note="x")
    assert not any(text.startswith("DELETE FROM draft") for text in told)


def test_the_catalogue_asks_once_for_all_drafts(lab: Lab) -> None:
    with lab.database.write() as session:
        drafts.keep(session, lab.people["ann"], "start:lab.due", [("note", "x")], lab.now)
    with sent(lab.database) as told, lab.database.read() as session:
        found = starts.catalogue(session, lab.people["ann"], lab.now)
    assert {one.key for one in found if one.has_draft} == {"lab.due"}
    assert len(found) > 3
    assert len(told) == 2


def counts(office: Office) -> dict[str, int]:
    """How many tasks of each step were completed in the last month, as the board says it."""
    with office.database.read() as session:
        calendar, since = calendar_of(session, HONGSHAN), office.now - timedelta(days=30)
        found = step_times.of_steps(session, Reach(HONGSHAN), calendar, since, office.now)
    return {element: times.count for (_process, element), times in found.items()}


def test_times_of_steps_are_counted_anew_when_they_change(office: Office) -> None:
    """After each task that was completed; otherwise not."""
    first, second = office.start(), office.start()
    assert counts(office) == {}
    for instance in (first, second):
        office.do("chenwei", instance, "check_materials", materials_verdict="complete")
    assert counts(office) == counts(office) == {"check_materials": 2}
    for n, instance in enumerate((first, second), 1):
        office.pre_review(instance)
        assert counts(office) == {"check_materials": 2, "pre_review": n}
    with sent(office.database) as told:
        assert counts(office) == {"check_materials": 2, "pre_review": 2}
    assert not any("GROUP BY" in text for text in told)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_nobody_writes_in_a_case_whose_texts_are_entered_anew(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command of another connection, between the forgetting and the reading of the record, is kept
    waiting: its text would be entered by both. (SQLite has one writer at a time.)"""
    instance = lab.start(process="lab.parallel")
    task, ann = lab.task(instance, "left")["id"], lab.people["ann"]
    with lab.database.write() as session:
        tasks.claim(session, ann, task, lab.now)
    forget = searching.forget

    def another() -> None:
        with lab.database.write() as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '20ms'"))
            tasks.complete(other, ann, task, 1, lab.now, {"note": "only once"})

    def then_another(session: object, *given: object) -> None:
        forget(session, *given)  # type: ignore[arg-type]
        with pytest.raises(OperationalError, match="lock"):
            another()

    monkeypatch.setattr(searching, "forget", then_another)
    with lab.database.write() as session:
        indexing.reindex(session, TENANT)
    with lab.database.write() as session:
        tasks.complete(session, ann, task, 1, lab.now, {"note": "only once"})
    texts = lab.rows("select instance_id, seq, part from search_entry")
    assert len({tuple(row.values()) for row in texts}) == len(texts)
    assert lab.rows("select count(*) as n from search_entry where text like '%only once%'")[0]["n"] == 1
