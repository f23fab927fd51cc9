"""The virtual lattice of a placement: lines through and between cells, and the ports of every node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from server.bundles.tidy.graph import Flow, FlowKind, Node, NodeKind
from server.bundles.tidy.lattice import Lattice, Port
from server.bundles.tidy.text import EVENT_SIZE, label_size

TRACK = 12.0
"""Distance between neighbouring parallel flows in px."""
PORT_STEP = 30.0
"""Distance between neighbouring ports on the upper and lower side of an activity."""
SIDE_STEP = 20.0
"""Distance between neighbouring ports on the left and right side of an activity."""
OFF_TRACK = 0.04
WIDE_KINDS = (NodeKind.TASK, NodeKind.SUBPROCESS)


@dataclass(slots=True)
class Band:
    """The rows of one lane, or of a pool without lanes; `pool` is the pool's number."""

    id: str | None
    pool: int
    first: int
    rows: int
    closed: bool = False
    """A pool whose process is not shown."""


@dataclass(slots=True)
class Placement:
    """Every node's cell: its first column and its row, counted over all bands."""

    columns: int
    bands: list[Band]
    cell: dict[str, tuple[int, int]]
    span: dict[str, int]
    hosted: dict[str, list[str]] = field(default_factory=dict)
    """Boundary events of a host, from left to right."""
    named: dict[str, str] = field(default_factory=dict)
    """Names of the flows that leave boundary events, by event."""
    tight: bool = False
    """Whether columns stand close together and names of flows are narrow."""

    def band_of(self, row: int) -> Band:
        """The band a row belongs to."""
        return next(band for band in self.bands if band.first <= row < band.first + band.rows)


@dataclass(frozen=True, slots=True)
class Strip:
    """Lattice lines between two rows: `lines`, and where the strip lies."""

    lines: range
    place: str
    """inner (between rows of one lane), edge (inside a lane, along its border) or open (between pools)."""


class Grid:
    """Lines of the lattice, by the column, gap, row or strip they belong to."""

    def __init__(self, placement: Placement, nodes: Mapping[str, Node], tracks: int) -> None:
        self.placement = placement
        self.nodes = nodes
        self.tracks = tracks
        self.gap_x: list[range] = []
        self.port_x: list[range] = []
        self.above: dict[int, Strip] = {}
        self.below: dict[int, Strip] = {}
        self.port_y: dict[int, range] = {}
        self.strips: list[Strip | int] = []
        """Strips and row numbers from top to bottom."""
        self.step: list[float] = []
        """Distance between the ports of each column."""
        self.line_of: dict[str, int] = {}
        """The x line of every boundary event."""
        xs, toll_x = self._columns()
        ys, toll_y = self._rows()
        self.lattice = Lattice(xs, ys, toll_x, toll_y)
        self._block()

    def _columns(self) -> tuple[list[float], list[float]]:
        need = [3] * self.placement.columns
        for host, events in self.placement.hosted.items():
            column = self.placement.cell[host][0] + self.placement.span[host] - 1
            need[column] = max(need[column], len(events))
        self.step = [PORT_STEP] * self.placement.columns
        for host, events in self.placement.hosted.items():
            column = self.placement.cell[host][0] + self.placement.span[host] - 1
            self.step[column] = max(
                self.step[column], event_step([self.nodes[event] for event in events], self.placement.named)
            )
        lines: list[float] = []
        tolls: list[float] = []
        at = 0.0
        for column in range(self.placement.columns + 1):
            self.gap_x.append(range(len(lines), len(lines) + self.tracks))
            for track in range(self.tracks):
                lines.append(at := at + TRACK)
                tolls.append(OFF_TRACK * abs(track - (self.tracks - 1) / 2))
            if column < self.placement.columns:
                self.port_x.append(range(len(lines), len(lines) + need[column]))
                at += 10
                for _ in range(need[column]):
                    lines.append(at := at + PORT_STEP)
                    tolls.append(OFF_TRACK)
                at += 28
        return lines, tolls

    def _rows(self) -> tuple[list[float], list[float]]:
        lines: list[float] = []
        tolls: list[float] = []
        bands = self.placement.bands
        for number, band in enumerate(bands):
            new_pool = number > 0 and bands[number - 1].pool != band.pool
            if new_pool:
                self._strip("open", lines, tolls)
            for row in range(band.first, band.first + band.rows):
                if not band.closed:
                    self.above[row] = self._strip("edge" if row == band.first else "inner", lines, tolls)
                    if row > band.first:
                        self.below[row - 1] = self.above[row]
                self._row(row, 1 if band.closed else 3, lines, tolls)
            if not band.closed:
                self.below[band.first + band.rows - 1] = self._strip("edge", lines, tolls)
        self._join_closed(bands)
        return lines, tolls

    def _row(self, row: int, ports: int, lines: list[float], tolls: list[float]) -> None:
        self.strips.append(row)
        self.port_y[row] = range(len(lines), len(lines) + ports)
        at = (lines[-1] if lines else 0.0) + 10
        for _ in range(ports):
            lines.append(at := at + SIDE_STEP)
            tolls.append(0.0)

    def _strip(self, place: str, lines: list[float], tolls: list[float]) -> Strip:
        strip = Strip(range(len(lines), len(lines) + self.tracks), place)
        at = (lines[-1] if lines else 0.0) + 10
        for track in range(self.tracks):
            lines.append(at := at + TRACK)
            tolls.append(OFF_TRACK * abs(track - (self.tracks - 1) / 2))
        self.strips.append(strip)
        return strip

    def _join_closed(self, bands: Sequence[Band]) -> None:
        """Give a closed pool the open strips around it."""
        for band in bands:
            if band.closed:
                place = self.strips.index(band.first)
                before = self.strips[place - 1] if place else None
                after = self.strips[place + 1] if place + 1 < len(self.strips) else None
                if isinstance(before, Strip):
                    self.above[band.first] = before
                if isinstance(after, Strip):
                    self.below[band.first] = after

    def _block(self) -> None:
        for node_id, (column, row) in self.placement.cell.items():
            last = column + self.placement.span[node_id] - 1
            for ix in range(self.port_x[column][0], self.port_x[last][-1] + 1):
                self.lattice.blocked.update((ix, iy) for iy in self.port_y[row])
            for event, ix in zip(
                self.placement.hosted.get(node_id, ()), self._event_lines(node_id, last), strict=False
            ):
                self.line_of[event] = ix

    def _event_lines(self, host: str, column: int) -> list[int]:
        """One event hangs at the right, two at both ends, more on all lines."""
        lines = list(self.port_x[column])
        count = len(self.placement.hosted.get(host, ()))
        if count == 1:
            return lines[-1:]
        return [lines[0], lines[-1]] if count == 2 else lines

    def rows_of_pool(self, pool: int) -> tuple[int, int]:
        """The first and last y line inside a pool."""
        rows = [
            row
            for band in self.placement.bands
            if band.pool == pool
            for row in range(band.first, band.first + band.rows)
        ]
        return self.above[rows[0]].lines[0], self.below[rows[-1]].lines[-1]

    def ports(self, node: Node) -> list[Port]:
        """Every port of a node, its middle ones first and cheapest."""
        if node.host is not None:
            return self._event_ports(node)
        column, row = self.placement.cell[node.id]
        if node.kind is NodeKind.BAND:
            return self._band_ports(row)
        last = column + self.placement.span[node.id] - 1
        middle_x = self._middle(column, last)
        middle_y = self.port_y[row][len(self.port_y[row]) // 2]
        wide = node.kind in WIDE_KINDS
        ys = list(self.port_y[row]) if wide else [middle_y]
        xs = [ix for c in range(column, last + 1) for ix in self.port_x[c]] if wide else [middle_x]
        found = [
            Port(self.gap_x[last + 1][0], iy, "right", (middle_x, iy), 28.0 * (iy != middle_y)) for iy in ys
        ]
        found += [
            Port(self.gap_x[column][-1], iy, "left", (middle_x, iy), 28.0 * (iy != middle_y)) for iy in ys
        ]
        top, bottom = self.above[row].lines[-1], self.below[row].lines[0]
        found += [Port(ix, top, "top", (ix, middle_y), 38.0 * (ix != middle_x)) for ix in xs]
        if not self.placement.hosted.get(node.id):
            found += [Port(ix, bottom, "bottom", (ix, middle_y), 38.0 * (ix != middle_x)) for ix in xs]
        return found

    def _middle(self, column: int, last: int) -> int:
        lines = self.port_x[(column + last) // 2]
        return lines[len(lines) // 2]

    def _event_ports(self, node: Node) -> list[Port]:
        _column, row = self.placement.cell[node.host or ""]
        ix = self.line_of[node.id]
        middle_y = self.port_y[row][len(self.port_y[row]) // 2]
        return [Port(ix, self.below[row].lines[0], "bottom", (ix, middle_y))]

    def _band_ports(self, row: int) -> list[Port]:
        found: list[Port] = []
        lines = [ix for ports in self.port_x for ix in ports]
        if row in self.below:
            found += [Port(ix, self.below[row].lines[0], "bottom", (ix, self.port_y[row][0])) for ix in lines]
        if row in self.above:
            found += [Port(ix, self.above[row].lines[-1], "top", (ix, self.port_y[row][0])) for ix in lines]
        return found


def event_step(events: Sequence[Node], named: Mapping[str, str]) -> float:
    """Distance of ports that leaves room for the names of boundary events and of their flows in between.

    Two events hang on the outer of three ports, so theirs is half the distance. `named` holds the names of
    the flows by event.
    """
    flow_room = max((label_size(named.get(event.id, ""), 80)[0] for event in events), default=0)
    room = max((label_size(event.name)[0] for event in events), default=0) + flow_room + 16
    if len(events) < 2 or (len(events) == 2 and not flow_room):
        return PORT_STEP
    return max(PORT_STEP, ceil(room / 2)) if len(events) == 2 else max(EVENT_SIZE + 8.0, room)


def priced(
    ports: Sequence[Port], node: Node, flow: Flow, leaving: bool, backwards: bool
) -> list[tuple[Port, float]]:
    """Ports with the price of using each for this flow: left to right is the reading direction."""
    if flow.kind is FlowKind.SEQUENCE:
        table = _SEQUENCE[leaving, backwards]
        soft = 8.0 if node.kind in WIDE_KINDS else 0.0
        extra = {"top": soft, "bottom": soft}
    else:
        table = _MESSAGE if flow.kind is FlowKind.MESSAGE else _LINK
        extra = {}
    return [(port, port.cost + table[port.side] + extra.get(port.side, 0.0)) for port in ports]


_SEQUENCE = {
    (True, False): {"right": 0.0, "bottom": 6.0, "top": 6.0, "left": 70.0},
    (True, True): {"right": 14.0, "bottom": 0.0, "top": 2.0, "left": 30.0},
    (False, False): {"left": 0.0, "top": 8.0, "bottom": 10.0, "right": 70.0},
    (False, True): {"left": 30.0, "top": 0.0, "bottom": 0.0, "right": 16.0},
}
_MESSAGE = {"top": 0.0, "bottom": 0.0, "left": 25.0, "right": 25.0}
_LINK = {"top": 0.0, "bottom": 0.0, "left": 6.0, "right": 6.0}
