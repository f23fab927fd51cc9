"""What a command has done in a case, told to those whom it concerns: read off the record that it wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.services.announcing import FOLLOWERS, News, announce
from server.services.history import Record
from server.store.runtime import ProcessInstance, WorklistEntry

_instances = ProcessInstance.metadata.tables["process_instance"]
_worklist = WorklistEntry.metadata.tables["worklist"]
_TAKEN_AT_ONCE = frozenset({"instance_started", "task_withdrawn"})
"""Commands that give the task they open to whoever gave them, if they may do it."""


def tell(session: Session, row: Mapping[str, Any], record: Record) -> None:
    """Announce what the record of a command in a case (its row) holds; a rehearsal is told to nobody."""
    if row["rehearsal_at"] is None and (news := list(_news(row, record))):
        announce(session, row["tenant_id"], news, record.at, but=record.actor.id)


def tell_due(session: Session, row: Mapping[str, Any], now: datetime) -> None:
    """Announce to those who have a task on their lists what a reminder of its limit (a row of what goes out)
    was to say."""
    told = row["payload"]
    if row["kind"] != "task_due_soon" or "task" not in told:
        return
    i, w = _instances.c, _worklist.c
    query = sa.select(i.title, w.principal).where(
        i.tenant_id == row["tenant_id"], i.id == row["instance_id"], w.tenant_id == i.tenant_id,
        w.task_id == told["task"],
    )  # fmt: skip
    found = session.execute(query).all()
    if found:
        payload = {name: told[name] for name in ("number", "name", "due")} | {"title": found[0].title}
        to = tuple(principal for _title, principal in found)
        news = News("task_due_soon", to, row["instance_id"], told["task"], payload)
        announce(session, row["tenant_id"], [news], now)


def _news(row: Mapping[str, Any], record: Record) -> Iterator[News]:
    events = record.events
    kinds = {event["kind"] for event in events}
    opened = [event for event in events if event["kind"] == "task_opened"]
    back = next((event for event in events if event["kind"] == "task_returned"), None)
    about = {"number": row["business_key"], "title": row["title"]}
    taker = set() if kinds.isdisjoint(_TAKEN_AT_ONCE) else set(record.actor.principals)
    for event in opened:
        if taker.isdisjoint(event["payload"]["candidates"]):
            yield _of_task(record, event, back, about)
    for event in events:
        if "to_id" in event["payload"] and event["task_id"]:
            yield _given(record, event, about)
    if again := next((event for event in events if event["kind"] == "instance_reopened"), None):
        to = (f"u:{row['started_by']}", FOLLOWERS)
        payload = {**about, "by": record.actor.name, "successor": again["payload"]["number"]}
        yield News("case_reopened", to, row["id"], None, payload)
    if ended := next((event for event in events if event["kind"] == "instance_ended"), None):
        payload = {**about, "outcome": ended["payload"].get("name") or ""}
        yield News("case_ended", (f"u:{row['started_by']}", FOLLOWERS), row["id"], None, payload)
    elif opened:
        names = "、".join(dict.fromkeys(event["payload"]["name"] for event in opened))
        yield News("case_moved", (FOLLOWERS,), row["id"], None, {**about, "name": names})


def _of_task(
    record: Record, event: dict[str, Any], back: dict[str, Any] | None, about: dict[str, Any]
) -> News:
    """A task that was opened: returned to those who must do it again, else new for one person or a body."""
    told = event["payload"]
    payload = {**about, "name": told["name"], "due": told["due"], "by": record.actor.name}
    kind = "task_for_me" if all(key.startswith("u:") for key in told["candidates"]) else "task_for_group"
    if back is not None:
        kind, payload["note"] = "task_returned", back["payload"].get("reason", "")
    return News(kind, tuple(told["candidates"]), record.instance_id, event["task_id"], payload)


def _given(record: Record, event: dict[str, Any], about: dict[str, Any]) -> News:
    """A task that somebody handed to somebody else by name, or gave back to whose it is."""
    told = event["payload"]
    note = told.get("reason") or told.get("note") or ""
    payload = {**about, "name": told.get("name", ""), "by": record.actor.name, "note": note}
    kind = "task_resolved" if event["kind"] == "task_resolved" else "task_for_me"
    return News(kind, (f"u:{told['to_id']}",), record.instance_id, event["task_id"], payload)
