"""Figures that an article names (amounts, shares, limits, days), as the manifest writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, TypeAlias

from server.engine.findings import mark

Unit: TypeAlias = Literal[
    "yuan", "%", "times", "day", "working_day", "month", "year", "day_of_month", "day_of_year", "date"
]
Sign: TypeAlias = Literal["", ">=", "<="]

_NUMBER = re.compile(r"(?:(>=|<=) +)?(\d{1,12}(?:\.\d{1,6})?) +(yuan|%|times|day|working_day|month|year)")
_DAY = re.compile(r"(?:(>=|<=) +)?(?:day (\d{1,2})|(\d{2})-(\d{2})|(\d{4}-\d{2}-\d{2}))")
_WORDS: Mapping[Unit, str] = MappingProxyType(
    {
        "yuan": mark("{number} yuan"),
        "%": "{number} %",
        "times": mark("{number} times"),
        "day": mark("{number} days"),
        "working_day": mark("{number} working days"),
        "month": mark("{number} months"),
        "year": mark("{number} years"),
        "day_of_month": mark("day {number} of the month"),
        "day_of_year": mark("the day {number}"),
        "date": mark("the date {number}"),
    }
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its unit. `sign` tells on which side of a boundary the figure itself stands: `>=` for
    “600,000 and more”, `<=` for “not more than 600,000”, nothing where the article leaves it open."""

    value: Decimal | date
    unit: Unit
    sign: Sign = ""

    def is_limit(self, number: Decimal, unit: Unit) -> bool:
        """Whether a limit of so many units is this figure; twelve months are a year."""
        if {self.unit, unit} <= {"month", "year"} and isinstance(self.value, Decimal):
            return self.value * (12 if self.unit == "year" else 1) == number * (12 if unit == "year" else 1)
        return (self.unit, self.value) == (unit, number)

    def numbers(self) -> Iterator[Decimal]:
        """The plain numbers by which a cell may write this figure: 15 % also as 0.15, a year as 12 months."""
        if isinstance(self.value, date):
            return
        yield self.value
        if self.unit == "%":
            yield self.value / 100
        elif self.unit == "year":
            yield self.value * 12

    def words(self) -> dict[str, object]:
        """The figure as a sentence inside another one."""
        return words(self.value, self.unit)


def words(value: Decimal | date, unit: Unit | None) -> dict[str, object]:
    """A number or day with its unit as people read it; a plain number where the unit is unknown."""
    shown = value.isoformat() if isinstance(value, date) else f"{value:,f}"
    if unit == "day_of_year" and isinstance(value, Decimal):
        shown = f"{int(value) // 100:02}-{int(value) % 100:02}"
    return {"message": _WORDS[unit] if unit else "{number}", "params": {"number": shown}}


def read_figure(text: str) -> Figure:
    """A figure of the manifest: `600000 yuan`, `15 %`, `7 working_day`, `6 month`, `1 year`, `2 times`,
    `06-30` (each year), `day 5` (of each month), `2025-01-31`; with `>=` or `<=` before it. Raises
    ValueError."""
    if found := _NUMBER.fullmatch(text.strip()):
        sign, number, unit = found.groups()
        return Figure(Decimal(number), unit, sign or "")  # type: ignore[arg-type]  # the pattern says which
    if (found := _DAY.fullmatch(text.strip())) is None:
        raise ValueError(text)
    sign, day, in_month, in_year, whole = found.groups()
    if whole:
        return Figure(date.fromisoformat(whole), "date", sign or "")  # type: ignore[arg-type]
    if day:
        return Figure(Decimal(date(2024, 1, int(day)).day), "day_of_month", sign or "")  # type: ignore[arg-type]
    yearly = date(2024, int(in_month), int(in_year))
    return Figure(Decimal(yearly.month * 100 + yearly.day), "day_of_year", sign or "")  # type: ignore[arg-type]
