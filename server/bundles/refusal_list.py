"""Every reason for which a file or a step is refused, read from the code that says it: chapters of a list."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from server.engine import errors, load, refusals
from server.engine.dmn import WORDINGS
from server.engine.findings import mark
from server.engine.refusals.refusal import Refusal

_SERVER = Path(__file__).resolve().parents[1]
_CODE = re.compile(r"[a-z]+([-.][a-z_]+)+")


class Entry(NamedTuple):
    """One refusal: meaning and remedy are English templates with `{places}`."""

    code: str
    level: str
    meaning: str
    remedy: str


_OF_BUNDLES = (
    Entry(
        "manifest", "error", "The manifest cannot be read: {what} {where}", "Correct the line that is named."
    ),
    Entry("file-unreadable", "error", "The file cannot be read: {reason}", "Correct the line that is named."),
    Entry("scenario-unreadable", "error", "Line {line}: {reason}.", "Correct the scenario file."),
    Entry(
        "scenario-fails",
        "error",
        mark("The scenario tells something else than what happened."),
        "Correct the diagram or the table; or the scenario, if the regulation means something else.",
    ),
    Entry(
        "branch-not-proved",
        "warning",
        "No scenario passes {way}.",
        "Write a scenario in which the case goes this way.",
    ),
    Entry(
        "rule-not-proved",
        "warning",
        "No scenario makes rule {row} of {decision} fire.",
        "Write a case for which this rule fires.",
    ),
)
"""What is told of the files around diagrams; the words are those of the modules that tell it."""


@cache
def chapters() -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """The titles of the chapters (English) with their refusals, in the order in which a file is read."""
    return tuple((title, tuple(entries)) for title, entries in _chapters())


@cache
def by_code() -> Mapping[str, tuple[Entry, ...]]:
    """The refusals by code; one code may be told in several ways."""
    found: dict[str, tuple[Entry, ...]] = {}
    for _, entries in chapters():
        for entry in entries:
            found[entry.code] = (*found.get(entry.code, ()), entry)
    return MappingProxyType(found)


def _chapters() -> Iterator[tuple[str, list[Entry]]]:
    yield "Files that are not read at all", _written_in("engine/xml.py", "engine/bpmn_xml.py")
    for module in _refusal_modules():
        entries = [Entry(r.code, r.level, r.message, r.remedy) for r in _refusals_of(module)]
        if entries:
            title = (inspect.getdoc(module) or "").split(":")[0].split("\n")[0].rstrip(".")
            yield title, entries
    yield "Decisions", [Entry(code, *wording) for code, wording in WORDINGS.items() if wording.message]
    yield "Forms", _written_in("engine/forms/schema.py")
    together = [Entry(r.code, r.level, r.message, r.remedy) for r in _refusals_of(load)]
    yield "Bundles", [*_written_in("bundles/archive.py"), *together, *_OF_BUNDLES]
    yield "Steps that stand still, and commands that are refused", _engine_errors()


def _refusal_modules() -> Iterator[object]:
    """The modules of the package, by name; it has imported them all."""
    yield from (module for _, module in inspect.getmembers(refusals, inspect.ismodule))


def _refusals_of(module: object) -> list[Refusal]:
    """The refusals that stand in a module, each once, in the order they are written."""
    return [value for value in vars(module).values() if isinstance(value, Refusal)]


def _engine_errors() -> list[Entry]:
    found = []
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.EngineError) and "remedy" in vars(kind):
            meaning = " ".join((inspect.getdoc(kind) or "").split())
            if kind.remedy:
                found.append(Entry(kind.code, "error", meaning, kind.remedy))
    return found


def _written_in(*files: str) -> list[Entry]:
    """Refusals that are written where they are raised: a code, a message, and then or by name the remedy."""
    found: dict[tuple[str, str], Entry] = {}
    for file in files:
        tree = ast.parse((_SERVER / file).read_text(encoding="utf-8"))
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
            entry = _entry(call)
            if entry is not None:
                found.setdefault((entry.code, entry.meaning), entry)
    return list(found.values())


def _entry(call: ast.Call) -> Entry | None:
    texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    named = {k.arg: str(k.value.value) for k in call.keywords if k.arg and isinstance(k.value, ast.Constant)}
    texts = [text for text in texts if text]
    code = named.get("code") or (texts.pop(0) if texts and _CODE.fullmatch(texts[0]) else "")
    message = named.get("message") or (texts.pop(0) if texts else "")
    if not _CODE.fullmatch(code) or " " not in message:
        return None
    level = named.get("level", "error")
    return Entry(code, level, message, named.get("remedy") or (texts[0] if texts else ""))
