"""XPath regular expressions, as FEEL has them, on an engine that can be stopped."""

import re
import time
from collections.abc import Callable, Iterator
from functools import lru_cache

import regex

from server.engine.feel.errors import FeelLimitError
from server.engine.feel.run import Run

from .signature import Undefined
from .xpath_patterns import PatternError, translate

Match = regex.Match[str]
Pattern = regex.Pattern[str]

_FLAGS = {"s": 0, "m": 0, "i": regex.IGNORECASE, "x": 0, "q": 0}  # s, m and x: the translation sees to them
_REFERENCE = re.compile(r"\\([\\$])|\$(\d+)")
_BAD_REFERENCE = re.compile(r"(?<!\\)\$(?!\d)|\\(?![\\$])")


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str | None) -> Pattern:
    """An XPath pattern; ``Undefined`` when it is none, or so large that compiling it would take long."""
    options = 0
    for letter in flags or "":
        if letter not in _FLAGS:
            raise Undefined("unknown flag {flag}", flag=letter)
        options |= _FLAGS[letter]
    try:
        text = regex.escape(pattern) if "q" in (flags or "") else translate(pattern, flags or "")
        return regex.compile(text, options | regex.VERSION0)
    except (PatternError, regex.error) as error:
        reason = error.told if isinstance(error, PatternError) else str(error)
        raise Undefined(
            "{pattern} is not a regular expression: {reason}", pattern=repr(pattern)[:60], reason=reason
        ) from error


def search_all(run: Run, expression: Pattern, string: str) -> Iterator[Match]:
    """The matches one after another, within the CPU time a run may spend on regular expressions."""
    # CPU time, as the engine itself counts: how busy the machine is must decide nothing. What is done with
    # the matches between one and the next is in it; that is little.
    started = time.thread_time()
    try:
        for match in expression.finditer(string, timeout=max(run.regex_seconds, 0.001)):
            run.spend(1)
            yield match
    except TimeoutError:
        raise FeelLimitError("a regular expression takes too long") from None
    finally:
        run.regex_seconds -= time.thread_time() - started


def expand_replacement(replacement: str, expression: Pattern, flags: str | None) -> Callable[[Match], str]:
    """What replaces a match: ``$n`` is a group, ``\\$`` a dollar; with flag q nothing is special."""
    if "q" in (flags or ""):
        return lambda match: replacement
    if _BAD_REFERENCE.search(replacement.replace("\\\\", "")):
        raise Undefined("in a replacement, $ must be followed by a number, a backslash by $ or a backslash")

    def expand(match: Match) -> str:
        return _REFERENCE.sub(lambda reference: _group(reference, match, expression.groups), replacement)

    return expand


def _group(reference: re.Match[str], match: Match, groups: int) -> str:
    """``$12`` is group 12, or group 1 and a 2 when there are fewer groups."""
    if reference[1]:
        return reference[1]
    number = reference[2]
    while number and int(number) > groups:
        number = number[:-1]
    return (match[int(number)] or "" if number else "") + reference[2][len(number) :]
