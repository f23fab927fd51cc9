"""重新办理: the ended case that a new one takes up again; who may do that, and what comes along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles.manifest import ProcessEntry
from server.engine import process
from server.engine.model import EventKind
from server.services import carried_files, faster, instance_views, issuing, participants, projects, trials
from server.services.authorization import ALLOWED, SYSTEM, Person, Verdict, denied, may_deliver
from server.services.case import Case, finish, hold
from server.services.deployed import Deployed
from server.services.instance_views import Linked
from server.services.projects import ProjectView
from server.services.submissions import Answers
from server.store.history import HistoryEvent
from server.store.papers import ProjectFact
from server.store.runtime import ProcessInstance

_events = HistoryEvent.metadata.tables["history_event"]
_facts = ProjectFact.metadata.tables["project_fact"]
_instances = ProcessInstance.metadata.tables["process_instance"]
_ABOUT = ("period", "year", "opened_on", "project_unit", "unit")
"""Variables that say what a case is about although nobody typed them: the period of a duty, and its unit."""
REASON = "reopening_reason"
"""The answer of the page that says why the case is taken up again."""
LONGEST = 2000
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Predecessor:
    """An ended case as the one that takes it up again (its `successor`, begun by `successor_by`) sees it.
    `filed` is its application as it was filled last, with its files as they are now; `about` what else it
    knew from its beginning; `trial` the deployment of a draft that it rehearses, else ""."""

    id: str
    number: str
    title: str
    process_key: str
    status: str
    outcome_name: str | None
    ended_at: datetime | None
    started_by: str
    unit_id: str
    project: ProjectView | None
    rehearsal_at: datetime | None
    trial: str
    successor: Linked | None
    successor_by: str | None
    filed: Mapping[str, Any]
    about: Mapping[str, Any]

    @property
    def draft(self) -> str:
        """The key of the draft of its successor."""
        return draft_of(self.id)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an ended case leaves standing until its successor decides otherwise: the documents that were given
    out (title, number), and the facts of the project that it fixed (name, value)."""

    papers: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, Any], ...]


def draft_of(instance_id: str) -> str:
    """The key under which the successor of a case is drafted."""
    return f"reopen:{instance_id}"


def reason_of(answers: Answers) -> str:
    """Why the case is taken up again, as somebody answered it."""
    pairs = answers.items() if isinstance(answers, Mapping) else answers
    said = next((value for name, value in pairs if name == REASON and isinstance(value, str)), "")
    return said.strip()[:LONGEST]


def look(session: Session, person: Person, instance_id: str, *, filed: bool = True) -> Predecessor:
    """A case, for those who may see it; without what it filed where nobody asks. Raises NotFound,
    NotPermitted."""
    row, used = instance_views.see(session, person, instance_id)
    known = process.variables_of(used.model, row["process_key"], row["state"])
    project = projects.by_id(session, person.tenant_id, row["project_id"]) if row["project_id"] else None
    rehearsed = row["rehearsal_at"] is not None
    return Predecessor(
        id=instance_id, number=row["business_key"], title=row["title"], process_key=row["process_key"],
        status=row["status"], outcome_name=row["outcome_name"], ended_at=row["ended_at"],
        started_by=row["started_by"], unit_id=row["unit_id"], project=project,
        rehearsal_at=row["rehearsal_at"],
        trial=trials.named(session, person.tenant_id, row["deployment_id"]) if rehearsed else "",
        successor=Linked(row["reopened_as"], row["reopened_number"]) if row["reopened_as"] else None,
        successor_by=row["reopened_by"],
        filed=_filed(session, person, row, used) if filed else {},
        about={name: known[name] for name in _ABOUT if name in known},
    )  # fmt: skip


def may_take_up(person: Person, used: Deployed, before: Predecessor, entry: ProcessEntry) -> Verdict:
    """An ended case is taken up again by the groups that the manifest names. Where it names none: by whoever
    began it and still has a post that begins such cases, by the leader of its unit, and by admins."""
    rule = used.manifest.reopening_of(entry.id) if used.manifest else None
    if rule is not None and not rule.allowed:
        return denied("Cases of this process are not taken up again. Start a new one.")
    if rule is not None and rule.by:
        names = "、".join(used.group_name(group) for group in rule.by)
        scopes = {group: used.scope_of(group) for group in rule.by}
        if not may_deliver(person, scopes, before.unit_id, names):
            return denied("Only {groups} may take this case up again.", groups=names)
        return ALLOWED
    at_home = person.unit_id == before.unit_id
    began = before.started_by == person.id or (before.started_by == SYSTEM and at_home)
    if person.has("admin") or (person.has("leader") and at_home):
        return ALLOWED
    if began and person.has(*entry.started_by):
        return ALLOWED
    return denied(
        "Only the person who started the case, the leader of its unit, or an administrator may take it up "
        "again."
    )


def has_ended(before: Predecessor) -> Verdict:
    """Only an ended case is taken up again: in one that runs there are other ways."""
    if before.status in ("ended", "cancelled"):
        return ALLOWED
    return denied(
        "The case still runs: return a step, or take back what you sent. It can be taken up again when it "
        "has ended."
    )


def is_free(before: Predecessor) -> Verdict:
    """Each case is taken up again once; after that its successor is."""
    if before.successor is None:
        return ALLOWED
    return denied(
        "The case was taken up again as {number}. When that one has ended, it can be taken up again.",
        number=before.successor.number,
    )


def held(session: Session, person: Person, before: Predecessor, now: datetime) -> Case:
    """The ended case, held while its successor begins. Somebody who was faster makes this a StaleTask."""
    case = hold(session, person, before.id, now)
    i = _instances.c
    query = sa.select(i.id).where(i.tenant_id == person.tenant_id, i.reopens == before.id)
    if session.execute(query).scalar_one_or_none() is not None:
        raise faster.moved(session, person, before.id)
    return case


def tie(ended: Case, case: Case, reason: str) -> None:
    """Let the record of the held case tell which one takes it up again; whoever began it may see that one."""
    told = {"number": case.row["business_key"], "successor": case.id}
    ended.record.add("instance_reopened", reason=reason, **told)
    finish(ended)
    starter = ended.row["started_by"]
    participants.admit(ended.session, ended.person.tenant_id, case.id, [f"u:{starter}"])


def stands(session: Session, person: Person, before: Predecessor) -> Standing:
    """What remains of the case, whatever becomes of its successor."""
    issued = issuing.of_case(session, person.tenant_id, before.id)
    f = _facts.c
    query = sa.select(f.name, f.value).where(f.tenant_id == person.tenant_id, f.instance_id == before.id)
    facts = session.execute(query.order_by(f.name)).all()
    return Standing(
        tuple(dict.fromkeys((paper.title, paper.number) for _id, paper in issued)),
        tuple((name, value) for name, value in facts),
    )


def _filed(session: Session, person: Person, row: Mapping[str, Any], used: Deployed) -> dict[str, Any]:
    """The answers of the start form, with those of every step that filled the same form again."""
    definition = used.process(row["process_key"])
    starts = [node for node in definition.starts if node.event.kind is EventKind.NONE]
    form = starts[0].assignment.form if starts else ""
    e = _events.c
    query = sa.select(e.kind, e.element, e.payload).where(
        e.tenant_id == person.tenant_id, e.instance_id == row["id"],
        e.kind.in_(("instance_started", "task_completed")),
    )  # fmt: skip
    found: dict[str, Any] = {}
    for kind, element, payload in session.execute(query.order_by(e.seq)):
        node = definition.nodes.get(element)
        if kind == "instance_started" or (node is not None and node.assignment.form == form):
            found |= payload.get("values") or {}
    files = carried_files.current(session, person.tenant_id, row["id"])
    return dict(carried_files.renamed(found, files))
