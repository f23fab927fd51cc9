"""XPath regular expressions, as FEEL has them, on an engine that can be stopped."""

import re
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import regex
from elementpath.regex import RegexError, translate_pattern

from ..errors import FeelLimitError
from ..run import Run
from .signature import Undefined

if TYPE_CHECKING:
    Match = regex.Match[str]
    Pattern = regex.Pattern[str]

_MAX_PATTERN = 500
_MAX_REPETITION = 1000
_FLAGS = {"s": re.DOTALL, "m": re.MULTILINE, "i": re.IGNORECASE, "x": re.VERBOSE, "q": re.NOFLAG}
_REPETITION = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_REFERENCE = re.compile(r"\\([\\$])|\$(\d+)")
_BAD_REFERENCE = re.compile(r"(?<!\\)\$(?!\d)|\\(?![\\$])")


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str | None) -> "Pattern":
    """An XPath pattern; ``Undefined`` when it is none, or so large that compiling it would take long."""
    if len(pattern) > _MAX_PATTERN or _repetitions(pattern) > _MAX_REPETITION:
        raise Undefined("the pattern is too large")
    chosen = re.NOFLAG
    for letter in flags or "":
        if letter not in _FLAGS:
            raise Undefined(f"unknown flag {letter}")
        chosen |= _FLAGS[letter]
    try:
        return regex.compile(_translated(pattern, flags or "", chosen), int(chosen & ~re.VERBOSE) | regex.V0)
    except (RegexError, regex.error, re.error, OverflowError, RecursionError) as error:
        raise Undefined(f"{pattern} is not a regular expression") from error


def _translated(pattern: str, flags: str, chosen: re.RegexFlag) -> str:
    if "q" in flags:
        return regex.escape(pattern)
    if "x" in flags:
        pattern = re.sub(r"\s+(?![^\[]*\])", "", pattern)
    return translate_pattern(
        pattern,
        chosen & ~re.VERBOSE,
        "1.1",
        back_references=True,
        lazy_quantifiers=True,
        anchors=True,
    )


def _repetitions(pattern: str) -> int:
    """An upper bound of how often nested counts such as ``(a{9}){9}`` repeat something."""
    product = 1
    for match in _REPETITION.finditer(pattern):
        product *= max(1, int(match[2] or match[1]))
    return product


def search_all(run: Run, expression: "Pattern", string: str) -> "Iterator[Match]":
    """The matches one after another, within the time a run may spend on regular expressions."""
    while True:
        started = time.perf_counter()
        try:
            matches = expression.finditer(string, timeout=max(run.regex_seconds, 0.001))
            for match in matches:
                run.spend(1)
                yield match
            return
        except TimeoutError:
            raise FeelLimitError("a regular expression takes too long") from None
        finally:
            run.regex_seconds -= time.perf_counter() - started


def expand_replacement(
    replacement: str, expression: "Pattern", flags: str | None
) -> "Callable[[Match], str]":
    """What replaces a match: ``$n`` is a group, ``\\$`` and ``\\\\`` themselves; with flag q nothing is special."""
    if "q" in (flags or ""):
        return lambda match: replacement
    if _BAD_REFERENCE.search(replacement.replace("\\\\", "")):
        raise Undefined("in a replacement, $ must be followed by a number, \\ by $ or \\")

    def expand(match: "Match") -> str:
        return _REFERENCE.sub(lambda reference: _group(reference, match, expression.groups), replacement)

    return expand


def _group(reference: "re.Match[str]", match: "Match", groups: int) -> str:
    """``$12`` is group 12, or group 1 and a 2 when there are fewer groups."""
    if reference[1]:
        return reference[1]
    number = reference[2]
    while number and int(number) > groups:
        number = number[:-1]
    return (match[int(number)] or "" if number else "") + reference[2][len(number) :]
