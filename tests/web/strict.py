"""Pages under a strict parser, which takes long: of those that differ only in their words, one is read."""

from __future__ import annotations

import re

import html5lib

_ODD = "&\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff"
"""What a parser may complain of within a text; such texts are kept as they are."""
# What a parser does next can depend on a type, of an input for one.
_VALUES = re.compile(rf'(?<!type)="[^"{_ODD}]+"')
_WORDS = re.compile(rf">(?=\s*[^\s<{_ODD}])[^<{_ODD}]+<")
_read: set[int] = set()


def parse(page: str) -> None:
    """Nothing, or what html5lib raises where a page is not HTML as the standard wants it."""
    skeleton = hash(_WORDS.sub(">x<", _VALUES.sub('="x"', page)))
    if skeleton not in _read:
        html5lib.HTMLParser(strict=True).parse(page)
        _read.add(skeleton)
