"""The DMN conformance kit against our engine; where the kit is not at hand the run says so."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

KIT = Path(__file__).resolve().parents[3] / "shared" / "conformance"
JAVA = "0076-feel-external-java"

needs_the_kit = pytest.mark.skipif(
    not (KIT / "tck_runner.py").is_file(),
    reason="not run: the DMN conformance kit is not beside the repository",
)


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """One row for each test case of levels 2 and 3."""
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    limit = sys.getrecursionlimit()
    try:
        runner = _module("tck_runner", KIT / "tck_runner.py")
        adapter = _module("tck_adapter", Path(__file__).with_name("tck_adapter.py")).Adapter()
        found: list[dict[str, Any]] = runner.run(adapter, runner.load_cases(str(KIT / "dmn-tck"), ["2", "3"]))
    finally:
        sys.dont_write_bytecode = writes
        sys.setrecursionlimit(limit)
    return found


@needs_the_kit
@pytest.mark.slow
@pytest.mark.parametrize("level", ["2", "3"])
def test_the_kit_passes_but_for_java(rows: list[dict[str, Any]], level: str) -> None:
    of_level = [row for row in rows if row["level"] == level]
    assert len(of_level) > 90
    failed = [f"{row['folder']}/{row['id']}: {row['why']}" for row in of_level if not row["strict"]]
    assert [reason for reason in failed if not reason.startswith(JAVA)] == []


@needs_the_kit
@pytest.mark.slow
def test_no_answer_is_wrong(rows: list[dict[str, Any]]) -> None:
    """What we cannot do gives null, never another value."""
    wrong = [row["why"] for row in rows if not row["strict"] and "got None" not in row["why"]]
    assert wrong == []
