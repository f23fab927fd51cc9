"""What a command has done in a case, told to those whom it concerns: read off the record that it wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from server.services.announcing import FOLLOWERS, News, announce

if TYPE_CHECKING:
    from server.services.case import Case

_TAKEN_AT_ONCE = frozenset({"instance_started", "task_withdrawn"})
"""Commands that give the task they open to whoever gave them, if they may do it."""


def tell(case: Case) -> None:
    """Announce what the record of this command holds; a rehearsal is told to nobody."""
    if not case.rehearsed and (news := list(_news(case))):
        announce(case.session, case.row["tenant_id"], news, case.now, but=case.record.actor.id)


def _news(case: Case) -> Iterator[News]:
    events = case.record.events
    kinds = {event["kind"] for event in events}
    opened = [event for event in events if event["kind"] == "task_opened"]
    back = next((event for event in events if event["kind"] == "task_returned"), None)
    about = {"number": case.row["business_key"], "title": case.row["title"]}
    taker = set() if kinds.isdisjoint(_TAKEN_AT_ONCE) else set(case.person.principals)
    for event in opened:
        if taker.isdisjoint(event["payload"]["candidates"]):
            yield _of_task(case, event, back, about)
    for event in events:
        if "to_id" in event["payload"] and event["task_id"]:
            yield _given(case, event, about)
    if ended := next((event for event in events if event["kind"] == "instance_ended"), None):
        payload = {**about, "outcome": ended["payload"].get("name") or ""}
        yield News("case_ended", (f"u:{case.row['started_by']}", FOLLOWERS), case.id, None, payload)
    elif opened:
        names = "、".join(dict.fromkeys(event["payload"]["name"] for event in opened))
        yield News("case_moved", (FOLLOWERS,), case.id, None, {**about, "name": names})


def _of_task(case: Case, event: dict[str, Any], back: dict[str, Any] | None, about: dict[str, Any]) -> News:
    """A task that was opened: returned to those who must do it again, else new for one person or a body."""
    told = event["payload"]
    payload = {**about, "name": told["name"], "due": told["due"], "by": case.record.actor.name}
    kind = "task_for_me" if all(key.startswith("u:") for key in told["candidates"]) else "task_for_group"
    if back is not None:
        kind, payload["note"] = "task_returned", back["payload"].get("reason", "")
    return News(kind, tuple(told["candidates"]), case.id, event["task_id"], payload)


def _given(case: Case, event: dict[str, Any], about: dict[str, Any]) -> News:
    """A task that somebody handed to somebody else by name."""
    told = event["payload"]
    note = told.get("reason") or told.get("note") or ""
    payload = {**about, "name": told.get("name", ""), "by": case.record.actor.name, "note": note}
    return News("task_for_me", (f"u:{told['to_id']}",), case.id, event["task_id"], payload)
