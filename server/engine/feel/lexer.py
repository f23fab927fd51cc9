"""Text to tokens: numbers, strings, operators and single words; names are put together by the parser."""

import re
from typing import NamedTuple

from .errors import FeelSyntaxError

MAX_SOURCE = 20_000
MAX_TOKENS = 6_000

_NAME_START = (
    r"?A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFEFE\uFF00-\uFFFD\U00010000-\U000EFFFF"
)
_NAME_PART = _NAME_START + r"0-9\u00B7\u0300-\u036F\u203F-\u2040"
_SPACE = r"[\s\u000B\u0085\u00A0\u1680\u180E\u2000-\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF]+"
_TOKEN = re.compile(
    rf"""
    (?P<space>{_SPACE} | //[^\n\r]* | /\*.*?\*/)
    |(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>"(?:\\.|[^"\\])*")
    |(?P<operator>\*\*|\.\.|<=|>=|!=|->|[-+*/=<>()\[\]{{}},:.@'])
    |(?P<name>[{_NAME_START}][{_NAME_PART}]*)
    |(?P<unknown>.)
    """,
    re.DOTALL | re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "/": "/"}
_LOOKALIKES = {
    "“": '"',
    "”": '"',
    "‘": '"',
    "’": '"',
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "&": "and",
    "|": "or",
    "!": "not",
    "–": "-",
    "—": "-",
}

FULL_WIDTH = {
    "，": ",",
    "（": "(",
    "）": ")",
    "＝": "=",
    "＞": ">",
    "＜": "<",
    "＋": "+",
    "－": "-",
    "＊": "*",
} | {
    "／": "/",
    "［": "[",
    "］": "]",
    "｛": "{",
    "｝": "}",
    "：": ":",
    "＂": '"',
    "、": ",",
}
"""Full-width signs a Chinese input method gives where FEEL wants the plain one. They may stand in names."""


class Token(NamedTuple):
    """A piece of the text; ``kind`` is number, string, operator, name or end."""

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """All tokens but space and comments, and one of kind ``end``."""
    if len(text) > MAX_SOURCE:
        raise FeelSyntaxError("the expression is longer than {limit} characters", text, 0, limit=MAX_SOURCE)
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "unknown"
        if kind == "space":
            continue
        if kind == "unknown":
            raise _unknown_character(text, match.start())
        tokens.append(Token(kind, match[0], match.start(), match.end()))
    if len(tokens) > MAX_TOKENS:
        raise FeelSyntaxError(
            "the expression has more than {limit} words and signs", text, 0, limit=MAX_TOKENS
        )
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _unknown_character(text: str, position: int) -> FeelSyntaxError:
    character = text[position]
    if character == '"':
        return FeelSyntaxError("this text is not closed with a quotation mark", text, position)
    return FeelSyntaxError(
        "unexpected character {character}",
        text,
        position,
        suggestion=_LOOKALIKES.get(character),
        character=character,
    )


def string_value(literal: str) -> str:
    """What a string literal, quotation marks included, stands for."""
    body = literal[1:-1]
    if "\\" not in body:
        return body
    text = _ESCAPE.sub(_unescape, body)
    if any("\ud800" <= character <= "\udfff" for character in text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _unescape(match: "re.Match[str]") -> str:
    code = match[1] or match[2]
    if code is None:
        return _ESCAPED.get(match[3], "\\" + match[3])
    point = int(code, 16)
    return chr(point) if point <= 0x10FFFF else "\ufffd"
