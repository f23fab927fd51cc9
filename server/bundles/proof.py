"""What the scenarios of a bundle prove: every branch of a gateway taken, every rule of a table fired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from server.bundles.scenarios import Passed, Played
from server.engine.dmn.model import DecisionTable
from server.engine.model import Finding, Kind, Model, ProcessDefinition

CHOOSING = (Kind.EXCLUSIVE_GATEWAY, Kind.INCLUSIVE_GATEWAY, Kind.EVENT_BASED_GATEWAY)


@dataclass(frozen=True, slots=True)
class Proof:
    """Branches (process, flow) and rules (decision, row), and those that a holding scenario passed."""

    branches: frozenset[Passed]
    rules: frozenset[Passed]
    passed_branches: frozenset[Passed]
    passed_rules: frozenset[Passed]

    @property
    def complete(self) -> bool:
        """Whether nothing is left to prove."""
        return self.branches == self.passed_branches and self.rules == self.passed_rules


def proof(model: Model, played: Iterable[Played]) -> Proof:
    """What the scenarios that hold have passed; a scenario that fails proves nothing."""
    holding = [p for p in played if p.holds]
    elements = frozenset().union(*(p.elements for p in holding))
    fired = frozenset().union(*(p.rules for p in holding))
    branches, rules = frozenset(all_branches(model)), frozenset(all_rules(model))
    return Proof(branches, rules, branches & elements, rules & fired)


def all_branches(model: Model) -> Iterator[Passed]:
    """Every flow behind a gateway that chooses, every boundary event and event sub-process; and every start
    event of a process that can begin in several ways."""
    for process in model.processes.values():
        if len(process.starts) > 1:
            yield from ((process.id, node.id) for node in process.starts)
        for node in process.nodes.values():
            if node.kind in CHOOSING and len(node.outgoing) > 1:
                yield from ((process.id, flow) for flow in node.outgoing)
            elif node.kind is Kind.BOUNDARY_EVENT or node.event_sub_process:
                yield process.id, node.id


def all_rules(model: Model) -> Iterator[Passed]:
    """Every rule of every decision table of a model."""
    for identity, decision_model in model.decisions.items():
        logic = decision_model.decisions[identity].logic
        if isinstance(logic, DecisionTable):
            yield from ((identity, str(rule.row)) for rule in logic.rules)


def unproved(model: Model, found: Proof) -> Iterator[Finding]:
    """A finding for every branch and rule that no scenario passes."""
    for process_id, element in sorted(found.branches - found.passed_branches):
        process = model.processes[process_id]
        yield Finding(
            level="warning",
            code="branch-not-proved",
            message="No scenario passes {way}.",
            params={"way": _way(process, element)},
            remedy="Write a scenario in which the case goes this way.",
            file=process.file,
            element=element,
            family="house",
        )
    for decision, row in sorted(found.rules - found.passed_rules, key=lambda rule: (rule[0], int(rule[1]))):
        yield Finding(
            level="warning",
            code="rule-not-proved",
            message="No scenario makes rule {row} of {decision} fire.",
            params={"row": int(row), "decision": decision},
            remedy="Write a case for which this rule fires.",
            file=model.decisions[decision].definitions.file,
            element=decision,
            row=int(row),
            family="house",
        )


def _way(process: ProcessDefinition, element: str) -> str:
    """A branch in the words of the diagram: gateway, flow and where it leads."""
    flow = process.flows.get(element)
    if flow is None:
        node = process.nodes[element]
        return f"{node.name or node.id} ({node.id})"
    source, target = process.nodes[flow.source], process.nodes[flow.target]
    label = f" “{flow.name}”" if flow.name else ""
    return f"{source.name or source.id}{label} → {target.name or target.id} ({flow.id})"
