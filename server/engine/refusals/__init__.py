"""What the engine refuses to run, and why: a diagram comes in only if it does here what it does on paper.

Each module looks at one matter and says all its refusals at its top; a test has a sample for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from server.engine.bpmn_xml import Diagram
from server.engine.model import Finding, Model
from server.engine.refusals import (
    activities,
    elements,
    events,
    expressions,
    extensions,
    flows,
    gateways,
    ignored,
    references,
    returns,
    structure,
)
from server.engine.refusals.graph import Graph

__all__ = ["of_diagram", "of_model"]


MAX_FINDINGS = 1_000
"""How many findings one file may earn; nobody reads more."""


def of_diagram(diagram: Diagram) -> Iterator[Finding]:
    """Everything about one diagram that can be told without looking at other files."""
    too_large = tuple(structure.check_size(diagram))
    yield from islice(chain(diagram.findings, too_large or _all(diagram)), MAX_FINDINGS)


def _all(diagram: Diagram) -> Iterator[Finding]:
    yield from structure.check_ids(diagram)
    yield from elements.check(diagram)
    yield from extensions.check(diagram)
    yield from ignored.check(diagram)
    yield from flows.check_defaults(diagram)
    yield from activities.check_attributes(diagram)
    yield from expressions.check_texts(diagram)
    known = frozenset(identity for e in diagram.root.iter("{*}*") if (identity := e.get("id")))
    for process in diagram.processes:
        graph = Graph(process)
        yield from structure.check(process, graph, known)
        yield from flows.check(process, known)
        yield from events.check(process, graph)
        yield from activities.check(process)
        yield from gateways.check(process, graph)
        yield from returns.check(process, graph)


def of_model(model: Model) -> Iterator[Finding]:
    """Everything about a model that needs all of its files."""
    if any(len(process.nodes) > structure.MAX_NODES for process in model.processes.values()):
        return
    yield from references.check(model)
    yield from returns.check_calls(model)
    yield from expressions.check_names(model)
