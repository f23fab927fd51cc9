"""How many flows of a gateway find no corner of their own: it has four, and a shared one is hard to read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

ABOVE, BESIDE, BELOW, ROUND = -1, 0, 1, 2
"""Where the other end of a flow stands; ROUND: beside, with something in between to go round."""

Meeting = tuple[bool, bool, int]
"""One flow at a gateway: whether it leaves, whether its other end stands further right, and where."""


@lru_cache(maxsize=4096)
def cornered(meetings: tuple[Meeting, ...]) -> tuple[int, int, int]:
    """How many flows that leave, and that arrive, have no corner of their own, and how many pairs cross.

    A flow that goes on to the upper right crosses one that comes back from there.
    """
    leaving = [_corners(meeting) for meeting in meetings if meeting[0]]
    arriving = [_corners(meeting) for meeting in meetings if not meeting[0]]
    held: dict[str, int] = {}
    wishes = leaving + arriving
    lost = [number for number in range(len(wishes)) if not _seat(number, wishes, held, set())]
    out = sum(number < len(leaving) for number in lost)
    crossed = sum(
        meetings.count((True, True, height)) * meetings.count((False, True, height))
        for height in (ABOVE, BELOW)
    )
    return out, len(lost) - out, crossed


def _corners(meeting: Meeting) -> str:
    """The corners from which a flow goes on without turning back: top, right, bottom, left."""
    leaves, right, height = meeting
    if height == ROUND:
        return "tb"
    sideways = ("r" if leaves else "l") if right == leaves else ""
    if height == BESIDE:
        return sideways or "tb"
    return ("t" if height == ABOVE else "b") + sideways


def _seat(number: int, wishes: Sequence[str], held: dict[str, int], asked: set[str]) -> bool:
    """Give a flow a corner, moving others to their second choice where that helps; outgoing ones go first."""
    for corner in wishes[number]:
        if corner not in asked:
            asked.add(corner)
            if corner not in held or _seat(held[corner], wishes, held, asked):
                held[corner] = number
                return True
    return False
