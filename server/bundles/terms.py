"""Limits as a manifest writes them, for people: `10 working days`, `1 month`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TERM = re.compile(r"(\d{1,4}) (working day|day|month|year)s?")
_RULES = {"working_day": "C1", "day": "C2", "month": "C2", "year": "C2"}


@dataclass(frozen=True, slots=True)
class Words:
    """A limit without the day from which it runs: how many of which unit, counted by which rule."""

    count: int
    unit: str

    @property
    def rule(self) -> str:
        """Working days are counted by C1, all else by C2."""
        return _RULES[self.unit]


def read(text: str) -> Words | None:
    """The limit that a text names; None where it names none."""
    found = _TERM.fullmatch(text.strip())
    return Words(int(found[1]), found[2].replace(" ", "_")) if found else None
