"""The days off and make-up working days of the State Council's yearly notices, imported here only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from chinese_calendar import constants


@dataclass(frozen=True, slots=True)
class PublishedDays:
    """What the notices of `years` say: `holidays` and `make_up_days` (weekend days that are worked) with the
    English name of the festival they belong to. A year outside `years` is not known at all."""

    years: frozenset[int]
    holidays: Mapping[date, str]
    make_up_days: Mapping[date, str]


@cache
def published_days() -> PublishedDays:
    """The notices that the installed data set knows. A year counts as published when its own New Year's day
    is in it; make-up days of its first festival may lie in the year before."""
    holidays: dict[date, str] = dict(constants.holidays)
    make_up_days: dict[date, str] = dict(constants.workdays)
    years = frozenset(day.year for day in holidays if (day.month, day.day) == (1, 1))
    return PublishedDays(years, holidays, make_up_days)
