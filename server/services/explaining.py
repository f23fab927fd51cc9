"""Why a case went as it did: each decision with its inputs, rule, article and version of its table, each
way taken at a gateway with its condition and values, each return with its reason, in order; and whether the
record is whole. Told from the record alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine.feel import FeelError, compile_expression
from server.engine.model import ProcessDefinition, SequenceFlow
from server.services import case_columns, deployed, history, instance_views
from server.services.authorization import Person, may_audit
from server.services.deployed import Deployed
from server.services.history import ChainFault, TimelineEntry
from server.services.instance_views import DecisionView
from server.store.definitions import Deployment
from server.store.history import HistoryEvent

_events = HistoryEvent.metadata.tables["history_event"]
_deployments = Deployment.metadata.tables["deployment"]
_ACTS = frozenset({
    "instance_started", "task_completed", "task_returned", "task_withdrawn", "instance_cancelled",
    "instance_ended", "instance_migrated", "instance_reopened", "message_delivered", "message_received",
    "work_done", "timer_fired",
})  # fmt: skip
"""Entries that set something going; all others follow from them or change nothing of the way."""


@dataclass(frozen=True, slots=True)
class Way:
    """A flow that was taken because of a condition (`default`: because none held), with what its variables
    were. Where several conditions are drawn, `others` are those that were not taken."""

    process: str
    gateway: str
    name: str
    target: str
    condition: str
    default: bool
    values: dict[str, Any]
    others: tuple[tuple[str, str], ...]
    regulation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that set the case going, and what followed from it until the next: decisions and ways."""

    seq: int
    at: datetime
    kind: str
    actor: str
    post: str
    element: str
    step: str
    regulation: tuple[str, ...]
    payload: dict[str, Any]
    hash: str
    decisions: list[DecisionView] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the record is whole: its number of entries and the digest of the last (`fault`: what is wrong,
    from which entry on)."""

    entries: int
    head: str
    fault: str = ""
    fault_at: int = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer. `version` is the number of the deployment by which the case goes now."""

    id: str
    business_key: str
    title: str
    process: str
    process_name: str
    version: int
    causes: tuple[Cause, ...]
    proof: Proof


def explain(session: Session, person: Person, instance_id: str) -> Explanation:
    """Why a case went as it did. For auditors and admins. Raises NotFound, NotPermitted."""
    may_audit(person).require()
    row, used = instance_views.see(session, person, instance_id)
    entries = list(reversed(history.timeline(session, person.tenant_id, instance_id)))
    decided = {one.seq: one for one in instance_views.decisions(session, person, instance_id)}
    told = _Told(session, used, decided, _hashes(session, row), entries)
    return Explanation(
        instance_id, row["business_key"], row["title"], row["process_key"],
        used.process(row["process_key"]).name, _number(session, used), tuple(told.causes(entries)),
        _proof(session, row),
    )  # fmt: skip


class _Told:
    """A record being read from its beginning: what is known so far, and by which deployment the case goes."""

    def __init__(
        self, session: Session, used: Deployed, decided: Mapping[int, DecisionView],
        hashes: Mapping[int, str], entries: Sequence[TimelineEntry],
    ) -> None:  # fmt: skip
        self.session, self.decided, self.hashes = session, decided, hashes
        first = next((e.payload["from_deployment"] for e in entries if e.kind == "instance_migrated"), "")
        self.used = deployed.of(session, used.tenant_id, first) if first else used
        self.known: dict[str, Any] = {}
        self.steps: list[tuple[str, str]] = []

    def causes(self, entries: Iterable[TimelineEntry]) -> Iterator[Cause]:
        """What set the case going, each with what followed until the next. The ways of one command are told
        at its end: the record has them before the decisions on which they rest."""
        cause: Cause | None = None
        for entry in entries:
            if entry.kind in _ACTS:
                if cause is not None:
                    yield self._closed(cause)
                cause = self._cause(entry)
            self.known.update(case_columns.said(self.used, entry.kind, entry.element, entry.payload))
            if entry.seq in self.decided and cause is not None:
                cause.decisions.append(self.decided[entry.seq])
            if entry.kind == "steps_taken":
                self.steps += [(process, element) for process, element in entry.payload["steps"]]
        if cause is not None:
            yield self._closed(cause)

    def _cause(self, entry: TimelineEntry) -> Cause:
        if entry.kind == "instance_migrated":
            there = str(entry.payload["to_deployment"])
            self.used = deployed.of(self.session, self.used.tenant_id, there)
        node = self.used.node(entry.element) if entry.element else None
        return Cause(
            entry.seq, entry.at, entry.kind, entry.actor_name, entry.actor_post, entry.element,
            node.name if node else "", node.regulation if node else (), entry.payload,
            self.hashes.get(entry.seq, ""),
        )  # fmt: skip

    def _closed(self, cause: Cause) -> Cause:
        for process, element in self.steps:
            definition = self.used.model.processes.get(process)
            flow = definition.flows.get(element) if definition else None
            if definition is not None and flow is not None and (flow.condition or flow.default):
                cause.ways.append(self._way(definition, flow))
        self.steps = []
        return cause

    def _way(self, definition: ProcessDefinition, flow: SequenceFlow) -> Way:
        source, target = definition.nodes[flow.source], definition.nodes[flow.target]
        beside = [definition.flows[name] for name in source.outgoing if name != flow.id]
        others = tuple((one.name, one.condition) for one in beside if one.condition)
        names = _names(flow.condition, *(condition for _name, condition in others))
        values = {name: self.known[name] for name in sorted(names) if name in self.known}
        return Way(
            definition.id, source.id, source.name or source.id, flow.name or target.name or target.id,
            flow.condition, flow.default and not flow.condition, values, others, source.regulation,
        )  # fmt: skip


def _names(*conditions: str) -> set[str]:
    """The variables that conditions read."""
    found: set[str] = set()
    for condition in conditions:
        if condition:
            try:
                found |= compile_expression(condition.removeprefix("=").strip()).names
            except FeelError:  # written in a way that only another engine reads: it is shown without values
                continue
    return found


def _hashes(session: Session, row: Mapping[str, Any]) -> dict[int, str]:
    e = _events.c
    query = sa.select(e.seq, e.hash).where(e.tenant_id == row["tenant_id"], e.instance_id == row["id"])
    return {seq: digest for seq, digest in session.execute(query)}


def _number(session: Session, used: Deployed) -> int:
    d = _deployments.c
    query = sa.select(d.number).where(d.tenant_id == used.tenant_id, d.id == used.deployment_id)
    return int(session.execute(query).scalar_one())


def _proof(session: Session, row: Mapping[str, Any]) -> Proof:
    (found,) = history.verify(session, row["tenant_id"], row["id"])
    if isinstance(found, ChainFault):
        return Proof(row["history_seq"], row["history_head"], found.fault, found.seq)
    return Proof(found, row["history_head"])
