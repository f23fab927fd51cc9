"""The record of an instance: an audit chain that can be checked, and the timeline people read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session

from server.engine.model import Evaluation
from server.services.authorization import Person
from server.store.columns import dumps, loads
from server.store.history import DecisionEvaluation, HistoryEvent
from server.store.runtime import ProcessInstance

_events = HistoryEvent.metadata.tables["history_event"]
_evaluations = DecisionEvaluation.metadata.tables["decision_evaluation"]
_TIMELINE = (
    sa.select(
        *(_events.c[name] for name in (
            "seq", "at", "kind", "actor_id", "actor_name", "actor_post", "element", "task_id", "payload",
        ))
    )
    .where(_events.c.tenant_id == bindparam("of_tenant"), _events.c.instance_id == bindparam("of_instance"))
    .order_by(_events.c.seq.desc())
)  # fmt: skip
_LATEST = _TIMELINE.where(_events.c.kind.not_in(bindparam("without", expanding=True))).limit(bindparam("n"))
_ADD_EVENTS = _events.insert()
_ADD_EVALUATIONS = _evaluations.insert()
_CONTENT = (
    "decision_id", "name", "element", "hit_policy", "inputs", "outputs", "matched", "missed", "findings",
)  # fmt: skip


def entry_hash(prev_hash: str, entry: dict[str, Any]) -> str:
    """SHA-256 (hex) over the hash before and the canonical JSON of the entry without its own two
    hashes."""
    content = {name: value for name, value in entry.items() if name not in ("prev_hash", "hash")}
    content["at"] = content["at"].astimezone(UTC).isoformat()
    return hashlib.sha256(b"\0" + prev_hash.encode() + dumps(content)).hexdigest()


@dataclass
class Record:
    """Entries about one instance, gathered during a command and written at its end in one statement
    each."""

    tenant_id: str
    instance_id: str
    seq: int
    head: str
    actor: Person
    at: datetime
    events: list[dict[str, Any]] = field(default_factory=list)
    evaluations: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, element: str = "", task_id: str | None = None, **payload: Any) -> int:
        """Note that something happened; gives its sequence number."""
        self.seq += 1
        if self.actor.via:
            payload["via"] = self.actor.via
        if self.actor.acting_for:
            payload["for"] = {name: getattr(self.actor.acting_for, name) for name in ("id", "name", "post")}
        entry: dict[str, Any] = {
            "tenant_id": self.tenant_id, "instance_id": self.instance_id, "seq": self.seq, "at": self.at,
            "kind": kind, "actor_id": self.actor.id, "actor_name": self.actor.name,
            "actor_post": self.actor.post, "element": element, "task_id": task_id,
            "payload": loads(dumps(payload)), "prev_hash": self.head,
        }  # fmt: skip
        entry["hash"] = self.head = entry_hash(self.head, entry)
        self.events.append(entry)
        return self.seq

    def add_evaluation(self, evaluation: Evaluation, deployment_id: str) -> None:
        """Note a decision: an entry of the chain, and the whole evaluation beside it."""
        row = _evaluation_row(evaluation)
        digest = evaluation_digest(row)
        rows = [rule.row for rule in evaluation.matched]
        told = {"decision": evaluation.decision, "name": evaluation.name, "outputs": evaluation.outputs}
        seq = self.add("decision_evaluated", evaluation.element, rules=rows, sha256=digest, **told)
        keys = {"tenant_id": self.tenant_id, "instance_id": self.instance_id, "seq": seq, "at": self.at}
        self.evaluations.append({**keys, "position": 0, "deployment_id": deployment_id, **row})

    def write(self, session: Session) -> None:
        """Write what was gathered."""
        if self.events:
            session.execute(_ADD_EVENTS, self.events)
        if self.evaluations:
            session.execute(_ADD_EVALUATIONS, self.evaluations)


def _evaluation_row(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "decision_id": evaluation.decision, "name": evaluation.name, "element": evaluation.element,
        "hit_policy": evaluation.hit_policy, "inputs": dict(evaluation.inputs), "outputs": evaluation.outputs,
        "matched": [
            {"row": r.row, "id": r.id, "annotations": list(r.annotations), "regulation": list(r.regulation)}
            for r in evaluation.matched
        ],
        "missed": [
            {"row": r.row, "id": r.id, "column": r.column, "cell": r.cell, "value": r.value}
            for r in evaluation.missed
        ],
        "findings": [finding_json(finding) for finding in evaluation.findings],
    }  # fmt: skip


def finding_json(finding: Any) -> dict[str, Any]:
    """A finding as plain values; `message` stays a template so that every reader gets their own
    language."""
    return {
        "level": finding.level, "code": finding.code, "message": finding.message,
        "params": _kept(finding.params), "remedy": finding.remedy,
        "file": finding.file, "element": finding.element, "row": finding.row, "column": finding.column,
    }  # fmt: skip


def _kept(params: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a finding; those that are sentences themselves stay templates too."""
    return {
        name: {**value, "params": _kept(value.get("params", {}))}
        if isinstance(value, Mapping)
        else str(value)
        for name, value in params.items()
    }


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the record as people read it."""

    seq: int
    at: datetime
    kind: str
    actor_id: str
    actor_name: str
    actor_post: str
    element: str
    task_id: str | None
    payload: dict[str, Any]

    @property
    def acting_for(self) -> str:
        """The name of whom the person acted for, "" where for themselves."""
        return str(self.payload.get("for", {}).get("name", ""))


def timeline(
    session: Session, tenant_id: str, instance_id: str, *, last: int | None = None
) -> list[TimelineEntry]:
    """The record of an instance, newest first; the whole of it unless only the `last` n are wanted."""
    query = _TIMELINE if last is None else _TIMELINE.limit(last)
    rows = session.execute(query, {"of_tenant": tenant_id, "of_instance": instance_id})
    return [TimelineEntry(*row) for row in rows]


def latest(
    session: Session, tenant_id: str, instance_id: str, count: int, without: Sequence[str]
) -> list[TimelineEntry]:
    """The last `count` entries of an instance's record but for some kinds, newest first."""
    values = {"of_tenant": tenant_id, "of_instance": instance_id, "without": without, "n": count}
    return [TimelineEntry(*row) for row in session.execute(_LATEST, values)]


@dataclass(frozen=True, slots=True)
class ChainFault:
    """An instance whose record was changed after the fact: where, and how it shows."""

    tenant_id: str
    instance_id: str
    seq: int
    fault: str


def verify(
    session: Session, tenant_id: str | None = None, instance_id: str | None = None
) -> Iterator[ChainFault | int]:
    """Check chains; yields the number of entries of each sound instance, and a ChainFault for each
    broken one."""
    instances = ProcessInstance.metadata.tables["process_instance"]
    query = sa.select(
        instances.c.tenant_id, instances.c.id, instances.c.history_seq, instances.c.history_head
    ).order_by(instances.c.tenant_id, instances.c.id)
    if tenant_id is not None:
        query = query.where(instances.c.tenant_id == tenant_id)
    if instance_id is not None:
        query = query.where(instances.c.id == instance_id)
    for tenant, instance, seq, head in session.execute(query).all():
        yield _verify_one(session, tenant, instance, seq, head)


def _verify_one(session: Session, tenant: str, instance: str, last: int, head: str) -> ChainFault | int:
    rows = session.execute(
        _events.select()
        .where(_events.c.tenant_id == tenant, _events.c.instance_id == instance)
        .order_by(_events.c.seq)
    ).mappings()
    previous, expected = "", 0
    for row in rows:
        expected += 1
        if row["seq"] != expected:
            return ChainFault(tenant, instance, expected, "entry missing")
        if row["prev_hash"] != previous or entry_hash(previous, dict(row)) != row["hash"]:
            return ChainFault(tenant, instance, expected, "entry changed")
        previous = row["hash"]
    if expected != last or previous != head:
        return ChainFault(tenant, instance, expected + 1, "last entries missing")
    return _verify_evaluations(session, tenant, instance) or expected


def _verify_evaluations(session: Session, tenant: str, instance: str) -> ChainFault | None:
    """A decision's full record lies beside the chain; the chain holds its digest."""
    e, d = _events.c, _evaluations.c
    digests = session.execute(
        sa.select(e.seq, e.payload).where(
            e.tenant_id == tenant, e.instance_id == instance, e.kind == "decision_evaluated"
        )
    ).all()
    rows = session.execute(_evaluations.select().where(d.tenant_id == tenant, d.instance_id == instance))
    found = {row["seq"]: evaluation_digest(dict(row)) for row in rows.mappings()}
    for seq, payload in digests:
        if found.pop(seq, None) != payload["sha256"]:
            return ChainFault(tenant, instance, seq, "decision changed")
    return ChainFault(tenant, instance, min(found), "decision added") if found else None


def evaluation_digest(row: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a decision as the chain holds it."""
    return hashlib.sha256(dumps({name: row[name] for name in _CONTENT})).hexdigest()
