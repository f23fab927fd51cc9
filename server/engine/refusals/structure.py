"""The whole of a diagram: ids, size, and that every element lies on a way from the start to an end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from server.engine.bpmn_attributes import BPMN
from server.engine.bpmn_xml import KINDS, Diagram
from server.engine.model import Finding, Kind, ProcessDefinition
from server.engine.refusals.graph import Graph
from server.engine.refusals.refusal import Refusal
from server.engine.xml import line_of, local

MAX_NODES = 300
MAX_PROCESSES = 20
MAX_ID = 128

DUPLICATE_ID = Refusal(
    "duplicate-id",
    "The id {element} is given to more than one element.",
    "Give each element its own id.",
)
MISSING_ID = Refusal(
    "missing-id",
    "A {tag} has no id.",
    "Give it an id.",
)
BAD_ID = Refusal(
    "unusable-id",
    "The id {element} has more than {limit} characters, or others than letters, digits, _ - and dot.",
    "Give it a short id that begins with a letter.",
)
TOO_MANY_NODES = Refusal(
    "too-many-nodes",
    "Process {element} has {count} elements; at most {limit} are run.",
    "Take parts of it out into processes of their own and call them.",
)
TOO_MANY_PROCESSES = Refusal(
    "too-many-processes",
    "The file has {count} processes; at most {limit} are read.",
    "Write one process into each file.",
)
UNREACHABLE = Refusal(
    "unreachable",
    "No way leads from the start to {name}.",
    "Connect it, or delete it.",
)
DEAD_END = Refusal(
    "dead-end",
    "Nothing follows {name}, and it is not an end event.",
    "Lead a flow from it to an end event.",
)
NO_WAY_OUT = Refusal(
    "no-way-to-an-end",
    "From {name} no way leads to an end event.",
    "Draw a way out of the loop.",
)
NO_END = Refusal(
    "no-end-event",
    "Process {element} has no end event.",
    "Draw at least one end event.",
)

_ID = re.compile(r"[^\W\d][\w.-]*")


def check_size(diagram: Diagram) -> Iterator[Finding]:
    """What keeps a diagram from being looked at more closely, for that would take too long."""
    count = len(diagram.processes)
    if count > MAX_PROCESSES:
        yield TOO_MANY_PROCESSES.at(diagram.file, "", 1, count=count, limit=MAX_PROCESSES)
    for process in diagram.processes[:MAX_PROCESSES]:
        size = max(len(process.nodes), len(process.flows) // 3)
        if size > MAX_NODES:
            yield TOO_MANY_NODES.at(process.file, process.id[:MAX_ID], 1, count=size, limit=MAX_NODES)


def check_ids(diagram: Diagram) -> Iterator[Finding]:
    """Ids that are missing, twice given, or fit for no table or address."""
    seen: Counter[str] = Counter()
    for element in diagram.root.iter(f"{{{BPMN}}}*"):
        tag, identity = local(element), element.get("id")
        if identity is None:
            if tag in KINDS or tag in ("process", "sequenceFlow"):
                yield MISSING_ID.at(diagram.file, "", line_of(element), tag=tag)
            continue
        seen[identity] += 1
        if seen[identity] == 2:
            yield DUPLICATE_ID.at(diagram.file, identity[:MAX_ID], line_of(element))
        named = tag in KINDS or tag in ("process", "sequenceFlow", "lane")
        if named and (len(identity) > MAX_ID or not _ID.fullmatch(identity)):
            yield BAD_ID.at(diagram.file, identity[:60], line_of(element), limit=MAX_ID)


def check(process: ProcessDefinition, graph: Graph, known: frozenset[str]) -> Iterator[Finding]:
    """Every element of a process that no case could reach or leave; `known` as in `flows.check`."""
    ends = [n.id for n in process.children("") if n.kind is Kind.END_EVENT]
    if not ends:
        yield NO_END.at(process.file, process.id)
    broken = {f.source for f in process.flows.values() if f.target not in process.nodes}
    fed = {f.target for f in process.flows.values() if f.source not in process.nodes and f.source in known}
    reached = graph.reached([*graph.starts, *fed])
    dead = set(_dead_ends(process)) - broken
    ending = _ending(process, graph, dead | broken)
    for node in process.nodes.values():
        if node.id in dead:
            yield DEAD_END.on(process, node)
        elif graph.starts and node.id not in reached:
            yield UNREACHABLE.on(process, node)
        elif ends and node.id not in ending:
            yield NO_WAY_OUT.on(process, node)


def _ending(process: ProcessDefinition, graph: Graph, told: set[str]) -> set[str]:
    """The nodes from which an end of their own (sub-)process is reached, or a place told of already."""
    found: set[str] = set()
    for scope in {node.scope for node in process.nodes.values()}:
        inside = {node.id for node in process.children(scope)}
        stops = [e for e in (*_all_ends(process), *told) if e in inside]
        found |= graph.leading_to(stops) & inside
    return found


def _all_ends(process: ProcessDefinition) -> Iterator[str]:
    for node in process.nodes.values():
        throws_link = node.kind is Kind.THROW_EVENT and node.event.kind == "link"
        if node.kind is Kind.END_EVENT or throws_link or node.event_sub_process:
            yield node.id


def _dead_ends(process: ProcessDefinition) -> Iterator[str]:
    for node in process.nodes.values():
        throws_link = node.kind is Kind.THROW_EVENT and node.event.kind == "link"
        ends = node.kind in (Kind.END_EVENT, Kind.BOUNDARY_EVENT) or node.event_sub_process or throws_link
        if not node.outgoing and not ends:
            yield node.id
