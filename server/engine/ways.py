"""Which nodes a token can still come to: the sequence flows of one scope as a graph, for questions asked of a
diagram before a token is put into it."""

from __future__ import annotations

from collections.abc import Iterator

from server.engine.nodes.activities import Activity
from server.engine.nodes.gateways import Join, ParallelGateway
from server.engine.spiff import Arrow, Node, ProcessSpec


class Ways:
    """The ways on from each node of a process, boundary events included."""

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self._dominators: dict[str, dict[str, frozenset[str]]] = {}

    def on(self, node: Node) -> Iterator[Arrow]:
        """The flows that leave a node, and to each boundary event on it a way without id."""
        yield from node.arrows
        if isinstance(node, Activity):
            yield from (Arrow("", guard) for guard in node.guards)

    def ahead(self, start: Node, *, stop: Node | None = None, joins: bool = True) -> frozenset[str]:
        """The nodes that a token on `start` can come to, `start` included, without passing `stop` again,
        without passing any join unless `joins`, and without going round a loop that leads back before it."""
        before = self.always_before(start)
        found, todo = {start.name}, [start]
        while todo:
            node = todo.pop()
            if node is stop or (not joins and node is not start and is_join(node)):
                continue
            for arrow in self.on(node):
                if arrow.target.name not in found and arrow.target.name not in before:
                    found.add(arrow.target.name)
                    todo.append(arrow.target)
        return frozenset(found)

    def always_before(self, node: Node) -> frozenset[str]:
        """The nodes of its scope through which every way from the beginning to it leads, itself not
        included."""
        scope = node.element.scope
        if scope not in self._dominators:
            self._dominators[scope] = self._dominated(scope)
        return self._dominators[scope].get(node.name, frozenset()) - {node.name}

    def _dominated(self, scope: str) -> dict[str, frozenset[str]]:
        starts = [start.name for start in self.spec.starts.get(scope, ())]
        before: dict[str, set[str]] = {}
        nodes, todo = set(starts), [self.spec.nodes[name] for name in starts]
        while todo:
            node = todo.pop()
            for arrow in self.on(node):
                before.setdefault(arrow.target.name, set()).add(node.name)
                if arrow.target.name not in nodes:
                    nodes.add(arrow.target.name)
                    todo.append(arrow.target)
        found = {name: frozenset({name}) if name in starts else frozenset(nodes) for name in nodes}
        changed = True
        while changed:
            changed = False
            for name in nodes.difference(starts):
                common = frozenset.intersection(*(found[other] for other in before[name])) | {name}
                if common != found[name]:
                    found[name], changed = common, True
        return found

    def incoming(self, node: Node) -> Iterator[tuple[str, Node]]:
        """The sequence flows that lead to a node, each with the node it comes from."""
        for other in self.spec.nodes.values():
            yield from ((arrow.id, other) for arrow in other.arrows if arrow.target is node)


def is_join(node: Node) -> bool:
    """Whether a node makes one token of several."""
    return isinstance(node, Join) and len(node.incoming) > 1


def waits_for_all(node: Node) -> bool:
    """Whether a node waits until a token has come along every flow."""
    return isinstance(node, ParallelGateway) and len(node.incoming) > 1
