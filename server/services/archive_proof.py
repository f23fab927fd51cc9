"""Checks a package of a case for itself: every file against its digest, every entry of the record against the
one before it."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import msgspec

from server.services.archiving import DECISIONS, FORMAT, MANIFEST, RECORD
from server.services.history import entry_hash, evaluation_digest
from server.store.columns import loads

_MOST_JSON = 200 * 1024 * 1024
_CHUNK = 256 * 1024
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
"""What reading a member raises that is broken, cut off, packed in another way or encrypted."""
_OF_ANOTHER_SHAPE = (msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""What looking at JSON raises that another program wrote; one that is nested too deep is a RuntimeError."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a package: `what` is a sentence, `path` the file of the package it is about."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a package turned out to be. `digest` is the SHA-256 of its manifest, which the record of the case
    holds too; `faults` is empty for one that is sound."""

    case: str
    files: int
    entries: int
    digest: str
    faults: tuple[Fault, ...]


class NoPackage(ValueError):
    """The file is no package of a case."""


def prove(file: IO[bytes]) -> Proof:
    """Check a package, which may be any file at all. Raises NoPackage where it is none."""
    try:
        with zipfile.ZipFile(file) as book:
            return _proof(book)
    except NoPackage:
        raise
    except (*_UNREADABLE, *_OF_ANOTHER_SHAPE) as error:
        raise NoPackage(str(error) or type(error).__name__) from error


def _proof(book: zipfile.ZipFile) -> Proof:
    raw = _read(book, MANIFEST)
    told = loads(raw)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise NoPackage("its manifest is of no format known here")
    faults = tuple(_faults(book, told))
    digest = hashlib.sha256(raw).hexdigest()
    return Proof(str(told["case"]), len(told["files"]), told["record"]["entries"], digest, faults)


def _read(book: zipfile.ZipFile, path: str) -> bytes:
    """A file that is read whole, within bounds."""
    with book.open(path) as member:
        content = member.read(_MOST_JSON + 1)
    if len(content) > _MOST_JSON:
        raise NoPackage(f"{path} is larger than any that is made")
    return content


def _faults(book: zipfile.ZipFile, told: Mapping[str, Any]) -> Iterator[Fault]:
    listed = {entry["path"]: entry for entry in told["files"]}
    names = Counter(book.namelist())
    for path in sorted(set(names) - listed.keys() - {MANIFEST}):
        yield Fault(path, "it does not stand in the manifest")
    for path in sorted(path for path, times in names.items() if times > 1):
        yield Fault(path, "it is there twice")
    for path, entry in listed.items():
        if path not in names:
            yield Fault(path, "it is missing")
        elif not _is(book, path, entry):
            yield Fault(path, "its content is not that of the manifest")
    if {RECORD, DECISIONS} <= names.keys():
        yield from _record_faults(book, told)


def _is(book: zipfile.ZipFile, path: str, entry: Mapping[str, Any]) -> bool:
    """Whether a file has the size and the digest that the manifest gives it."""
    digest, size = hashlib.sha256(), 0
    try:
        with book.open(path) as member:
            while size <= entry["size"] and (piece := member.read(_CHUNK)):
                digest.update(piece)
                size += len(piece)
    except _UNREADABLE:  # among them the sum that ZIP itself keeps
        return False
    return (size, digest.hexdigest()) == (entry["size"], entry["sha256"])


def _record_faults(book: zipfile.ZipFile, told: Mapping[str, Any]) -> Iterator[Fault]:
    previous, count = "", 0
    evaluations = {row["seq"]: evaluation_digest(row) for row in loads(_read(book, DECISIONS))}
    for row in loads(_read(book, RECORD)):
        count += 1
        entry = {**row, "at": datetime.fromisoformat(row["at"])}
        if row["seq"] != count or row["prev_hash"] != previous or entry_hash(previous, entry) != row["hash"]:
            yield Fault(RECORD, f"entry {count} does not follow from the one before it")
            return
        if row["kind"] == "decision_evaluated" and evaluations.pop(count, "") != row["payload"]["sha256"]:
            yield Fault(DECISIONS, f"the decision of entry {count} is not the one that was recorded")
        previous = row["hash"]
    if (count, previous) != (told["record"]["entries"], told["record"]["head"]):
        yield Fault(RECORD, "it does not end where the manifest says")
    if evaluations:
        yield Fault(DECISIONS, "it holds a decision that the record does not know")
