"""The texts of a template become part of it when it is compiled: an environment speaks one language, and a
list has the same labels in each of its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_WESTERN = {"：": ": ", "（": " (", "）": ")", "、": ", ", "；": "; ", "，": ", ", "。": ". "}
_MARK = re.compile(rf"(?<![\u4e00-\u9fff])[{''.join(_WESTERN)}]")
"""A mark of Chinese punctuation that does not follow a Chinese word."""
_SPOKEN = ("variable_begin", "name", "lparen", "string", "rparen", "variable_end")


class SpokenTexts(Extension):
    """Puts the text itself where a template has `{{ _("…") }}` without places to fill; calls within other
    expressions stay calls."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The tokens of a template with its texts in the language of the environment."""
        held: list[Token] = []
        for token in stream:
            held.append(token)
            if not _begins(held):
                yield from held[:-1]
                held = [token]
                if not _begins(held):
                    yield token
                    held = []
            elif len(held) == len(_SPOKEN):
                yield Token(held[0].lineno, "data", _told(self.environment, held[3].value))
                held = []
        yield from held


class WesternMarks(Extension):
    """For pages in English: the marks that templates set between texts are written as English writes them.
    Official papers, whose own words are Chinese, and what an office wrote stay as they are."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source of a template with such marks."""
        return _MARK.sub(lambda mark: _WESTERN[mark[0]], source)


def _begins(tokens: list[Token]) -> bool:
    """Whether tokens are the beginning of a text, or a whole one."""
    kinds = tuple(token.type for token in tokens)
    return kinds == _SPOKEN[: len(kinds)] and (len(tokens) < 2 or tokens[1].value == "_")


def _told(environment: Environment, text: str) -> str:
    speak: Any = environment.globals["_"]
    return str(speak(text))
