"""Ten thousand cases in a minute: real cases of an office, copied over a year with names, numbers, days and
chains of their own.

    python -m bench.cases sqlite:////tmp/office/guicheng.db --count 10000
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services import indexing
from server.services.history import entry_hash
from server.store.columns import NEVER, dumps, loads, new_id
from server.store.database import Database
from server.store.tables import metadata

YEAR = timedelta(days=364)
RUNNING_SHARE = 0.15
_BATCH = 250
_NUMBER = re.compile(r"\d+(?=\D*$)")
_OWN = (
    "instance_state", "participant", "history_event", "decision_evaluation", "register_row", "timer",
    "subscription",
)  # fmt: skip
"""Tables whose rows belong to one case and hold no id of their own."""
_PLACES = ("城关", "东城", "西苑", "南山", "北湖", "开发区", "高新区", "滨河", "临港", "新城", "老城", "空港")
_THINGS = (
    "智慧校园", "应急指挥平台", "政务云扩容", "视频会议系统", "档案数字化", "停车诱导", "防汛监测",
    "社区网格平台", "电子病历", "一网通办改造", "数据共享交换", "地下管网监测", "信用信息平台",
    "执法记录系统", "林草防火", "文旅服务平台",
)  # fmt: skip


@dataclass
class Pattern:
    """A case to be copied: its row, the rows that belong to it, by table, and how long ago it began."""

    row: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    payloads: list[str] = field(default_factory=list)

    @property
    def rehearsed(self) -> bool:
        """Whether it is a rehearsal."""
        return self.row["rehearsal_at"] is not None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.row["status"] in ("running", "incident")


def multiply(database: Database, count: int, now: datetime, seed: int = 1) -> int:
    """Copy the cases of every jurisdiction until there are `count` of them in all, spread evenly over the
    jurisdictions and over the year before `now`; gives how many were added. Running ones began lately. Where
    the law is not in force there are rehearsals only: their copies are real cases. No copy takes up a case
    again, for a case is taken up once."""
    chance = random.Random(seed)
    with database.read() as session:
        patterns = {tenant: list(_patterns(session, tenant)) for tenant in _tenants(session)}
    there = sum(not one.rehearsed for found in patterns.values() for one in found)
    added = 0
    for at, found in enumerate(patterns.values()):
        wanted = (count - there - added) // (len(patterns) - at)
        for start in range(0, max(wanted, 0), _BATCH):
            some = [_chosen(chance, found) for _ in range(min(_BATCH, wanted - start))]
            with database.write() as session:
                _write(session, (_copy(chance, one, start + n, now) for n, one in enumerate(some)))
            added += len(some)
    return added


def _tenants(session: Session) -> list[str]:
    i = metadata.tables["process_instance"].c
    query = sa.select(i.tenant_id).distinct().order_by(i.tenant_id)
    return list(session.execute(query).scalars())


def _patterns(session: Session, tenant: str) -> Iterator[Pattern]:
    table = metadata.tables["process_instance"]
    query = table.select().where(table.c.tenant_id == tenant)
    every = {row["id"]: Pattern(dict(row)) for row in session.execute(query).mappings()}
    real = {id_: one for id_, one in every.items() if not one.rehearsed}
    found = real or every
    for name in (*_OWN, "task", "attachment"):
        rows = session.execute(
            metadata.tables[name].select().where(metadata.tables[name].c.tenant_id == tenant)
        )
        for row in rows.mappings():
            if row["instance_id"] in found:
                found[row["instance_id"]].rows.setdefault(name, []).append(dict(row))
    entries = session.execute(sa.text("SELECT * FROM worklist WHERE tenant_id = :t"), {"t": tenant})
    listed: dict[str, list[str]] = {}
    for row in entries.mappings():
        listed.setdefault(row["task_id"], []).append(row["principal"].removeprefix("rehearsal:"))
    for pattern in found.values():
        events = sorted(pattern.rows["history_event"], key=lambda row: row["seq"])
        pattern.rows["history_event"] = events
        pattern.payloads = [dumps(row["payload"]).decode() for row in events]
        pattern.rows["worklist"] = [
            {
                "tenant_id": tenant,
                "principal": principal,
                "due_at": task["due_at"] or NEVER,
                "task_id": task["id"],
            }
            for task in pattern.rows.get("task", ())
            for principal in dict.fromkeys(listed.get(task["id"], ()))
        ]
    yield from found.values()


def _chosen(chance: random.Random, found: list[Pattern]) -> Pattern:
    running = [one for one in found if one.running]
    ended = [one for one in found if not one.running]
    some = running if running and (chance.random() < RUNNING_SHARE or not ended) else ended
    return chance.choice(some)


def _shift(chance: random.Random, pattern: Pattern, now: datetime) -> timedelta:
    """By whole weeks, so that working days stay working days: an ended case anywhere in the year, a running
    one by at most six weeks."""
    last = max(event["at"] for event in pattern.rows["history_event"])
    latest = (now - last).days // 7
    if pattern.running:
        return timedelta(weeks=latest - chance.randrange(7))
    return timedelta(weeks=latest - chance.randrange(YEAR.days // 7))


def _copy(
    chance: random.Random, pattern: Pattern, number: int, now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """The rows of a copy, by table."""
    by, old = _shift(chance, pattern, now), pattern.row
    title = f"{chance.choice(_PLACES)}{chance.choice(_THINGS)}（{number % 97 + 1}期）"
    number_told = _NUMBER.sub(str(10_000 + number), old["business_key"].removeprefix("试-"), count=1)
    own = {"id": new_id(old["started_at"] + by), "title": title, "business_key": number_told,
           "rehearsal_at": None, "reopens": None}  # fmt: skip
    ids = {old["id"]: own["id"]}
    for name in ("task", "attachment"):
        ids |= {row["id"]: new_id(_moment(row) + by) for row in pattern.rows.get(name, ())}
    project = {"id": new_id(old["started_at"] + by), "code": f"XM-{own['id']}"} if old["project_id"] else None
    if project:
        ids[old["project_id"]] = project["id"]
    found = {
        name: [_moved(row, ids, by) for row in rows]
        for name, rows in pattern.rows.items()
        if name not in ("history_event",)
    }
    for row in found.get("register_row", ()):
        row |= {
            "title": title,
            "business_key": own["business_key"],
            "search": f"{own['business_key']}\n{title}",
        }
    replaced = {**ids, old["title"]: title, old["business_key"]: own["business_key"]}
    events = _events(pattern, own["id"], replaced, by)
    row = {**_moved(old, ids, by), **own, "history_head": events[-1]["hash"]}
    texts = list(indexing.texts_of(row, events, ""))
    if project:
        found["project"] = [
            {**project, "tenant_id": old["tenant_id"], "name": title, "unit_id": old["unit_id"], "facts": {},
             "rehearsal": False, "created_at": row["started_at"]}
        ]  # fmt: skip
    return {**found, "process_instance": [row], "history_event": events, "search_entry": texts}


def _moment(row: dict[str, Any]) -> datetime:
    moment: datetime = row.get("created_at") or row["uploaded_at"]
    return moment


def _moved(row: dict[str, Any], ids: dict[str, str], by: timedelta) -> dict[str, Any]:
    """A row with other ids and moments."""
    return {
        name: value + by
        if isinstance(value, datetime) and value.year < NEVER.year
        else (ids.get(value, value) if isinstance(value, str) else value)
        for name, value in row.items()
    }


def _events(
    pattern: Pattern, instance_id: str, replaced: dict[str, str], by: timedelta
) -> list[dict[str, Any]]:
    """The record of a copy, chained anew."""
    head, found = "", []
    wanted = re.compile("|".join(re.escape(text) for text in sorted(replaced, key=len, reverse=True) if text))
    for event, payload in zip(pattern.rows["history_event"], pattern.payloads, strict=True):
        told = loads(wanted.sub(lambda hit: replaced[hit.group()], payload))
        task = event["task_id"]
        entry = {**event, "instance_id": instance_id, "at": event["at"] + by, "payload": told,
                 "task_id": replaced.get(task, task), "prev_hash": head}  # fmt: skip
        entry["hash"] = head = entry_hash(head, entry)
        found.append(entry)
    return found


def _write(session: Session, copies: Iterable[dict[str, list[dict[str, Any]]]]) -> None:
    gathered: dict[str, list[dict[str, Any]]] = {}
    for copy in copies:
        for name, rows in copy.items():
            gathered.setdefault(name, []).extend(rows)
    indexing.add(session, gathered.pop("search_entry"))
    for name, rows in gathered.items():
        if rows:
            session.execute(metadata.tables[name].insert(), rows)


def main() -> None:
    """Fill a database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="address of a database with a demo office")
    parser.add_argument("--count", type=int, default=10_000)
    given = parser.parse_args()
    database = Database(given.url)
    print(f"{multiply(database, given.count, datetime.now(UTC))} cases added")
    database.close()


if __name__ == "__main__":
    main()
