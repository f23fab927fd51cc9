"""A printed document with every text in words, before it is a page or a file."""

from __future__ import annotations

from dataclasses import dataclass

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True)
class Paper:
    """A document ready to be printed, every text in words. `fields` are label and text, `mark` stands across
    a paper that has no effect ("" for one that has). One that was given out has a `code`, and the address
    (`verify`) where anybody can ask whether it is genuine."""

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
    code: str = ""
    verify: str = ""

    @property
    def spaced_code(self) -> str:
        """The code in groups of four, as people read it."""
        return " ".join(self.code[at : at + 4] for at in range(0, len(self.code), 4))
