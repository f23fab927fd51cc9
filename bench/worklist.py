"""What the worklist costs with a hundred and with a hundred thousand open tasks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.measure import Others, Result, counted, cpu_ms, wall_ms
from server.store import worklist as queries
from server.store.columns import new_id
from server.store.database import Database
from server.store.runtime import ProcessInstance

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TENANT = "hongshan"
PROCESS = "hongshan.library_entry"
GROUPS = ["g:data_bureau", *(f"g:group{n}" for n in range(1, 50))]
MINE = ("g:data_bureau", "g:data_bureau@u1", "g:group7", "g:group7@u1", "g:group30", "g:group30@u1", "u:me")


def fill(database: Database, count: int, deployment_id: str, groups: list[str] = GROUPS) -> None:
    """Enter `count` open tasks, each waiting for one or two of the groups. Their lights are on record, so
    that the server's clock has nothing to do with them."""
    chance = random.Random(count)
    tables = ProcessInstance.metadata.tables
    for start in range(0, count, 5000):
        rows = [_rows(chance, deployment_id, groups) for _ in range(min(5000, count - start))]
        with database.write() as session:
            for name in ("process_instance", "task", "light_turn", "worklist"):
                session.execute(tables[name].insert(), [row for part in rows for row in part[name]])


def _rows(chance: random.Random, deployment_id: str, waiting: list[str]) -> dict[str, list[dict[str, Any]]]:
    instance, task = new_id(NOW), new_id(NOW)
    due = NOW + timedelta(minutes=chance.randrange(-20_000, 60_000))
    groups = chance.sample(waiting, chance.choice((1, 1, 2)))
    keys = {"tenant_id": TENANT}
    turned = {**keys, "subject": task, "due_at": due, "instance_id": instance, "task_id": task, "step": "",
              "holder": "", "turned_at": due, "recorded_at": due}  # fmt: skip
    return {
        "light_turn": [{**turned, "light": light} for light in ("yellow", "red")],
        "process_instance": [
            {**keys, "id": instance, "deployment_id": deployment_id, "process_key": PROCESS,
             "business_key": instance, "title": "某局政务信息化项目", "project_id": None, "unit_id": "u1",
             "status": "running", "revision": 1, "started_by": "u", "started_at": NOW, "due_at": None,
             "history_seq": 1, "history_head": ""}
        ],
        "task": [
            {**keys, "id": task, "instance_id": instance, "token": task, "process_key": PROCESS,
             "element": "check_materials", "name": "核对材料", "form_id": "f", "status": "open",
             "revision": 0, "candidates": groups, "regulation": [], "priority": 50, "created_at": NOW,
             "due_at": due, "opened_seq": 1}
        ],
        "worklist": [{**keys, "principal": group, "due_at": due, "task_id": task} for group in groups],
    }  # fmt: skip


def measure(database: Database, count: int, others: Others | None) -> Iterator[Result]:
    """The first page of 50, a deep page, and the capped count, at `count` open tasks."""
    name = "SQLite" if database.is_sqlite else "PostgreSQL"
    deep = queries.Key(NOW + timedelta(minutes=20_000), "")
    with database.read() as session:
        operations = {
            "first page": lambda: queries.keys(session, TENANT, MINE, 51),
            "deep page": lambda: queries.keys(session, TENANT, MINE, 51, deep),
            "count to 100": lambda: queries.count(session, TENANT, MINE, 100),
        }
        for what, operation in operations.items():
            operation()
            with counted(session.get_bind()) as sent:  # type: ignore[arg-type]
                operation()
            statements = len(sent)
            cpu = cpu_ms(operation, repeat=100, others=others)
            median, late = wall_ms(operation, 100)
            yield Result(
                f"worklist {what}, {count:,} open tasks, {name}", cpu, statements,
                extra={"median wall ms": median, "95 % wall ms": late},
            )  # fmt: skip
