"""The paper that goes into the file: 审批单, from the record of a case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from server.engine.forms import Form
from server.services import deployed, instance_views
from server.services.authorization import Person
from server.services.history import TimelineEntry
from server.services.instance_views import InstanceView
from server.store.history import Attachment


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One step of the sheet: who decided what, when; `values` are what the form held, `form` how to
    read them; `acting_for` names who was away."""

    name: str
    officer: str
    post: str
    at: datetime
    outcome: str | None
    opinion: str
    form: Form | None
    values: dict[str, Any]
    acting_for: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """An approval sheet: letterhead, facts, one line per step in order (but for what its sender took back),
    materials, articles, and the digest of the record it was made from."""

    letterhead: str
    instance: InstanceView
    lines: tuple[SheetLine, ...]
    materials: tuple[Attachment, ...]
    regulation: tuple[str, ...]
    digest: str
    finished: bool


def sheet(session: Session, person: Person, instance_id: str, now: datetime) -> Sheet:
    """The approval sheet of a case as it stands now."""
    case = instance_views.view(session, person, instance_id, now)
    entries = list(reversed(instance_views.record(session, person, instance_id)))
    row, used = instance_views.see(session, person, instance_id)
    taken_back = {entry.task_id for entry in entries if entry.kind == "task_withdrawn"}
    sent = (entry for entry in entries if entry.kind in ("task_completed", "task_signed"))
    lines = tuple(_line(used, entry) for entry in sent if entry.task_id not in taken_back)
    articles: dict[str, None] = {}
    for entry in entries:
        for citation in used.citations(entry.element):
            articles[citation] = None
    letterhead = used.manifest.letterhead if used.manifest else ""
    return Sheet(
        letterhead, case, lines, tuple(instance_views.materials(session, person, instance_id)),
        tuple(sorted(articles, key=_by_number)), row["history_head"], case.status == "ended",
    )  # fmt: skip


def _line(used: deployed.Deployed, entry: TimelineEntry) -> SheetLine:
    values = entry.payload.get("values") or {}
    form = used.form_of(entry.element, signed=entry.kind == "task_signed")
    return SheetLine(
        entry.payload.get("name", ""), entry.actor_name, entry.actor_post, entry.at,
        entry.payload.get("outcome"), str(values.get("opinion_text") or ""), form, values,
        entry.acting_for,
    )  # fmt: skip


def _by_number(citation: str) -> list[tuple[int, str]]:
    """Articles in the order of their numbers: 2.2 before 10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", citation) if part]
