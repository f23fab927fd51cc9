"""Whatever the engine, the checks and the services can say has its Chinese, with the same places."""

from __future__ import annotations

import re
import string

from server.engine import errors
from server.web.language import translator
from tests.house.catalogue import texts

PLACE = re.compile(r"\{\w+\}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def said() -> set[str]:
    """The texts that hold words and not only places."""
    return {text for text in texts() if PLACE.sub("", text).strip()}


def test_the_source_is_read() -> None:
    """Texts of every room are found, those of classes' docstrings among them."""
    found = texts()
    for room in ("engine/refusals", "engine/dmn", "engine/forms", "engine/xml", "bundles/checks", "services"):
        assert any(file.startswith(room) for files in found.values() for file in files), room
    assert errors.NoFlowTaken(element="x").finding.message in found
    assert len(found) > 480


def test_every_text_has_its_chinese() -> None:
    """A text that is new or was changed is named here."""
    chinese = translator("zh-CN").texts
    assert sorted(text for text in said() if text not in chinese) == []


def test_the_chinese_is_chinese_with_the_same_places() -> None:
    """A place that is lost or misspelt would hide what went wrong, or where."""
    chinese = translator("zh-CN").texts
    for text in said():
        translated = chinese[text]
        assert CHINESE.search(translated), text
        assert set(PLACE.findall(translated)) == set(PLACE.findall(text)), text


def test_every_template_can_be_filled() -> None:
    """No stray brace: a template that cannot be filled would be shown as it is."""
    chinese = translator("zh-CN").texts
    for text in said():
        for template in (text, chinese[text]):
            assert [name for _, name, _, _ in string.Formatter().parse(template) if name == ""] == []
