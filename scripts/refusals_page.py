"""Writes docs/checks/refusals.md and refusal-examples.md from the code and from the samples of its tests.

python -m scripts.refusals_page           write the pages
python -m scripts.refusals_page --check   exit code 1 if one is out of date
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path

from lxml import etree

from server.bundles.refusal_list import chapters
from tests.bundles.refused_files import FILES
from tests.engine.bpmn.samples_structure import SAMPLES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "checks" / "refusals.md"
EXAMPLES = ROOT / "docs" / "checks" / "refusal-examples.md"
HEAD = """# What the engine refuses

Written by `python -m scripts.refusals_page`; a test fails when it is out of date. Words in braces are
filled in when the refusal is told, with the file, the element and the line or row beside it.

A finding of level *error* keeps a deployment out. A *warning* is told and lets it in. The checks of the house
are on [pages of their own](README.md); what is refused in a diagram is shown
[wrong and right](refusal-examples.md).
"""
EXAMPLES_HEAD = """# Refused and accepted

Written by `python -m scripts.refusals_page` from the files with which the tests prove each
[refusal](refusals.md): what is refused, and what stands in its place in a file that is accepted.
"""
LONGEST = 14
"""How many lines of an example are shown."""


def pages() -> dict[Path, str]:
    """The pages with their texts."""
    return {PAGE: page(), EXAMPLES: examples()}


def page() -> str:
    """The list of refusals."""
    parts = [HEAD]
    for title, entries in chapters():
        parts.append(f"\n## {title}\n\n| Code | Level | What it means | What to do |\n|---|---|---|---|\n")
        parts.extend(
            f"| `{e.code}` | {e.level} | {_cell(e.meaning)} | {_cell(e.remedy)} |\n" for e in entries
        )
    return "".join(parts)


def _cell(text: str) -> str:
    shown = text.replace("{{", "{").replace("}}", "}")
    return shown.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


# --------------------------------------------------------------------------- examples
def examples() -> str:
    """The first sample of each refusal whose two sides can be shown in a few lines."""
    found = {
        code: ("xml", both)
        for code, pairs in SAMPLES.items()
        if (both := next((both for pair in pairs if (both := _both(*pair)) is not None), None))
    }
    found |= {code: (_LANGUAGES[Path(path).suffix], _changed(*pair)) for code, (path, *pair) in FILES.items()}
    parts = [EXAMPLES_HEAD]
    for code, (language, shown) in sorted(found.items()):
        wrong, right = (f"```{language}\n{text}\n```" for text in shown)
        parts.append(f"\n## {code}\n\nWrong:\n\n{wrong}\n\nRight:\n\n{right}\n")
    return "".join(parts)


_LANGUAGES = {".bpmn": "xml", ".dmn": "xml", ".form": "json", ".yaml": "text", ".toml": "toml"}
"""How a piece of a file is coloured; a scenario that cannot be read is only text."""


def _changed(wrong: bytes, right: bytes) -> tuple[str, str]:
    """The lines of two files in which they differ, with the one before and the one behind."""
    first, second = (_lines(data) for data in (wrong, right))
    blocks = [
        block
        for block in SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
        if block[0] != "equal"
    ]
    sides = (
        (first, blocks[0][1], blocks[-1][2]),
        (second, blocks[0][3], blocks[-1][4]),
    )
    shown = ["\n".join(lines[max(start - 1, 0) : end + 1][:LONGEST]) for lines, start, end in sides]
    return shown[0] or "(an empty file)", shown[1]


def _lines(data: bytes) -> list[str]:
    """A file in lines, XML with a line for each tag."""
    text = data.decode("utf-8", "replace")
    return (re.sub(r">\s*<", ">\n<", text) if text.startswith("<") else text).splitlines()


def _both(refused: Mapping[str, bytes], accepted: Mapping[str, bytes]) -> tuple[str, str] | None:
    """What stands only in the refused diagram, and what only in the accepted one."""
    first, second = (list(_parts(files)) for files in (refused, accepted))
    wrong = [part for part in first if part not in second]
    right = [part for part in second if part not in first]
    shown = "\n".join(wrong or first), "\n".join(right or second)
    too_long = any(text.count("\n") >= LONGEST or len(text) > 2_000 for text in shown)
    return None if too_long or not all(shown) or shown[0] == shown[1] else shown


def _parts(files: Mapping[str, bytes]) -> Iterator[str]:
    """The elements of a diagram below its processes, each as text."""
    for path, data in sorted(files.items()):
        if not path.endswith(".bpmn"):
            continue
        try:
            root = etree.fromstring(data, etree.XMLParser(remove_blank_text=True, resolve_entities=False))
        except etree.XMLSyntaxError:
            return
        for element in root:
            if isinstance(element.tag, str) and etree.QName(element).localname == "process":
                yield from (_text(child) for child in element)
            elif isinstance(element.tag, str) and etree.QName(element).localname != "BPMNDiagram":
                yield _text(element)


def _text(element: etree._Element) -> str:
    text = etree.tostring(element, encoding="unicode", pretty_print=True, with_tail=False).strip()
    return re.sub(r' xmlns:\w+="[^"]*"', "", text)


def main() -> int:
    """Write the pages, or say whether they are those that the code gives."""
    outdated = {
        path: text
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if "--check" in sys.argv[1:]:
        return 1 if outdated else 0
    for path, text in outdated.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
