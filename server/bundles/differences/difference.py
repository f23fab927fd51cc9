"""One difference between two bundles, as a frozen value that doors tell in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Said: TypeAlias = "str | Mapping[str, object]"
"""A word of the catalogue, or a template with its params (`{"message": …, "params": …}`), to be translated
with the sentence it stands in."""


class Area(StrEnum):
    """The kind of file in which something differs."""

    PROCESS = "process"
    DECISION = "decision"
    FORM = "form"
    MANIFEST = "manifest"
    SCENARIO = "scenario"
    OTHER = "other"


class Change(StrEnum):
    """What happened to the thing that differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


class Weight(StrEnum):
    """What a difference can do: change what happens in a case (effect), what people read (words), what
    scenarios prove (proof), only where shapes stand (drawing), or only how the file is written (writing)."""

    EFFECT = "effect"
    WORDS = "words"
    PROOF = "proof"
    DRAWING = "drawing"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same in two bundles.

    `container` is the process, decision, form, table of the manifest or scenario it belongs to, `title` its
    name; `element` is the id of what differs within it ("" for the whole), `what` and `aspect` say in words
    what it is and which side of it differs. `before` and `after` are the values as they stand in the files,
    "" where there is none. `old_element` is the id on the side before, where it is another one. `row` is the
    rule's number (after; before where it was taken out)."""

    area: Area
    file: str
    container: str
    change: Change
    what: Said
    title: str = ""
    weight: Weight = Weight.EFFECT
    element: str = ""
    old_element: str = ""
    aspect: Said = ""
    before: str = ""
    after: str = ""
    row: int | None = None
    regulation: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The aspect as its English template, for those that look for one."""
        return self.aspect if isinstance(self.aspect, str) else str(self.aspect.get("message", ""))


def said(message: str, **params: object) -> dict[str, object]:
    """A template with its params; the message is to be marked for the catalogue by the caller."""
    return {"message": message, "params": params}


def quoted(value: str, limit: int = 160) -> str:
    """A value of a file within a sentence: in quotation marks, so that nobody takes it for a word of
    ours; on one line, cut where it is long."""
    flat = " ".join(value.split())
    return f"“{flat if len(flat) <= limit else flat[: limit - 1] + '…'}”"
