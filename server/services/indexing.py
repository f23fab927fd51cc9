"""What can be found of a case: the texts of its record, entered in the command that writes the record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.store import searching
from server.store.conflicts import Entering
from server.store.history import HistoryEvent
from server.store.identity import Setting, Unit
from server.store.runtime import ProcessInstance

_events = HistoryEvent.metadata.tables["history_event"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_units = Unit.metadata.tables["unit"]
_settings = Setting.metadata.tables["setting"]
_UNIT = sa.select(_units.c.name).where(
    _units.c.tenant_id == bindparam("of_tenant"), _units.c.id == bindparam("of_unit")
)
_DONE = Entering(_settings, renewed=("value",))
MARK = "full_text"
"""The setting that says since when every case can be found."""
_SAID = frozenset({"values", "reason", "note", "text", "opinion", "question", "answer", "document"})
"""Parts of an entry that people wrote or read; names of files are not among them: some are withheld."""
_SILENT = frozenset({
    "steps_taken", "task_opened", "task_claimed", "task_released", "decision_evaluated", "timer_fired",
    "clock_moved", "deadline_uncertain", "incident_raised", "incident_retried", "work_handed_out",
    "message_thrown", "signal_thrown", "materials_attached", "task_cancelled",
})  # fmt: skip
"""Entries that say nothing which their neighbours do not."""
_NO_TEXT = re.compile(r"[0-9a-hjkmnp-tv-z]{26}|\d{4}-\d\d-\d\d(T\S*)?|[a-z_.]*|True|False")
"""Ids, dates and words of programs."""
BATCH = 200


def enter(session: Session, row: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> None:
    """Let the texts of new entries of a case be found. Nothing of a rehearsal ever is."""
    if row["rehearsal_at"] is None:
        unit = _unit(session, row) if any(e["kind"] == "instance_started" for e in events) else ""
        add(session, texts_of(row, events, unit))


def reindex(session: Session, tenant_id: str, after: str = "") -> str:
    """Write the texts of the next `BATCH` cases of a jurisdiction anew, in the order of their beginning.
    Gives the case after which to go on, "" at the end.

    The cases are locked as commands lock them: one that wrote between the forgetting and the reading of the
    record would have its texts entered by both."""
    i, e = _instances.c, _events.c
    some = sa.select(*i).where(i.tenant_id == tenant_id, i.id > after).order_by(i.id).limit(BATCH)
    locked = some.with_for_update(key_share=True)
    cases = {row["id"]: dict(row) for row in session.execute(locked).mappings()}
    searching.forget(session, tenant_id, cases)
    said = sa.select(e.instance_id, e.seq, e.kind, e.actor_name, e.payload).where(
        e.tenant_id == tenant_id, e.instance_id.in_(list(cases)), e.kind.not_in(_SILENT)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for event in session.execute(said.order_by(e.instance_id, e.seq)).mappings():
        found.setdefault(event["instance_id"], []).append(dict(event))
    units = session.execute(sa.select(_units.c.id, _units.c.name).where(_units.c.tenant_id == tenant_id))
    names = {unit.id: unit.name for unit in units}
    real = [row for row in cases.values() if row["rehearsal_at"] is None]
    rows = [
        text
        for row in real
        for text in texts_of(row, found.get(row["id"], ()), names.get(row["unit_id"], ""))
    ]
    add(session, rows)
    return max(cases) if len(cases) == BATCH else ""


def is_complete(session: Session) -> bool:
    """Whether the cases from before there was a full text have been entered."""
    return bool(session.execute(sa.select(_settings.c.name).where(_settings.c.name == MARK)).scalar())


def note_complete(session: Session, now: datetime) -> None:
    """Remember that every case can be found."""
    _DONE.enter(session, {"name": MARK, "value": {"at": now.isoformat()}})


def _unit(session: Session, row: Mapping[str, Any]) -> str:
    values = {"of_tenant": row["tenant_id"], "of_unit": row["unit_id"]}
    return session.execute(_UNIT, values).scalar_one_or_none() or ""


def add(session: Session, texts: Iterable[dict[str, Any]]) -> None:
    """Enter texts as `texts_of` gives them."""
    searching.add(session, list(texts))


def texts_of(
    row: Mapping[str, Any], events: Iterable[Mapping[str, Any]], unit: str
) -> Iterator[dict[str, Any]]:
    """What can be found of some entries of a case; `unit` is the name of the unit it belongs to."""
    for event in events:
        keys = {"tenant_id": row["tenant_id"], "instance_id": row["id"], "seq": event["seq"]}
        if event["kind"] == "instance_started":
            told = event["payload"]
            before = told.get("reopens", {}).get("number")
            head = (row["business_key"], row["title"], told.get("name"), told.get("project"), unit,
                    event["actor_name"], before)  # fmt: skip
            yield {**keys, "part": "head", "text": _lines(head)}
        if event["kind"] == "instance_reopened":
            yield {**keys, "part": "head", "text": event["payload"]["number"]}
        if event["kind"] not in _SILENT and (text := _lines(_said(event["payload"]))):
            yield {**keys, "part": "body", "text": text}


def _said(payload: Mapping[str, Any]) -> Iterator[str]:
    for name, value in payload.items():
        if name in _SAID:
            yield from _texts(value)


def _texts(value: Any) -> Iterator[str]:
    """The texts and figures within a value."""
    if isinstance(value, str):
        if value.strip() and not _NO_TEXT.fullmatch(value):
            yield value.strip()
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _lines(texts: Iterable[str | None]) -> str:
    return "\n".join(dict.fromkeys(text for text in texts if text))
