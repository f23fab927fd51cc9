"""Nested values laid flat, so that two can be compared part by part; and what moved between two orders."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

_READ_AS_OTHERS = re.compile(r"|~|null|true|false|[-+]?\d+(\.\d+)?")
"""Texts that without quotation marks would be read as something else than a text."""


def flat(
    value: object, skipped: frozenset[str] = frozenset(), leaf: Callable[[object], str] | None = None
) -> dict[str, str]:
    """Every leaf of a nested value as text by its path (`validate.required`, `cases.2.with.total`). Leaves
    without text (None, "", empty lists) are left out. `skipped` are fields of ours that say nothing (`line`),
    never keys that somebody chose; `leaf` says a leaf (`text` unless it is given)."""
    return dict(_leaves(value, "", skipped, leaf or text))


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Paths whose text differs, with both texts ("" where there is none), in the order of the first mapping
    and then of the second."""
    for path in dict.fromkeys((*before, *after)):
        old, new = before.get(path, ""), after.get(path, "")
        if old != new:
            yield path, old, new


def text(value: object) -> str:
    """A leaf as people read it in a file."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or (isinstance(value, Mapping | list | tuple) and not value):
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return str(value)


def exact(value: object) -> str:
    """A leaf told so that another value never reads the same: nothing, an empty list and a text that looks
    like a number differ from each other and from what is not there."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    if isinstance(value, str) and _READ_AS_OTHERS.fullmatch(value):
        return json.dumps(value)
    return text(value)


def moved(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    """Which of the things that stand in both orders must have moved: as few as possible."""
    places = {name: place for place, name in enumerate(after)}
    common = [name for name in before if name in places]
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for at, name in enumerate(common):
        found = bisect_left(tails, places[name])
        previous.append(ends[found - 1] if found else -1)
        if found == len(tails):
            tails.append(places[name])
            ends.append(at)
        else:
            tails[found], ends[found] = places[name], at
    kept: set[str] = set()
    at = ends[-1] if ends else -1
    while at >= 0:
        kept.add(common[at])
        at = previous[at]
    return tuple(name for name in common if name not in kept)


def _leaves(
    value: object, path: str, skipped: frozenset[str], leaf: Callable[[object], str]
) -> Iterator[tuple[str, str]]:
    pairs = _parts(value)
    if pairs is None or (isinstance(value, Mapping | list | tuple) and not value):
        shown = leaf(value)
        if shown:
            yield path, shown
        return
    own = frozenset[str]() if isinstance(value, Mapping) else skipped
    for name, part in pairs:
        if name not in own:
            yield from _leaves(part, f"{path}.{name}" if path else name, skipped, leaf)


def _parts(value: Any) -> Iterator[tuple[str, object]] | None:
    """The named parts of a value; None for a leaf."""
    if isinstance(value, Enum | str | bytes):
        return None
    if isinstance(value, Mapping):
        return ((str(name), part) for name, part in value.items())
    if isinstance(value, msgspec.Struct):
        return ((name, getattr(value, name)) for name in value.__struct_fields__)
    if is_dataclass(value):
        return ((part.name, getattr(value, part.name)) for part in fields(value))
    if isinstance(value, list | tuple):
        return ((str(number), part) for number, part in enumerate(value, 1))
    return None
