"""Lists are in the order of what is over first: the limit of the step, or that of its whole case."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from server.services import worklist
from server.services.worklist import Filters
from server.store.columns import NEVER
from server.store.tables import metadata
from tests.services.clocked import Lab, case, clocked, files, restart, rule, stop
from tests.services.lab import END, START, diagram, finish, gateway, task
from tests.services.test_stops import last_moment

__all__ = ["clocked"]
LATER = diagram(
    "lab.limited",
    START + gateway("split") + task("first") + rule("whole", "due") + task("report") + gateway("join") + END,
    "start>split split>first split>report first>whole whole>join report>join join>end",
)
_lists, _tasks = metadata.tables["worklist"], metadata.tables["task"]


def places(lab: Lab, instance: str) -> dict[str, datetime]:
    """Where the open tasks of a case stand on the lists."""
    query = (
        sa.select(_tasks.c.element, _lists.c.due_at)
        .join(_lists, _lists.c.task_id == _tasks.c.id)
        .where(_tasks.c.instance_id == instance)
    )
    with lab.database.read() as session:
        return {element: moment for element, moment in session.execute(query)}


def migrating(connection: sa.Connection) -> AbstractContextManager[Any]:
    return Operations.context(MigrationContext.configure(connection))


def test_a_step_stands_where_its_case_is_over(clocked: Lab) -> None:
    """The report has until the end of June and its case until May: it is listed before what a younger case
    leaves until June, after the review of March; while the clock stands both come last."""
    instance = case(clocked)
    assert places(clocked, instance) == {
        "review": last_moment("2026-03-16"), "report": last_moment("2026-05-02"),
    }  # fmt: skip
    clocked.now += timedelta(days=60)
    younger = case(clocked)
    with clocked.database.read() as session:
        rows = worklist.page(session, clocked.people["head"], Filters(), clocked.now).rows
    assert [(row.instance_id, row.name) for row in rows] == [(instance, "report"), (younger, "report")]
    assert rows[0].due == rows[1].due == last_moment("2026-06-30")
    stop(clocked, younger)
    assert set(places(clocked, younger).values()) == {NEVER}
    clocked.now += timedelta(days=7)
    restart(clocked, younger)
    moved = places(clocked, younger)
    assert moved["review"] < moved["report"] == last_moment("2026-06-30")


def test_a_limit_that_comes_later_moves_what_is_open(clocked: Lab) -> None:
    """The case begins with one limit; what the first step decides sets another, and the other step moves."""
    clocked.deploy(files() | {"bpmn/limited.bpmn": LATER})
    instance = clocked.start(process="lab.limited")
    begun = last_moment("2026-03-11")
    assert places(clocked, instance) == {"first": begun, "report": begun}
    with clocked.database.write() as session:
        finish(session, clocked.people["ann"], clocked.task(instance, "first")["id"], clocked.now)
    assert places(clocked, instance) == {"report": last_moment("2026-05-02")}


def test_lists_of_earlier_days_are_put_in_order(clocked: Lab) -> None:
    """The migration moves what stands by its step; it leaves what is over earlier, and stopped clocks."""
    running, stopped = case(clocked), case(clocked)
    stop(clocked, stopped)
    now = places(clocked, running), places(clocked, stopped)
    change = importlib.import_module("server.store.migrations.versions.0018_lists_know_the_limit_of_the_case")
    with clocked.database.engine.begin() as connection, migrating(connection):
        change.downgrade()
    assert places(clocked, running) == now[0] | {"report": last_moment("2026-06-30")}
    with clocked.database.engine.begin() as connection, migrating(connection):
        change.upgrade()
    assert (places(clocked, running), places(clocked, stopped)) == now
