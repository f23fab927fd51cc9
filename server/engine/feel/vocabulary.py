"""The names in scope: FEEL names may hold spaces and signs, so reading them needs to know them."""

import difflib
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from .errors import FeelSyntaxError
from .lexer import Token, tokenize

STOPPERS = frozenset({
    "and", "or", "then", "else", "return", "satisfies", "in", "between", "instance", "external", "for", "if",
    "some", "every",
})  # fmt: skip
"""Keywords that end a name put together of several words."""
KEYWORDS = STOPPERS | {"null", "true", "false", "function", "not"}

_Pattern = tuple[tuple[str, bool], ...]  # each token, and whether it follows the one before without space


class Vocabulary:
    """Names of more than one word or sign, found by their first word; the longest that fits wins."""

    __slots__ = ("_by_first", "names")

    def __init__(self, names: Iterable[str] = (), base: "Vocabulary | None" = None) -> None:
        self.names: set[str] = set(base.names) if base else set()
        self._by_first: dict[str, list[tuple[_Pattern, str]]] = {}
        if base:
            self._by_first = {first: list(entries) for first, entries in base._by_first.items()}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Make a name known."""
        if not name or name in self.names:
            return
        self.names.add(name)
        if name.isidentifier() and name not in KEYWORDS:
            return  # one word: read as such anyway
        try:
            tokens = tokenize(name)[:-1]
        except FeelSyntaxError:
            return
        if len(tokens) < 2:
            return
        entries = self._by_first.setdefault(tokens[0].text, [])
        entries.append((_pattern(tokens), name))
        entries.sort(key=lambda entry: -len(entry[0]))

    def match(self, tokens: list[Token], index: int) -> tuple[int, str] | None:
        """The longest known name of several tokens at a place: its number of tokens, and the name."""
        for pattern, name in self._by_first.get(tokens[index].text, ()):
            if _matches(pattern, tokens, index):
                return len(pattern), name
        return None

    def __contains__(self, name: object) -> bool:
        return name in self.names


def _pattern(tokens: list[Token]) -> _Pattern:
    """Words may be any distance apart; a sign must touch its neighbours where it does so in the name."""
    pattern = [(tokens[0].text, False)]
    for before, token in pairwise(tokens):
        both_words = before.kind == token.kind == "name"
        pattern.append((token.text, not both_words and before.end == token.start))
    return tuple(pattern)


def _matches(pattern: _Pattern, tokens: list[Token], index: int) -> bool:
    if index + len(pattern) > len(tokens):
        return False
    for offset, (text, touches) in enumerate(pattern):
        token = tokens[index + offset]
        if token.text != text or (touches and tokens[index + offset - 1].end != token.start):
            return False
    return True


@lru_cache(maxsize=64)
def _extended(names: frozenset[str], base: Vocabulary) -> Vocabulary:
    return Vocabulary(sorted(names), base)


def vocabulary_of(names: "Iterable[str] | Vocabulary", base: Vocabulary) -> Vocabulary:
    """The names beside those of ``base``; the same names give the same, ready vocabulary."""
    if isinstance(names, Vocabulary):
        return names
    return _extended(frozenset(names), base)


def similar(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate somebody probably meant: ``amount`` for ``amout``; None when none is near."""
    pool = sorted({candidate for candidate in candidates if candidate != name})
    folded = {candidate.casefold().replace(" ", "").replace("_", ""): candidate for candidate in pool}
    key = name.casefold().replace(" ", "").replace("_", "")
    if key in folded:
        return folded[key]
    near = difflib.get_close_matches(name, pool, n=1, cutoff=0.66)
    return near[0] if near else None
