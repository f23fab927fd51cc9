"""The browser's editors evaluate FEEL with `feelin`: on some thousand expressions it gives what we give, but
for the differences listed here, each of which is meant and found."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from scripts.assets import node
from server.engine.feel import FeelError, FeelWarning, compile_expression, text_of

FRONTEND = Path(__file__).resolve().parents[3] / "frontend"
COUNT = 4000
SEED = 20261122
DEPTH = 3


class Generator:
    """Expressions of known types, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def any(self, depth: int) -> str:
        """An expression of whatever type."""
        makers = (
            self.number,
            self.text,
            self.truth,
            self.day,
            self.days,
            self.items,
            self.context,
            self.mixed,
        )
        return self._one(makers)(depth)

    def number(self, depth: int) -> str:
        """A number."""
        if depth == 0:
            return self._one(("0", "1", "2", "-3", "2.5", "0.1", "100", "7"))
        n, t, items = self.number, self.text, self.items
        return self._one(
            (
                lambda d: f"({n(d)} {self._one('+-*/')} {n(d)})",
                lambda d: f"abs({n(d)})",
                lambda d: f"floor({n(d)})",
                lambda d: f"modulo({n(d)}, {n(d)})",
                lambda d: f"decimal({n(d)}, 1)",
                lambda d: f"string length({t(d)})",
                lambda d: f"count({items(d)})",
                lambda d: f"sum({items(d)})",
                lambda d: f"max({items(d)})",
                lambda d: f"{items(d)}[{self._one(('1', '-1', '2'))}]",
                lambda d: f"if {self.truth(d)} then {n(d)} else {n(d)}",
                lambda d: f"{self.day(d)}.year",
                lambda d: f"({n(d)}) ** 2",
                lambda d: f"round half up({n(d)}, 0)",
                lambda d: f'number("{self._one(("1", "2.50", "x"))}")',
            )
        )(depth - 1)

    def text(self, depth: int) -> str:
        """A text."""
        if depth == 0:
            return self._one(('"a"', '"foobar"', '""', '"建设类"', '"a b"', '"Aé"'))
        t, n = self.text, self.number
        return self._one(
            (
                lambda d: f"{t(d)} + {t(d)}",
                lambda d: f"upper case({t(d)})",
                lambda d: f"substring({t(d)}, {self._one('12')})",
                lambda d: f"substring before({t(d)}, {t(d)})",
                lambda d: f"string({n(d)})",
                lambda d: f'replace({t(d)}, "o+", "x")',
                lambda d: f'string join([{t(d)}, {t(d)}], ",")',
                lambda d: f"if {self.truth(d)} then {t(d)} else {t(d)}",
                lambda d: f"string({self.day(d)})",
            )
        )(depth - 1)

    def truth(self, depth: int) -> str:
        """True, false or null."""
        if depth == 0:
            return self._one(("true", "false", "null"))
        b, n, t = self.truth, self.number, self.text
        sign = self._one(("=", "!=", "<", "<=", ">", ">="))
        return self._one(
            (
                lambda d: f"({n(d)} {sign} {n(d)})",
                lambda d: f"({t(d)} {sign} {t(d)})",
                lambda d: f"({b(d)} and {b(d)})",
                lambda d: f"({b(d)} or {b(d)})",
                lambda d: f"not({b(d)})",
                lambda d: f"({n(d)} in [1..5])",
                lambda d: f"({n(d)} between 0 and {n(d)})",
                lambda d: f"contains({t(d)}, {t(d)})",
                lambda d: f"(some x in {self.items(d)} satisfies x > 1)",
                lambda d: f"(every x in {self.items(d)} satisfies x > 1)",
                lambda d: f"({self.day(d)} {sign} {self.day(d)})",
                lambda d: f"list contains({self.items(d)}, {n(d)})",
                lambda d: f"starts with({t(d)}, {t(d)})",
                lambda d: f'matches({t(d)}, "^[a-z]+$")',
                lambda d: f"({n(d)} = null)",
                lambda d: f"({self.any(d)} = {self.any(d)})",
                lambda d: f"({n(d)} instance of number)",
            )
        )(depth - 1)

    def day(self, depth: int) -> str:
        """A date."""
        if depth == 0:
            return self._one(('date("2026-03-01")', '@"2024-02-29"', "date(2026, 12, 31)"))
        return self._one(
            (
                lambda d: f"({self.day(d)} + {self.days(d)})",
                lambda d: f'({self.day(d)} + @"P1M")',
                self.day,
                lambda d: f"if {self.truth(d)} then {self.day(d)} else {self.day(d)}",
            )
        )(depth - 1)

    def days(self, depth: int) -> str:
        """A duration of days."""
        if depth == 0:
            return self._one(('duration("P1D")', '@"P10D"', '@"-P2D"'))
        return self._one(
            (
                self.days,
                lambda d: f"({self.days(d)} + {self.days(d)})",
                lambda d: f"({self.day(d)} - {self.day(d)})",
            )
        )(depth - 1)

    def items(self, depth: int) -> str:
        """A list of numbers."""
        if depth == 0:
            return self._one(("[1, 2, 3]", "[]", "[5]", "[2, 2, 0.5]"))
        items, n = self.items, self.number
        return self._one(
            (
                lambda d: f"[{n(d)}, {n(d)}]",
                lambda d: f"append({items(d)}, {n(d)})",
                lambda d: f"reverse({items(d)})",
                lambda d: f"for i in {items(d)} return i * 2",
                lambda d: f"{items(d)}[item > 1]",
                lambda d: f"sort({items(d)}, function(a, b) a < b)",
                lambda d: f"distinct values({items(d)})",
                lambda d: f"concatenate({items(d)}, {items(d)})",
                lambda d: f"union({items(d)}, {items(d)})",
                lambda d: f"flatten([{items(d)}, {items(d)}])",
                lambda d: "for i in 1..4 return i + 1",
                lambda d: f"[{{a: {n(d)}}}, {{a: {n(d)}}}].a",
            )
        )(depth - 1)

    def context(self, depth: int) -> str:
        """A context."""
        if depth == 0:
            return self._one(("{a: 1}", '{b: "x", a: 2}', "{}"))
        return self._one(
            (
                lambda d: f"{{a: {self.number(d)}, b: a + 1}}",
                lambda d: f'context put({self.context(d)}, "c", {self.text(d)})',
                lambda d: f"context merge([{self.context(d)}, {self.context(d)}])",
            )
        )(depth - 1)

    def mixed(self, depth: int) -> str:
        """What types do not go together gives null."""
        inner = max(depth - 1, 0)
        return f"({self.any(inner)} {self._one(('+', '-', '*', '<', '=', 'and'))} {self.any(inner)})"

    def _one(self, choices: Any) -> Any:
        return self.random.choice(choices)


@cache
def expressions() -> tuple[str, ...]:
    """The same ones each time."""
    generator = Generator(SEED)
    found = dict.fromkeys(generator.any(1 + place % DEPTH) for place in range(COUNT * 2))
    return tuple(found)[:COUNT]


@cache
def theirs() -> tuple[Any, ...]:
    """What feelin gives for each."""
    assert (FRONTEND / "node_modules/feelin").is_dir(), "run: .venv/bin/python -m scripts.assets"
    lines = "".join(json.dumps(text) + "\n" for text in expressions())
    done = subprocess.run(
        [*node(), "feelin.mjs"], input=lines, capture_output=True, cwd=FRONTEND, check=True, encoding="utf-8"
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return tuple(answer.get("value") if "value" in answer else REFUSED for answer in answers)


REFUSED = {"refused": True}


def ours(text: str) -> Any:
    """What we give, as feelin's answers are written."""
    try:
        return _plain(compile_expression(text).evaluate({}))
    except FeelError:
        return REFUSED


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return {"text": text_of(value)}


def same(left: Any, right: Any) -> bool:
    """Equal but for the digits a binary number loses."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = left.keys() | right.keys() if "text" not in left else {"text"}
        return all(same(left.get(key), right.get(key)) for key in keys)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool) or not isinstance(left, int | float):
        return bool(left == right)
    return isinstance(right, int | float) and math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


def warned(text: str) -> str:
    """Why something in it became null with us."""
    warnings: list[FeelWarning] = []
    try:
        compile_expression(text).evaluate({}, warnings)
    except FeelError:
        return ""
    return "; ".join(warning.template for warning in warnings)


def _holds(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


Meant = Callable[[str], bool]
MEANT: tuple[tuple[str, Meant], ...] = (
    (
        "values of different types have no order: null; feelin orders them as JavaScript does, or refuses",
        lambda text: "cannot be compared" in warned(text),
    ),
    ("modulo is exact; feelin takes it of binary fractions", lambda text: "modulo(" in text),
    (
        "between a value and a smaller one lies nothing; feelin turns them round",
        lambda text: "between" in text,
    ),
    (
        "-3 instance of number is -(3 instance of number), by the order of the grammar",
        lambda text: "-3 instance of" in text,
    ),
    ("a number keeps its zeros when it becomes a text", lambda text: "string(decimal(" in text),
    (
        "a number and a duration can be multiplied in either order; feelin knows one",
        lambda text: _holds(r"(\) \* |\* \().*(P[0-9]|date)|(P[0-9]|date).*(\) \* |\* \()", text),
    ),
    ("a list that is empty and one that is not are not equal: false, not null", lambda text: "[] =" in text),
    ("durations of different lengths are not equal", lambda text: _holds(r"\) = \(.*date", text)),
)
"""The differences that are meant: why, and by what they are known."""


def _differing() -> list[tuple[str, Any, Any]]:
    pairs = [(text, ours(text), answer) for text, answer in zip(expressions(), theirs(), strict=True)]
    return [pair for pair in pairs if not same(pair[1], pair[2])]


def test_the_browser_computes_what_the_server_computes() -> None:
    unexpected = [told for told in _differing() if not any(known(told[0]) for _, known in MEANT)]
    assert unexpected == []


def test_each_meant_difference_is_found() -> None:
    """One that is no longer there must leave the list."""
    found = Counter(reason for text, _, _ in _differing() for reason, known in MEANT if known(text))
    assert [reason for reason, _ in MEANT if not found[reason]] == []


def test_the_expressions_mean_something() -> None:
    assert len(expressions()) == COUNT
    values = [ours(text) for text in expressions()]
    assert sum(value not in (None, REFUSED) for value in values) > COUNT * 0.75
    assert values.count(REFUSED) == 0
