"""What a layout needs to know about a diagram: nodes, flows, lanes and pools, free of XML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

Point = tuple[float, float]


class TidyError(ValueError):
    """The file cannot be laid out; the message names the place and what to do."""


class NodeKind(StrEnum):
    """How a node is drawn and connected."""

    TASK = "task"
    EVENT = "event"
    GATEWAY = "gateway"
    SUBPROCESS = "subprocess"
    DATA = "data"
    ANNOTATION = "annotation"
    BAND = "band"
    """A pool whose process is not shown: one row as wide as the diagram."""


class FlowKind(StrEnum):
    """What a connection means; only sequence flows decide the columns."""

    SEQUENCE = "sequence"
    MESSAGE = "message"
    LINK = "link"
    """An association or a data association: a dotted line."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in diagram pixels; y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right border."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower border."""
        return self.y + self.height

    @property
    def cx(self) -> float:
        """The x of the middle."""
        return self.x + self.width / 2

    @property
    def cy(self) -> float:
        """The y of the middle."""
        return self.y + self.height / 2

    def moved(self, dx: float, dy: float) -> Box:
        """The same rectangle elsewhere."""
        return replace(self, x=self.x + dx, y=self.y + dy)

    def grown(self, margin: float) -> Box:
        """The rectangle with `margin` added on every side."""
        return Box(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    def meets(self, other: Box) -> bool:
        """Whether the two share more than a border."""
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Whether the other lies wholly inside."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


@dataclass(slots=True)
class Node:
    """One thing to draw. Sizes are decided before the layout starts."""

    id: str
    kind: NodeKind
    name: str = ""
    tag: str = ""
    width: float = 100
    height: float = 80
    lane: str | None = None
    host: str | None = None
    """The activity a boundary event sits on."""
    inner: Scope | None = None
    """What an expanded sub-process contains."""
    apart: bool = False
    """An event sub-process: no flow leads to it."""
    link: str = ""
    """What a link event throws or catches: the way goes on where another one of this name stands."""

    @property
    def catches(self) -> bool:
        """Whether it is an intermediate event that waits for something, as the far end of a link does."""
        return self.tag == "intermediateCatchEvent"

    @property
    def labelled_outside(self) -> bool:
        """Whether the name is written beside the shape."""
        return bool(self.name) and self.kind in (NodeKind.EVENT, NodeKind.GATEWAY, NodeKind.DATA)


@dataclass(frozen=True, slots=True)
class Flow:
    """A connection between two nodes."""

    id: str
    kind: FlowKind
    source: str
    target: str
    name: str = ""
    default: bool = False
    """Taken when no condition holds; drawn with a slash across its beginning."""


@dataclass(slots=True)
class Scope:
    """The nodes and flows of one process or sub-process, in the order of the file."""

    id: str
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)

    def everything(self) -> Iterator[Node]:
        """Every node here and in the sub-processes inside."""
        for node in self.nodes.values():
            yield node
            if node.inner is not None:
                yield from node.inner.everything()

    def all_flows(self) -> Iterator[Flow]:
        """Every flow here and in the sub-processes inside."""
        yield from self.flows
        for node in self.nodes.values():
            if node.inner is not None:
                yield from node.inner.all_flows()


@dataclass(slots=True)
class Lane:
    """A lane; only the innermost ones have rows of their own."""

    id: str
    name: str = ""
    children: list[Lane] = field(default_factory=list)

    def leaves(self) -> Iterator[Lane]:
        """The innermost lanes, from top to bottom."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def family(self) -> Iterator[str]:
        """The ids of this lane and of all lanes inside."""
        yield self.id
        for child in self.children:
            yield from child.family()

    @property
    def depth(self) -> int:
        """How many name columns this lane and its children need."""
        return 1 + max((child.depth for child in self.children), default=0)


@dataclass(slots=True)
class Pool:
    """A participant, or a process drawn without one (`id` is None)."""

    id: str | None
    name: str = ""
    lanes: list[Lane] = field(default_factory=list)
    scope: Scope | None = None
    """None for a participant whose process is not in the file."""


@dataclass(slots=True)
class Plane:
    """One BPMNDiagram: a collaboration, or a single process."""

    id: str
    pools: list[Pool]
    crossing: list[Flow] = field(default_factory=list)
    """Message flows and other lines from one pool or level to another."""

    def nodes(self) -> Iterator[Node]:
        """Every node of every pool, at every level."""
        for pool in self.pools:
            if pool.scope is not None:
                yield from pool.scope.everything()

    def flows(self) -> Iterator[Flow]:
        """Every connection of the plane, at every level."""
        for pool in self.pools:
            if pool.scope is not None:
                yield from pool.scope.all_flows()
        yield from self.crossing


@dataclass(slots=True)
class Drawing:
    """Where everything is: the result of a layout, before it becomes XML."""

    shapes: dict[str, Box] = field(default_factory=dict)
    edges: dict[str, list[Point]] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)

    def add(self, other: Drawing, dx: float, dy: float) -> None:
        """Copy another drawing into this one, moved."""
        self.shapes.update((key, box.moved(dx, dy)) for key, box in other.shapes.items())
        self.labels.update((key, box.moved(dx, dy)) for key, box in other.labels.items())
        for key, points in other.edges.items():
            self.edges[key] = [(x + dx, y + dy) for x, y in points]
