"""A printed document with every text in words, before it is a page or a file."""

from __future__ import annotations

from dataclasses import dataclass

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True)
class Paper:
    """A document ready to be printed, every text in words. `fields` are label and text, `mark` stands across
    a paper that has no effect ("" for one that has)."""

    letterhead: str
    number: str
    case_number: str
    title: str
    addressee: str
    paragraphs: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    signed: str
    day: str
    basis: str
    mark: str
    digest: str
    instance_id: str
    document_id: str
