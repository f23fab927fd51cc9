"""Writes the texts of a printed document into the manifest: everything else, comments too, stays byte for
byte."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

TEXTS = ("name", "title", "number", "addressee", "text", "signed")
"""The texts of a document that people change, in the order in which they are written."""
_HEADER = re.compile(r"^\s*\[")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*=")
_FENCES = ('"""', "'''")


class NotWritable(ValueError):
    """The manifest cannot be changed this way: it has no such document, or it is written in a manner that
    this does not know. Edit its source."""


def rewritten(manifest: bytes, document_id: str, texts: Mapping[str, str]) -> bytes:
    """The manifest with other texts of one document; a text that is "" is taken out. Raises NotWritable."""
    before = manifest.decode("utf-8")
    try:
        parsed = tomllib.loads(before)
    except tomllib.TOMLDecodeError as error:
        raise NotWritable(str(error)) from error
    documents = parsed.get("document", [])
    place = next((n for n, one in enumerate(documents) if one.get("id") == document_id), None)
    if place is None:
        raise NotWritable(document_id)
    lines = before.splitlines(keepends=True)
    first, last = _block(lines, place)
    block = [lines[at] for at in range(first, last)]
    for name in TEXTS:
        if name in texts and texts[name] != documents[place].get(name, ""):
            block = _put(block, name, texts[name])
    after = "".join([*lines[:first], *block, *lines[last:]])
    wanted = documents[place] | {name: texts[name] for name in TEXTS if texts.get(name)}
    for name in TEXTS:
        if texts.get(name, "x") == "":
            wanted.pop(name, None)
    documents[place] = wanted
    if tomllib.loads(after) != parsed:  # whatever was not understood is refused, never damaged
        raise NotWritable(document_id)
    return after.encode("utf-8")


def _block(lines: list[str], place: int) -> tuple[int, int]:
    """The lines behind the header of the n-th [[document]], up to the next header."""
    starts = [at for at in _plain(lines) if lines[at].strip().startswith("[[document]]")]
    if place >= len(starts):
        raise NotWritable(str(place))
    first = starts[place] + 1
    ends = [at for at in _plain(lines) if at >= first and _HEADER.match(lines[at])]
    return first, ends[0] if ends else len(lines)


def _plain(lines: list[str]) -> list[int]:
    """The lines that do not stand within a text of several lines."""
    found, fence = [], ""
    for at, line in enumerate(lines):
        if not fence:
            found.append(at)
            opened = [mark for mark in _FENCES if line.count(mark) % 2]
            fence = opened[0] if opened else ""
        elif fence in line:
            fence = ""
    return found


def _put(block: list[str], name: str, text: str) -> list[str]:
    """The block with one key written anew, behind its last key where it has none."""
    plain = _plain(block)
    keys = [at for at in plain if _KEY.match(block[at])]
    said = [f"{name} = {_quoted(text)}\n"] if text else []
    at = next((at for at in keys if (_KEY.match(block[at]) or [""])[1] == name), None)
    if at is None:
        behind = next((one for one in plain if one > keys[-1]), keys[-1] + 1) if keys else 0
        return [*block[:behind], *said, *block[behind:]]
    after = next((one for one in plain if one > at), len(block))
    return [*block[:at], *said, *block[after:]]


def _quoted(text: str) -> str:
    """A TOML string: between fences where it has several lines."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" in plain and "'''" not in plain and not _control(plain):
        return f"'''\n{plain}'''"
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _control(text: str) -> bool:
    return any((ord(c) < 32 and c not in "\n\t") or ord(c) == 127 for c in text)
