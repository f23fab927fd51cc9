"""The public surface of the FEEL and DMN libraries is shown by examples, and the examples are true."""

from __future__ import annotations

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from server.engine import dmn, feel

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/decisions.md"
FLAGS = doctest.ELLIPSIS


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a reader of the page stands."""
    monkeypatch.chdir(ROOT)


def _examples(text: str) -> Iterator[str]:
    yield from re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_the_examples_of_the_page_are_true() -> None:
    """In the order of the page, each seeing what those before it have defined."""
    code = "\n".join(_examples(PAGE.read_text("utf-8")))
    test = doctest.DocTestParser().get_doctest(code, {}, "decisions.md", str(PAGE), 0)
    assert len(test.examples) > 20
    told: list[str] = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=told.append)
    assert result.failed == 0, "".join(told)


@pytest.mark.parametrize("library", [feel, dmn])
def test_the_examples_of_the_libraries_are_true(library: ModuleType) -> None:
    result = doctest.testmod(library, optionflags=FLAGS)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("library", [feel, dmn])
def test_everything_public_says_what_it_is(library: ModuleType) -> None:
    """Functions and classes by their docstrings; the names are listed."""
    silent = [
        name
        for name in library.__all__
        if callable(getattr(library, name)) and not (getattr(library, name).__doc__ or "").strip()
    ]
    assert silent == []
