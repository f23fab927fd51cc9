"""What waits for a message can get it: somebody throws it, or people of existing groups deliver it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from server.bundles.checks.subject import Rule, Subject
from server.bundles.manifest import Manifest
from server.engine.model import EventKind, Finding, FlowNode, Kind, ProcessDefinition

CODE = "messages-arrive"
UNKNOWN_GROUP = Rule(
    CODE,
    "{name} is delivered by {group}, which does not stand in jurisdiction.toml.",
    "Correct deliveredBy, or add a [[group]].",
)
NOT_DELIVERABLE = Rule(
    CODE,
    "{name} has deliveredBy but waits for no message during a case.",
    "Take the property out, or put it on the message event or receive task that waits.",
)
NEVER_THROWN = Rule(
    CODE,
    "{name} waits for the message {message}, which no process of the jurisdiction throws.",
    "Throw it, correct its name, or say in deliveredBy whose people deliver it.",
    level="warning",
)
NOT_CARRIED = Rule(
    CODE,
    "{name} expects {variable}, which neither the message {message} carries nor a case fixes as a fact.",
    "Give it to what throws the message as an input parameter, or take it out of “variables”.",
    level="warning",
)
HEADER = frozenset({"project_facts", "project_code", "project_name", "project_unit", "unit"})
"""What every case knows of its project."""

_WAITING = (Kind.START_EVENT, Kind.CATCH_EVENT, Kind.BOUNDARY_EVENT, Kind.RECEIVE_TASK)
_THROWING = (Kind.THROW_EVENT, Kind.END_EVENT, Kind.SEND_TASK)


def check(subject: Subject) -> Iterator[Finding]:
    """Messages that are waited for in vain."""
    carried = _carried(subject)
    known = HEADER | _facts(subject.manifest)
    for process, node in subject.nodes():
        waits = node.kind in _WAITING and bool(_message(node))
        yield from _delivered(subject.manifest, process, node, waits)
        if not waits or node.delivered_by:
            continue
        message = _message(node)
        if message not in carried:
            yield NEVER_THROWN.on(process, node, message=message)
        elif _begins(node):
            for name in node.properties.get("variables", "").split():
                if name not in carried[message] | known:
                    yield NOT_CARRIED.on(process, node, message=message, variable=name)


def _delivered(
    manifest: Manifest, process: ProcessDefinition, node: FlowNode, waits: bool
) -> Iterator[Finding]:
    if node.delivered_by and (not waits or _begins(node)):
        yield NOT_DELIVERABLE.on(process, node)
    for group in node.delivered_by:
        if group not in manifest.groups:
            yield UNKNOWN_GROUP.on(process, node, group=group)


def _begins(node: FlowNode) -> bool:
    """Whether the message begins a case."""
    return node.kind is Kind.START_EVENT and not node.scope


def _message(node: FlowNode) -> str:
    if node.event.kind is EventKind.MESSAGE:
        return node.event.name
    return node.message if node.kind in (Kind.RECEIVE_TASK, Kind.SEND_TASK) else ""


def _carried(subject: Subject) -> Mapping[str, frozenset[str]]:
    """The messages that are thrown, each with every name that it may carry."""
    found: dict[str, frozenset[str]] = {}
    for _, node in subject.nodes():
        if node.kind in _THROWING and (message := _message(node)):
            names = frozenset(mapping.target for mapping in node.inputs)
            found[message] = found.get(message, frozenset()) | names
    return found


def _facts(manifest: Manifest) -> frozenset[str]:
    entries = manifest.processes.values()
    return frozenset(name for entry in entries for name in (*entry.facts, *entry.outcome_facts))
