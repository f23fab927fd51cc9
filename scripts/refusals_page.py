"""Writes docs/checks/refusals.md from the code: every reason for which a file or a step is refused.

python -m scripts.refusals_page           write the page
python -m scripts.refusals_page --check   exit code 1 if it is out of date
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from server.engine import errors, refusals
from server.engine.dmn import WORDINGS
from server.engine.refusals.refusal import Refusal

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "checks" / "refusals.md"
HEAD = """# What the engine refuses

Written by `python -m scripts.refusals_page`; a test fails when it is out of date. Words in braces are
filled in when the refusal is told, with the file, the element and the line or row beside it.

A finding of level *error* keeps a deployment out. A *warning* is told and lets it in. The checks of the house
are on [pages of their own](README.md).
"""
_CODE = re.compile(r"[a-z]+([-.][a-z]+)+")


class Entry(NamedTuple):
    """One refusal as the page shows it."""

    code: str
    level: str
    meaning: str
    remedy: str


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, entries in _chapters():
        parts.append(f"\n## {title}\n\n| Code | Level | What it means | What to do |\n|---|---|---|---|\n")
        parts.extend(
            f"| `{e.code}` | {e.level} | {_cell(e.meaning)} | {_cell(e.remedy)} |\n" for e in entries
        )
    return "".join(parts)


def _chapters() -> Iterator[tuple[str, list[Entry]]]:
    yield "Files that are not read at all", _written_in("engine/xml.py", "engine/bpmn_xml.py")
    for module in _refusal_modules():
        entries = [Entry(r.code, r.level, r.message, r.remedy) for r in _refusals_of(module)]
        if entries:
            title = (inspect.getdoc(module) or "").split(":")[0].split("\n")[0].rstrip(".")
            yield title, entries
    yield "Decisions", [Entry(code, *wording) for code, wording in WORDINGS.items() if wording.message]
    yield "Forms", _written_in("engine/forms/schema.py")
    yield "Bundles", _written_in("bundles/archive.py")
    yield "Steps that stand still, and commands that are refused", _engine_errors()


# --------------------------------------------------------------------------- where refusals are said
def _refusal_modules() -> Iterator[object]:
    for found in pkgutil.iter_modules(refusals.__path__):
        yield importlib.import_module(f"{refusals.__name__}.{found.name}")


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
        tree = ast.parse((ROOT / "server" / file).read_text(encoding="utf-8"))
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
    return Entry(code, "error", message, named.get("remedy") or (texts[0] if texts else ""))


def _cell(text: str) -> str:
    shown = text.replace("{{", "{").replace("}}", "}")
    return shown.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def main() -> int:
    """Write the page, or say whether it is the one that the code gives."""
    text = page()
    current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
    if "--check" in sys.argv[1:]:
        return 0 if current else 1
    if not current:
        PAGE.write_text(text, encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
