"""Makes hostile FEEL from a seed: words thrown together, honest texts bent, whatever characters there are.

.venv/bin/python -m tests.engine.feel.fuzz 1000000
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

from server.engine.feel import (
    BUILTINS,
    FeelError,
    FeelSyntaxError,
    compile_expression,
    compile_unary_tests,
    to_feel,
    to_json,
)

LIMIT_SECONDS = 0.5
"""Of processor time: five times the aim, for busy machines."""
CASES = Path(__file__).parent / "cases"
WORDS = (
    *"123ab()[]{},:.+-*/=<>?@xy项", "2.5", "1e9", '"a"', '"(a+)+$"', '"2026-02-30"', "null", "true", "false",
    "..", "**", "!=", ">=", "<=", '@"P1D"', '@"2026-03-01"', '@"10:00:00+08:00"', '@"P1Y"', "item", "partial",
    "and", "or", "not", "in", "between", "if", "then", "else", "for", "return", "some", "every", "satisfies",
    "function", "instance of", "list<number>", "external", "date and time", "list", "context",
    "1..100000000", "[1..9)", "x[item > 1]", "{a: 1}", "rows", "rows.amount", "->", "\\", "'", "//", "/*",
    "*/", "；", "“", "\U0001f600",
)  # fmt: skip
CONTEXT = to_feel(
    {
        "x": Decimal("2.5"),
        "y": "text",
        "项 目": True,
        "rows": [{"amount": 1, "kind": "a"}, {"amount": None}],
        "deep": {"a": {"b": [1, [2, [3]]]}},
    }
)


def texts(seed: int) -> Iterator[str]:
    """Texts without end; the same seed gives the same."""
    random = Random(seed)
    honest = [line.partition(" => ")[0] for line in _lines()]
    names = sorted(BUILTINS)
    makers: tuple[Callable[[], str], ...] = (
        lambda: " ".join(random.choices(WORDS, k=random.randint(1, 16))),
        lambda: "".join(random.choices(WORDS, k=random.randint(1, 16))),
        lambda: _bent(random, random.choice(honest)),
        lambda: _called(random, random.choice(names), honest),
        lambda: _crossed(random, honest),
        lambda: "".join(chr(random.randrange(random.choice((127, 0x3000)))) for _ in range(20)),
    )  # fmt: skip
    while True:
        yield random.choices(makers, weights=(5, 2, 6, 4, 4, 1))[0]()


def _lines() -> list[str]:
    return [
        line.strip()
        for file in sorted(CASES.glob("*.feel"))
        for line in file.read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]


def _bent(random: Random, text: str) -> str:
    for _ in range(random.randint(1, 4)):
        place = random.randint(0, len(text))
        end = min(len(text), place + random.randint(0, 5))
        text = text[:place] + random.choice((random.choice(WORDS), "", text[place:end] * 2)) + text[end:]
    return text[:2000]


def _called(random: Random, name: str, honest: list[str]) -> str:
    """A built-in function with whatever arguments."""
    arguments = random.choices((*honest, *CONTEXT, *WORDS, "null", "1"), k=random.randint(0, 3))
    return f"{name}({', '.join(arguments)})"


def _crossed(random: Random, honest: list[str]) -> str:
    """One text in the place of a word of another."""
    outer, inner = random.choice(honest), random.choice(honest)
    place = random.randint(0, len(outer))
    return f"{outer[:place]}({inner}){outer[place + random.randint(0, 3) :]}"[:2000]


def try_out(text: str) -> str:
    """What became of a text: value, null, refused while read, stopped while run. Raises AssertionError when
    it took too long, or anything else that escapes."""
    started = time.thread_time()
    outcome = _outcome(text)
    taken = time.thread_time() - started
    assert taken < LIMIT_SECONDS, f"{taken:.2f} s for {text!r}"
    return outcome


def _outcome(text: str) -> str:
    try:
        compile_unary_tests(text, CONTEXT).matches(Decimal(2), CONTEXT)
    except FeelError as refused:
        _require(bool(refused.message), text)
    try:
        expression = compile_expression(text, CONTEXT)
    except FeelSyntaxError as refused:
        _require(0 <= refused.position <= len(text), text)
        return "refused"
    try:
        value = to_json(expression.evaluate(CONTEXT, []))
    except FeelError as stopped:
        _require(bool(stopped.message), text)
        return "stopped"
    return "null" if value is None else "value"


def _require(holds: bool, text: str) -> None:
    assert holds, text


def main(count: int, seed: int = 1) -> None:
    """Try many, and tell what became of them and what took longest."""
    told: Counter[str] = Counter()
    slowest, longest = "", 0.0
    source = texts(seed)
    for number in range(count):
        text = next(source)
        started = time.thread_time()
        try:
            told[try_out(text)] += 1
        except Exception as escaped:  # whatever it is: this is what we look for
            told["ESCAPED"] += 1
            print(f"{type(escaped).__name__}: {escaped} for {text!r}", flush=True)
        taken = time.thread_time() - started
        if taken > longest:
            slowest, longest = text, taken
        if number % 50_000 == 0:
            print(number, dict(told), f"{longest * 1000:.0f} ms", flush=True)
    print(f"{count} inputs: {dict(told)}; the slowest took {longest * 1000:.0f} ms: {slowest[:300]!r}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
