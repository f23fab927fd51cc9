"""Which row of its lane a node stands in: barycentres first, then moves and swaps while these help."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

BAND_STEP = 6
"""Rows of distance between the first rows of neighbouring lanes, for estimating lengths and crossings."""
CROSSING_COST = 5.0
BLOCKED_COST = 4.0
ROW_COST = 3.0
IN_WAY_COST = 3.0
LEAN_COST = 8.0
MAX_PASSES = 8
LAST = 10_000

Cell = tuple[int, int, int]
"""Lane number, row in the lane, column."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two nodes that want to be near each other; `weight` says how much a bend would hurt."""

    source: str
    target: str
    weight: float
    lean: int = 0
    """1 if the target should stand lower than the source, -1 if higher, 0 if beside."""
    soft: bool = False
    """Only a wish for the same row: no flow is drawn."""


@dataclass(slots=True)
class Seat:
    """Where a node may sit: fixed lane and columns, free row."""

    band: int
    column: int
    span: int = 1
    apart: int = 0
    """1: in a row of its own under everything else in the lane; -1: above everything else."""


@dataclass(slots=True)
class Seating:
    """Rows of all nodes, with the cost of the picture they make."""

    seats: Mapping[str, Seat]
    links: Sequence[Link]
    row: dict[str, int] = field(default_factory=dict)
    taken: dict[Cell, str] = field(default_factory=dict)
    rows: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    touching: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    rivals: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, link in enumerate(self.links):
            self.touching[link.source].append(number)
            self.touching[link.target].append(number)
        self.rivals = [self._rivals(number) for number in range(len(self.links))]

    def cells(self, node: str, row: int) -> list[Cell]:
        """The cells a node would cover in that row."""
        seat = self.seats[node]
        return [(seat.band, row, seat.column + step) for step in range(seat.span)]

    def occupants(self, node: str, row: int) -> set[str]:
        """Who else sits there."""
        return {self.taken[cell] for cell in self.cells(node, row) if cell in self.taken} - {node}

    def put(self, node: str, row: int) -> None:
        """Seat a node in a free row."""
        self.row[node] = row
        self.rows[self.seats[node].band][row] += 1
        for cell in self.cells(node, row):
            self.taken[cell] = node

    def lift(self, node: str) -> int:
        """Take a node off its seat; its row is returned."""
        row = self.row.pop(node)
        self.rows[self.seats[node].band][row] -= 1
        for cell in self.cells(node, row):
            del self.taken[cell]
        return row

    def place(self, node: str) -> tuple[float, float]:
        """Column and estimated height of a seated node."""
        seat = self.seats[node]
        return seat.column + (seat.span - 1) / 2, seat.band * BAND_STEP + self.row[node]

    def cost(self, nodes: Iterable[str]) -> float:
        """What the links of these nodes and the rows in use cost."""
        mine = {number for node in nodes for number in self.touching[node]}
        total = sum(self._length(self.links[number]) for number in mine)
        total += CROSSING_COST * self._crossings(mine)
        return total + ROW_COST * sum(1 for used in self.rows.values() for n in used.values() if n)

    def _length(self, link: Link) -> float:
        (x1, y1), (x2, y2) = self.place(link.source), self.place(link.target)
        one, two = self.seats[link.source], self.seats[link.target]
        rise = abs(y1 - y2)
        cost = link.weight * (rise + 0.05 * rise * rise if one.band == two.band else 0.2 * rise)
        if link.lean and one.band == two.band and (y2 - y1) * link.lean <= 0:
            cost += LEAN_COST
        if link.soft:
            return cost
        if one.band != two.band:
            down = one.band < two.band
            return cost + IN_WAY_COST * (
                self._beyond(link.source, down) + self._beyond(link.target, not down)
            )
        if one.band == two.band and y1 == y2:
            first, last = sorted((one, two), key=lambda seat: seat.column)
            between = range(first.column + first.span, last.column)
            row = self.row[link.source]
            cost += BLOCKED_COST * sum((one.band, row, column) in self.taken for column in between)
        elif one.band == two.band and x1 == x2:
            low, high = sorted((self.row[link.source], self.row[link.target]))
            between = range(low + 1, high)
            cost += BLOCKED_COST * sum((one.band, row, one.column) in self.taken for row in between)
        return cost

    def _beyond(self, node: str, down: bool) -> int:
        """How many nodes of its column stand between a node and the lower, or upper, border of its lane."""
        seat, row = self.seats[node], self.row[node]
        rows = [other for other, count in self.rows[seat.band].items() if count and (other > row) == down]
        return sum((seat.band, other, seat.column) in self.taken for other in rows if other != row)

    def _crossings(self, mine: set[int]) -> int:
        """How many straight lines of these links cross lines of other links, each pair counted once."""
        count = 0
        for number in mine:
            link = self.links[number]
            a, b = self.place(link.source), self.place(link.target)
            for other in self.rivals[number]:
                if other not in mine or other > number:
                    rival = self.links[other]
                    count += _cross(a, b, self.place(rival.source), self.place(rival.target))
        return count

    def _rivals(self, number: int) -> list[int]:
        """Links that can cross this one: columns in common, but no node."""
        link = self.links[number]
        ends, (low, high) = {link.source, link.target}, self._reach(link)
        found: list[int] = []
        for other, rival in enumerate(self.links):
            left, right = self._reach(rival)
            if (
                not (rival.soft or link.soft or ends & {rival.source, rival.target})
                and low < right
                and left < high
            ):
                found.append(other)
        return found

    def _reach(self, link: Link) -> tuple[float, float]:
        one, two = self.seats[link.source], self.seats[link.target]
        xs = (one.column + (one.span - 1) / 2, two.column + (two.span - 1) / 2)
        return min(xs) - 0.01, max(xs) + 0.01


Place = tuple[float, float]


def _cross(a: Place, b: Place, c: Place, d: Place) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Place, b: Place, c: Place) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def seat_rows(
    seats: Mapping[str, Seat], links: Sequence[Link], spine: Sequence[str], side: int
) -> dict[str, int]:
    """Row of every node in its lane, counted from 0.

    `spine` is the main path, seated first; `side` (1 or -1) says where the first branch goes: below or above.
    """
    seating = Seating(seats, links)
    _first(seating, spine, side)
    for _ in range(MAX_PASSES):
        if not _improve(seating, spine):
            break
    return _compact(seating)


def _first(seating: Seating, spine: Sequence[str], side: int) -> None:
    by_column = sorted(seating.seats, key=lambda node: seating.seats[node].column)
    on_spine = set(spine)
    for node in [node for node in by_column if node in on_spine] + [
        n for n in by_column if n not in on_spine
    ]:
        seat = seating.seats[node]
        near = [
            seating.row[other]
            for number in seating.touching[node]
            for other in (seating.links[number].source, seating.links[number].target)
            if other in seating.row and seating.seats[other].band == seat.band
        ]
        wanted = round(sum(near) / len(near)) if near and node not in on_spine else 0
        lean = sum(
            link.lean * (1 if link.target == node else -1)
            for link in (seating.links[number] for number in seating.touching[node])
        )
        seating.put(
            node,
            _free(
                seating,
                node,
                seat.apart * LAST or wanted + lean,
                1 if lean >= 0 and (lean or side > 0) else -1,
            ),
        )


def _free(seating: Seating, node: str, wanted: int, side: int) -> int:
    for distance in range(len(seating.seats) + 1):
        for row in (wanted + side * distance, wanted - side * distance):
            if not seating.occupants(node, row):
                return row
    raise AssertionError("a lane has as many rows as nodes")


def _improve(seating: Seating, spine: Sequence[str]) -> bool:
    better = False
    for node in sorted(seating.seats, key=lambda item: (seating.seats[item].column, item)):
        if seating.seats[node].apart:
            continue
        band = seating.seats[node].band
        used = [row for row, count in seating.rows[band].items() if count and abs(row) < LAST // 2]
        for row in range(min(used) - 1, max(used) + 2):
            better |= row != seating.row[node] and _try(seating, [node], row - seating.row[node])
    for chain in _chains(seating):
        for shift in (-2, -1, 1, 2):
            better |= _try(seating, chain, shift)
    return better


def _chains(seating: Seating) -> list[list[str]]:
    """Runs of linked neighbours in one row, which move together."""
    chains: list[list[str]] = []
    done: set[str] = set()
    for node in sorted(seating.seats, key=lambda item: (seating.seats[item].column, item)):
        chain = [] if node in done else [node]
        while chain:
            done.add(chain[-1])
            ahead = [seating.links[n].target for n in seating.touching[chain[-1]]]
            here = (seating.seats[node].band, seating.row[node])
            following = [
                t for t in ahead if t not in done and (seating.seats[t].band, seating.row[t]) == here
            ]
            if not following:
                break
            chain.append(following[0])
        if len(chain) > 1:
            chains.append(chain)
    return chains


def _try(seating: Seating, nodes: list[str], shift: int) -> bool:
    """Move the nodes by `shift` rows, whoever sits there the other way; undo it if that costs more."""
    moving = set(nodes)
    displaced: list[str] = []
    for node in nodes:
        for other in sorted(seating.occupants(node, seating.row[node] + shift) - moving):
            if other not in displaced:
                displaced.append(other)
    if any(seating.seats[node].apart for node in nodes + displaced):
        return False
    affected = nodes + displaced
    before = seating.cost(affected)
    old = {node: seating.lift(node) for node in affected}
    new = {node: row + shift if node in moving else row - shift for node, row in old.items()}
    if _seat_all(seating, new):
        if seating.cost(affected) < before - 1e-9:
            return True
        for node in affected:
            seating.lift(node)
    _seat_all(seating, old)
    return False


def _seat_all(seating: Seating, rows: Mapping[str, int]) -> bool:
    """Seat all or none."""
    done: list[str] = []
    for node, row in rows.items():
        if seating.occupants(node, row):
            for seated in done:
                seating.lift(seated)
            return False
        seating.put(node, row)
        done.append(node)
    return True


def _compact(seating: Seating) -> dict[str, int]:
    number = {
        band: {row: place for place, row in enumerate(sorted(row for row, count in used.items() if count))}
        for band, used in seating.rows.items()
    }
    return {node: number[seating.seats[node].band][row] for node, row in seating.row.items()}
