"""Every English text that a page can show has its Chinese, with the same places."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

from server.engine.forms import messages
from server.web.language import translator
from server.web.words import Words

SERVER = Path(__file__).resolve().parents[2] / "server"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.i18n"}}
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


def page_texts() -> set[str]:
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    found = extract_from_dir(SERVER / "web", METHODS, OPTIONS, keywords=keywords)
    return {message if isinstance(message, str) else message[0] for _file, _line, message, *_ in found}


def refusals() -> Iterator[str]:
    """Reasons that services give, taken from their source."""
    for file in (SERVER / "services").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") in ("denied", "NotPermitted")
                and node.args
            ):
                texts = [n for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant)]
                yield from (str(n.value) for n in texts)
            is_problem = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "problem"
            if is_problem and isinstance(node.value, ast.Constant) and node.value.value:
                yield str(node.value.value)


def form_texts() -> set[str]:
    return {text for name, text in vars(messages).items() if name.isupper()}


def test_every_text_has_its_chinese() -> None:
    texts = translator("zh-CN").texts
    wanted = page_texts() | set(refusals()) | form_texts()
    assert len(wanted) > 300
    assert sorted(text for text in wanted if text not in texts) == []


def test_places_are_the_same_in_both_languages() -> None:
    for english, chinese in translator("zh-CN").texts.items():
        assert set(PLACES.findall(english)) >= set(PLACES.findall(chinese)), english


def test_a_sentence_never_fails_while_it_is_told() -> None:
    tell = translator("zh-CN").tell
    assert tell("{label}: this is needed.", {"label": "总投资"}) == "请填写“总投资”。"
    assert tell("{label}: this is needed.") == "请填写“{label}”。"
    assert tell("a text with {broken and more", {}) == "a text with {broken and more"


def test_citations_lights_and_sizes() -> None:
    chinese, english = Words(translator("zh-CN")), Words(translator("en"))
    assert chinese.citation("town#12.1") == "第12条第1项"
    assert chinese.citation("town#8p2") == "第8条第2款"
    assert english.citation("town#12.1") == "Art. 12(1)"
    assert chinese.time_left("red", -2) == "超期 2 个工作日"
    assert english.time_left("yellow", 1) == "1 working day left"
    assert chinese.time_left("yellow", 0) == "今日到期"
    assert chinese.size(3_500_000) == "3.3 MB"


def test_moments_that_a_case_keeps_as_text() -> None:
    """A limit is its day; another moment has its hour on the clocks of the office; a day stays as it is."""
    words = Words(translator("zh-CN"))
    assert words.moment("2028-10-23T23:59:59+08:00") == "2028-10-23"
    assert words.moment("2026-03-05T02:30:00Z") == "2026-03-05 10:30"
    for other in ("2026-03-05", "2026-03-05T25:00:00Z", "2026-03-05T10:30", "9999-12-31T23:00:00Z", "x"):
        assert words.moment(other) == ""


def test_the_translator_fills_the_places() -> None:
    """A template that fills a sentence by itself fails where it is shown: the sentence is filled already."""
    templates = (SERVER / "web" / "templates").rglob("*.html")
    assert [file.name for file in templates if re.search(r"\)\s*%\s*[({]", file.read_text("utf-8"))] == []


def test_what_somebody_typed_stays_as_it_was_typed() -> None:
    """A name or a reason may happen to be a word of ours: only what is marked as ours is translated."""
    tell = translator("zh-CN").tell
    assert translator("zh-CN").gettext("Withdrawn") != "Withdrawn"
    assert tell("A task for you: {name}", {"name": "Withdrawn"}).endswith("Withdrawn")
    ours = tell("A task for you: {name}", {"name": {"message": "Withdrawn"}})
    assert ours.endswith(translator("zh-CN").gettext("Withdrawn"))
