"""Running cases go on in another version: what would happen to each, and doing it, one case at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from server.engine import migration, process
from server.engine.findings import Finding
from server.engine.migration import ElementMapping, Migration, Move
from server.services import calendars, case_versions, deployed, recording
from server.services.authorization import Person, denied, may_deploy
from server.services.case import Case, finish, hold
from server.services.deployed import Deployed
from server.services.errors import NotFound, Refused, ServiceError
from server.store.database import part
from server.store.runtime import InstanceState, ProcessInstance, Subscription, Task, Timer

_instances = ProcessInstance.metadata.tables["process_instance"]
_states = InstanceState.metadata.tables["instance_state"]
_tasks = Task.metadata.tables["task"]
_timers = Timer.metadata.tables["timer"]
_subscriptions = Subscription.metadata.tables["subscription"]

MOST = 200
"""Cases that one page plans and one request migrates."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What migrating would do to one case: where it goes, and what speaks against it or should be known."""

    instance_id: str
    business_key: str
    title: str
    moves: tuple[Move, ...]
    findings: tuple[Finding, ...]
    possible: bool

    @property
    def moves_in_words(self) -> tuple[tuple[str, str], ...]:
        """The names of the steps where it stands and goes to, one pair for each position; "" for nowhere."""
        return tuple(
            (move.name or move.element, move.target and (move.target_name or move.target))
            for move in self.moves
        )


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An element on which some case stands and which the new version does not have: where may it go?"""

    process: str
    element: str
    name: str
    candidates: tuple[tuple[str, str], ...]


def plan(
    session: Session,
    person: Person,
    key: str,
    number: int,
    target: str,
    mapping: ElementMapping,
    now: datetime,
) -> list[Plan]:
    """A dry run: what would happen to each case on version `number` in the deployment `target`. Nothing
    changes."""
    may_deploy(person).require()
    there = deployed.of(session, person.tenant_id, target)
    there.process(key)
    plans = []
    for row in case_versions.running_cases(session, person, key, number, MOST):
        here = deployed.of(session, person.tenant_id, row["deployment_id"])
        state = session.execute(
            sa.select(_states.c.state).where(
                _states.c.tenant_id == person.tenant_id, _states.c.instance_id == row["id"]
            )
        ).scalar_one()
        at = calendars.moment(session, person, now)
        found = migration.migrate(here.model, there.model, key, bytes(state), at, mapping)
        plans.append(
            Plan(
                row["id"], row["business_key"], row["title"], found.moves, found.findings,
                found.advance is not None,
            )
        )  # fmt: skip
    return plans


def unplaced(session: Session, person: Person, plans: list[Plan], source: str, target: str) -> list[Unplaced]:
    """The elements for which a mapping is asked: those on which a case stands and that the target does not
    have under the same id, each with the target's elements of the same kind."""
    here = deployed.of(session, person.tenant_id, source)
    there = deployed.of(session, person.tenant_id, target)
    found: dict[tuple[str, str], Unplaced] = {}
    for move in (move for one in plans for move in one.moves):
        definition = there.model.processes.get(move.process)
        asked = (move.process, move.element)
        if definition is None or move.element in definition.nodes or asked in found:
            continue
        node = here.process(move.process).nodes[move.element]
        alike = [(other.id, other.name) for other in definition.nodes.values() if other.kind is node.kind]
        found[asked] = Unplaced(move.process, move.element, node.name, tuple(alike))
    return list(found.values())


def migrate(
    session: Session, person: Person, instance_id: str, target: str, mapping: ElementMapping, reason: str,
    now: datetime,
) -> None:  # fmt: skip
    """Let one case go on in another deployment. Raises Refused with what speaks against it."""
    may_deploy(person).require()
    if not reason.strip():
        denied("Say why the cases go on in another version.").require()
    case = hold(session, person, instance_id, now)
    if case.row["status"] not in ("running", "incident"):
        denied("The case has ended already.").require()
    if case.rehearsed:
        denied("A rehearsal stays on its version: begin a new one.").require()
    if case.row["deployment_id"] == target:
        denied("The case runs on this version already.").require()
    there = _target(session, person, target)
    found = migration.migrate(case.deployed.model, there.model, case.key, case.state, case.at, mapping)
    if found.advance is None:
        raise Refused(next(finding for finding in found.findings if finding.level == "error"))
    _move_over(case, there, found, mapping, reason)
    finish(case)


def _target(session: Session, person: Person, deployment_id: str) -> Deployed:
    found = deployed.of(session, person.tenant_id, deployment_id)
    if found.manifest is None:
        raise NotFound("deployment", deployment_id)
    return found


def _move_over(case: Case, there: Deployed, found: Migration, mapping: ElementMapping, reason: str) -> None:
    assert found.advance is not None
    before, advance = case.deployed, found.advance
    seq = case.record.add(
        "instance_migrated", reason=reason[:500], from_deployment=before.deployment_id,
        to_deployment=there.deployment_id, mapping={p: dict(names) for p, names in mapping.items()},
        moves=[(m.process, m.element, m.target, m.target_name) for m in found.moves],
    )  # fmt: skip
    case.deployed = there
    _update_deployment(case, there.deployment_id)
    _update_timers(case, advance.timers)
    if not there.waits_for_messages(case.key):
        s = _subscriptions.c
        of_case = (s.tenant_id == case.row["tenant_id"], s.instance_id == case.id)
        case.session.execute(_subscriptions.delete().where(*of_case))
    recording.write_down(case, advance, seq)
    opened = {task.token for task in advance.opened}
    for task in process.open_tasks(there.model, case.key, advance.state):
        if task.token not in opened:
            recording.renew(case, task)
    case.row["deployment_id"] = there.deployment_id


def _update_deployment(case: Case, deployment_id: str) -> None:
    i = _instances.c
    case.session.execute(
        _instances.update()
        .where(i.tenant_id == case.row["tenant_id"], i.id == case.id)
        .values(deployment_id=deployment_id)
    )


def _update_timers(case: Case, standing: Any) -> None:
    """A timer that runs on keeps its row and its moment, under the name it has now."""
    t = _timers.c
    for timer in standing:
        case.session.execute(
            _timers.update()
            .where(
                t.tenant_id == case.row["tenant_id"], t.instance_id == case.id, t.token == timer.token,
                (t.element != timer.element) | (t.process_key != timer.process),
            )
            .values(element=timer.element, process_key=timer.process)
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one case of many: `problem` is None where it went over."""

    instance_id: str
    problem: ServiceError | None


def migrate_each(
    session: Session, person: Person, instances: Sequence[str], target: str, mapping: ElementMapping,
    reason: str, now: datetime,
) -> list[Report]:  # fmt: skip
    """Migrate several cases; each goes over whole or stays, whatever becomes of the others."""
    reports = []
    for instance_id in instances[:MOST]:
        problem = None
        try:
            with part(session):
                migrate(session, person, instance_id, target, mapping, reason, now)
        except ServiceError as error:
            problem = error
        reports.append(Report(instance_id, problem))
    return reports
