"""What would have changed: decisions of real cases, as they were taken, taken once more with other tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from server.bundles import reading
from server.engine import decisions, dmn
from server.engine.business_calendar import ZONE
from server.engine.dmn import DmnError
from server.engine.model import Evaluation, MatchedRule
from server.services import comparing
from server.services.authorization import Person, may_deploy
from server.services.comparing import Version
from server.store.history import DecisionEvaluation
from server.store.runtime import ProcessInstance

Why = Literal["", "gone", "asks_more"]
"""Why a decision cannot be taken again: it is there no more, or asks for what was not known then."""

FEW, MOST = 1_000, 20_000
"""How many of the latest cases are looked at, if nobody says; and at most."""

SHOWN = 500
"""How many decisions that go another way are listed; all are counted."""

_evaluations = DecisionEvaluation.metadata.tables["decision_evaluation"]
_instances = ProcessInstance.metadata.tables["process_instance"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision of a case that would have gone another way: what it gave and by which rules, then and now.
    `failed` tells that it gives no result now (the finding's template and params)."""

    instance_id: str
    business_key: str
    title: str
    at: datetime
    decision: str
    name: str
    before: Any
    after: Any
    rules_before: tuple[MatchedRule, ...]
    rules_after: tuple[MatchedRule, ...]
    failed: Mapping[str, object] | None = None


@dataclass(slots=True)
class Counted:
    """What became of the decisions of one id: taken again, with another result, with the same by another
    rule, and those that cannot be taken again."""

    name: str
    taken: int = 0
    other: int = 0
    other_rule: int = 0
    gone: int = 0
    asks_more: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    """What the decisions of the latest real cases would have been. `cases` were looked at, `cases_differ` of
    them have a decision that goes another way; `differ` are the first of these decisions, newest first, with
    their number in `counted` by decision."""

    version: Version
    cases: int
    decisions: int
    cases_differ: int
    differ: tuple[Replayed, ...]
    counted: Mapping[str, Counted]
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def other(self) -> int:
        """How many decisions go another way."""
        return sum(one.other for one in self.counted.values())


def replay(session: Session, person: Person, reference: str, latest: int = FEW) -> Replay:
    """Take the decisions of the latest real cases of the person's jurisdiction once more, as a deployment or
    draft decides. Each sees what it saw then, and the time it was then. Nothing is recorded.

    Results are compared as values: by which rule they came counts only in `other_rule`. Raises NotFound;
    NotPermitted for those who may not deploy."""
    may_deploy(person).require()
    version = comparing.version(session, person, reference)
    run = _Run(reading.read(version.files).model.decisions)
    for row in _kept(session, person, max(1, min(latest, MOST))):
        run.take(row)
    return Replay(
        version, len(run.cases), run.decisions, len(run.cases_differ), tuple(run.differ), run.counted,
        {name: tuple(sorted(found)) for name, found in run.missing.items()},
    )  # fmt: skip


def _kept(session: Session, person: Person, latest: int) -> Iterator[Any]:
    """The decisions of the latest real cases, newest first."""
    e, i = _evaluations.c, _instances.c
    cases = (
        sa.select(i.id)
        .where(i.tenant_id == person.tenant_id, i.rehearsal_at.is_(None))
        .order_by(i.id.desc())
        .limit(latest)
        .subquery()
    )
    query = (
        sa.select(
            e.instance_id, e.decision_id, e.name, e.at, e.inputs, e.outputs, e.matched, e.findings,
            i.business_key, i.title,
        )
        .join(cases, cases.c.id == e.instance_id)
        .join(_instances, (i.tenant_id == e.tenant_id) & (i.id == e.instance_id))
        .where(e.tenant_id == person.tenant_id)
        .order_by(e.at.desc(), e.instance_id, e.seq.desc(), e.position)
    )  # fmt: skip
    return iter(session.execute(query))


@dataclass(slots=True)
class _Run:
    """One replay as it goes."""

    models: Mapping[str, dmn.DecisionModel]
    decisions: int = 0
    cases: set[str] = field(default_factory=set)
    cases_differ: set[str] = field(default_factory=set)
    differ: list[Replayed] = field(default_factory=list)
    counted: dict[str, Counted] = field(default_factory=dict)
    missing: dict[str, Counter[str]] = field(default_factory=dict)
    asks: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, row: Any) -> None:
        """Take one decision again."""
        self.decisions += 1
        self.cases.add(row.instance_id)
        counted = self.counted.setdefault(row.decision_id, Counted(row.name))
        model = self.models.get(row.decision_id)
        if model is None:
            counted.gone += 1
            return
        unknown = self._asked(model, row.decision_id) - row.inputs.keys()
        if unknown:
            counted.asks_more += 1
            self.missing.setdefault(row.decision_id, Counter()).update(unknown)
            return
        counted.taken += 1
        self._compare(row, counted, _again(model, row))

    def _asked(self, model: dmn.DecisionModel, decision: str) -> frozenset[str]:
        """The variables a decision reads, less those of decisions it requires: their results were kept."""
        if decision not in self.asks:
            self.asks[decision] = (
                frozenset(model.reads(decision)) if not _required(model, decision) else frozenset()
            )
        return self.asks[decision]

    def _compare(self, row: Any, counted: Counted, now: Evaluation) -> None:
        had_failed = any(finding.get("level") == "error" for finding in row.findings)
        same = now.failed == had_failed and (now.failed or _plain(now.outputs) == _plain(row.outputs))
        before = tuple(_rule(rule) for rule in row.matched)
        if same:
            counted.other_rule += [r.id for r in now.matched] != [r.id for r in before]
            return
        counted.other += 1
        self.cases_differ.add(row.instance_id)
        if len(self.differ) < SHOWN:
            failed = next((f.quoted() for f in now.findings if f.level == "error"), None)
            self.differ.append(
                Replayed(
                    row.instance_id, row.business_key, row.title, row.at, row.decision_id, row.name,
                    row.outputs, now.outputs, before, now.matched, failed,
                )
            )  # fmt: skip


def _again(model: dmn.DecisionModel, row: Any) -> Evaluation:
    """A decision over what it saw then. Results of decisions it requires are taken as they were."""
    given = [name for name in _required(model, row.decision_id) if name in row.inputs]
    at = row.at.astimezone(ZONE)
    try:
        if not given:
            return decisions.evaluate(model, row.decision_id, row.inputs, now=at)
        return decisions.told(model.evaluate(row.decision_id, row.inputs, at, given), model)
    except DmnError as error:
        problem = decisions.finding(error.problem, model.definitions.file)
        return Evaluation(row.decision_id, row.name, {}, None, findings=(problem,))


def _required(model: dmn.DecisionModel, decision: str) -> list[str]:
    names = {one.name for one in model.decisions.values()}
    return [node.name for node in model.required(decision) if node.name in names]


def _rule(kept: Mapping[str, Any]) -> MatchedRule:
    return MatchedRule(
        kept["row"], kept["id"], tuple(kept.get("annotations", ())), tuple(kept.get("regulation", ()))
    )


def _plain(value: Any) -> Any:
    """A result such that equal ones are equal: lists for tuples, and no difference between 5 and 5.00."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
