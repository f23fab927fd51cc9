"""The pages about checks as they stand in docs/checks, read for the screen: text, wrong and right example."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup

from server.bundles.checks import ANSWERED_BY_THE_ENGINE, CHECKS
from server.web.richtext import markdown

_PACKED = Path(__file__).resolve().parent / "checks"
PAGES = _PACKED if _PACKED.is_dir() else Path(__file__).resolve().parents[2] / "docs" / "checks"
"""Where they lie: beside this module in an installed package, else among the documents."""
_PARTS = re.compile(r"^(?:Wrong|Right|错误示例|正确示例)[:：]$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
_SECTION = re.compile(r"^## (\S+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class CheckPage:
    """A check explained: its title, what it asks, what breaks it, and what keeps it with any remarks."""

    code: str
    title: str
    text: Markup
    wrong: Markup
    right: Markup


@cache
def check_page(code: str, language: str) -> CheckPage | None:
    """The page of a check in a language, English where there is no other; None for a code without one."""
    if code not in CHECKS and code not in ANSWERED_BY_THE_ENGINE:
        return None
    own = PAGES / ("" if language == "en" else language[:2]) / f"{code}.md"
    source = (own if own.exists() else PAGES / f"{code}.md").read_text(encoding="utf-8")
    first, _, rest = source.partition("\n")
    text, wrong, right = (markdown(_linked(part)) for part in _PARTS.split(rest))
    return CheckPage(code, first.removeprefix("# "), text, wrong, right)


@cache
def example(code: str) -> tuple[Markup, Markup] | None:
    """What is refused under a code of the engine, and what stands in its place where it is accepted."""
    source = (PAGES / "refusal-examples.md").read_text(encoding="utf-8")
    found = next((body for name, body in _SECTION.findall(source) if name == code), None)
    if found is None:
        return None
    _, wrong, right = _PARTS.split(found)
    return markdown(wrong), markdown(right)


def _linked(text: str) -> str:
    """Links between the pages lead to their addresses; a link to another document keeps its words only."""
    return _LINK.sub(_address, text)


def _address(link: re.Match[str]) -> str:
    words, target = link.groups()
    name = Path(target.partition("#")[0]).stem
    if target.startswith("../"):
        return words
    return f"[{words}](/checks{'' if name in ('refusals', 'README') else '/' + name})"
