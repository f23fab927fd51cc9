"""Two versions of a manifest: bodies, processes, regulations, registers and the rest, by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from server.bundles.differences.difference import Area, Change, Difference, Said, Weight, quoted, said
from server.bundles.differences.plain import changed, flat, moved
from server.bundles.manifest import FILE, Manifest
from server.engine.findings import mark

_TABLES = {
    "groups": mark("body {name}"),
    "processes": mark("entry of the process {name}"),
    "clock_stops": mark("ground for stopping the clock {name}"),
    "regulations": mark("regulation {name}"),
    "readings": mark("reading {name}"),
    "words": mark("word {name}"),
    "registers": mark("register {name}"),
    "documents": mark("document {name}"),
}
_FIELDS = {
    "name": mark("its name"),
    "title": mark("its title"),
    "scope": mark("its scope"),
    "parent": mark("body above it"),
    "regulation": mark("its articles"),
    "category": mark("its category"),
    "number": mark("its number"),
    "started_by": mark("who may start it"),
    "called": mark("only called by others"),
    "promised": mark("promised limit"),
    "statutory": mark("statutory limit"),
    "extension": mark("its extension"),
    "facts": mark("facts of the project"),
    "outcome_facts": mark("outcomes that become facts"),
    "basis": mark("its articles"),
    "date": mark("its date"),
    "effective": mark("in force from"),
    "expires": mark("in force until"),
    "status": mark("legal status"),
    "source": mark("its source"),
    "columns": mark("its columns"),
    "processes": mark("its processes"),
    "outcomes": mark("its outcomes"),
    "state": mark("which cases"),
    "text": mark("its text"),
    "when": mark("its condition"),
    "addressee": mark("its addressee"),
    "signed": mark("its signature"),
    "fields": mark("its fields"),
}
_WORDS = frozenset({"name", "title", "category", "source", "print"})
_RULES = ("lights", "separation", "reopening", "past_projects")
"""Tables of the manifest that stand once."""
_TOP = ("id", "name", "name_en", "division_code", "letterhead", "schedule")


def between(before: Manifest, after: Manifest) -> Iterator[Difference]:
    """All that differs between two versions of a manifest."""
    whole = said(mark("the manifest"))
    for name in _TOP:
        first, second = str(getattr(before, name)), str(getattr(after, name))
        if first != second:
            weight = Weight.EFFECT if name in ("id", "schedule") else Weight.WORDS
            yield _told("", whole, Change.CHANGED, weight, aspect=_aspect(name), values=(first, second))
    for table in _RULES:
        old, new = flat(getattr(before, table)), flat(getattr(after, table))
        for name, first, second in changed(old, new):
            aspect = _entry(f"{table}.{name}")
            yield _told(table, whole, Change.CHANGED, aspect=aspect, values=(first, second))
    for table, template in _TABLES.items():
        yield from _table(table, template, getattr(before, table), getattr(after, table))


def _table(
    table: str, template: str, before: Mapping[str, msgspec.Struct], after: Mapping[str, msgspec.Struct]
) -> Iterator[Difference]:
    for identity, entry in after.items():
        what = said(template, name=quoted(_name(entry) or identity))
        if identity not in before:
            yield _told(table, what, Change.ADDED, element=identity, cited=_cited(entry))
        else:
            yield from _entries(table, what, identity, before[identity], entry)
    for identity, entry in before.items():
        if identity not in after:
            what = said(template, name=quoted(_name(entry) or identity))
            yield _told(table, what, Change.REMOVED, element=identity, cited=_cited(entry))
    for identity in moved(list(before), list(after)):
        what = said(template, name=quoted(_name(after[identity]) or identity))
        yield _told(table, what, Change.MOVED, Weight.WORDS, element=identity)


def _entries(
    table: str, what: Said, identity: str, before: msgspec.Struct, after: msgspec.Struct
) -> Iterator[Difference]:
    old, new = _flat(before), _flat(after)
    for path, first, second in changed(old, new):
        plain = path.removesuffix("_en")
        is_words = plain in _WORDS or path.endswith("_en")
        yield _told(
            table, what, Change.CHANGED, Weight.WORDS if is_words else Weight.EFFECT, element=identity,
            aspect=_aspect(path), values=(first, second), cited=_cited(after),
        )  # fmt: skip


def _flat(entry: msgspec.Struct) -> dict[str, str]:
    """An entry's fields as text: lists of words on one line, articles by their id."""
    found: dict[str, str] = {}
    for name in entry.__struct_fields__:
        value = getattr(entry, name)
        if isinstance(value, tuple) and all(isinstance(part, str) for part in value):
            found[name] = ", ".join(value)
        elif isinstance(value, tuple):
            for part in value:
                found |= {f"{name}.{part.id}.{key}": text for key, text in flat(part).items()}
        else:
            found |= flat({name: value})
    return found


def _aspect(path: str) -> Said:
    return _FIELDS.get(path) or _entry(path)


def _entry(path: str) -> Said:
    return said(mark("entry {name}"), name=quoted(path))


def _name(entry: msgspec.Struct) -> str:
    found = getattr(entry, "name", "") or getattr(entry, "title", "")
    return str(found)


def _cited(entry: msgspec.Struct) -> tuple[str, ...]:
    return tuple(str(getattr(entry, "regulation", "") or getattr(entry, "basis", "")).split())


def _told(
    table: str, what: Said, change: Change, weight: Weight = Weight.EFFECT, *, element: str = "",
    aspect: Said = "", values: tuple[str, str] = ("", ""), cited: tuple[str, ...] = (),
) -> Difference:  # fmt: skip
    return Difference(
        Area.MANIFEST, FILE, table, change, what, title=FILE, weight=weight, element=element,
        aspect=aspect, before=values[0], after=values[1], regulation=cited,
    )  # fmt: skip
