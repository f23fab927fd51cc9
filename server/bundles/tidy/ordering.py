"""Which row of its lane a node stands in: near its neighbours, then moves and swaps while these help."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from server.bundles.tidy.corners import ABOVE, BELOW, BESIDE, ROUND, Meeting, cornered
from server.bundles.tidy.sections import disorder

STEP = 2
"""Rows in use have even numbers while nodes move: an odd number is a new row between two of them."""
BAND_STEP = 24
"""Distance between the first rows of neighbouring lanes, for telling what stands higher and what crosses."""
ROUND_COST, FURTHER_COST = 3.0, 0.7
"""A flow that goes round one node in its row, and round each further one."""
IN_WAY_COST = 3.0
LEAN_COST = 16.0
FORK_COST = 20.0
"""Two flows that leave a gateway by one corner, or one that has to turn back."""
MERGE_COST = 2.0
OTHER_LANE = 0.2
"""Share of a row's cost between lanes: the flow has to bend anyway."""
MAX_PASSES = 8
LAST = 10_000
SECTION_STEP = 100
"""Rows kept at first for each section, so that one begins under another."""

Cell = tuple[int, int, int]
"""Lane number, row in the lane, column."""
Line = tuple[float, float, float, float]
"""Where a link starts and ends: column and height, twice."""


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


@dataclass(frozen=True, slots=True)
class Prices:
    """What is dear while rows are chosen, counted in rows that a flow has to rise or fall."""

    row: float = 5.0
    """A further row: with a low price branches spread, with a high one they share rows."""
    crossing: float = 5.0
    disorder: float = 20.0
    """Two sections of a lane the wrong way round."""


@dataclass(slots=True)
class Seat:
    """Where a node may sit: fixed lane and columns, free row."""

    band: int
    column: int
    span: int = 1
    apart: int = 0
    """1: in a row of its own under everything else in the lane; -1: above everything else."""
    gateway: bool = False
    """Whether flows meet the node at four corners only."""
    section: int = 0
    """Which of the parts that link events join it belongs to, from 0 in the order of the way."""

    @property
    def last(self) -> int:
        """The last column it covers."""
        return self.column + self.span - 1

    @property
    def middle(self) -> float:
        """Where flows are thought to meet it, in columns."""
        return self.column + (self.span - 1) / 2


@dataclass(slots=True)
class Seating:
    """Rows of all nodes, with the cost of the picture they make."""

    seats: Mapping[str, Seat]
    links: Sequence[Link]
    prices: Prices = field(default_factory=Prices)
    row: dict[str, int] = field(default_factory=dict)
    taken: dict[Cell, str] = field(default_factory=dict)
    rows: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    touching: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    passing: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Links that a node can stand in the way of."""
    near: dict[str, set[str]] = field(default_factory=dict)
    """The nodes that links join to a node."""
    gateways: dict[str, list[str]] = field(default_factory=dict)
    """The gateways whose corners a node's row decides about."""
    rivals: list[list[int]] = field(default_factory=list)
    level: dict[str, int] = field(default_factory=dict)
    """How low a seated node stands, over all lanes."""
    middle: dict[str, float] = field(default_factory=dict)
    parted: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The nodes of every lane, where link events part them into sections."""
    known: dict[tuple[str, ...], float] = field(default_factory=dict)
    """Costs as long as nothing moves."""

    def __post_init__(self) -> None:
        self.middle = {node: seat.middle for node, seat in self.seats.items()}
        for number, link in enumerate(self.links):
            self.touching[link.source].append(number)
            self.touching[link.target].append(number)
        for node, seat in self.seats.items():
            self.passing[node] = [n for n, link in enumerate(self.links) if self._passes(link, node, seat)]
            ends = {node} | {end for n in self.touching[node] for end in self._ends(n)}
            self.gateways[node] = sorted(end for end in ends if self.seats[end].gateway)
            self.near[node] = ends - {node}
        self.rivals = [self._rivals(number) for number in range(len(self.links))]
        if len({seat.section for seat in self.seats.values() if not seat.apart}) > 1:
            for node, seat in self.seats.items():
                self.parted[seat.band] += [] if seat.apart else [node]

    def _ends(self, number: int) -> tuple[str, str]:
        return self.links[number].source, self.links[number].target

    def _passes(self, link: Link, node: str, seat: Seat) -> bool:
        if link.soft or node in (link.source, link.target):
            return False
        one, two = self.seats[link.source], self.seats[link.target]
        if one.band == two.band:
            low, high = sorted((one, two), key=lambda end: end.column)
            return seat.band == one.band and seat.column <= high.column and low.column <= seat.last
        return any(seat.band == end.band and seat.column <= end.column <= seat.last for end in (one, two))

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
        self.level[node] = self.seats[node].band * BAND_STEP + row
        self.rows[self.seats[node].band][row] += 1
        for cell in self.cells(node, row):
            self.taken[cell] = node

    def lift(self, node: str) -> int:
        """Take a node off its seat; its row is returned."""
        row = self.row.pop(node)
        used = self.rows[self.seats[node].band]
        used[row] -= 1
        if not used[row]:
            del used[row]
        for cell in self.cells(node, row):
            del self.taken[cell]
        return row

    def number_rows(self) -> None:
        """Give the rows in use even numbers from 0; those far outside stay where they are."""
        number = {
            (band, row): STEP * place
            for band, used in self.rows.items()
            for place, row in enumerate(sorted(row for row in used if abs(row) < LAST // 2))
        }
        for node in list(self.row):
            row = self.lift(node)
            self.row[node] = number.get((self.seats[node].band, row), row)
        for node, row in list(self.row.items()):
            self.put(node, row)
        self.known.clear()

    def cost(self, nodes: Iterable[str]) -> float:
        """What the rows of these nodes decide about: their links, the gateways there, rows in use."""
        mine = {number for node in nodes for number in self.touching[node]}
        watched = {other for node in nodes for other in (node, *self.near[node])}
        near = mine.union(*(self.passing[node] for node in watched))
        total = sum(self._length(self.links[number]) for number in near)
        total += self.prices.crossing * self._crossings(mine)
        total += sum(
            self._cornered(gate) for gate in {gate for node in nodes for gate in self.gateways[node]}
        )
        total += self.prices.disorder * self._disorder({self.seats[node].band for node in nodes})
        return total + self.prices.row * sum(len(used) for used in self.rows.values())

    def _disorder(self, bands: Iterable[int]) -> float:
        mine = [node for band in bands for node in self.parted.get(band, ())]
        return disorder([(self.seats[n].band, self.seats[n].section, self.row[n]) for n in mine])

    def _length(self, link: Link) -> float:
        one, two = self.seats[link.source], self.seats[link.target]
        if one.band != two.band:
            down = one.band < two.band
            return self._out(link.source, down, link.weight) + self._out(link.target, not down, link.weight)
        above, below = self.row[link.source], self.row[link.target]
        rise = abs(above - below) / STEP
        cost = link.weight * (rise + 0.05 * rise * rise)
        if link.lean and (below - above) * link.lean <= 0:
            cost += LEAN_COST
        blocked = set() if link.soft else self._blocked(link, one, two)
        if not blocked:
            return cost
        crossed = self._crossed(blocked) if above == below else 0
        return cost + ROUND_COST + FURTHER_COST * (len(blocked) - 1) + self.prices.crossing * crossed

    def _blocked(self, link: Link, one: Seat, two: Seat) -> set[str]:
        """The nodes on the straight line between two nodes of a lane."""
        row, other = self.row[link.source], self.row[link.target]
        cells: list[Cell] = []
        if row == other:
            first, last = (one, two) if one.column < two.column else (two, one)
            cells = [(one.band, row, column) for column in range(first.column + first.span, last.column)]
        elif self.middle[link.source] == self.middle[link.target]:
            cells = [(one.band, step, one.column) for step in range(min(row, other) + 1, max(row, other))]
        return {self.taken[cell] for cell in cells if cell in self.taken}

    def _crossed(self, nodes: set[str]) -> int:
        """How many flows of these nodes are met when going round them on the better side."""
        met = {BELOW: 0, ABOVE: 0}
        for node in nodes:
            heights = {self.level[other] for other in self.near[node]}
            met[BELOW] += any(height > self.level[node] for height in heights)
            met[ABOVE] += any(height < self.level[node] for height in heights)
        return min(met.values())

    def _out(self, node: str, down: bool, weight: float) -> float:
        """The way from a node to the lower, or upper, border of its lane, and who stands in it."""
        seat, row = self.seats[node], self.row[node]
        beyond = [other for other in self.rows[seat.band] if other != row and (other > row) == down]
        in_way = sum((seat.band, other, seat.column) in self.taken for other in beyond)
        return weight * OTHER_LANE * len(beyond) + IN_WAY_COST * in_way

    def _cornered(self, gate: str) -> float:
        here = self.middle[gate]
        links = [self.links[number] for number in self.touching[gate]]
        meetings: list[Meeting] = []
        for link in links:
            if not link.soft:
                other = link.target if link.source == gate else link.source
                meetings.append((link.source == gate, self.middle[other] > here, self._side(link, gate)))
        leaving, arriving, crossed = cornered(tuple(sorted(meetings)))
        return FORK_COST * leaving + MERGE_COST * arriving + self.prices.crossing * crossed

    def _side(self, link: Link, gate: str) -> int:
        """Where the other end of a link stands, seen from a gateway at one end."""
        lower = self.level[link.target] - self.level[link.source]
        if not lower:
            return ROUND if self._blocked(link, self.seats[link.source], self.seats[link.target]) else BESIDE
        return BELOW if (lower > 0) == (link.source == gate) else ABOVE

    def _crossings(self, mine: set[int]) -> int:
        """How many straight lines of these links cross lines of other links, each pair counted once."""
        count = 0
        lines: dict[int, Line] = {}
        for number in mine:
            line = lines.get(number) or lines.setdefault(number, self._line(number))
            low, high = sorted((line[1], line[3]))
            for other in self.rivals[number]:
                if other > number or other not in mine:
                    rival = lines.get(other) or lines.setdefault(other, self._line(other))
                    if (low < rival[1] or low < rival[3]) and (rival[1] < high or rival[3] < high):
                        count += _cross(line, rival)
        return count

    def _line(self, number: int) -> Line:
        one, two = self._ends(number)
        return self.middle[one], self.level[one], self.middle[two], self.level[two]

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
        xs = self.middle[link.source], self.middle[link.target]
        return min(xs) - 0.01, max(xs) + 0.01


def _cross(one: Line, two: Line) -> bool:
    return _apart(one, two) and _apart(two, one)


def _apart(line: Line, other: Line) -> bool:
    """Whether the ends of the other line lie on different sides of this one."""
    x, y, right, low = line[0], line[1], line[2] - line[0], line[3] - line[1]
    first = right * (other[1] - y) - low * (other[0] - x)
    return first * (right * (other[3] - y) - low * (other[2] - x)) < 0


def seat_rows(
    seats: Mapping[str, Seat], links: Sequence[Link], spine: Sequence[str], side: int, prices: Prices
) -> dict[str, int]:
    """Row of every node in its lane, counted from 0.

    `spine` is the main path, seated first; `side` says where the first branch goes: 1 below, -1 above.
    """
    seating = Seating(seats, links, prices)
    _first(seating, spine, side)
    seating.number_rows()
    best: tuple[float, dict[str, int]] | None = None
    for _ in range(MAX_PASSES):
        _improve(seating)
        seating.number_rows()
        reached = seating.cost(seats), _compact(seating)
        if best is not None and reached[0] >= best[0] - 1e-9:
            break
        best = reached
    return best[1] if best is not None else _compact(seating)


def _first(seating: Seating, spine: Sequence[str], side: int) -> None:
    by_column = sorted(seating.seats, key=lambda node: seating.seats[node].column)
    on_spine = set(spine)
    for node in [node for node in by_column if node in on_spine] + [
        n for n in by_column if n not in on_spine
    ]:
        seat = seating.seats[node]
        base = seat.section * SECTION_STEP if seating.prices.disorder else 0
        near = [
            seating.row[other]
            for number in seating.touching[node]
            for other in (seating.links[number].source, seating.links[number].target)
            if other in seating.row and seating.seats[other].band == seat.band
        ]
        wanted = round(sum(near) / len(near)) if near and node not in on_spine else base
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


def _improve(seating: Seating) -> None:
    for node in sorted(seating.seats, key=lambda item: (seating.seats[item].column, item)):
        if seating.seats[node].apart:
            continue
        band = seating.seats[node].band
        used = [row for row in seating.rows[band] if abs(row) < LAST // 2]
        for row in range(min(used) - 1, max(used) + 2):
            if row != seating.row[node]:
                _try(seating, [node], row - seating.row[node])
    for chain in _chains(seating):
        for shift in (-4, -3, -2, -1, 1, 2, 3, 4):
            _try(seating, chain, shift)
    for band in seating.parted:
        _exchange_sections(seating, band)


def _exchange_sections(seating: Seating, band: int) -> None:
    """Let neighbouring sections of a lane change places where that is cheaper."""
    members: dict[int, list[str]] = defaultdict(list)
    for node in seating.parted[band]:
        members[seating.seats[node].section].append(node)
    order = sorted(members, key=lambda section: min(seating.row[node] for node in members[section]))
    for upper, lower in pairwise(order):
        above, below = members[upper], members[lower]
        rows_above = sorted({seating.row[node] for node in above})
        rows_below = sorted({seating.row[node] for node in below})
        if rows_above[-1] >= rows_below[0]:
            continue
        rows = rows_above + rows_below
        new = dict(zip(rows_below + rows_above, rows, strict=True))
        _exchange(seating, {node: new[seating.row[node]] for node in above + below})


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


def _try(seating: Seating, nodes: list[str], shift: int) -> None:
    """Move the nodes by `shift` rows, whoever sits there the other way; undo it if that costs more."""
    moving = set(nodes)
    displaced: list[str] = []
    for node in nodes:
        for other in sorted(seating.occupants(node, seating.row[node] + shift) - moving):
            if other not in displaced:
                displaced.append(other)
    if any(seating.seats[node].apart for node in nodes + displaced):
        return
    affected = nodes + displaced
    key = tuple(affected)
    if key not in seating.known:
        seating.known[key] = seating.cost(affected)
    new = {node: seating.row[node] + (shift if node in moving else -shift) for node in affected}
    _exchange(seating, new, seating.known[key])


def _exchange(seating: Seating, new: Mapping[str, int], before: float | None = None) -> None:
    """Give these nodes their new rows, unless some are taken or it costs more than `before`, without it."""
    cost = seating.cost(new) if before is None else before
    old = {node: seating.lift(node) for node in new}
    if _seat_all(seating, new):
        if seating.cost(new) < cost - 1e-9:
            seating.known.clear()
            return
        for node in new:
            seating.lift(node)
    _seat_all(seating, old)


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
        band: {row: place for place, row in enumerate(sorted(used))} for band, used in seating.rows.items()
    }
    return {node: number[seating.seats[node].band][row] for node, row in seating.row.items()}
