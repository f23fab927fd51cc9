"""Thousands of hostile requests to each page, for hours: `python -m tests.faults.fuzz_long FOLDER`.

FOLDER keeps the office, `progress.txt` (how far each page is, the CPU seconds of its answers, the slowest of
them, complaints) and `complaints.txt`. A run that was stopped goes on when it is started again; one of few
requests looks at every page soon, and another of more goes on from there. `--first word,word` takes the pages
whose addresses have one of these words first; `--part 1/2` takes every second page, in a folder of its own.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from server.web.routing import Page
from tests.faults.fuzz_fire import CHUNK, FIRED_AT, Outcome, fire, in_haste
from tests.faults.fuzz_judge import Judge, judge_of
from tests.faults.fuzz_office import FuzzOffice
from tests.faults.fuzz_prepare import open_office

PROGRESS, COMPLAINTS = "progress.txt", "complaints.txt"
SECONDS = 2.0
"""CPU seconds that no answer may cost."""


@dataclass(frozen=True)
class Notes:
    """What is remembered from one run to the next."""

    folder: Path

    def reached(self) -> dict[str, int]:
        """How many requests each page has had."""
        file = self.folder / PROGRESS
        rows = file.read_text("utf-8").splitlines() if file.exists() else ()
        return {name: int(stop) for name, stop, *_ in (row.split("\t") for row in rows)}

    def add(self, name: str, text: str) -> None:
        """Write something down at once."""
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def name_of(page: Page) -> str:
    """How a page is called in the notes."""
    return f"{page.method} {page.path}"


def in_order(pages: Sequence[Page], first: Sequence[str]) -> list[Page]:
    """The pages whose address has one of the words of `first`, in the order of the words, then the others."""

    def rank(page: Page) -> int:
        return next((number for number, word in enumerate(first) if word in page.path), len(first))

    return sorted(pages, key=rank)


def run(office: FuzzOffice, judge: Judge, notes: Notes, pages: Sequence[Page], requests: int) -> None:
    """Fire at one page after the other until each has had so many requests."""
    reached = notes.reached()
    for page in pages:
        name = name_of(page)
        for start in range(reached.get(name, 0), requests, CHUNK):
            numbers, outcome = range(start, min(start + CHUNK, requests)), Outcome()
            fire(office, judge, page, numbers, outcome)
            gc.collect()
            _note(notes, name, numbers, outcome)


def _note(notes: Notes, name: str, numbers: range, outcome: Outcome) -> None:
    for what, request in outcome.complaints.items():
        notes.add(COMPLAINTS, f"{name}\n{what}\n  {request}\n")
    told = (name, numbers.stop, f"{outcome.seconds:.2f}", f"{outcome.slowest:.3f}", len(outcome.complaints))
    notes.add(PROGRESS, "\t".join(map(str, told)))


def main(words: Sequence[str]) -> None:
    """Run until all pages have had enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--first", default="", help="words of addresses, parted by commas")
    parser.add_argument("--part", default="1/1", help="which part of how many")
    given = parser.parse_args(words)
    part, parts = map(int, given.part.split("/"))
    logging.getLogger().addHandler(logging.NullHandler())
    os.environ["TZ"] = "America/New_York"  # as in all tests: neither China nor UTC
    time.tzset()
    with tempfile.TemporaryDirectory() as own, in_haste():
        office = open_office(given.folder / "office", Path(own))
        gc.freeze()
        gc.disable()  # a tenth of the hours; what requests leave behind is collected between them
        pages = in_order(FIRED_AT[part - 1 :: parts], [word for word in given.first.split(",") if word])
        run(office, judge_of(office, SECONDS), Notes(given.folder), pages, given.requests)
        office.close()


if __name__ == "__main__":
    main(sys.argv[1:])
