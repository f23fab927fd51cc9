"""The parts of a process that link events join, in the order in which these lead a reader on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from server.bundles.tidy.graph import Flow, FlowKind, Node

Standing = tuple[int, int, int]
"""Where a node stands: number of its lane, its section, its row."""


def sections(nodes: Mapping[str, Node], flows: Sequence[Flow]) -> dict[str, int]:
    """The number of every node's section, from 0: the one with the start, then as the links lead.

    Where links part, the section named first in the file comes first; where they meet again, the section
    after them comes behind both; a link that leads back moves nothing.
    """
    part = _parts(nodes, flows)
    order = _ways(nodes, part)
    return {key: order[part[key]] for key in nodes}


def _parts(nodes: Mapping[str, Node], flows: Sequence[Flow]) -> dict[str, str]:
    """For every node the one that stands for its part: the first in the file of those joined by flows."""
    joined = {key: key for key in nodes}

    def first(key: str) -> str:
        while joined[key] != key:
            joined[key] = joined[joined[key]]
            key = joined[key]
        return key

    place = {key: number for number, key in enumerate(nodes)}
    pairs = [(flow.source, flow.target) for flow in flows if flow.kind is not FlowKind.MESSAGE]
    pairs += [(key, node.host) for key, node in nodes.items() if node.host is not None]
    for one, other in pairs:
        early, late = sorted((first(one), first(other)), key=lambda key: place[key])
        joined[late] = early
    return {key: first(key) for key in nodes}


def _ways(nodes: Mapping[str, Node], part: Mapping[str, str]) -> dict[str, int]:
    """The place of every part: behind all that lead to it, links back set aside."""
    catching = {node.link: part[key] for key, node in nodes.items() if node.link and node.catches}
    leads: dict[str, list[str]] = {key: [] for key in dict.fromkeys(part.values())}
    for key, node in nodes.items():
        if node.link in catching and not node.catches:
            leads[part[key]].append(catching[node.link])
    started = {part[key] for key, node in nodes.items() if node.tag == "startEvent"}
    entered = set(catching.values())
    roots = sorted(leads, key=lambda key: (key not in started, key in entered))
    order: list[str] = []
    seen: set[str] = set()
    for root in roots:
        finished: list[str] = []
        _visit(root, leads, finished, seen)
        order += finished[::-1]
    return {key: number for number, key in enumerate(order)}


def _visit(key: str, leads: Mapping[str, Sequence[str]], finished: list[str], seen: set[str]) -> None:
    """Depth first, the last link first, so that the first one ends up next to where it comes from."""
    if key not in seen:
        seen.add(key)
        for target in reversed(leads[key]):
            _visit(target, leads, finished, seen)
        finished.append(key)


def disorder(standings: Sequence[Standing]) -> float:
    """How far the sections of each lane stand from their order: 1 for two that stand the wrong way round.

    A part of their nodes in wrong order counts in proportion; the section with the start counts double.
    """
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for lane, section, row in standings:
        rows[lane, section].append(row)
    wrong = 0.0
    for (lane, section), mine in rows.items():
        for (other_lane, later), theirs in rows.items():
            if other_lane == lane and later > section:
                pairs = sum(row > other for row in mine for other in theirs)
                wrong += pairs / (len(mine) * len(theirs)) * (1 if section else 2)
    return wrong
